"""A job's own log lines: taken from the process's log records, and written beside the job.

Best effort, and never in the way: lines wait in memory and are written by a thread of their own,
many in one statement. Whoever logs a warning waits until it is written, but not for long; what
can't be written is kept a while, and then forgotten, oldest first.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from infra.log_lines import LogLine, line_of

#: Lines that wait at most; about 10 MB.
_MOST_WAITING: Final = 5000
#: Lines in one statement.
_AT_ONCE: Final = 500
#: Seconds that whoever logs, or ends a use case, waits for the database.
_PATIENCE: Final = 1.0
#: Seconds without a try after one that failed, and how many may fail before lines are forgotten.
_PAUSE: Final = 5.0
_MOST_FAILURES: Final = 12

Write = Callable[[Sequence[LogLine]], None]


class JobLogHandler(logging.Handler):
    """Passes on the records that belong to a job. `write` may raise; then it is tried again."""

    def __init__(self, write: Write, *, patience: float = _PATIENCE, pause: float = _PAUSE) -> None:
        super().__init__(logging.INFO)
        self._write = write
        self._patience = patience
        self._pause = pause
        self._begin()
        # A forked child has the lines but not the thread; they are the parent's to write.
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._waiting: deque[LogLine] = deque(maxlen=_MOST_WAITING)
        self._changed = threading.Condition()
        #: How many lines ever came, and how many of them are dealt with.
        self._came = self._done = 0
        self._asked = False
        self._failures = 0
        self._paused_until = 0.0
        self._writer: threading.Thread | None = None

    def createLock(self) -> None:  # noqa: N802 - logging's own name
        """Do without logging's lock: one who waits here must not hold up the others."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record's line, if it is about a job; a warning is written at once."""
        if threading.current_thread() is self._writer:
            return
        line = line_of(record)
        if line is None:
            return
        with self._changed:
            self._waiting.append(line)
            self._came += 1
        if record.levelno >= logging.WARNING:
            self.flush()

    def flush(self) -> None:
        """Have written what waits, and wait for it a moment: not in an event loop, nor in vain."""
        with self._changed:
            if not self._waiting and self._done >= self._came:
                return
            goal = self._came
            self._asked = True
            if self._writer is None or not self._writer.is_alive():
                self._writer = threading.Thread(target=self._run, name="job-log", daemon=True)
                self._writer.start()
            self._changed.notify_all()
            if not _in_event_loop():
                self._changed.wait_for(
                    lambda: self._done >= goal or self._is_paused(), self._patience
                )

    def _is_paused(self) -> bool:
        return time.monotonic() < self._paused_until

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._asked)
                if self._is_paused():
                    self._changed.wait(max(0.0, self._paused_until - time.monotonic()))
                    continue
                batch = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
                # What was pushed out at the far end is dealt with too.
                end = self._came - len(self._waiting)
                self._asked = bool(self._waiting)
            is_written = self._is_written(batch)
            with self._changed:
                if is_written or self._failures >= _MOST_FAILURES:
                    self._done = end
                    self._failures = 0
                else:
                    self._keep(batch)
                self._changed.notify_all()

    def _is_written(self, batch: Sequence[LogLine]) -> bool:
        if not batch:
            return True
        try:
            self._write(batch)
        except Exception:
            logging.getLogger(__name__).warning("jobs' log lines wait", exc_info=True)
            return False
        return True

    def _keep(self, batch: Sequence[LogLine]) -> None:
        self._failures += 1
        room = _MOST_WAITING - len(self._waiting)
        self._waiting.extendleft(reversed(batch[-room:] if room else []))
        self._paused_until = time.monotonic() + self._pause
        self._asked = True


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
