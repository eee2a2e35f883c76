"""What there is at this moment, measured once a minute, and what has happened since, counted."""

from __future__ import annotations

from typing import Protocol

from common import telemetry
from common.scaling import Load
from common.telemetry import Measure


class Observed(Protocol):
    """The database as it is watched."""

    def count(self) -> None:
        """Add what has happened to the totals."""

    def stranded(self) -> int:
        """Return how many jobs at work make no progress."""


class Queue(Protocol):
    """What waits for workers."""

    def load(self) -> Load:
        """Return what there is to read, of all tenants."""


def observe(*, totals: Observed, queue: Queue) -> None:
    """Keep the totals short to count, and say how long the queue is where anybody listens.

    Safe to run at any time, also twice.
    """
    totals.count()
    if not telemetry.is_heard():
        return
    load = queue.load()
    telemetry.add(Measure.QUEUE_AGE, load.oldest_seconds)
    telemetry.add(Measure.QUEUE_PAGES, load.waiting_pages)
    telemetry.add(Measure.PROCESSING, load.processing)
    telemetry.add(Measure.STRANDED, totals.stranded())
