"""What can be followed by a stream of events: a job, or a batch; how, and how often, it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from functions.api.messages import (
    encoded_batch,
    encoded_batch_end,
    encoded_batch_event,
    encoded_end,
    encoded_event,
    encoded_job,
    encoded_progress,
)
from infra.database.batch_events import BatchProgress
from infra.database.progress import Progress


class Found(Protocol):
    """What one look found."""

    @property
    def last_event(self) -> int:
        """The number of the newest event there is, which may be behind those found."""

    @property
    def events(self) -> Sequence[Any]:
        """In order, without a gap; each with its `id`."""

    @property
    def has_ended(self) -> bool:
        """Whether it ended with the last of these events."""


class Looks(Protocol):
    """A table of events."""

    def look(self, followed: UUID, /, *, after: int | None, limit: int) -> Any:
        """Return what there is behind number `after`, the newest where that is None.

        None where there is no such thing to be followed.
        """


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the table is looked at, in seconds."""

    #: Between two looks in a burst of changes.
    gap: float
    #: Until the next look where nobody says that something changed: while Redis does tell, in
    #: which case only a lost message is waited for, and while it does not.
    told: float
    alone: float


class Telling(Protocol):
    """How one kind of what is followed is put into messages."""

    @property
    def pace(self) -> Pace:
        """How often the table is looked at."""

    def now(self, found: Any) -> bytes | None:
        """Return it as it is now, as its messages carry it; None where that is as before."""

    def event(self, event: Any, now: bytes) -> bytes:
        """Return the message of one event."""

    def snapshot(self, now: bytes) -> bytes:
        """Return the message that tells how it is beside its events; empty where none does."""

    def end(self, now: bytes) -> bytes:
        """Return the message behind which nothing comes."""


class JobTelling:
    """A job: every event's message carries the whole job."""

    pace: Final = Pace(gap=0.05, told=5.0, alone=1.0)

    def now(self, found: Progress) -> bytes | None:
        """Return the job."""
        return None if found.job is None else encoded_job(found.job)

    def event(self, event: Any, now: bytes) -> bytes:
        """Return the event with the job."""
        return encoded_event(event, now)

    def snapshot(self, now: bytes) -> bytes:
        """Return nothing: the events say it."""
        return b""

    def end(self, now: bytes) -> bytes:
        """Return the job alone."""
        return encoded_end(now)


class BatchTelling:
    """A batch: its progress beside its events, since pages are read without any of its own.

    Counting a large one takes Postgres some hundredths of a second, and is done once in a second.
    """

    pace: Final = Pace(gap=1.0, told=0.0, alone=0.0)

    def now(self, found: BatchProgress) -> bytes | None:
        """Return the batch."""
        return None if found.batch is None else encoded_batch(found.batch)

    def event(self, event: Any, now: bytes) -> bytes:
        """Return the event alone."""
        return encoded_batch_event(event)

    def snapshot(self, now: bytes) -> bytes:
        """Return the batch's progress."""
        return encoded_progress(now)

    def end(self, now: bytes) -> bytes:
        """Return the batch alone."""
        return encoded_batch_end(now)
