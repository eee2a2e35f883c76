"""Batches: how fast they were read, over their time."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from common.batch_throughput import Bucket, per_minute
from functions.api.auth import App, Reader
from functions.api.batches import no_batch
from functions.api.schemas.batch_throughput import BatchThroughput
from functions.api.schemas.problems import problems

router = APIRouter(tags=["batches"])

Width = Annotated[
    Bucket | None,
    Query(
        description="How long a stretch is at least; longer where it would make more than a "
        "thousand. Without it, as long as makes a chart of 72 at most."
    ),
]


@router.get(
    "/v1/batches/{batch_id}/throughput",
    summary="Show a batch's throughput",
    response_model=BatchThroughput,
    responses=problems(404, 422),
)
def get_batch_throughput(
    batch_id: UUID, app: App, caller: Reader, bucket: Width = None
) -> dict[str, Any]:
    """Say how many pages and documents were read in each stretch of a batch's time.

    Pages that failed and were read when the batch was recovered are counted when that was. A
    recovery has only what was read in its own time.
    """
    found = app.throughput.series(batch_id, caller, narrowest=bucket)
    if found is None:
        raise no_batch()
    return {
        "batch_id": str(batch_id),
        "bucket_seconds": found.seconds,
        "from": found.since.isoformat(),
        "to": found.until.isoformat(),
        "points": [
            {
                "at": stretch.at.isoformat(),
                "pages": stretch.pages,
                "cached_pages": stretch.cached_pages,
                "documents": stretch.documents,
                "pages_per_minute": per_minute(stretch.pages, found.seconds),
            }
            for stretch in found.stretches
        ],
    }
