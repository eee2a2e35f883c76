"""What was done when: for owners as a series, for operators as Prometheus reads it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response

from common.metrics import BucketSize, Period
from functions.api.auth import Administrator, App, Reader
from functions.api.lists import Moment
from functions.api.schemas.metrics import Metrics
from functions.api.schemas.problems import problems

router = APIRouter()

_EXPOSITION: Final[dict[str, Any]] = {
    "description": "The metrics, in Prometheus' text format; as OpenMetrics where that is asked.",
    "content": {
        "text/plain": {
            "schema": {"type": "string"},
            "example": (
                "# HELP quire_pages_total Pages that are done.\n"
                "# TYPE quire_pages_total counter\n"
                'quire_pages_total{outcome="read"} 425.0\n'
            ),
        },
        "application/openmetrics-text": {
            "schema": {"type": "string"},
            "example": (
                "# HELP quire_pages Pages that are done.\n"
                "# TYPE quire_pages counter\n"
                'quire_pages_total{outcome="read"} 425.0\n'
                "# EOF\n"
            ),
        },
    },
}


@router.get(
    "/v1/metrics",
    tags=["metrics"],
    summary="Show what was done when",
    response_model=Metrics,
    responses=problems(422, 503),
)
def get_metrics(
    app: App,
    caller: Reader,
    from_: Annotated[
        Moment | None,
        Query(alias="from", description="From this moment on; an hour before `to` where left out."),
    ] = None,
    to: Annotated[
        Moment | None, Query(description="Until this moment; now where left out.")
    ] = None,
    bucket: Annotated[BucketSize, Query(description="How long one bucket is.")] = BucketSize.MINUTE,
) -> dict[str, Any]:
    """Count your jobs, chunks and pages by time, and say how long they took and what went wrong.

    Buckets are whole in UTC: what is asked for is rounded to them. At most 1,440 are answered at
    once. Counted from the jobs' own audit trails, up to this moment.
    """
    period = Period.asked(from_, to, bucket)
    series = app.metrics.series(caller, period)
    return {
        "from": period.start.isoformat(),
        "to": period.end.isoformat(),
        "bucket": bucket,
        "bucket_seconds": bucket.seconds,
        "total": asdict(series.total),
        "buckets": [
            {"start": start.isoformat(), **asdict(figures)} for start, figures in series.every()
        ],
    }


@router.get(
    "/metrics",
    tags=["admin"],
    summary="Show the metrics to Prometheus",
    response_class=Response,
    responses={200: _EXPOSITION, **problems(422)},
)
def get_exposition(
    app: App,
    caller: Administrator,
    accept: Annotated[
        str, Header(description="Which format the scraper prefers.", max_length=1_000)
    ] = "",
) -> Response:
    """Say what there is at this moment and what was done in all, of every tenant together.

    Counted from the database, not by this process: whichever instance is asked says the same.
    """
    from functions.api.exposition import exposition

    content, kind = exposition(app.metric_totals, accept)
    return Response(content, headers={"Content-Type": kind, "Cache-Control": "no-store"})
