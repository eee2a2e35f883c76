"""One child process as the pool sees it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from infra.local.ocr_engine.messages import LENGTH, File, Reply, Request, decode_reply, framed

#: Of a start; importing takes about half a second.
_START_SECONDS = 60.0

#: All of its environment that a child gets: it parses strangers' files and needs no secrets.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "TESSDATA_PREFIX")


class ChildDied(Exception):
    """The child ended before it answered."""


class ChildTimedOut(Exception):
    """The child did not answer in time, and was ended."""


class Child:
    """A running child. Answers one request at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        #: Whether it has not been asked for anything yet.
        self.fresh = True
        #: Files that it may hold open.
        self.files: set[File] = set()

    @classmethod
    async def start(cls, memory_limit_mb: int) -> Child:
        """Start a child and wait until it is up."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "infra.local.ocr_engine.child",
            str(memory_limit_mb),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=_environment(),
        )
        child = cls(process)
        try:
            await asyncio.wait_for(child._reply(), _START_SECONDS)
        except BaseException:
            await child.kill()
            raise
        return child

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.returncode is None and not self._stdout.at_eof()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    async def ask(self, request: Request, timeout_seconds: float) -> Reply:
        """Return the child's answer. Raises ChildDied or ChildTimedOut, and then it is gone.

        Cancelling ends the child too: its answer would be taken for the next one's.
        """
        self.fresh = False
        try:
            self._send(request)
            return await asyncio.wait_for(self._reply(), timeout_seconds)
        except TimeoutError as error:
            await self.kill()
            raise ChildTimedOut from error
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            await self.kill()
            raise ChildDied from error
        except asyncio.CancelledError:
            await self.kill()
            raise

    def tell(self, request: Request) -> None:
        """Send what has no answer."""
        if self.alive:
            self._send(request)

    async def kill(self) -> None:
        """End the process and wait until it is gone."""
        self._stdin.close()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it may have been faster
                self._process.kill()
        await asyncio.shield(self._process.wait())

    @property
    def _stdin(self) -> asyncio.StreamWriter:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _stdout(self) -> asyncio.StreamReader:
        assert self._process.stdout is not None
        return self._process.stdout

    def _send(self, request: Request) -> None:
        self._stdin.write(framed(request))

    async def _reply(self) -> Reply:
        head = await self._stdout.readexactly(LENGTH.size)
        return decode_reply(await self._stdout.readexactly(LENGTH.unpack(head)[0]))


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return kept | {
        "PYTHONPATH": str(Path(__file__).parents[3]),
        # One child is one core's worth of work; the pool says how many there are.
        "OMP_THREAD_LIMIT": "1",
        "OPENBLAS_NUM_THREADS": "1",
        # Fewer arenas: less memory that is held and not used.
        "MALLOC_ARENA_MAX": "2",
    }
