"""The folder where a local stack keeps everything: data, secrets, ports, its log, who runs it."""

from __future__ import annotations

import fcntl
import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from infra.local.failures import StackFailed
from infra.local.guard import PATIENCE

Kind = TypeVar("Kind")

#: The folder that holds the packages: a checkout, or site-packages.
ROOT = Path(__file__).resolve().parents[2]

#: A guard that still ends the processes of a killed supervisor holds the lock at most this long.
_LOCK_PATIENCE_SECONDS = PATIENCE + 5


class Secrets(msgspec.Struct, frozen=True):
    """Made once per home, and the same at every start."""

    postgres_password: str
    redis_password: str
    jwt_secret: str
    service_key: str
    #: Empty only in the file of a home that is older than webhooks.
    webhook_key: str = ""


class RunningProcess(msgspec.Struct, frozen=True):
    """One process of a stack. `identity` tells it from a later one with the same id."""

    pid: int
    identity: str


class StackRecord(msgspec.Struct, frozen=True):
    """What `stack.json` says while a stack runs. It holds secrets: mode 0600."""

    pid: int
    identity: str
    started_at: str
    endpoints: dict[str, str]
    environment: dict[str, str]
    processes: dict[str, RunningProcess]


def identity(pid: int) -> str:
    """Return when a process began, so that a reused id is noticed; empty where it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except FileNotFoundError:
        if Path("/proc/self").exists() or not _exists(pid):
            return ""
        return "alive"
    except ProcessLookupError:
        return ""
    fields = stat[stat.rindex(b")") + 2 :].split()
    return "" if fields[0] in {b"Z", b"X"} else fields[19].decode()


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass(frozen=True, slots=True)
class Home:
    """The data folder of one stack. Made, for its owner alone, by `prepare`."""

    folder: Path

    @classmethod
    def find(cls, environment: Mapping[str, str] | None = None) -> Home:
        """Return `QUIRE_HOME`, in a checkout its `.quire`, else the user's own data folder."""
        env = os.environ if environment is None else environment
        if env.get("QUIRE_HOME"):
            return cls(Path(env["QUIRE_HOME"]).expanduser().resolve())
        if (ROOT / "pyproject.toml").exists():
            return cls(ROOT / ".quire")
        if sys.platform == "darwin":
            return cls(Path.home() / "Library" / "Application Support" / "quire")
        return cls(Path(env.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "quire")

    @property
    def postgres(self) -> Path:
        """Postgres's own folder; the database is in `data` within."""
        return self.folder / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's append-only file and configuration."""
        return self.folder / "valkey"

    @property
    def emulators(self) -> Path:
        """Buckets, tasks and results of the emulators."""
        return self.folder / "emulators"

    @property
    def log(self) -> Path:
        """Every process's lines, each after its time and the process's name."""
        return self.folder / "logs" / "quire.log"

    @property
    def _record(self) -> Path:
        return self.folder / "stack.json"

    def prepare(self) -> None:
        """Make the folders. Raises StackFailed where that is not possible."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.valkey, self.emulators, self.log.parent):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StackFailed(
                f"The data folder {self.folder} can't be made ({error.strerror}): choose another "
                "with QUIRE_HOME."
            ) from error

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the home for one stack, and give the lock's file descriptor for its guard.

        Raises StackFailed at once where another stack lives on it. Where a supervisor was killed
        and its guard still clears up, waits for that.
        """
        descriptor = os.open(self.folder / "stack.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            until = time.monotonic() + _LOCK_PATIENCE_SECONDS
            while not _try_lock(descriptor):
                holder = os.pread(descriptor, 100, 0).decode().strip()
                pid, _, began = holder.partition(" ")
                if (pid and identity(int(pid)) == began) or time.monotonic() > until:
                    raise StackFailed(
                        f"Another stack (process {pid or 'unknown'}) already runs on "
                        f"{self.folder}: use that one, end it first, or choose another folder "
                        "with QUIRE_HOME."
                    )
                time.sleep(0.05)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()} {identity(os.getpid())}".encode(), 0)
            yield descriptor
        finally:
            os.close(descriptor)

    def secrets(self) -> Secrets:
        """Return this home's secrets, making them the first time."""
        path = self.folder / "secrets.json"
        if path.exists():
            known = self._read(path, Secrets)
            if known.webhook_key:
                return known
            completed = msgspec.structs.replace(known, webhook_key=secrets.token_urlsafe(48))
            self._write(path, completed)
            return completed
        import jwt

        jwt_secret = secrets.token_urlsafe(48)
        made = Secrets(
            postgres_password=secrets.token_urlsafe(24),
            redis_password=secrets.token_urlsafe(24),
            jwt_secret=jwt_secret,
            service_key=jwt.encode(
                {"iss": "supabase", "role": "service_role"}, jwt_secret, algorithm="HS256"
            ),
            webhook_key=secrets.token_urlsafe(48),
        )
        self._write(path, made)
        return made

    def ports(self) -> dict[str, int]:
        """Return the ports of the last start."""
        path = self.folder / "ports.json"
        return self._read(path, dict[str, int]) if path.exists() else {}

    def remember_ports(self, ports: Mapping[str, int]) -> None:
        """Keep the ports for the next start: durable tasks and events hold addresses."""
        self._write(self.folder / "ports.json", dict(ports))

    def record(self) -> StackRecord | None:
        """Return what the last stack wrote about itself and has not taken back."""
        return self._read(self._record, StackRecord) if self._record.exists() else None

    def write_record(self, record: StackRecord) -> None:
        """Tell other processes about the running stack."""
        self._write(self._record, record)

    def remove_record(self) -> None:
        """Take back what `write_record` told."""
        self._record.unlink(missing_ok=True)

    def _read(self, path: Path, kind: type[Kind]) -> Kind:
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except (OSError, msgspec.MsgspecError) as error:
            raise StackFailed(
                f"{path} can't be read ({error}): end the stack, then remove this file or choose "
                "another folder with QUIRE_HOME."
            ) from error

    def _write(self, path: Path, content: object) -> None:
        # A file that appears whole or not at all, readable by its owner only.
        partial = path.with_suffix(".partial")
        with suppress(FileNotFoundError):
            partial.unlink()
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(content)))
        partial.rename(path)
