"""The parent's side of one engine in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from common.pages import PageRange
from infra.pdf.engine import Reason, Refused

_MAX_REPLY_BYTES = 1 << 20
#: Where our own packages are, which an editable install does not put on the search path.
_ROOT = str(Path(__file__).parents[2])


class Died(Exception):
    """The engine's process ended without an answer: out of time, out of memory, or aborted."""


class Reader:
    """An engine's process, which starts at once, and the file that it has open, if any."""

    def __init__(self, engine: str, *, memory_bytes: int) -> None:
        #: False once the process can't be asked any more.
        self.alive = True
        self.page_count = 0
        self.warnings: list[str] = []
        self._process = subprocess.Popen(  # noqa: S603 - no word of it is foreign
            # -S: our own search path says where everything is; looking for it takes a while.
            [sys.executable, "-S", "-m", "infra.pdf.process", engine, str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # It sees none of our environment, in which there are secrets.
            env={"PYTHONPATH": os.pathsep.join([_ROOT, *filter(None, sys.path)])},
        )

    def open(self, path: Path, password: str | None, seconds: float) -> None:
        """Have a file opened, once. Raises Refused or Died; RuntimeError if there is no engine."""
        try:
            self._reply()
        except Died as error:
            raise RuntimeError("the process that parses PDFs does not start") from error
        reply = self._ask(path=str(path), password=password, seconds=seconds)
        self.page_count = reply["page_count"]

    def cut(self, pages: PageRange, target: Path, seconds: float) -> int:
        """Have the pages written to `target` and return the bytes. Raises Refused or Died."""
        reply = self._ask(first=pages.start, last=pages.end, target=str(target), seconds=seconds)
        size: int = reply["size"]
        return size

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

    def _ask(self, **command: Any) -> dict[str, Any]:
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
        self.warnings = reply["warnings"]
        return reply

    def _reply(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline(_MAX_REPLY_BYTES)
        if not line.endswith(b"\n"):
            self.alive = False
            raise Died
        reply: dict[str, Any] = json.loads(line)
        return reply
