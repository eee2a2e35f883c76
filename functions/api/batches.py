"""Batches: how far they are, and what became of each of their documents."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query

from common.access import Caller
from common.batches import (
    BatchAction,
    BatchDocument,
    BatchView,
    cache_hit_rate,
    can_recover,
    documents_per_minute,
    elapsed_seconds,
    eta_seconds,
    pages_per_minute,
    percentage,
    refusal,
)
from common.errors import NotFound
from common.lifecycle import BatchStatus, JobStatus
from functions.api.auth import App, Reader
from functions.api.paging import (
    BatchCursor,
    LineCursor,
    cursor_behind_line,
    line_of,
    position_of,
    written,
)
from functions.api.schemas.batches import Batch, BatchDocuments, BatchPage
from functions.api.schemas.problems import problems
from infra.database.listings import Position

router = APIRouter(tags=["batches"])

OfBatchStatus = Annotated[
    list[BatchStatus], Query(max_length=20, description="Any of these; repeat it for several.")
]
OfStatus = Annotated[
    list[JobStatus], Query(max_length=20, description="Any of these; repeat it for several.")
]
PageSize = Annotated[int, Query(ge=1, le=100, description="Batches on one page.")]
DocumentCount = Annotated[int, Query(ge=1, le=1000, description="Documents on one page.")]


def found_batch(app: App, caller: Caller, batch_id: UUID) -> BatchView:
    """Return the caller's batch, or raise NotFound, also for another owner's."""
    batch = app.batches.find(batch_id, caller)
    if batch is None:
        raise no_batch()
    return batch


def no_batch() -> NotFound:
    """Return what is raised for a batch that is not the caller's, or not there."""
    return NotFound("There is no batch with this id.", code="BATCH_NOT_FOUND")


@router.get(
    "/v1/batches", summary="List batches", response_model=BatchPage, responses=problems(422)
)
def list_batches(
    app: App,
    caller: Reader,
    status: OfBatchStatus = [],  # noqa: B006 - never changed; FastAPI reads the default
    limit: PageSize = 20,
    cursor: BatchCursor = None,
) -> dict[str, Any]:
    """List your batches, the newest first, with all of them in a few numbers."""
    batches = app.batches.page(
        caller, statuses=tuple(status), after=position_of(cursor), limit=limit + 1
    )
    last = batches[limit - 1] if len(batches) > limit else None
    return {
        "batches": [shown_batch(batch) for batch in batches[:limit]],
        "next_cursor": last and written(Position(last.created_at, last.id)),
        "summary": msgspec.to_builtins(app.batches.summary(caller)),
    }


@router.get(
    "/v1/batches/{batch_id}",
    summary="Show a batch",
    response_model=Batch,
    responses=problems(404, 422),
)
def get_batch(batch_id: UUID, app: App, caller: Reader) -> dict[str, Any]:
    """Say how far a batch is, how fast it goes, what can be done to it, and what went wrong.

    Every count is taken from its documents' jobs at this moment.
    """
    return shown_batch(found_batch(app, caller, batch_id))


@router.get(
    "/v1/batches/{batch_id}/documents",
    summary="List a batch's documents",
    response_model=BatchDocuments,
    responses=problems(404, 422),
)
def list_batch_documents(
    batch_id: UUID,
    app: App,
    caller: Reader,
    status: OfStatus = [],  # noqa: B006 - never changed; FastAPI reads the default
    limit: DocumentCount = 100,
    cursor: LineCursor = None,
) -> dict[str, Any]:
    """Say of each document where it is and what went wrong; in the manifest's order."""
    documents = app.batches.documents(
        batch_id, caller, statuses=tuple(status), after=line_of(cursor), limit=limit + 1
    )
    if documents is None:
        raise no_batch()
    is_last = len(documents) <= limit
    return {
        "documents": [_document(document) for document in documents[:limit]],
        "next_cursor": None if is_last else cursor_behind_line(documents[limit - 1].position),
    }


def shown_batch(batch: BatchView) -> dict[str, Any]:
    """Return the batch as the API shows it."""
    return {
        "batch_id": str(batch.id),
        "name": batch.name,
        "matter": batch.matter,
        "purpose": batch.purpose.value,
        "status": batch.status.value,
        "priority": batch.priority.value,
        "total": batch.total,
        **{status.value: batch.jobs[status] for status in JobStatus},
        "completion_percentage": percentage(batch),
        "total_pages": batch.total_pages,
        "completed_pages": batch.completed_pages,
        "failed_pages": batch.failed_pages,
        "cached_chunks": batch.cached_chunks,
        "cached_pages": batch.cached_pages,
        "cache_hit_rate": cache_hit_rate(batch),
        "pages_per_minute": pages_per_minute(batch),
        "documents_per_minute": documents_per_minute(batch),
        "eta_seconds": eta_seconds(batch),
        "elapsed_seconds": elapsed_seconds(batch),
        **{f"can_{action}": refusal(action, batch) is None for action in BatchAction},
        "can_recover": can_recover(batch),
        "origin_id": batch.origin_id and str(batch.origin_id),
        "strategy": batch.strategy,
        "recoveries": [str(each) for each in batch.recoveries],
        "skipped_count": batch.skipped,
        "webhook_url": batch.webhook_url,
        "created_at": batch.created_at.isoformat(),
        "started_at": batch.started_at and batch.started_at.isoformat(),
        "finished_at": batch.finished_at and batch.finished_at.isoformat(),
        "failures": [msgspec.to_builtins(failure) for failure in batch.failures],
        "links": batch_links(batch.id),
    }


def batch_links(batch_id: UUID) -> dict[str, str]:
    """Return where everything about a batch is."""
    here = f"/v1/batches/{batch_id}"
    parts = ("documents", "events", "skipped", "webhooks")
    return {"self": here} | {part: f"{here}/{part}" for part in parts}


def _document(document: BatchDocument) -> dict[str, Any]:
    trouble = {"code": document.error_code, "message": document.error_message}
    here = f"/v1/jobs/{document.job_id}"
    return {
        "position": document.position,
        "document_id": str(document.document_id),
        "job_id": str(document.job_id),
        "filename": document.filename,
        "status": document.status.value,
        "stage": document.stage.value,
        "total_pages": document.total_pages,
        "completed_pages": document.completed_pages,
        "failed_pages": document.failed_pages,
        "cached_pages": document.cached_pages,
        "error": trouble if document.error_code else None,
        "links": {
            "self": here,
            "document": f"/v1/documents/{document.document_id}",
            "result": f"{here}/result" if document.has_result else None,
        },
    }
