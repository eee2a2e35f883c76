"""What was read of a batch when, as it is answered."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from functions.api.schemas.base import Answer, Count, Id, Moment, described
from functions.api.schemas.batches import BATCH_ID

POINT: Final[dict[str, Any]] = {
    "at": "2026-11-22T09:13:00+00:00",
    "pages": 498,
    "cached_pages": 12,
    "documents": 37,
    "pages_per_minute": 498.0,
}


class ThroughputPoint(Answer):
    """One stretch of time."""

    model_config = described(POINT)

    at: Annotated[Moment, Field(description="When it begins.")]
    pages: Annotated[
        Count, Field(description="Read in it; counted when the chunk that they are in is done.")
    ]
    cached_pages: Annotated[Count, Field(description="Of these: found in the cache.")]
    documents: Annotated[Count, Field(description="Ended in it, however they did.")]
    pages_per_minute: Annotated[float, Field(ge=0, description="Over the whole stretch.")]


class BatchThroughput(Answer):
    """How fast a batch was read over its time."""

    model_config = described(
        {
            "batch_id": BATCH_ID,
            "bucket_seconds": 60,
            "from": "2026-11-22T09:12:27.031000+00:00",
            "to": "2026-11-22T09:13:40.512000+00:00",
            "points": [
                {**POINT, "at": "2026-11-22T09:12:00+00:00", "pages": 201, "documents": 14}
                | {"cached_pages": 0, "pages_per_minute": 201.0},
                POINT,
            ],
        }
    )

    batch_id: Id
    bucket_seconds: Annotated[int, Field(ge=1, description="The length of a stretch.")]
    from_: Annotated[Moment, Field(alias="from", description="When the batch began.")]
    to: Annotated[Moment, Field(description="When it ended, or this moment.")]
    points: Annotated[
        list[ThroughputPoint],
        Field(
            min_length=1,
            max_length=1001,
            description="One a stretch, also where nothing was read. The first and the last may "
            "lie partly outside the batch's time.",
        ),
    ]
