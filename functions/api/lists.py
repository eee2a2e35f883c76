"""What callers page through: their jobs, a job's chunks, and its audit trail."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query
from pydantic import BeforeValidator

from common.errors import NotFound
from common.lifecycle import ChunkStatus, JobStatus, Stage
from common.models import ChunkView, JobView
from functions.api.auth import App, Reader
from functions.api.jobs import found, shown
from functions.api.paging import (
    Cursor,
    PageCursor,
    cursor_behind,
    cursor_behind_page,
    page_of,
    position_of,
)
from functions.api.patterns import WITHOUT_NUL
from functions.api.schemas.jobs import ChunkPage, History, JobPage
from functions.api.schemas.problems import problems
from infra.database.listings import JobFilter

router = APIRouter(tags=["jobs"])

#: RFC 3339, which is less than what pydantic takes for a time.
_MOMENT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def _moment(text: object) -> object:
    if isinstance(text, str) and not _MOMENT.fullmatch(text):
        raise ValueError("not a time as RFC 3339 writes it")
    return text


_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

Moment = Annotated[datetime, BeforeValidator(_moment)]


def job_filter(
    status: Annotated[
        list[JobStatus], Query(max_length=20, description="Any of these; repeat it for several.")
    ] = [],  # noqa: B006 - never changed; FastAPI reads the default
    stage: Annotated[Stage | None, Query(description="Where in its way a job is.")] = None,
    matter: Annotated[
        str | None,
        Query(min_length=1, max_length=255, pattern=WITHOUT_NUL, description="This matter."),
    ] = None,
    filename: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=255,
            pattern=WITHOUT_NUL,
            description="A part of the file's name, in any case.",
        ),
    ] = None,
    batch: Annotated[UUID | None, Query(description="Those of this batch.")] = None,
    created_after: Annotated[
        Moment | None, Query(description="From this moment on (2026-11-22T09:30:00Z).")
    ] = None,
    created_before: Annotated[Moment | None, Query(description="Before this moment.")] = None,
    sort: Annotated[
        Literal["-created_at", "created_at"],
        Query(description="`-created_at`: the newest first."),
    ] = "-created_at",
) -> JobFilter:
    """Read which jobs a caller wants to see."""
    return JobFilter(
        statuses=tuple(status),
        stage=stage,
        matter=matter,
        filename=filename,
        batch=batch,
        created_after=_in_reach(created_after),
        created_before=_in_reach(created_before),
        newest_first=sort == "-created_at",
    )


Wanted = Annotated[JobFilter, Depends(job_filter)]
PageSize = Annotated[int, Query(ge=1, le=100, description="Jobs on one page.")]
OfStatus = Annotated[ChunkStatus | None, Query(description="Only those in this state.")]
ChunkCount = Annotated[int, Query(ge=1, le=1000, description="Chunks on one page.")]
AfterEvent = Annotated[int, Query(ge=0, le=2**31 - 1, description="Only events behind this one.")]
EventCount = Annotated[int, Query(ge=1, le=1000, description="Events in one answer.")]


def page_of_jobs(jobs: list[JobView], wanted: JobFilter, limit: int) -> dict[str, Any]:
    """Return a page of at most `limit` jobs, of which one more was looked up."""
    cursor = None
    if len(jobs) > limit:
        cursor = cursor_behind(jobs[limit - 1])
    return {"jobs": [shown(job) for job in jobs[:limit]], "next_cursor": cursor}


@router.get("/v1/jobs", summary="List jobs", response_model=JobPage, responses=problems(422))
def list_jobs(
    app: App, caller: Reader, wanted: Wanted, limit: PageSize = 20, cursor: Cursor = None
) -> dict[str, Any]:
    """List your jobs, the newest first.

    A page is cut behind its last job, not by counting: jobs that are added while you page
    neither repeat nor hide another.
    """
    after = position_of(cursor)
    jobs = app.listings.jobs(caller, wanted, after=after, limit=limit + 1)
    return page_of_jobs(jobs, wanted, limit)


@router.get(
    "/v1/jobs/{job_id}/chunks",
    summary="List a job's chunks",
    response_model=ChunkPage,
    responses=problems(404, 422),
)
def list_chunks(
    job_id: UUID,
    app: App,
    caller: Reader,
    status: OfStatus = None,
    limit: ChunkCount = 100,
    cursor: PageCursor = None,
) -> dict[str, Any]:
    """Say of each chunk where it is, what it took and what went wrong; in the pages' order."""
    chunks = app.listings.chunks(
        job_id, caller, status=status, after=page_of(cursor), limit=limit + 1
    )
    if chunks is None:
        raise NotFound("There is no job with this id.", code="JOB_NOT_FOUND")
    is_last = len(chunks) <= limit
    return {
        "chunks": [_chunk(chunk) for chunk in chunks[:limit]],
        "next_cursor": None if is_last else cursor_behind_page(chunks[limit - 1].page_start),
    }


@router.get(
    "/v1/jobs/{job_id}/history",
    summary="Show a job's audit trail",
    response_model=History,
    responses=problems(404, 422),
)
def get_history(
    job_id: UUID,
    app: App,
    caller: Reader,
    after: AfterEvent = 0,
    limit: EventCount = 100,
) -> dict[str, Any]:
    """Tell every change of the job in its order; the numbers have no gaps."""
    events = app.jobs.events(job_id, caller, after=after, limit=limit + 1)
    if not events:
        # Every job has events: there are none behind this number, or there is no such job.
        found(app, caller, job_id)
    return {
        "events": [
            {
                "id": event.id,
                "kind": event.kind,
                "at": event.at.isoformat(),
                "details": event.details,
            }
            for event in events[:limit]
        ],
        "next_after": events[limit - 1].id if len(events) > limit else None,
    }


def _chunk(chunk: ChunkView) -> dict[str, Any]:
    trouble = {"code": chunk.error_code, "message": chunk.error_message}
    return {
        "index": chunk.index,
        "page_start": chunk.page_start,
        "page_end": chunk.page_end,
        "status": chunk.status,
        "attempt": chunk.attempt,
        "failures": chunk.failures,
        "started_at": chunk.started_at and chunk.started_at.isoformat(),
        "finished_at": chunk.finished_at and chunk.finished_at.isoformat(),
        "seconds": chunk.seconds,
        "error": trouble if chunk.error_code else None,
        "failed_pages": chunk.failed_pages,
        "page_errors": [msgspec.to_builtins(error) for error in chunk.page_errors],
    }


def _in_reach(moment: datetime | None) -> datetime | None:
    """Return the same moment in UTC, or the end of time where it is beyond it there."""
    if moment is None:
        return None
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return _FIRST if moment.year == 1 else _LAST
