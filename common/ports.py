"""What the use cases need from the outside, as Protocols. Adapters in `infra` fit them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID

from common.access import Caller
from common.caching import PlanOutcome, ReadingKeys
from common.cleaning import Remains
from common.models import (
    ChunkId,
    ChunkOutcome,
    ChunkRef,
    ChunkWork,
    DocumentId,
    DocumentsRef,
    JobId,
    JobView,
    MergedDocument,
    MergeWork,
    ObjectRef,
    PageRow,
    PlannedChunk,
    Priority,
    SplitWork,
    StoredChunk,
    Stranded,
    ToSend,
)
from common.pages import PageRange
from common.results import Page, PageError
from common.scaling import Decision, Load, Look
from common.stages import PlannedStage, StageRef
from common.webhooks import Answer, DeliveryStatus, DeliveryWork


class OpenPdf(Protocol):
    """A source PDF, opened once and cut many times."""

    @property
    def page_count(self) -> int:
        """Pages the document really has."""

    @property
    def warnings(self) -> Sequence[str]:
        """Why the document may be incomplete; empty for a sound file."""

    def cut(self, pages: PageRange, target: Path) -> int:
        """Write a PDF of only these pages to `target` and return its size in bytes."""


class PdfOpener(Protocol):
    """Opens PDFs for cutting, with bounds on time, memory and pages."""

    def open(self, path: Path, password: str | None) -> AbstractContextManager[OpenPdf]:
        """Open a PDF. Raises PermanentError for what can't be cut, with a finer code."""


class PdfCutter(PdfOpener, Protocol):
    """Opens PDFs, and can get ready for one before it is there."""

    def standby(self) -> AbstractContextManager[PdfOpener]:
        """Start now what opening will need, for one document."""


class Uploads(Protocol):
    """Documents and chunk PDFs in Cloud Storage."""

    def download(self, ref: ObjectRef, target: Path, *, max_bytes: int) -> int:
        """Write the object to `target`, return its size. NotFound if that version is gone.

        Raises PermanentError (DOCUMENT_TOO_LARGE) above `max_bytes`, before anything is fetched.
        """

    def put_chunk(self, name: str, path: Path) -> ObjectRef:
        """Create a chunk PDF; an object of that name that is already there is kept."""

    def read_chunk(self, ref: ObjectRef) -> bytes:
        """Return a chunk's PDF. TransientError where the storage is away."""

    def find(self, ref: ObjectRef) -> ObjectRef | None:
        """Return the live version of the object, or None where there is none."""


class Results(Protocol):
    """JSON and text in Supabase Storage. Objects are made once and never overwritten."""

    def write_chunk(self, name: str, content: bytes) -> None:
        """Store a chunk's result. Keeps what is already there under that name."""

    def read_chunk(self, name: str) -> bytes:
        """Return a chunk's result. NotFound if it is gone."""

    def write_result(self, name: str, content: BinaryIO, content_type: str) -> None:
        """Store a merged result, read from an open file."""


class OcrEngine(Protocol):
    """Reads a PDF of at most the service's limits in one call."""

    def read(self, pdf: bytes, *, languages: Sequence[str], committed: bool = False) -> list[Page]:
        """Return the PDF's pages, numbered from 1, with offsets from the first page's start.

        `committed` where earlier calls were for nothing if this one had to come back later.
        Raises TransientError, QuotaError or PermanentError, with a finer code.
        """


class Arrivals(Protocol):
    """The database as ingest sees it."""

    def claim(
        self,
        source: ObjectRef,
        *,
        owner: str,
        filename: str,
        promised: bool,
        job_id: JobId | None,
    ) -> SplitWork | None:
        """Take the right to split an upload; None where it is done, taken or not wanted."""


