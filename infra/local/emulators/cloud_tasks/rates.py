"""A queue's token bucket: how fast it may dispatch, and how much of that at once."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

#: The service was seen to pick 10 tokens for 1 dispatch a second and 100 for 500; what it picks
#: between the two is taken to be the rate itself.
_SMALLEST_BURST = 10
_LARGEST_BURST = 100

_LONGEST_INTERVAL_SECONDS = 365 * 24 * 3600.0


def burst_of(dispatches_per_second: float) -> int:
    """Return the bucket size the service picks for a rate."""
    return max(_SMALLEST_BURST, min(_LARGEST_BURST, math.ceil(dispatches_per_second)))


class TokenBucket:
    """Holds up to `burst` tokens and gains `rate` of them a second. Starts full.

    It keeps the instant at which it will be full, which says the same as a count of tokens and
    stays exact to the microsecond however often it is looked at.
    """

    def __init__(self, rate: float, burst: int, now: datetime) -> None:
        self._interval = _interval(rate)
        self._burst = burst
        self._full_at = now

    def resize(self, rate: float, burst: int, now: datetime) -> None:
        """Change the limits; tokens earned so far are kept as far as they fit."""
        missing = max(0.0, (self._full_at - now) / self._interval)
        self._interval, self._burst = _interval(rate), burst
        self._full_at = now + min(missing, burst) * self._interval

    def take(self, now: datetime) -> bool:
        """Take a token if there is one."""
        if self.next_token_at(now) > now:
            return False
        self._full_at = max(self._full_at, now) + self._interval
        return True

    def next_token_at(self, now: datetime) -> datetime:
        """Return when there will be a token, `now` where there is one already."""
        return max(now, self._full_at - (self._burst - 1) * self._interval)


def _interval(rate: float) -> timedelta:
    return timedelta(seconds=min(1 / rate, _LONGEST_INTERVAL_SECONDS))
