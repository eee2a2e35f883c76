"""The parent's side of one engine in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from common.pages import PageRange
from infra.pdf.child import Child, Died

__all__ = ["Died", "Reader"]


class Reader:
    """An engine's process, which starts at once, and the file that it has open, if any."""

    def __init__(self, engine: str, *, memory_bytes: int) -> None:
        self.page_count = 0
        self.warnings: list[str] = []
        self._child = Child("infra.pdf.process", engine, str(memory_bytes))

    @property
    def alive(self) -> bool:
        """False once the process can't be asked any more."""
        return self._child.alive

    def open(self, path: Path, password: str | None, seconds: float) -> None:
        """Have a file opened, once. Raises Refused or Died; RuntimeError if there is no engine."""
        self._child.await_ready()
        reply = self._ask(path=str(path), password=password, seconds=seconds)
        self.page_count = reply["page_count"]

    def cut(self, pages: PageRange, target: Path, seconds: float) -> int:
        """Have the pages written to `target` and return the bytes. Raises Refused or Died."""
        reply = self._ask(first=pages.start, last=pages.end, target=str(target), seconds=seconds)
        size: int = reply["size"]
        return size

    def close(self) -> None:
        """End the process, whatever it does."""
        self._child.close()

    def _ask(self, **command: Any) -> dict[str, Any]:
        reply = self._child.ask(**command)
        self.warnings = reply["warnings"]
        return reply