class Splits(Protocol):
    """The database as the splitter sees it. Each method is one transaction."""

    def plan(
        self,
        work: SplitWork,
        *,
        page_count: int,
        size: int,
        warnings: Sequence[str],
        chunks: Sequence[PageRange],
        keys: Sequence[str] | None,
        sha256: str | None,
    ) -> PlanOutcome:
        """Write all chunk rows; those whose key is in the cache are completed by that."""

    def planned(self, work: SplitWork) -> list[PlannedChunk]:
        """Return the chunk rows."""

    def halve(
        self, work: SplitWork, chunk: PlannedChunk, keys: ReadingKeys | None
    ) -> tuple[PlannedChunk, PlannedChunk]:
        """Give half of an uncut chunk's pages to a new one."""

    def dispatched(
        self,
        work: SplitWork,
        cut: Sequence[tuple[PlannedChunk, ObjectRef]],
        warnings: Sequence[str],
    ) -> None:
        """Record a wave before its messages are sent."""

    def renew(self, work: SplitWork) -> bool:
        """Extend the lease; False when it is lost."""

    def release(self, work: SplitWork, *, counted: bool) -> None:
        """End the lease early, after an error; `counted` where it may be the document's fault."""

    def finish(self, work: SplitWork) -> None:
        """Record that everything is cut."""

    def fail(self, work: SplitWork, code: str, message: str) -> None:
        """End the job."""


class Chunks(Protocol):
    """The database as a worker sees it. Each method is one transaction."""

    def claim(self, chunk_id: ChunkId) -> ChunkWork | None:
        """Take the right to read a chunk; None where it is done, taken, held or not due."""

    def is_held(self, chunk_id: ChunkId) -> bool:
        """Whether a worker's lease is running."""

    def renew(self, work: ChunkWork) -> bool:
        """Extend the lease; False when it is lost."""

    def complete(
        self, work: ChunkWork, *, path: str, checksum: str, errors: Sequence[PageError]
    ) -> ChunkOutcome:
        """Record the result and count the chunk. LeaseLost where it is another's."""

    def complete_cached(self, work: ChunkWork) -> ChunkOutcome:
        """Record that the cached result is sound, and count it. LeaseLost where it is another's."""

    def evict(self, work: ChunkWork) -> ChunkWork | None:
        """Forget the cached result, which is not; return what is to be done instead.

        None where the chunk waits for another that is being read. LeaseLost where it is another's.
        """

    def fail(self, work: ChunkWork, code: str, message: str) -> ChunkOutcome:
        """Record the failure and count the chunk. LeaseLost where it is another's."""

    def fail_uncut(
        self, chunk_id: ChunkId, pages: PageRange, code: str, message: str
    ) -> ChunkOutcome:
        """Record that a chunk could not even be cut, and count it."""

    def put_back(
        self, work: ChunkWork, *, code: str, message: str, delay: timedelta, counted: bool
    ) -> None:
        """Give the chunk back until `delay` has passed. LeaseLost where it is another's."""


class Controls(Protocol):
    """The database as an owner's hand on a job. Each method is one transaction."""

    def pause(self, job_id: JobId, caller: Caller) -> bool:
        """Let no more chunks start; False where the job is not in a state to be paused."""

    def resume(self, job_id: JobId, caller: Caller) -> ToSend | None:
        """Let a paused job go on, and return what to send; None where it isn't paused."""

    def cancel(self, job_id: JobId, caller: Caller) -> bool:
        """End the job; False where it has ended already."""

    def prioritize(self, job_id: JobId, caller: Caller, priority: Priority) -> bool:
        """Give the job another priority; False where it has that already, or has ended."""

    def retry(self, job_id: JobId, caller: Caller, *, password: str | None) -> ToSend | None:
        """Have read again what failed, and return what to send; None where nothing can be."""


class Jobs(Protocol):
    """Jobs as callers see them."""

    def find(self, job_id: JobId, caller: Caller) -> JobView | None:
        """Return the job, or None where there is none for this caller."""


