"""What was done in a stretch of time, as an owner or an operator asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from common.errors import InvalidRequest

#: A day in minutes; four years in days.
MOST_BUCKETS: Final = 1440
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: Far enough from the last moment that there is, to be rounded up.
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)


class BucketSize(StrEnum):
    """How long one bucket is."""

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    QUARTER = "15m"
    HOUR = "1h"
    DAY = "1d"

    @property
    def seconds(self) -> int:
        """Its length."""
        return {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86_400}[self.value]


@dataclass(frozen=True, slots=True)
class Period:
    """Whole buckets, in UTC."""

    start: datetime
    #: Not in it any more.
    end: datetime
    bucket: BucketSize

    @classmethod
    def asked(cls, start: datetime | None, end: datetime | None, bucket: BucketSize) -> Self:
        """Return the whole buckets from `start` to `end`; the last hour where they are not given.

        Raises InvalidRequest where that is no stretch of time, or too many buckets.
        """
        end = max(_EPOCH, min(end or datetime.now(UTC), _LAST))
        start = max(_EPOCH, start or end - timedelta(hours=1))
        if start >= end:
            raise InvalidRequest(
                "`from` must be before `to`, and both between 1970 and 9998.",
                code="INVALID_PERIOD",
                status=422,
            )
        size = timedelta(seconds=bucket.seconds)
        # As many as were asked for; rounding may add one.
        buckets = -((start - end) // size)
        if buckets > MOST_BUCKETS:
            raise InvalidRequest(
                f"That would be {buckets:,} buckets, and {MOST_BUCKETS:,} are answered at once. "
                f"{_advice(end - start)}",
                code="TOO_MANY_BUCKETS",
                status=422,
            )
        first = _EPOCH + (start - _EPOCH) // size * size
        last = _EPOCH - (_EPOCH - end) // size * size
        return cls(first, last, bucket)


def _advice(length: timedelta) -> str:
    for size in BucketSize:
        if length.total_seconds() / size.seconds <= MOST_BUCKETS:
            return f"Ask for `bucket={size}`, or for a shorter time."
    return "Ask for a shorter time."


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, in seconds: half took no longer than `p50`, 95 % than `p95`."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What was done in a stretch of time."""

    jobs_created: int = 0
    jobs_completed: int = 0
    jobs_completed_with_errors: int = 0
    jobs_failed: int = 0
    jobs_cancelled: int = 0
    #: Of chunks that were completed: read by a call, found in the cache, not readable.
    pages_read: int = 0
    pages_cached: int = 0
    pages_failed: int = 0
    chunks_completed: int = 0
    #: Of those: found in the cache.
    chunks_cached: int = 0
    chunks_failed: int = 0
    #: Given back, to be read again.
    chunks_put_back: int = 0
    #: Why chunks failed, and why they were put back, by code.
    failures: Mapping[str, int] = field(default_factory=dict)
    retries: Mapping[str, int] = field(default_factory=dict)
    #: None where nothing was measured.
    chunk_seconds: Spread | None = None
    queue_seconds: Spread | None = None
    merge_seconds: Spread | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One owner's figures over a period."""

    period: Period
    #: Of the whole period.
    total: Figures
    #: Those in which something was done, by their start.
    buckets: Mapping[datetime, Figures]

    def every(self) -> list[tuple[datetime, Figures]]:
        """Return all buckets, also those in which nothing was done."""
        size = timedelta(seconds=self.period.bucket.seconds)
        count = (self.period.end - self.period.start) // size
        starts = [self.period.start + number * size for number in range(count)]
        return [(start, self.buckets.get(start, Figures())) for start in starts]
