"""What a person is told about a job: the line, and the percent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from common.lifecycle import FINAL_JOB_STATUSES, JobStatus, Stage
from common.models import ChunkError, JobView
from common.stages import StageView


def percent(job: JobView) -> int:
    """Return completed and failed chunks over all chunks, rounded down."""
    if job.status in {JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_ERRORS}:
        return 100
    if job.total_chunks == 0:
        return 0
    return (job.completed_chunks + job.failed_chunks) * 100 // job.total_chunks


#: What is being done in each stage after OCR, for a person.
_STAGES: Final[Mapping[Stage, str]] = {
    Stage.TEXT: "Cleaning the text",
    Stage.SENTENCES: "Cutting sentences",
    Stage.PASSAGES: "Gathering passages",
    Stage.ENTITIES: "Finding names, dates and amounts",
    Stage.EMBEDDING: "Embedding passages",
    Stage.TREE: "Arranging sections",
    Stage.VECTORS: "Publishing vectors",
}


def current_stage(job: JobView) -> StageView | None:
    """Return the stage after OCR that the job is at; None where it is not at one."""
    if job.status in FINAL_JOB_STATUSES:
        return None
    return next((stage for stage in job.stages if stage.stage is job.stage), None)


def _done(stage: StageView) -> str:
    return f" {stage.done}/{stage.total}" if stage.total else ""


def line(job: JobView) -> str:
    """Return what the job is doing, in one line for a person."""
    match job.status:
        case JobStatus.PENDING:
            return "Waiting to begin"
        case JobStatus.PAUSED if (stage := current_stage(job)) is not None:
            return f"Paused at {_STAGES[stage.stage].lower()}{_done(stage)}"
        case JobStatus.PAUSED:
            return f"Paused at chunk {_current(job)}/{job.total_chunks}"
        case JobStatus.COMPLETED:
            return f"Completed: {_pages(job.completed_pages)}"
        case JobStatus.COMPLETED_WITH_ERRORS:
            return (
                f"Completed with errors: {job.completed_pages} of {_pages(job.total_pages)} read"
                + (", and the file is damaged" if job.warnings else "")
            )
        case JobStatus.FAILED:
            return f"Failed: {job.error_message}"
        case JobStatus.CANCELLED:
            return "Cancelled"
        case JobStatus.PROCESSING:
            if job.stage is Stage.MERGING:
                return "Merging OCR results"
            if (stage := current_stage(job)) is not None:
                return f"{_STAGES[stage.stage]}{_done(stage)}"
            if job.total_chunks == 0:
                return "Splitting the document"
            return f"Processing chunk {_current(job)}/{job.total_chunks}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """When a job will probably have read its last chunk, and why one thinks so."""

    seconds: int
    finish_at: datetime
    basis: str


def eta(job: JobView) -> Estimate | None:
    """Return when the chunks will be read, by the pace since they were begun or resumed.

    None where there is no pace yet: before the first chunk is done, and while nothing is read.
    """
    if job.status is not JobStatus.PROCESSING or job.reading_since is None:
        return None
    done = job.completed_chunks + job.failed_chunks
    passed = (job.now - job.reading_since).total_seconds()
    if done <= job.reading_from or passed <= 0:
        return None
    read = done - job.reading_from
    seconds = passed / read * (job.total_chunks - done)
    of = f"{read} of {job.total_chunks - job.reading_from} chunks"
    return Estimate(
        seconds=round(seconds),
        finish_at=job.now + timedelta(seconds=seconds),
        basis=f"{of} in {passed:.0f} s",
    )


def chunk_line(error: ChunkError) -> str:
    """Return why a chunk failed, counting chunks from 1 as people do."""
    pages = (
        f"page {error.page_start}"
        if error.page_start == error.page_end
        else f"pages {error.page_start}-{error.page_end}"
    )
    outcome = "failed" if error.final else "is tried again"
    return f"Chunk {error.index + 1} ({pages}) {outcome}: {error.message}"


def _current(job: JobView) -> int:
    return min(job.completed_chunks + job.failed_chunks + 1, job.total_chunks)


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count} pages"
