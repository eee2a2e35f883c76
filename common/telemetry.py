"""What work says about itself while it goes on: one trace a job, and measures. By default, nothing.

A trace's id is its job's id, so that whoever works on the job can add to its trace without having
been handed anything: a message is only ids. Where nobody listens, each call here costs less than a
microsecond. What is said are numbers, ids and codes: never a name, a text, an address or a secret.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Final, Protocol, Self, TypeAlias
from uuid import UUID

Value: TypeAlias = "bool | int | float | str"


class Hop(StrEnum):
    """A stretch of a job's way: a span of its trace, and a stage whose seconds are measured."""

    JOB = "job"  #: From the job's making to its end
    SUBMIT = "submit"  #: The API's request that made the job
    INGEST_WAIT = "ingest.wait"  #: Upload, event and queue, until ingest has it
    INGEST = "ingest"  #: One attempt at cutting the document
    INGEST_CLAIM = "ingest.claim"
    INGEST_DOWNLOAD = "ingest.download"
    INGEST_PLAN = "ingest.plan"  #: Which pages become which chunk; the cache is asked
    INGEST_CUT = "ingest.cut"  #: One chunk's PDF
    INGEST_UPLOAD = "ingest.upload"  #: The same on its way to the bucket
    INGEST_DISPATCH = "ingest.dispatch"  #: A wave of chunks is recorded and sent
    CHUNK_WAIT = "chunk.wait"  #: In the broker, from the message to the claim
    CHUNK = "chunk"  #: One attempt at reading a chunk
    CHUNK_LOCK = "chunk.lock"
    CHUNK_CLAIM = "chunk.claim"
    CHUNK_TURNS = "chunk.turns"  #: What may start in its place is sent
    CHUNK_CACHE = "chunk.cache"  #: A cached result is looked for, and verified
    CHUNK_SOURCE = "chunk.source"  #: Its PDF from the bucket
    CHUNK_OCR = "chunk.ocr"  #: One call
    CHUNK_CUT = "chunk.cut"  #: A part of it, where a page can't be read
    CHUNK_STORE = "chunk.store"  #: The result
    CHUNK_RECORD = "chunk.record"  #: Counted on the job's row
    CHUNK_PUT_BACK = "chunk.put_back"  #: Given back until it is due again
    MERGE_DISPATCH = "merge.dispatch"  #: The merge is asked for
    MERGE_WAIT = "merge.wait"  #: In Cloud Tasks, from the last chunk to the claim
    MERGE = "merge"  #: One attempt at binding the result
    MERGE_CLAIM = "merge.claim"
    MERGE_LOAD = "merge.load"  #: All chunks' results, verified
    MERGE_STORE = "merge.store"
    MERGE_PAGES = "merge.pages"  #: Pages' and words' rows
    MERGE_FINISH = "merge.finish"
    STAGE = "stage"  #: One attempt at a stage after OCR, which its attribute names
    WEBHOOK_WAIT = "webhook.wait"  #: From when it was due to the claim
    WEBHOOK = "webhook"  #: One try
    WEBHOOK_POST = "webhook.post"


class Measure(StrEnum):
    """What is counted or measured across jobs."""

    STAGE_SECONDS = "quire.stage.duration"  #: By `stage`, a Hop
    QUEUE_SECONDS = "quire.queue.wait"  #: A chunk's, by `priority`
    PAGES = "quire.pages"  #: By `outcome`: read, failed, cached
    CHUNKS = "quire.chunks"  #: By `outcome`: completed, failed, put_back
    RETRIES = "quire.chunk.retries"  #: By `code`, the cause
    CACHE_LOOKUPS = "quire.cache.lookups"  #: By `outcome`: hit, miss
    JOBS_ENDED = "quire.jobs.ended"  #: By `status`
    WEBHOOKS = "quire.webhooks"  #: By `outcome`: delivered, put_back, failed
    RESENT = "quire.work.resent"  #: By `kind`: what maintain found stranded
    QUEUE_AGE = "quire.queue.age"  #: Of the chunk that has waited longest; now
    QUEUE_PAGES = "quire.queue.pages"  #: That wait; now
    PROCESSING = "quire.chunks.processing"  #: Now
    STRANDED = "quire.jobs.stranded"  #: At work, and without progress; now


