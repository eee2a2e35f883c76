"""A queue's token bucket: how fast it may dispatch, and how much of that at once."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

#: The service was seen to pick 10 tokens for 1 dispatch a second and 100 for 500; what it picks
#: between the two is taken to be the rate itself.
_SMALLEST_BURST = 10
_LARGEST_BURST = 100


def burst_of(dispatches_per_second: float) -> int:
    """Return the bucket size the service picks for a rate."""
    return max(_SMALLEST_BURST, min(_LARGEST_BURST, math.ceil(dispatches_per_second)))


class TokenBucket:
    """Holds up to `burst` tokens and gains `rate` of them a second. Starts full."""

    def __init__(self, rate: float, burst: int, now: datetime) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._filled_at = now

    def resize(self, rate: float, burst: int, now: datetime) -> None:
        """Change the limits; tokens earned so far are kept as far as they fit."""
        self._fill(now)
        self._rate, self._burst = rate, burst
        self._tokens = min(self._tokens, burst)

    def take(self, now: datetime) -> bool:
        """Take a token if there is one."""
        self._fill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def next_token_at(self, now: datetime) -> datetime:
        """Return when there will be a token, `now` where there is one already."""
        self._fill(now)
        missing = max(0.0, 1 - self._tokens)
        # Rounded up, or the bucket would be looked at a microsecond too early, again and again.
        return now + timedelta(microseconds=math.ceil(missing / self._rate * 1e6))

    def _fill(self, now: datetime) -> None:
        passed = max(0.0, (now - self._filled_at).total_seconds())
        self._tokens = min(float(self._burst), self._tokens + passed * self._rate)
        self._filled_at = now
