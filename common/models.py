"""Documents, jobs and chunks as the use cases see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, NewType
from uuid import UUID

import msgspec

from common.lifecycle import ChunkStatus, JobStatus, Stage
from common.pages import PageRange
from common.results import PageError

if TYPE_CHECKING:
    from common.stages import StageView

DocumentId = NewType("DocumentId", UUID)
JobId = NewType("JobId", UUID)
ChunkId = NewType("ChunkId", UUID)


class JobOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the owner asked for. Stored with the job as JSON."""

    #: Which pages to read, like `1-20,25`; all of them where empty.
    pages: str = ""
    #: Pages in one chunk; the deployment's default where None.
    chunk_pages: int | None = None
    #: BCP-47 hints for the OCR engine, the most likely first.
    languages: tuple[str, ...] = ()
    #: What is made beside the JSON result: `text` (one file), `boxes` (words, for the page).
    outputs: tuple[str, ...] = ("text", "boxes")
    #: Whether what was read before may be used, and what is read be kept for that.
    cache: bool = True
    #: Only fills the cache: nothing is delivered.
    warm: bool = False
    #: What is made of it once it is read (common.stages); the deployment's default where None.
    stages: tuple[Stage, ...] | None = None


class Priority(StrEnum):
    """Whose chunks are read first."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One version of one object in a bucket."""

    bucket: str
    name: str
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class ChunkRef:
    """What a message to the workers carries: ids, never state."""

    id: ChunkId
    document_id: DocumentId
    index: int
    #: Where in the broker's queue; not part of what is to be done.
    priority: Priority = Priority.NORMAL
    #: Ahead of the others of its priority.
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class DocumentsRef:
    """What a message about small documents carries: the ids of their jobs."""

    job_ids: tuple[JobId, ...]
    priority: Priority = Priority.NORMAL
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class LargeDocument:
    """A batch's document that is to be split, and the number of its message."""

    source: ObjectRef
    job_id: JobId
    dispatch: int


@dataclass(frozen=True, slots=True)
class Given:
    """What goes out when turns have been given."""

    chunks: tuple[ChunkRef, ...] = ()
    documents: tuple[DocumentsRef, ...] = ()
    large: tuple[LargeDocument, ...] = ()


@dataclass(frozen=True, slots=True)
class SplitWork:
    """A claimed split: the right to cut this job until the lease ends."""

    job_id: JobId
    document_id: DocumentId
    owner: str
    source: ObjectRef
    attempt: int
    #: Claims since the last progress, this one included.
    stalls: int
    options: JobOptions
    password: str | None
    #: Pages of the document as an earlier attempt found them that has written the chunk rows;
    #: None where none has.
    planned_pages: int | None
    priority: Priority = Priority.NORMAL
    #: What the file's SHA-256 must be, in hexadecimal; None where nobody has said.
    sha256: str | None = None
    #: Seconds from the job's making, or from what asked for the split last, to this claim.
    waited: float | None = None


@dataclass(frozen=True, slots=True)
class PlannedChunk:
    """A chunk row as the splitter sees it."""

    id: ChunkId
    index: int
    pages: PageRange
    #: Where its PDF is, once it has been cut.
    source: ObjectRef | None
    status: ChunkStatus


@dataclass(frozen=True, slots=True)
class EarlierResult:
    """A chunk's stored result that lacks some pages."""

    path: str
    checksum: str
    errors: tuple[PageError, ...]


@dataclass(frozen=True, slots=True)
class CachedResult:
    """A chunk's whole result that was read before; its store has yet to confirm it."""

    path: str
    #: SHA-256 of what must lie there, in hexadecimal.
    checksum: str


