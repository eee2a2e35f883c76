"""A batch as its owner sees it: what its jobs come to, how fast it goes, and what can be done.

Nothing here is kept: every number is reckoned from the batch's jobs as one look found them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType, Protocol
from uuid import UUID

from common.access import Caller
from common.controls import Refusal
from common.lifecycle import FINAL_BATCH_STATUSES, BatchStatus, JobStatus, Stage
from common.models import DocumentId, JobId, ObjectRef, Priority
from common.recovery import may_pass
from common.stages import StageRef

BatchId = NewType("BatchId", UUID)

#: Over how many seconds the pace is measured, where the batch has been read for so long.
PACE_SECONDS: Final = 120


class Purpose(StrEnum):
    """What a batch is for."""

    OCR = "ocr"  #: Reads documents
    WARM = "warm"  #: Reads them into the cache alone
    RECOVERY = "recovery"  #: Has read again what failed in another batch


@dataclass(frozen=True, slots=True)
class Failure:
    """One cause, and how much of the batch it has kept from being read."""

    code: str
    documents: int
    pages: int
    #: In words, as it was told of one of them.
    message: str
    #: Whether reading again may help.
    recoverable: bool


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as its owner may see it, with its jobs counted at one moment."""

    id: BatchId
    owner: str
    matter: str | None
    name: str
    purpose: Purpose
    status: BatchStatus
    priority: Priority
    total: int
    #: Jobs by what they are doing; they add up to the total.
    jobs: Mapping[JobStatus, int]
    #: Of the documents that have been opened; the others' pages are not known yet.
    total_pages: int
    completed_pages: int
    failed_pages: int
    completed_chunks: int
    cached_chunks: int
    cached_pages: int
    #: Documents whose pages are known.
    opened: int
    #: Documents that have not been opened and have not ended.
    unopened: int
    #: Pages that are still to be read; what was cancelled or gave up is read by nobody.
    unread_pages: int
    #: How many documents' worth of the unfinished ones has been read.
    begun: float
    #: What was read in the last `recent_seconds`; no time where nothing is being read.
    recent_documents: int
    recent_pages: int
    recent_seconds: float
    #: By how much they keep from being read, the most first.
    failures: tuple[Failure, ...]
    webhook_url: str | None
    #: The batch that this one recovers or warms.
    origin_id: BatchId | None
    strategy: str | None
    #: The batches that recover this one, the oldest first.
    recoveries: tuple[BatchId, ...]
    #: How many documents a recovery leaves alone.
    skipped: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    #: The database's clock when this was counted.
    now: datetime

    @property
    def ended(self) -> int:
        """Documents that are done, however they ended."""
        return sum(self.jobs[status] for status in JobStatus if status in _ENDS)


_ENDS: Final = frozenset(
    {JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_ERRORS, JobStatus.FAILED, JobStatus.CANCELLED}
)


@dataclass(frozen=True, slots=True)
class BatchDocument:
    """One document of a batch, as its owner may see it."""

    #: Its line in the manifest, from 1.
    position: int
    document_id: DocumentId
    job_id: JobId
    filename: str
    status: JobStatus
    stage: Stage
    total_pages: int
    completed_pages: int
    failed_pages: int
    cached_pages: int
    error_code: str | None
    error_message: str | None
    has_result: bool


@dataclass(frozen=True, slots=True)
class BatchEvent:
    """One row of a batch's own trail."""

    #: From 1 within the batch, without a gap.
    id: int
    kind: str
    at: datetime
    #: The job that it is about; None where it is about the batch.
    job_id: JobId | None
    details: dict[str, object]


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """All of a caller's batches in a few numbers."""

    #: Batches that have not ended.
    active: int
    completed: int
    #: Batches of which nothing was read, and those that were cancelled.
    failed: int
    #: Documents of the active batches that are under work, and that wait.
    documents_processing: int
    documents_waiting: int
    #: Which part of the active batches' documents is done; None where none is active.
    completion_rate: float | None


@dataclass(frozen=True, slots=True)
class Resumed:
    """What goes out after a batch was resumed, beside the turns."""

    #: Splits to go on, each with its upload and the number of its message.
    splits: tuple[tuple[JobId, ObjectRef, int], ...] = ()
    #: Merges that became due while the batch stood still, each with the number of its message.
    merges: tuple[tuple[JobId, int], ...] = ()
    #: Stages after OCR that go on.
    stages: tuple[StageRef, ...] = ()


class Batches(Protocol):
    """Batches as callers see them."""

    def find(self, batch_id: UUID, caller: Caller) -> BatchView | None:
        """Return the batch, or None where there is none for this caller."""


class BatchControls(Protocol):
    """The database as an owner's hand on a batch. Each method is one transaction."""

    def pause(self, batch_id: UUID, caller: Caller) -> bool:
        """Let none of its jobs begin, and no more chunks start; False where nothing changes."""

    def resume(self, batch_id: UUID, caller: Caller) -> Resumed | None:
        """Let a paused batch go on, and return what to send; None where it isn't paused."""

    def cancel(self, batch_id: UUID, caller: Caller) -> list[JobId] | None:
        """End whatever of it has not ended, and return that; None where it has ended already."""

    def prioritize(self, batch_id: UUID, caller: Caller, priority: Priority) -> bool:
        """Give what has not ended another priority; False where nothing changes."""


