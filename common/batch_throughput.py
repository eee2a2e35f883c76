"""How much of a batch was read when: a series of equal stretches of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Bucket(StrEnum):
    """The stretches that a series may be in, the shortest first."""

    SECOND = "1s"
    SECONDS_2 = "2s"
    SECONDS_5 = "5s"
    SECONDS_10 = "10s"
    SECONDS_15 = "15s"
    SECONDS_30 = "30s"
    MINUTE = "1m"
    MINUTES_2 = "2m"
    MINUTES_5 = "5m"
    MINUTES_10 = "10m"
    MINUTES_15 = "15m"
    MINUTES_30 = "30m"
    HOUR = "1h"
    HOURS_2 = "2h"
    HOURS_3 = "3h"
    HOURS_6 = "6h"
    HOURS_12 = "12h"
    DAY = "1d"
    WEEK = "7d"

    @property
    def seconds(self) -> int:
        """How long such a stretch is."""
        return int(self.value[:-1]) * _SECONDS[self.value[-1]]


#: Points of a series where no width was asked for: as many as a chart shows well.
USUAL_POINTS: Final = 72
#: Points of any series. A narrower width than makes so many is widened.
MOST_POINTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was read in one stretch of time."""

    at: datetime
    #: Pages whose chunks were completed in it, without those that could not be read.
    pages: int
    #: Of these: found in the cache.
    cached_pages: int
    #: Documents that ended in it, however they did.
    documents: int


@dataclass(frozen=True, slots=True)
class Throughput:
    """A batch's series, from its beginning to its end or to this moment."""

    seconds: int
    since: datetime
    until: datetime
    stretches: Sequence[Stretch]


def per_minute(pages: int, seconds: int) -> float:
    """Return the pace of a stretch, with one decimal."""
    return round(pages * 60 / seconds, 1)
