"""Batches and their documents, as they are answered."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from common.batches import Purpose
from common.lifecycle import BatchStatus, JobStatus, Stage
from common.models import Priority
from functions.api.schemas.base import Answer, Count, Id, Link, Moment, described
from functions.api.schemas.examples import DOCUMENT_ID, JOB_ID
from functions.api.schemas.jobs import Trouble

BATCH_ID: Final = "0d6f9a52-7f0e-4d8e-9a43-8c5b0f3f1e77"

LINKS: Final[dict[str, str]] = {
    "self": f"/v1/batches/{BATCH_ID}",
    "documents": f"/v1/batches/{BATCH_ID}/documents",
    "events": f"/v1/batches/{BATCH_ID}/events",
    "skipped": f"/v1/batches/{BATCH_ID}/skipped",
    "webhooks": f"/v1/batches/{BATCH_ID}/webhooks",
}

#: A batch of a thousand documents, two thirds of which are read.
BATCH: Final[dict[str, Any]] = {
    "batch_id": BATCH_ID,
    "name": "Archive 1998",
    "matter": "2026-118",
    "purpose": "ocr",
    "status": "processing",
    "priority": "normal",
    "total": 1000,
    "pending": 318,
    "processing": 16,
    "paused": 0,
    "completed": 655,
    "completed_with_errors": 4,
    "failed": 7,
    "cancelled": 0,
    "completion_percentage": 67.2,
    "total_pages": 9140,
    "completed_pages": 8846,
    "failed_pages": 19,
    "cached_chunks": 12,
    "cached_pages": 180,
    "cache_hit_rate": 0.0203,
    "pages_per_minute": 512.5,
    "documents_per_minute": 37.5,
    "eta_seconds": 545,
    "elapsed_seconds": 1043.2,
    "can_pause": True,
    "can_resume": False,
    "can_cancel": True,
    "can_recover": True,
    "origin_id": None,
    "strategy": None,
    "recoveries": [],
    "skipped_count": 0,
    "webhook_url": "https://example.com/hooks/quire",
    "created_at": "2026-11-22T09:12:26.180000+00:00",
    "started_at": "2026-11-22T09:12:27.031000+00:00",
    "finished_at": None,
    "failures": [
        {
            "code": "TASK_TIMEOUT",
            "documents": 9,
            "pages": 31,
            "message": "Document AI timeout",
            "recoverable": True,
        },
        {
            "code": "NOT_A_PDF",
            "documents": 2,
            "pages": 0,
            "message": "The file is not a PDF.",
            "recoverable": False,
        },
    ],
    "links": LINKS,
}

DOCUMENT: Final[dict[str, Any]] = {
    "position": 17,
    "document_id": DOCUMENT_ID,
    "job_id": JOB_ID,
    "filename": "annual-report.pdf",
    "status": "processing",
    "stage": "ocr",
    "total_pages": 425,
    "completed_pages": 100,
    "failed_pages": 0,
    "cached_pages": 0,
    "error": None,
    "links": {
        "self": f"/v1/jobs/{JOB_ID}",
        "document": f"/v1/documents/{DOCUMENT_ID}",
        "result": None,
    },
}


class BatchLinks(Answer):
    """Where everything about a batch is."""

    model_config = described(LINKS)

    self_: Annotated[Link, Field(alias="self", description="The batch.")]
    documents: Annotated[Link, Field(description="Its documents.")]
    events: Annotated[Link, Field(description="Its events as they happen (server-sent events).")]
    skipped: Annotated[Link, Field(description="What a recovery leaves alone, and why.")]
    webhooks: Annotated[Link, Field(description="What was told to the webhook, and how it went.")]


class BatchFailure(Answer):
    """One cause, and what it kept from being read."""

    code: Annotated[str, Field(description="For programs; codes do not change.")]
    documents: Annotated[Count, Field(description="Documents that lack pages by it.")]
    pages: Annotated[Count, Field(description="Pages that were not read, where they are known.")]
    message: Annotated[str, Field(description="For people, as it was told of one of them.")]
    recoverable: Annotated[bool, Field(description="Whether reading again may help.")]


class Batch(Answer):
    """Many documents sent at once: how far they are, counted at the moment of the answer."""

    model_config = described(BATCH)

    batch_id: Id
    name: str
    matter: Annotated[str | None, Field(description="The matter that its documents belong to.")]
    purpose: Annotated[
        Purpose,
        Field(description="`warm`: fills the cache alone. `recovery`: reads again what failed."),
    ]
    status: BatchStatus
    priority: Annotated[Priority, Field(description="Whose chunks are read first.")]
    total: Annotated[Count, Field(description="Documents. The seven counts add up to it.")]
    pending: Annotated[Count, Field(description="Wait for their turn.")]
    processing: Count
    paused: Count
    completed: Count
    completed_with_errors: Annotated[Count, Field(description="Lack pages that failed.")]
    failed: Annotated[Count, Field(description="Of these nothing was read.")]
    cancelled: Count
    completion_percentage: Annotated[
        float,
        Field(
            ge=0,
            le=100,
            description="Documents that are done, each that is being read by the part of its "
            "pages that is; rounded down to one decimal.",
        ),
    ]
    total_pages: Annotated[Count, Field(description="Of the documents that have been opened.")]
    completed_pages: Count
    failed_pages: Count
    cached_chunks: Annotated[Count, Field(description="Found in the cache, and not read.")]
    cached_pages: Annotated[Count, Field(description="Of the completed pages; they cost nothing.")]
    cache_hit_rate: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            description="Cached pages of the completed ones. Null for a recovery: its jobs' pages "
            "are also those that were read before it.",
        ),
    ]
    pages_per_minute: Annotated[
        float | None,
        Field(
            ge=0,
            description="Over the last two minutes; of an ended batch, over all. Null where it has "
            "ended and is a recovery, or was recovered: it was read in two batches.",
        ),
    ]
    documents_per_minute: Annotated[float | None, Field(ge=0, description="Measured likewise.")]
    eta_seconds: Annotated[
        int | None,
        Field(ge=0, description="Until all is read, by that pace; null where there is none."),
    ]
    elapsed_seconds: Annotated[
        float | None, Field(ge=0, description="Since the first document was begun.")
    ]
    can_pause: bool
    can_resume: bool
    can_cancel: bool
    can_recover: Annotated[bool, Field(description="Something failed that may be read again.")]
    origin_id: Annotated[Id | None, Field(description="The batch that it recovers or warms.")]
    strategy: Annotated[
        Literal["selective", "all"] | None, Field(description="What a recovery reads again.")
    ]
    recoveries: Annotated[list[Id], Field(description="Batches that recover it, in order.")]
    skipped_count: Annotated[
        Count, Field(description="Documents that a recovery leaves alone, since it would not help.")
    ]
    webhook_url: Annotated[str | None, Field(description="Who is told when the batch ends.")]
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    failures: Annotated[
        list[BatchFailure], Field(description="Why, by how many documents it hit; ended ones only.")
    ]
    links: BatchLinks


class BatchSummary(Answer):
    """All your batches in a few numbers."""

    active: Annotated[Count, Field(description="Batches that have not ended.")]
    completed: Annotated[Count, Field(description="Batches that ended with something read.")]
    failed: Annotated[Count, Field(description="Batches that ended with nothing, or cancelled.")]
    documents_processing: Annotated[Count, Field(description="Of the active batches.")]
    documents_waiting: Annotated[Count, Field(description="Of the active batches.")]
    completion_rate: Annotated[
        float | None,
        Field(ge=0, le=1, description="The part of the active batches' documents that is done."),
    ]


SUMMARY: Final[dict[str, Any]] = {
    "active": 1,
    "completed": 12,
    "failed": 0,
    "documents_processing": 16,
    "documents_waiting": 318,
    "completion_rate": 0.666,
}


class BatchPage(Answer):
    """One page of a list of batches."""

    model_config = described({"batches": [BATCH], "next_cursor": None, "summary": SUMMARY})

    batches: Annotated[list[Batch], Field(description="The newest first.")]
    next_cursor: Annotated[
        str | None, Field(description="Send it as `cursor` for the next page; null on the last.")
    ]
    summary: Annotated[BatchSummary, Field(description="Of all your batches, on whatever page.")]


class BatchDocumentLinks(Answer):
    """Where everything about one of a batch's documents is."""

    self_: Annotated[Link, Field(alias="self", description="The job.")]
    document: Annotated[Link, Field(description="The document.")]
    result: Annotated[
        Link | None, Field(description="What came out; null where there is nothing, or not yet.")
    ]


class BatchDocument(Answer):
    """One document of a batch."""

    position: Annotated[int, Field(ge=1, description="Its place in the manifest, from 1.")]
    document_id: Id
    job_id: Id
    filename: str
    status: JobStatus
    stage: Stage
    total_pages: Annotated[Count, Field(description="0 until the document has been opened.")]
    completed_pages: Count
    failed_pages: Count
    cached_pages: Count
    error: Annotated[Trouble | None, Field(description="Why the whole document failed.")]
    links: BatchDocumentLinks


class BatchDocuments(Answer):
    """One page of a batch's documents."""

    model_config = described({"documents": [DOCUMENT], "next_cursor": "17"})

    documents: Annotated[list[BatchDocument], Field(description="In the manifest's order.")]
    next_cursor: Annotated[
        str | None, Field(description="Send it as `cursor` for the next page; null on the last.")
    ]
