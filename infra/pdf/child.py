"""The parent's side of a process that parses a PDF: one command at a time, one answer each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from infra.pdf.engine import Reason, Refused

_MAX_REPLY_BYTES = 1 << 20
#: Where our own packages are, which an editable install does not put on the search path.
_ROOT = str(Path(__file__).parents[2])


class Died(Exception):
    """The process ended without an answer: out of time, out of memory, or aborted."""


class Child:
    """A process that limits itself; it starts at once, and says when it is ready."""

    def __init__(self, module: str, *arguments: str) -> None:
        #: False once the process can't be asked any more.
        self.alive = True
        self._process = subprocess.Popen(  # noqa: S603 - no word of it is foreign
            # -S: our own search path says where everything is; looking for it takes a while.
            [sys.executable, "-S", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # It sees none of our environment, in which there are secrets.
            env={"PYTHONPATH": os.pathsep.join([_ROOT, *filter(None, sys.path)])},
        )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def await_ready(self) -> None:
        """Wait for its first word. Raises RuntimeError if it does not start."""
        try:
            self._reply()
        except Died as error:
            raise RuntimeError("the process that parses PDFs does not start") from error

    def ask(self, **command: Any) -> dict[str, Any]:
        """Return the answer to a command. Raises Refused, Died, or an OSError of its own."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            self.alive = False
            raise Died from error
        reply = self._reply()
        if "refused" in reply:
            raise Refused(Reason(reply["refused"]))
        if "errno" in reply:
            raise OSError(reply["errno"], reply["strerror"])
        return reply

    def read(self, size: int) -> bytes:
        """Return the bytes that an answer announced. Raises Died."""
        assert self._process.stdout is not None
        content = self._process.stdout.read(size)
        if len(content) < size:
            self.alive = False
            raise Died
        return content

    def close(self) -> None:
        """End the process, whatever it does."""
        self.alive = False
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            # What it was not told any more is of no interest.
            with suppress(BrokenPipeError):
                pipe.close()

    def _reply(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline(_MAX_REPLY_BYTES)
        if not line.endswith(b"\n"):
            self.alive = False
            raise Died
        reply: dict[str, Any] = json.loads(line)
        return reply
