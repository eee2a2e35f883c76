"""Jobs, their chunks and their history, as they are answered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from common.lifecycle import ChunkStatus, JobStatus, Stage, StageStatus
from common.models import Priority
from functions.api.schemas.base import Answer, Count, Id, Link, Moment, PageNumber, described
from functions.api.schemas.examples import CHUNK_ERROR, JOB, LINKS, PAGE_ERROR


class Links(Answer):
    """Where everything about a job is."""

    model_config = described(LINKS)

    self_: Annotated[Link, Field(alias="self", description="The job.")]
    events: Annotated[Link, Field(description="Its events as they happen (server-sent events).")]
    chunks: Annotated[Link, Field(description="Its chunks.")]
    history: Annotated[Link, Field(description="Its audit trail.")]
    logs: Annotated[Link, Field(description="Its log lines.")]
    webhooks: Annotated[Link, Field(description="What was told to the webhook, and how it went.")]
    result: Annotated[
        Link | None, Field(description="What came out; null where there is nothing, or not yet.")
    ]
    document: Annotated[Link, Field(description="The document.")]


class Trouble(Answer):
    """What went wrong, as a stable code and a sentence."""

    code: Annotated[str, Field(description="For programs; codes do not change.")]
    message: Annotated[str | None, Field(description="For people.")]


class PageTrouble(Answer):
    """A page that could not be read, and why."""

    model_config = described(PAGE_ERROR)

    number: PageNumber
    code: Annotated[str, Field(description="For programs; codes do not change.")]
    message: Annotated[str, Field(description="For people.")]


class ChunkTrouble(Answer):
    """A chunk that failed, or that is being tried again."""

    model_config = described(CHUNK_ERROR)

    chunk_index: Annotated[Count, Field(description="From 0.")]
    page_start: PageNumber
    page_end: PageNumber
    code: Annotated[str, Field(description="For programs; codes do not change.")]
    message: Annotated[str | None, Field(description="For people.")]
    final: Annotated[bool, Field(description="False while the chunk has tries left.")]
    text: Annotated[str, Field(description="All of it in one line. It counts chunks from 1.")]


class CurrentPages(Answer):
    """The chunk under work with the lowest pages."""

    chunk_index: Annotated[Count, Field(description="From 0.")]
    page_start: PageNumber
    page_end: PageNumber


class Eta(Answer):
    """When the last chunk will probably be read."""

    seconds: Annotated[Count, Field(description="From now.")]
    finish_at: Moment
    basis: Annotated[str, Field(description="What the estimate is made from.")]


class StageProgress(Answer):
    """A stage after OCR, from checkpoint to checkpoint."""

    stage: Stage
    status: StageStatus
    percent: Annotated[int, Field(ge=0, le=100, description="Done of total, rounded down.")]
    done: Annotated[Count, Field(description="In its unit.")]
    total: Annotated[Count | None, Field(description="Null until it has begun.")]
    unit: Literal["page", "sentence", "passage"]
    version: Annotated[str, Field(description="Of what makes it: code, and engine if it has one.")]
    checkpoints: Annotated[Count, Field(description="Recorded so far.")]
    attempts: Annotated[Count, Field(description="How often a worker has taken it.")]
    repeated: Annotated[
        Count,
        Field(description="At most so many of its unit were done again after it had broken off."),
    ]
    seconds: Annotated[float, Field(description="Of work; pauses and waiting do not count.")]
    started_at: Moment | None
    finished_at: Moment | None
    error: Annotated[Trouble | None, Field(description="Why it failed, or was skipped.")]


class Job(Answer):
    """One processing of a document: where it is, and what can be done to it."""

    model_config = described(JOB)

    job_id: Id
    document_id: Id
    batch_id: Annotated[
        Id | None, Field(description="The batch that drives it; null for a single document.")
    ]
    filename: str
    status: JobStatus
    stage: Annotated[Stage, Field(description="Where in its way the job is.")]
    message: Annotated[str, Field(description="What the job is doing, in one line for a person.")]
    progress_percent: Annotated[
        int, Field(ge=0, le=100, description="Completed and failed chunks of all, rounded down.")
    ]
    page_count: Annotated[
        int | None, Field(description="Pages of the document; null until it has been opened.")
    ]
    total_chunks: Annotated[Count, Field(description="0 until the document has been opened.")]
    processing_chunks: Annotated[Count, Field(description="Under work at this moment.")]
    completed_chunks: Count
    failed_chunks: Count
    total_pages: Annotated[Count, Field(description="Pages that were asked for.")]
    completed_pages: Count
    failed_pages: Count
    cached_chunks: Annotated[
        Count, Field(description="Of the completed: found in the cache, and not read.")
    ]
    cached_pages: Annotated[Count, Field(description="Of the completed; they cost nothing.")]
    error: Annotated[Trouble | None, Field(description="Why the whole job failed.")]
    chunk_errors: Annotated[
        list[ChunkTrouble], Field(description="The first 100 chunks that failed or are retried.")
    ]
    page_errors: Annotated[
        list[PageTrouble],
        Field(description="The first 100 pages that failed while the rest of their chunk did not."),
    ]
    warnings: Annotated[
        list[str], Field(description="Why the file itself may be incomplete; else empty.")
    ]
    priority: Annotated[Priority, Field(description="Whose chunks are read first.")]
    matter: Annotated[str | None, Field(description="The matter that the document belongs to.")]
    retries: Annotated[Count, Field(description="Times that what failed was read again.")]
    can_pause: bool
    can_resume: bool
    can_cancel: bool
    can_retry: bool
    stages: Annotated[
        list[StageProgress],
        Field(description="What follows OCR, in order; empty where nothing does, or not yet."),
    ]
    stage_percent: Annotated[
        int | None,
        Field(ge=0, le=100, description="Within the stage after OCR that the job is at, if any."),
    ]
    current: Annotated[CurrentPages | None, Field(description="The pages under work.")]
    eta: Annotated[Eta | None, Field(description="Null where there is no pace yet.")]
    webhook_url: Annotated[str | None, Field(description="Who is told when the job ends.")]
    has_result: Annotated[bool, Field(description="Whether something came out.")]
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    heartbeat_at: Annotated[Moment | None, Field(description="The last progress of any kind.")]
    links: Links


class JobPage(Answer):
    """One page of a list of jobs."""

    model_config = described({"jobs": [JOB], "next_cursor": "eyJuIjp0cnVlfQ"})

    jobs: list[Job]
    next_cursor: Annotated[
        str | None, Field(description="Send it as `cursor` for the next page; null on the last.")
    ]


class Chunk(Answer):
    """Consecutive pages that are read together."""

    index: Annotated[Count, Field(description="From 0.")]
    page_start: PageNumber
    page_end: PageNumber
    status: ChunkStatus
    attempt: Annotated[Count, Field(description="How often a worker has taken it.")]
    failures: Annotated[Count, Field(description="Tries that ended in something that may pass.")]
    started_at: Annotated[Moment | None, Field(description="Of the last attempt.")]
    finished_at: Moment | None
    seconds: Annotated[
        float | None, Field(description="What the last attempt took, or has taken so far.")
    ]
    error: Annotated[
        Trouble | None, Field(description="Why it failed, or why it is being tried again.")
    ]
    failed_pages: Count
    page_errors: list[PageTrouble]


class ChunkPage(Answer):
    """One page of a job's chunks."""

    model_config = described(
        {
            "chunks": [
                {
                    "index": 4,
                    "page_start": 101,
                    "page_end": 125,
                    "status": "failed",
                    "attempt": 3,
                    "failures": 3,
                    "started_at": "2026-11-22T09:30:41.100000+00:00",
                    "finished_at": "2026-11-22T09:32:41.300000+00:00",
                    "seconds": 120.2,
                    "error": {"code": "TASK_TIMEOUT", "message": "Document AI timeout"},
                    "failed_pages": 25,
                    "page_errors": [],
                }
            ],
            "next_cursor": None,
        }
    )

    chunks: Annotated[list[Chunk], Field(description="In the order of their pages.")]
    next_cursor: Annotated[
        str | None, Field(description="Send it as `cursor` for the next page; null on the last.")
    ]


class Event(Answer):
    """One change of a job."""

    id: Annotated[int, Field(ge=1, description="From 1 within the job, without a gap.")]
    kind: Annotated[str, Field(description="What happened.")]
    at: Moment
    details: Annotated[
        dict[str, Any],
        Field(description="`chunk_index`, `page_start`, `page_end`, `code` and so on, by kind."),
    ]


class History(Answer):
    """A part of a job's audit trail."""

    model_config = described(
        {
            "events": [
                {
                    "id": 1,
                    "kind": "job_created",
                    "at": "2026-11-22T09:29:49.031000+00:00",
                    "details": {},
                },
                {
                    "id": 3,
                    "kind": "planned",
                    "at": "2026-11-22T09:29:51.420000+00:00",
                    "details": {"pages": 425, "chunks": 17},
                },
            ],
            "next_after": None,
        }
    )

    events: list[Event]
    next_after: Annotated[
        int | None, Field(description="Send it as `after` for the rest; null where this is all.")
    ]