class Merges(Protocol):
    """The database as the merge sees it. Each method is one transaction."""

    def claim(self, job_id: JobId) -> MergeWork | None:
        """Take the right to merge; None where it is done, taken or not due."""

    def chunks(self, work: MergeWork) -> list[StoredChunk]:
        """Return the chunks in the order of their pages."""

    def renew(self, work: MergeWork) -> bool:
        """Extend the lease; False when it is lost."""

    def reopen(self, work: MergeWork, chunk: StoredChunk) -> ToSend:
        """Have a chunk read again whose stored result is damaged; return what to send."""

    def finish_warm(self, work: MergeWork) -> None:
        """End a job that delivers nothing as its counts say. LeaseLost where it is another's."""

    def give_up(self, work: MergeWork, chunk: StoredChunk, code: str, message: str) -> None:
        """Count a chunk as failed whose stored result stays damaged."""

    def release(self, work: MergeWork, *, counted: bool) -> None:
        """End the lease early, after an error; `counted` where it may be the document's fault."""

    def write_pages(self, work: MergeWork, pages: Iterable[PageRow]) -> None:
        """Write rows that count once `finish` has said so. LeaseLost where there is no document."""

    def discard_pages(self, work: MergeWork) -> None:
        """Remove the rows of a merge that does not count."""

    def finish(
        self, work: MergeWork, merged: MergedDocument, stages: Sequence[PlannedStage] = ()
    ) -> None:
        """End the job with this merge's result and pages, or have it go through these stages.

        Raises LeaseLost where it is another's.
        """


class Upkeep(Protocol):
    """The database as maintain sees it. What is returned is marked as sent again."""

    def stopped_chunks(self, *, broker_is_empty: bool) -> list[ChunkRef]:
        """Return chunks whose message is lost or whose worker fell silent."""

    def stopped_documents(self, *, broker_is_empty: bool) -> int:
        """Have documents wait for their turn again whose message is lost; return how many."""

    def stopped_jobs(self) -> list[Stranded]:
        """Return splits and merges whose message is lost or whose holder fell silent."""

    def awaited_uploads(self) -> list[Stranded]:
        """Return jobs whose upload may have landed unseen."""

    def expire_uploads(self) -> int:
        """Fail jobs whose upload never came; return how many."""

    def expire_form(self, job_id: JobId) -> bool:
        """Fail a job without its upload, if the API was to store it and had an hour to do so."""


class Backlog(Protocol):
    """The database as whoever scales the workers sees it."""

    def load(self) -> Load:
        """Return what there is to read, and how long reading takes of late."""

    def looks(self) -> Sequence[Look]:
        """Return the earlier looks that may still count."""

    def record(self, load: Load, current: int | None, decision: Decision) -> None:
        """Keep what was seen and decided."""


class WorkerPool(Protocol):
    """The platform that runs the worker instances."""

    def instances(self) -> int | None:
        """Return the number that was asked for last; None where none ever was."""

    def ask_for(self, instances: int) -> None:
        """Ask for so many instances; returns before they run."""


class Cleanup(Protocol):
    """The database as the clean-up sees it."""

    def claim(self) -> list[Remains]:
        """Return a few ended jobs whose remains may go; from now on they can't be retried."""

    def needs_source(self, remains: Remains) -> bool:
        """Whether another job of the document has delivered, or may yet."""

    def kept_results(self, remains: Remains) -> frozenset[str]:
        """Return which of the document's chunk results are in the cache, or another job's too."""

    def remove_rows(self, remains: Remains) -> int:
        """Remove the chunks' rows, and what merges wrote that do not count; return how many."""

    def finish(self, remains: Remains) -> None:
        """Record that everything that may go has gone."""

    def forget(self) -> int:
        """Remove rows that nothing asks for any more; return how many."""

    def outdated_results(self) -> list[str]:
        """Return some chunk results that the cache has let go and no job needs."""

    def forget_results(self, paths: Sequence[str]) -> None:
        """Record that these are removed."""