@dataclass(frozen=True, slots=True)
class TraceIds:
    """Where in which trace the work at hand is, in the forms that logs have them."""

    trace_id: str
    span_id: str
    is_sampled: bool


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A job that has ended, as its whole way is told."""

    job_id: UUID
    status: str
    #: Seconds ago, by the database's clock.
    created_ago: float
    finished_ago: float
    attributes: Mapping[str, Value]
    error_code: str | None = None
    #: Since when the failed pages are read again; None where they never were.
    retried_ago: float | None = None


class Span(Protocol):
    """A stretch that goes on."""

    def note(self, **attributes: Value) -> None:
        """Say more about it."""

    def fail(self, code: str) -> None:
        """It did not go well; `code` says why."""


class Laps:
    """Moments from before it was known whose work this is."""

    __slots__ = ("began", "laps")

    def __init__(self) -> None:
        self.began = time.time_ns()
        self.laps: list[tuple[Hop, int]] = []

    def lap(self, hop: Hop) -> None:
        """What has gone on since the lap before was this, and ends here."""
        self.laps.append((hop, time.time_ns()))

    @property
    def claimed(self) -> int:
        """When the claim was through; now, where there was none."""
        claims = (ended for hop, ended in self.laps if hop.endswith(".claim"))
        return next(claims, 0) or time.time_ns()


class Recorder(Protocol):
    """Whoever listens: infra.telemetry."""

    def span(self, hop: Hop, attributes: Mapping[str, Value]) -> AbstractContextManager[Span]:
        """Have a part of the stretch that goes on."""

    def job_span(
        self, hop: Hop, job_id: UUID, laps: Laps | None, attributes: Mapping[str, Value]
    ) -> AbstractContextManager[Span]:
        """Have a stretch of a job's way."""

    def past(
        self, hop: Hop, job_id: UUID, began: int, ended: int, attributes: Mapping[str, Value]
    ) -> None:
        """Note a stretch that is over, in nanoseconds since 1970 by this machine's clock."""

    def job_ended(self, job_id: UUID) -> None:
        """Have the job's whole way noted."""

    def add(self, measure: Measure, amount: float, labels: Mapping[str, Value]) -> None:
        """Count, or measure."""

    def ids(self) -> TraceIds | None:
        """Where the work at hand is."""

    def flush(self) -> None:
        """Send what is kept, before the platform takes the CPU away."""


_recorder: Recorder | None = None


def listen(recorder: Recorder | None) -> None:
    """Have this process's work recorded from now on; None ends that."""
    global _recorder  # noqa: PLW0603 - one process, one recorder
    _recorder = recorder


def is_heard() -> bool:
    """Whether anybody listens."""
    return _recorder is not None


def span(hop: Hop, **attributes: Value) -> AbstractContextManager[Span]:
    """Return a part of the stretch that goes on, to work in."""
    return NOTHING if _recorder is None else _recorder.span(hop, attributes)


def job_span(
    hop: Hop, job_id: UUID, laps: Laps | None = None, **attributes: Value
) -> AbstractContextManager[Span]:
    """Return a stretch of a job's way, to work in. It began when its laps did."""
    return NOTHING if _recorder is None else _recorder.job_span(hop, job_id, laps, attributes)


def waited(
    hop: Hop, job_id: UUID, seconds: float | None, laps: Laps | None = None, **attributes: Value
) -> None:
    """Note that something waited so long until it was claimed just now. None is no wait.

    Seconds, as the database measured them with the claim: its clock and this machine's are not
    compared. What the laps are about, the claim itself among it, was no waiting any more.
    """
    if _recorder is None or seconds is None:
        return
    claimed = laps.claimed if laps else time.time_ns()
    began = claimed - int(max(0.0, seconds) * 1e9)
    ended = max(began, laps.began) if laps else claimed
    _recorder.past(hop, job_id, began, ended, attributes)


def done(hop: Hop, job_id: UUID, laps: Laps) -> None:
    """Note what has been going on since the laps began, for this job among others."""
    if _recorder is not None:
        _recorder.past(hop, job_id, laps.began, time.time_ns(), {})


def job_ended(job_id: UUID) -> None:
    """Have the job's whole way noted, once this use case is through."""
    if _recorder is not None:
        _recorder.job_ended(job_id)


def add(measure: Measure, amount: float = 1, **labels: Value) -> None:
    """Count, or measure."""
    if _recorder is not None:
        _recorder.add(measure, amount, labels)


def ids() -> TraceIds | None:
    """Return where in which trace the work at hand is; None where there is no trace."""
    return None if _recorder is None else _recorder.ids()


def flush() -> None:
    """Send what is kept. Bounded in time; for the end of a function's request."""
    if _recorder is not None:
        _recorder.flush()


class Nothing:
    """A stretch that nobody hears of."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def note(self, **attributes: Value) -> None:
        """Forget it."""

    def fail(self, code: str) -> None:
        """Forget it."""


NOTHING: Final = Nothing()
