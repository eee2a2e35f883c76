"""Whether all that a process needs is there: asked in parallel, within bounds, not too often."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final

from common.errors import TransientError

log = logging.getLogger(__name__)

#: Seconds that a part may take to answer, and the first time, when libraries are imported.
PATIENCE: Final = 2.0
FIRST_PATIENCE: Final = 10.0
#: Seconds for which an answer is given again: whoever asks often does not cost more.
_KEPT: Final = 1.5


class NotReady(Exception):
    """Something answers, but can't be worked with; the sentence says why, and is shown."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that this process needs."""

    ready: bool
    #: A sentence without addresses, names or what a library said.
    detail: str


_SILENT: Final = Part(False, "It does not answer in time.")


class Readiness:
    """Asks every part at once. A part that hangs is not asked again until it has let go.

    A check returns where its part is ready, and raises where it is not.
    """

    def __init__(
        self, checks: Mapping[str, Callable[[], None]], *, patience: float | None = None
    ) -> None:
        self._checks = checks
        self._patience = patience
        self._threads = ThreadPoolExecutor(len(checks), thread_name_prefix="readiness")
        self._asked: dict[str, Future[tuple[Part, Exception | None]]] = {}
        self._looking = threading.Lock()
        self._seen: dict[str, Part] = {}
        self._seen_at = 0.0

    def look(self) -> Mapping[str, Part]:
        """Return every part's state, at most two seconds old."""
        if not self._looking.acquire(blocking=not self._seen):
            # Somebody else is asking, which may take its time: what was seen last will do.
            return self._seen
        try:
            if not self._seen or time.monotonic() - self._seen_at > _KEPT:
                self._seen = self._look()
                self._seen_at = time.monotonic()
            return self._seen
        finally:
            self._looking.release()

    def _look(self) -> dict[str, Part]:
        for name, check in self._checks.items():
            if name not in self._asked or self._asked[name].done():
                self._asked[name] = self._threads.submit(_part, check)
        patience = PATIENCE if self._seen else FIRST_PATIENCE
        wait(self._asked.values(), timeout=self._patience or patience)
        parts = {}
        for name, asked in self._asked.items():
            parts[name], error = asked.result() if asked.done() else (_SILENT, None)
            self._tell(name, parts[name], error)
        return parts

    def _tell(self, name: str, part: Part, error: Exception | None) -> None:
        """Log what has changed, with what a library said."""
        before = self._seen.get(name)
        if part == before or (before is None and part.ready):
            return
        level = logging.INFO if part.ready else logging.WARNING
        extra = {"part": name, "ready": part.ready, "detail": part.detail}
        log.log(level, "a part that is needed has changed", extra=extra, exc_info=error)


def _part(check: Callable[[], None]) -> tuple[Part, Exception | None]:
    try:
        check()
    except NotReady as error:
        return Part(False, str(error)), error
    except TransientError as error:
        return Part(False, "It does not answer."), error
    except Exception as error:  # noqa: BLE001 - it is told, and the log has what it was
        return Part(False, "It can't be worked with; the operator's log says why."), error
    return Part(True, "It answers."), None