def percentage(batch: BatchView) -> float:
    """Return how much is done, from 0 to 100 with one decimal, rounded down.

    Every document counts the same, and one that is being read by the part of its pages that is
    done. 100 is only where nothing is left.
    """
    if batch.ended == batch.total:
        return 100.0
    return min(999, int((batch.ended + batch.begun) * 1000 / batch.total)) / 10


def cache_hit_rate(batch: BatchView) -> float | None:
    """Return which part of the pages was found in the cache; None where none is read.

    None of a recovery, too: its jobs' pages are also those that were read before it.
    """
    if batch.purpose is Purpose.RECOVERY or not batch.completed_pages:
        return None
    return round(batch.cached_pages / batch.completed_pages, 4)


def elapsed_seconds(batch: BatchView) -> float | None:
    """Return how long the batch has taken since it began; None where it has not."""
    if batch.started_at is None:
        return None
    return max(0.0, ((batch.finished_at or batch.now) - batch.started_at).total_seconds())


def pages_per_minute(batch: BatchView) -> float | None:
    """Return the pace of late, or of an ended batch its pace from beginning to end.

    None of one that has ended and is a recovery or was recovered: what its jobs have read was read
    in two batches, with idle time between them.
    """
    return _per_minute(batch, batch.completed_pages, batch.recent_pages)


def documents_per_minute(batch: BatchView) -> float | None:
    """Return how many documents end in a minute, measured like the pages."""
    return _per_minute(batch, batch.ended, batch.recent_documents)


def eta_seconds(batch: BatchView) -> int | None:
    """Return in how many seconds everything will probably be read, by the pace of late.

    Documents that have not been opened are taken to be like those that have. None where there
    is no pace: before anything is read, while the batch is paused, and once it has ended.
    """
    if batch.status is not BatchStatus.PROCESSING or batch.recent_seconds <= 0:
        return None
    if batch.recent_pages and batch.opened:
        left = batch.unread_pages + batch.unopened * batch.total_pages / batch.opened
        return round(left * batch.recent_seconds / batch.recent_pages)
    if batch.recent_documents:
        left = batch.total - batch.ended
        return round(left * batch.recent_seconds / batch.recent_documents)
    return None


def _per_minute(batch: BatchView, whole: int, recent: int) -> float | None:
    if batch.finished_at is not None:
        if batch.purpose is Purpose.RECOVERY or batch.recoveries:
            return None
        took = elapsed_seconds(batch)
        return round(whole * 60 / took, 1) if took else None
    if batch.recent_seconds <= 0:
        return None
    return round(recent * 60 / batch.recent_seconds, 1)


class BatchAction(StrEnum):
    """One thing that an owner can do to a batch."""

    PAUSE = "pause"  #: Begin none of its jobs any more, and have those that are read stand still
    RESUME = "resume"  #: Go on
    CANCEL = "cancel"  #: End whatever of it has not ended


#: What a batch is in once the action has been done: doing it again then changes nothing.
_DONE: Final[Mapping[BatchAction, frozenset[BatchStatus]]] = {
    BatchAction.PAUSE: frozenset({BatchStatus.PAUSED}),
    BatchAction.RESUME: frozenset({BatchStatus.PENDING, BatchStatus.PROCESSING}),
    BatchAction.CANCEL: frozenset({BatchStatus.CANCELLED}),
}


def is_done(action: BatchAction, batch: BatchView) -> bool:
    """Whether the batch is where the action would bring it."""
    return batch.status in _DONE[action]


def refusal(action: BatchAction, batch: BatchView) -> Refusal | None:
    """Return why the action would change nothing or is not allowed; None where it is possible."""
    if batch.status in FINAL_BATCH_STATUSES:
        return Refusal(
            "BATCH_ENDED",
            f"The batch has ended ({batch.status.value})."
            + (" What failed can be recovered." if can_recover(batch) else ""),
        )
    if action is BatchAction.PAUSE and batch.status is BatchStatus.PAUSED:
        return Refusal("BATCH_PAUSED", "The batch is paused already. It can be resumed.")
    if action is BatchAction.RESUME and batch.status is not BatchStatus.PAUSED:
        return Refusal("BATCH_NOT_PAUSED", "The batch is not paused: its documents have turns.")
    return None


def can_recover(batch: BatchView) -> bool:
    """Whether something failed that may be read when it is read again."""
    return any(failure.recoverable for failure in batch.failures)


def failures_of(causes: Sequence[tuple[str, int, int, str]]) -> tuple[Failure, ...]:
    """Return causes (code, documents, pages, message) by how much they cost, the most first."""
    found: dict[str, tuple[int, int, str]] = {}
    for code, documents, pages, message in causes:
        before = found.get(code, (0, 0, message))
        found[code] = (before[0] + documents, before[1] + pages, before[2] or message)
    failures = [
        Failure(code, documents, pages, message, recoverable=may_pass(code))
        for code, (documents, pages, message) in found.items()
    ]
    return tuple(sorted(failures, key=lambda each: (-each.documents, -each.pages, each.code)))
