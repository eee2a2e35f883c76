"""Which state may follow which: one table each for jobs, their stages, chunks and batches.

SQL takes its WHERE clauses from here, and docs/lifecycle.md draws these tables; tests hold the
drawing and the database's constraints against them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


class JobStatus(StrEnum):
    """What a job is doing, as its owner sees it."""

    PENDING = "pending"  #: Made; the PDF has not been looked at yet
    PROCESSING = "processing"  #: Being cut, read, merged or refined
    PAUSED = "paused"  #: Running chunks end, none is started
    COMPLETED = "completed"  #: Final: every page was read
    COMPLETED_WITH_ERRORS = "completed_with_errors"  #: Final: some pages could not be read
    FAILED = "failed"  #: Final: no page could be delivered
    CANCELLED = "cancelled"  #: Final: the owner ended it


class Stage(StrEnum):
    """Where in its way a job is."""

    RECEIVED = "received"  #: The upload is awaited or has just landed
    SPLITTING = "splitting"  #: Chunks are being cut; the first may be read already
    OCR = "ocr"  #: Every chunk is cut; workers read
    MERGING = "merging"  #: Every chunk is done; their results are being bound
    TEXT = "text"  #: Pages become running text, without headers, footers and broken words
    SENTENCES = "sentences"  #: The text is cut into sentences, by its language
    PASSAGES = "passages"  #: Sentences are gathered into pieces that are found and quoted
    ENTITIES = "entities"  #: People, organisations, places, dates and amounts are found
    EMBEDDING = "embedding"  #: A model says of each passage what it is about
    TREE = "tree"  #: Headings and passages are arranged, and each section summed up
    VECTORS = "vectors"  #: Embeddings go where they are searched


#: What may follow the merge, in this order.
AFTER_OCR = (
    Stage.TEXT,
    Stage.SENTENCES,
    Stage.PASSAGES,
    Stage.ENTITIES,
    Stage.EMBEDDING,
    Stage.TREE,
    Stage.VECTORS,
)


class StageStatus(StrEnum):
    """What one stage of a job is doing."""

    PENDING = "pending"  #: Its turn comes
    PROCESSING = "processing"  #: A worker goes from checkpoint to checkpoint
    COMPLETED = "completed"  #: Its rows are whole
    FAILED = "failed"  #: It could not be done; what was read is delivered without it
    SKIPPED = "skipped"  #: What it builds on has failed


class ChunkStatus(StrEnum):
    """What a chunk is doing."""

    PENDING = "pending"  #: Waits to be cut, or for a worker
    PROCESSING = "processing"  #: A worker holds the lease
    COMPLETED = "completed"  #: Its result is stored and counted
    FAILED = "failed"  #: No page of it could be read; counted


class BatchStatus(StrEnum):
    """What a batch is doing, as its owner sees it."""

    PENDING = "pending"  #: Made; none of its jobs has begun
    PROCESSING = "processing"  #: Its jobs are begun in their turn, and read
    PAUSED = "paused"  #: None of its jobs is begun; those that are read stand still
    COMPLETED = "completed"  #: Final: every document was read whole
    COMPLETED_WITH_ERRORS = "completed_with_errors"  #: Final: something of it could not be read
    FAILED = "failed"  #: Final: nothing of it was read
    CANCELLED = "cancelled"  #: Final: the owner ended it


JOB_STEPS: Mapping[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PENDING: frozenset({JobStatus.PROCESSING, JobStatus.FAILED, JobStatus.CANCELLED}),
    JobStatus.PROCESSING: frozenset(
        {
            JobStatus.PAUSED,
            JobStatus.COMPLETED,
            JobStatus.COMPLETED_WITH_ERRORS,
            JobStatus.FAILED,
            JobStatus.CANCELLED,
        }
    ),
    JobStatus.PAUSED: frozenset({JobStatus.PROCESSING, JobStatus.CANCELLED}),
    # Where it is extended by further stages.
    JobStatus.COMPLETED: frozenset({JobStatus.PROCESSING}),
    JobStatus.COMPLETED_WITH_ERRORS: frozenset({JobStatus.PROCESSING}),
    # A batch's job that was never opened waits for its turn again when it is recovered.
    JobStatus.FAILED: frozenset({JobStatus.PROCESSING, JobStatus.PENDING}),
    # Where it was cancelled behind its merge, and is extended.
    JobStatus.CANCELLED: frozenset({JobStatus.PROCESSING}),
}

STAGE_STEPS: Mapping[Stage, frozenset[Stage]] = {
    Stage.RECEIVED: frozenset({Stage.SPLITTING}),
    # The last chunk may be done before the splitter has said that it is. Back to received where a
    # recovery has a document wait for its turn that could not be opened.
    Stage.SPLITTING: frozenset({Stage.OCR, Stage.MERGING, Stage.RECEIVED}),
    Stage.OCR: frozenset({Stage.MERGING}),
    # Back to ocr where a stored result does not match its checksum, or failed chunks are retried;
    # back to splitting where a retried page has yet to be cut.
    Stage.MERGING: frozenset({Stage.TEXT, Stage.OCR, Stage.SPLITTING}),
    # A stage may be left out, or be there already, with what builds on it. Whatever the last one
    # was: an ended job that is extended begins anew at any of these, and a retry reads again.
    Stage.TEXT: frozenset({Stage.SENTENCES}),
    Stage.SENTENCES: frozenset({Stage.PASSAGES}),
    Stage.PASSAGES: frozenset({Stage.ENTITIES, Stage.EMBEDDING}),
    Stage.ENTITIES: frozenset({Stage.EMBEDDING, Stage.TREE, Stage.VECTORS}),
    Stage.EMBEDDING: frozenset({Stage.TREE, Stage.VECTORS}),
    Stage.TREE: frozenset({Stage.VECTORS}),
    Stage.VECTORS: frozenset(),
}

CHUNK_STEPS: Mapping[ChunkStatus, frozenset[ChunkStatus]] = {
    ChunkStatus.PENDING: frozenset({ChunkStatus.PROCESSING, ChunkStatus.FAILED}),
    ChunkStatus.PROCESSING: frozenset(
        {ChunkStatus.PENDING, ChunkStatus.COMPLETED, ChunkStatus.FAILED}
    ),
    # Only by a merge that finds its stored result damaged, or by a retry of its failed pages.
    ChunkStatus.COMPLETED: frozenset({ChunkStatus.PENDING}),
    ChunkStatus.FAILED: frozenset({ChunkStatus.PENDING}),
}

BATCH_STEPS: Mapping[BatchStatus, frozenset[BatchStatus]] = {
    # It may end before it begins: where every upload is missing, or every job is cancelled.
    BatchStatus.PENDING: frozenset(
        {BatchStatus.PROCESSING, BatchStatus.PAUSED, BatchStatus.FAILED, BatchStatus.CANCELLED}
    ),
    BatchStatus.PROCESSING: frozenset(
        {
            BatchStatus.PAUSED,
            BatchStatus.COMPLETED,
            BatchStatus.COMPLETED_WITH_ERRORS,
            BatchStatus.FAILED,
            BatchStatus.CANCELLED,
        }
    ),
    # What could not be paused any more may be the last to end.
    BatchStatus.PAUSED: frozenset(
        {
            BatchStatus.PENDING,
            BatchStatus.PROCESSING,
            BatchStatus.COMPLETED,
            BatchStatus.COMPLETED_WITH_ERRORS,
            BatchStatus.FAILED,
            BatchStatus.CANCELLED,
        }
    ),
    # Where a job of it is extended by further stages, or retried, by itself or by a recovery.
    BatchStatus.COMPLETED: frozenset({BatchStatus.PROCESSING}),
    BatchStatus.COMPLETED_WITH_ERRORS: frozenset({BatchStatus.PROCESSING}),
    BatchStatus.FAILED: frozenset({BatchStatus.PROCESSING}),
    BatchStatus.CANCELLED: frozenset({BatchStatus.PROCESSING}),
}

FINAL_JOB_STATUSES = frozenset(
    {
        JobStatus.COMPLETED,
        JobStatus.COMPLETED_WITH_ERRORS,
        JobStatus.FAILED,
        JobStatus.CANCELLED,
    }
)

FINAL_BATCH_STATUSES = frozenset(
    {
        BatchStatus.COMPLETED,
        BatchStatus.COMPLETED_WITH_ERRORS,
        BatchStatus.FAILED,
        BatchStatus.CANCELLED,
    }
)

State = TypeVar("State", bound=StrEnum)


def sources_of(steps: Mapping[State, frozenset[State]], target: State) -> list[str]:
    """Return the states that may become `target`, for the WHERE clause of an update."""
    return [state.value for state, targets in steps.items() if target in targets]
