"""The quota of calls per minute."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 60.0


class Quota:
    """Counts calls in the last 60 seconds of `clock`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._taken: deque[float] = deque()

    def take(self, limit: int | None) -> bool:
        """Count one call and return True, or return False where the minute is full."""
        now = self._clock()
        while self._taken and self._taken[0] <= now - WINDOW_SECONDS:
            self._taken.popleft()
        if limit is None:
            return True
        if len(self._taken) >= limit:
            return False
        self._taken.append(now)
        return True
