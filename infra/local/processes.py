"""One service as an OS process: how it is started, when it is ready, what it last said."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from logging import Formatter, LogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path
from time import gmtime
from typing import Final

from infra.local import guard
from infra.local.ports import HOST

#: The process makes itself known to the guard before it becomes the service, so there is no
#: moment in which it lives and nobody would end it. The guard's pipe is its standard input until
#: then. No core dumps: SIGQUIT before a service is ready for it would leave one.
_ENTER: Final = 'ulimit -c 0; echo "+$$ $0" >&0 && exec "$@" </dev/null'

_LAST_LINES = 30
_LONGEST_LINE = 16_384
_LOG_BYTES = 10_000_000
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Says:
    """Ready once a line of its output matches."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Answers:
    """Ready once it answers 200 to GET on 127.0.0.1."""

    port: int
    path: str = "/healthz"


@dataclass(frozen=True, slots=True)
class Service:
    """What to run, and how to tell that it is ready and that it must stop."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ready: Says | Answers
    folder: Path
    #: Asks the first process to stop; SIGKILL for all of them follows after `patience` seconds.
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 4.0
    #: Those with the lowest number stop first, together.
    stop_turn: int = 0
    ready_within: float = 60.0
    #: Another account to run as; only root can ask for it.
    user: int | None = None
    group: int | None = None
    #: Run once, in a thread, when the service is ready for the first time.
    once_ready: Callable[[], None] | None = None


class Log:
    """The stack's one log file, bounded in size: a line's time, its process, the line."""

    def __init__(self, path: Path) -> None:
        self._file = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=1)
        formatter = Formatter("%(asctime)s.%(msecs)03dZ %(name)-10s| %(message)s", "%FT%T")
        formatter.converter = gmtime
        self._file.setFormatter(formatter)

    def write(self, name: str, line: str) -> None:
        """Append one line of a process's output."""
        self._file.handle(LogRecord(name, 0, "", 0, line, None, None))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(slots=True)
class Process:
    """A started service. All it starts stays in its session, which `kill` ends whole."""

    service: Service
    pid: int
    _process: asyncio.subprocess.Process
    _log: Log
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))
    _said_ready: asyncio.Event = field(default_factory=asyncio.Event)
    _reading: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, service: Service, guard_pipe: int, log: Log) -> Process:
        """Start the service in a session of its own, known to the guard."""
        account: dict[str, object] = {}
        if service.user is not None:
            account = {"user": service.user, "group": service.group, "extra_groups": []}
        # A pipe of our own: asyncio would take a process whose child holds the pipe for alive.
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *("/bin/sh", "-c", _ENTER, str(int(service.stop_signal)), *service.command),
                stdin=guard_pipe,
                stdout=writing,
                stderr=writing,
                env=dict(service.environment),
                cwd=service.folder,
                start_new_session=True,
                **account,  # type: ignore[arg-type]
            )
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        started = cls(service, process.pid, process, log)
        started._reading = asyncio.create_task(started._read(reading))
        return started

    async def _read(self, pipe: int) -> None:
        stream = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(pipe, "rb", buffering=0)
        )
        try:
            await self._read_lines(stream)
        finally:
            transport.close()

    async def _read_lines(self, stream: asyncio.StreamReader) -> None:
        rest = b""
        while block := await stream.read(65_536):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                self._note(line)
            if len(rest) > _LONGEST_LINE:
                self._note(rest)
                rest = b""
        if rest:
            self._note(rest)

    def _note(self, raw: bytes) -> None:
        line = raw[:_LONGEST_LINE].decode(errors="replace").rstrip()
        if not line:
            return
        self._log.write(self.service.name, line)
        self.last_lines.append(line)
        if isinstance(self.service.ready, Says) and re.search(self.service.ready.pattern, line):
            self._said_ready.set()

    async def ready(self) -> None:
        """Return once the service is ready."""
        match self.service.ready:
            case Says():
                await self._said_ready.wait()
            case Answers(port, path):
                while not await answers(port, path):  # noqa: ASYNC110 - no one tells
                    await asyncio.sleep(_POLL_SECONDS)

    async def ended(self) -> str:
        """Wait for the first process's end and say how it ended, in words."""
        code = await self._process.wait()
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    def ask_to_stop(self) -> None:
        """Send the service its own signal to stop, once."""
        try:
            self._process.send_signal(self.service.stop_signal)
        except ProcessLookupError:
            return  # It has ended by itself.

    def kill(self) -> None:
        """Kill all that is left of the session, at once."""
        guard.kill_session(self.pid)

    async def clear(self) -> None:
        """After the end: kill what the service left behind, and read its last words."""
        self.kill()
        until = asyncio.get_running_loop().time() + guard.PATIENCE
        while (  # noqa: ASYNC110 - no one tells when a grandchild has gone
            guard.members(self.pid) and asyncio.get_running_loop().time() < until
        ):
            await asyncio.sleep(_POLL_SECONDS)
        if self._reading is not None:
            # Something that left the session may still hold the pipe: don't wait for that.
            await asyncio.wait([self._reading], timeout=1)
            self._reading.cancel()
            await asyncio.wait([self._reading])


async def answers(port: int, path: str) -> bool:
    """Whether GET on 127.0.0.1 gives 200."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        status = await reader.readline()
    except OSError:
        return False
    finally:
        writer.close()
    return status.split(b" ")[1:2] == [b"200"]


def python(*arguments: str) -> tuple[str, ...]:
    """Return a command of the Python that runs this."""
    return (sys.executable, *arguments)