class RemovableUploads(Protocol):
    """Cloud Storage as the clean-up sees it. What is gone already is no error."""

    def remove_chunks(self, job_id: JobId) -> int:
        """Remove whatever was cut for a job; return how many objects."""

    def remove_upload(self, source: ObjectRef) -> int:
        """Remove the document itself; return how many objects."""


class RemovableResults(Protocol):
    """Supabase Storage as the clean-up sees it. What is gone already is no error."""

    def remove_chunks(self, document_id: DocumentId, *, run: int, keep: Collection[str]) -> int:
        """Remove a run's results of a document's chunks but for those named; return how many."""

    def remove_named(self, names: Sequence[str]) -> int:
        """Remove these chunk results; return how many were there."""

    def remove_results(self, document_id: DocumentId, *, run: int, keep: Collection[str]) -> int:
        """Remove a run's merged results but for those named; return how many objects."""


class Dispatch(Protocol):
    """Sends chunks to the workers. TransientError where the broker does not take them."""

    def send_chunks(self, chunks: Sequence[ChunkRef]) -> None:
        """Enqueue one task per chunk."""

    def send_documents(self, messages: Sequence[DocumentsRef]) -> None:
        """Enqueue one task for each lot of small documents."""

    def send_chunk_later(self, chunk: ChunkRef, delay: timedelta) -> None:
        """Enqueue a chunk that should not be looked at before then."""

    def send_stage(self, stage: StageRef, delay: timedelta = timedelta()) -> None:
        """Enqueue a stage's task, not to be looked at before the delay is over."""

    def waiting(self) -> int:
        """Return how many messages no worker has taken yet."""


class Tasks(Protocol):
    """Cloud Tasks. TransientError where it is away."""

    def send_merge(self, job_id: JobId, dispatch: int) -> None:
        """Have the merge called; doing it twice for one dispatch is the same as once."""

    def send_ingest(self, source: ObjectRef, dispatch: int, job_id: JobId) -> None:
        """Have ingest called for an upload and one of its jobs."""


class WebhookTasks(Protocol):
    """Cloud Tasks, as webhooks need it. TransientError where it is away."""

    def send_webhook(
        self, delivery_id: UUID, dispatch: int, delay: timedelta = timedelta()
    ) -> None:
        """Have a webhook sent, once `delay` has passed."""


class Webhooks(Protocol):
    """The database as webhooks see it. Each method is one transaction."""

    def announce(self, job_id: JobId) -> Sequence[tuple[UUID, int]]:
        """Return unsent deliveries of the job and its batches, each with its message's number."""

    def announce_batch(self, batch_id: UUID) -> Sequence[tuple[UUID, int]]:
        """Return the unsent deliveries of the batch itself, likewise."""

    def stopped(self) -> Sequence[tuple[UUID, int]]:
        """Return deliveries whose message was lost or whose sender fell silent."""

    def reopen(self, delivery_id: UUID, caller: Caller) -> int | None:
        """Have a delivery sent again; None where it is not the caller's, or is being sent."""

    def claim(self, delivery_id: UUID) -> DeliveryWork | None:
        """Take the right to send; None where it is done, being sent or not due."""

    def record(
        self,
        work: DeliveryWork,
        answer: Answer,
        status: DeliveryStatus,
        *,
        wait: timedelta | None = None,
    ) -> int | None:
        """Note a try; return the number of the next message. None where it is another's."""


class WebhookPoster(Protocol):
    """Posts to servers that owners name."""

    def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Send it once. Whatever the receiver does is in the answer, and never raised."""


class ChunkLocks(Protocol):
    """Redis leases that keep doubled messages cheap."""

    def acquire(self, chunk: ChunkRef) -> AbstractContextManager[bool]:
        """Hold the chunk's lock while inside; False if somebody else has it."""


class LiveUpdates(Protocol):
    """Tells whoever watches a job or a batch to look at it. Never raises: watchers look anyway."""

    def publish(self, changed: UUID) -> None:
        """Say that the job, or the batch, has changed."""
