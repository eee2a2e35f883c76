"""A process's own memory, and the most of it that was seen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil


def own_memory(process: psutil.Process) -> int:
    """Return the anonymous bytes of a process and its children: without the page cache."""
    return sum(map(anonymous, [process, *process.children(recursive=True)]))


def anonymous(process: psutil.Process) -> int:
    """Return the anonymous bytes of one process; none where it has ended."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # It ended while we looked.
    return sum(
        int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon")
    )


class Peak:
    """Looks a hundred times a second, while inside, and keeps the highest value."""

    def __init__(self, look: Callable[[], int]) -> None:
        self._look = look
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self.value = 0

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._done.wait(0.01):
            self.value = max(self.value, self._look())
