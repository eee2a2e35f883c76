"""Figures by time, as they are answered."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from common.metrics import BucketSize
from functions.api.schemas.base import Answer, Count, Moment, described

_SECONDS: Final = {"p50": 21.4, "p95": 38.9}
_FIGURES: Final[dict[str, Any]] = {
    "jobs_created": 3,
    "jobs_completed": 2,
    "jobs_completed_with_errors": 0,
    "jobs_failed": 0,
    "jobs_cancelled": 0,
    "pages_read": 425,
    "pages_cached": 0,
    "pages_failed": 0,
    "chunks_completed": 17,
    "chunks_cached": 0,
    "chunks_failed": 0,
    "chunks_put_back": 1,
    "failures": {},
    "retries": {"QUOTA_EXCEEDED": 1},
    "chunk_seconds": _SECONDS,
    "queue_seconds": {"p50": 0.2, "p95": 3.1},
    "merge_seconds": {"p50": 4.0, "p95": 4.6},
}
_BUCKET: Final = {"start": "2026-11-22T09:30:00+00:00", **_FIGURES}


class Seconds(Answer):
    """How long something took."""

    model_config = described(_SECONDS)

    p50: Annotated[float, Field(description="Half took no longer.")]
    p95: Annotated[float, Field(description="Of twenty, nineteen took no longer.")]


class Figures(Answer):
    """What was done in a stretch of time."""

    model_config = described(_FIGURES)

    jobs_created: Count
    jobs_completed: Count
    jobs_completed_with_errors: Count
    jobs_failed: Count
    jobs_cancelled: Count
    pages_read: Annotated[
        Count, Field(description="Of chunks that were completed. One that is read again counts.")
    ]
    pages_cached: Annotated[Count, Field(description="Pages that were found in the cache.")]
    pages_failed: Annotated[Count, Field(description="Pages that could not be read.")]
    chunks_completed: Annotated[Count, Field(description="Those from the cache, too.")]
    chunks_cached: Annotated[Count, Field(description="Of those: found in the cache.")]
    chunks_failed: Count
    chunks_put_back: Annotated[Count, Field(description="Given back, to be read again later.")]
    failures: Annotated[
        dict[str, int], Field(description="Why chunks failed: how many, by their code.")
    ]
    retries: Annotated[
        dict[str, int], Field(description="Why chunks were put back: how many, by their code.")
    ]
    chunk_seconds: Annotated[
        Seconds | None,
        Field(description="Of an attempt's reading; null where none ended. Not from the cache."),
    ]
    queue_seconds: Annotated[
        Seconds | None, Field(description="From a chunk's message to the worker that took it.")
    ]
    merge_seconds: Annotated[
        Seconds | None, Field(description="From the merge's last beginning to the job's end.")
    ]


class Bucket(Figures):
    """One stretch of the period."""

    model_config = described(_BUCKET)

    start: Moment


class Metrics(Answer):
    """Figures over a period, in equal buckets."""

    model_config = described(
        {
            "from": "2026-11-22T09:30:00+00:00",
            "to": "2026-11-22T09:31:00+00:00",
            "bucket": "1m",
            "bucket_seconds": 60,
            "total": _FIGURES,
            "buckets": [_BUCKET],
        }
    )

    from_: Annotated[
        Moment, Field(alias="from", description="What was asked for, rounded down to a bucket.")
    ]
    to: Annotated[Moment, Field(description="The same, rounded up. Not in it any more.")]
    bucket: BucketSize
    bucket_seconds: Annotated[int, Field(ge=60)]
    total: Annotated[Figures, Field(description="Of the whole period.")]
    buckets: Annotated[list[Bucket], Field(description="All of them, the first one first.")]
