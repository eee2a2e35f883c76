"""Time as a parameter, so that hours pass in a test without waiting."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol

#: A sleep is cut into pieces, so that a wall clock that was set is noticed.
_LONGEST_SLEEP_SECONDS = 30.0


class Clock(Protocol):
    """Tells the time and waits for it."""

    def now(self) -> datetime:
        """Return the time in UTC."""

    async def wait_until(self, instant: datetime) -> None:
        """Return as soon as `now()` is `instant` or later."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    async def wait_until(self, instant: datetime) -> None:
        """Sleep until then."""
        while (left := (instant - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - a clock's time, no event's
            await asyncio.sleep(min(left, _LONGEST_SLEEP_SECONDS))