@dataclass(frozen=True, slots=True)
class ChunkWork:
    """A claimed chunk: the right to read it until the lease ends."""

    id: ChunkId
    job_id: JobId
    document_id: DocumentId
    index: int
    pages: PageRange
    source: ObjectRef
    run: int
    attempt: int
    #: Tries that failed so far by transient errors.
    failures: int
    #: Earlier workers that took the chunk and fell silent.
    lost_leases: int
    options: JobOptions
    priority: Priority = Priority.NORMAL
    #: What an earlier run read, where only the pages that failed are to be read again.
    earlier: EarlierResult | None = None
    #: What equal chunks share (common.caching); None where nothing is to be kept.
    cache_key: str | None = None
    #: What an equal chunk has been read as; then nothing is to be read.
    cached: CachedResult | None = None
    #: Seconds from its message to this claim, by the database's clock; None where nobody sent one.
    waited: float | None = None

    @property
    def log_fields(self) -> dict[str, object]:
        """What every log line about this attempt says beside its sentence."""
        return {
            "job_id": str(self.job_id),
            "chunk_id": str(self.id),
            "chunk_index": self.index,
            "attempt": self.attempt,
        }

    @property
    def ref(self) -> ChunkRef:
        """What a message about this chunk carries."""
        return ChunkRef(self.id, self.document_id, self.index, self.priority)


@dataclass(frozen=True, slots=True)
class ChunkOutcome:
    """What finishing a chunk did to its job."""

    #: True for exactly one finisher of a run: the one that must send the merge.
    was_last: bool
    job_id: JobId
    #: Part of the merge task's name: how many times the merge has been sent.
    dispatches: int


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A finished chunk as the merge sees it."""

    index: int
    pages: PageRange
    status: ChunkStatus
    result_path: str | None
    result_checksum: str | None
    #: How often its stored result was found damaged and read again.
    reopened: int
    error_code: str | None
    error_message: str | None


@dataclass(frozen=True, slots=True)
class MergeWork:
    """A claimed merge."""

    job_id: JobId
    document_id: DocumentId
    run: int
    attempt: int
    #: Claims since the merge became due, this one included.
    stalls: int
    filename: str
    source_page_count: int
    #: Why the source may be incomplete; then the result is partial and says so.
    warnings: tuple[str, ...]
    #: What is made beside the JSON result (JobOptions.outputs).
    outputs: tuple[str, ...] = ("text", "boxes")
    #: What follows (JobOptions.stages).
    stages: tuple[Stage, ...] | None = None
    priority: Priority = Priority.NORMAL
    #: Whether nothing is delivered: what was read is in the cache, and that is all.
    is_warm: bool = False
    #: Seconds from when the merge was asked for to this claim, by the database's clock.
    waited: float | None = None


class Words(NamedTuple):
    """A page's words in their order, one list a property: in a row a page they cost least.

    Starts and ends are code points into the document's text, boxes fractions of the page.
    """

    texts: list[str]
    starts: list[int]
    ends: list[int]
    x0: list[float]
    y0: list[float]
    x1: list[float]
    y1: list[float]
    confidences: list[float]


class PageRow(NamedTuple):
    """A page as the pages table has it."""

    number: int
    width: float
    height: float
    unit: str
    start: int
    end: int
    confidence: float
    languages: list[str]
    text: str
    #: The text as it is searched (common.folding).
    folded: str
    #: None where no boxes are wanted.
    words: Words | None


@dataclass(frozen=True, slots=True)
class MergedDocument:
    """A merge's outcome, as it is recorded."""

    status: JobStatus
    pages: int
    failed_pages: int
    result_path: str | None
    text_path: str | None
    checksum: str | None
    error_code: str | None = None
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class ChunkError:
    """Why a chunk failed, or why it is being tried again."""

    index: int
    page_start: int
    page_end: int
    code: str
    message: str
    #: False while the chunk has tries left.
    final: bool


@dataclass(frozen=True, slots=True)
class Stranded:
    """A job whose own message is to be sent again."""

    job_id: JobId
    #: Splitting, merging, or one after OCR.
    stage: Stage
    priority: Priority
    dispatch: int
    #: Without a generation where the upload has not been seen yet.
    source: ObjectRef

    @property
    def is_merge(self) -> bool:
        """Whether its chunks are all done."""
        return self.stage is Stage.MERGING


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as its owner may see it."""

    id: JobId
    document_id: DocumentId
    owner: str
    matter: str | None
    filename: str
    priority: Priority
    status: JobStatus
    stage: Stage
    #: Whether the upload is there.
    has_landed: bool
    retries: int
    page_count: int | None
    warnings: tuple[str, ...]
    total_chunks: int
    processing_chunks: int
    completed_chunks: int
    failed_chunks: int
    total_pages: int
    completed_pages: int
    failed_pages: int
    #: Of the completed: found in the cache, and not read.
    cached_chunks: int
    cached_pages: int
    #: The batch that the job is in, and has its turns by; None for a single document.
    batch_id: UUID | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    heartbeat_at: datetime | None
    #: When its intermediate objects were removed; nothing can be retried after that.
    cleaned_at: datetime | None
    #: The first claim of a chunk since the job was begun, resumed or retried, and how many chunks
    #: were done by then: what the pace is measured from.
    reading_since: datetime | None
    reading_from: int
    #: The database's clock when this was read.
    now: datetime
    #: The chunk under work with the lowest pages.
    current_chunk: int | None
    current_page_start: int | None
    current_page_end: int | None
    error_code: str | None
    error_message: str | None
    #: Who is told when it ends.
    webhook_url: str | None
    result_path: str | None
    text_path: str | None
    chunk_errors: tuple[ChunkError, ...]
    #: Pages that could not be read although the rest of their chunk could.
    page_errors: tuple[PageError, ...]
    #: What follows the merge, in order.
    stages: tuple[StageView, ...] = ()


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One row of a job's audit trail."""

    id: int
    job_id: JobId
    kind: str
    at: datetime
    details: dict[str, object]


@dataclass(frozen=True, slots=True)
class CreditAccount:
    """What an owner may have read; a credit is a page."""

    available: int
    reserved: int


@dataclass(frozen=True, slots=True)
class CreditEntry:
    """One line of the ledger. The changes of all lines add up to the account."""

    id: int
    kind: str
    available_change: int
    reserved_change: int
    job_id: UUID | None
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ToSend:
    """What goes out after a job was resumed or retried."""

    #: Each chunk with the seconds that it is not to be looked at.
    chunks: tuple[tuple[ChunkRef, float], ...] = ()
    #: Which dispatch of the job's own message this is; None where it needs none.
    dispatch: int | None = None
    #: The upload to be split again; else the message is the merge's.
    source: ObjectRef | None = None
    #: The stage after OCR that goes on; then the message is its own.
    stage: Stage | None = None
    priority: Priority = Priority.NORMAL


@dataclass(frozen=True, slots=True)
class ChunkView:
    """A chunk as its job's owner may see it."""

    index: int
    page_start: int
    page_end: int
    status: ChunkStatus
    attempt: int
    #: Tries that failed by transient errors.
    failures: int
    started_at: datetime | None
    finished_at: datetime | None
    #: What the last attempt took, or has taken so far.
    seconds: float | None
    #: Why it failed, or why it is being tried again.
    error_code: str | None
    error_message: str | None
    failed_pages: int
    page_errors: tuple[PageError, ...]


@dataclass(frozen=True, slots=True)
class JobSummary:
    """A job, said as briefly as can be."""

    id: JobId
    status: JobStatus
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document as its owner may see it."""

    id: DocumentId
    filename: str
    matter: str | None
    size: int | None
    #: Of its content, in hexadecimal; None where nobody has computed or announced it.
    sha256: str | None
    page_count: int | None
    status: str
    warnings: tuple[str, ...]
    created_at: datetime
    #: The newest first.
    jobs: tuple[JobSummary, ...]
