"""For operators: every tenant's jobs, the workers and the queues."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from common.access import Caller
from common.errors import NotFound, TransientError
from common.models import ChunkId, JobView, Priority
from functions.api.auth import Administrator, App
from functions.api.jobs import get_job, shown
from functions.api.lists import (
    AfterEvent,
    ChunkCount,
    EventCount,
    OfStatus,
    PageSize,
    Wanted,
    get_history,
    list_chunks,
)
from functions.api.logs import AfterLine, LeastLevel, LineCount, get_logs
from functions.api.paging import Cursor, PageCursor, cursor_behind, position_of
from functions.api.patterns import WITHOUT_NUL
from functions.api.schemas.admin import OwnedJob, OwnedJobPage, Queues, Workers
from functions.api.schemas.jobs import ChunkPage, History
from functions.api.schemas.logs import LogPage
from functions.api.schemas.problems import problems
from infra.database.admin import ChunkPlace

if TYPE_CHECKING:
    # Celery's client takes 0.15 s, which no other route's cold start need pay.
    from infra.broker.inspection import HeldTask, Worker

router = APIRouter(prefix="/v1/admin", tags=["admin"])


def owner_of(job_id: UUID, app: App, caller: Administrator) -> Caller:
    """Return the job's owner, in whose place an operator looks at it. NotFound without one."""
    owner = app.administration.owner_of(job_id)
    if owner is None:
        raise NotFound("There is no job with this id.", code="JOB_NOT_FOUND")
    return Caller(owner)


AsOwner = Annotated[Caller, Depends(owner_of)]


@router.get(
    "/jobs",
    summary="List every tenant's jobs",
    response_model=OwnedJobPage,
    responses=problems(422),
)
def list_all_jobs(
    app: App,
    caller: Administrator,
    wanted: Wanted,
    owner: Annotated[
        str | None,
        Query(min_length=1, max_length=255, pattern=WITHOUT_NUL, description="Whose."),
    ] = None,
    priority: Annotated[Priority | None, Query(description="Whose chunks are read when.")] = None,
    stuck: Annotated[
        int | None,
        Query(
            ge=0,
            le=31_536_000,
            description="Only jobs at work that have made no progress for so many seconds.",
        ),
    ] = None,
    limit: PageSize = 20,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """List jobs of all owners, the newest first."""
    quiet_for = None if stuck is None else timedelta(seconds=stuck)
    jobs = app.listings.jobs_of_anybody(
        replace(wanted, priority=priority, quiet_for=quiet_for),
        owner=owner,
        after=position_of(cursor),
        limit=limit + 1,
    )
    next_cursor = None
    if len(jobs) > limit:
        next_cursor = cursor_behind(jobs[limit - 1])
    return {"jobs": [_owned(job) for job in jobs[:limit]], "next_cursor": next_cursor}


@router.get(
    "/jobs/{job_id}",
    summary="Show any tenant's job",
    response_model=OwnedJob,
    responses=problems(404, 422),
)
def get_any_job(job_id: UUID, app: App, owner: AsOwner) -> dict[str, Any]:
    """Say where a job is, and whose it is."""
    return {"owner": owner.owner, **get_job(job_id, app, owner)}


@router.get(
    "/jobs/{job_id}/history",
    summary="Show any tenant's job's audit trail",
    response_model=History,
    responses=problems(404, 422),
)
def get_any_history(
    job_id: UUID,
    app: App,
    owner: AsOwner,
    after: AfterEvent = 0,
    limit: EventCount = 100,
) -> dict[str, Any]:
    """Tell every change of the job in its order."""
    return get_history(job_id, app, owner, after=after, limit=limit)


@router.get(
    "/jobs/{job_id}/chunks",
    summary="List any tenant's job's chunks",
    response_model=ChunkPage,
    responses=problems(404, 422),
)
def list_any_chunks(
    job_id: UUID,
    app: App,
    owner: AsOwner,
    status: OfStatus = None,
    limit: ChunkCount = 100,
    cursor: PageCursor = None,
) -> dict[str, Any]:
    """Say of each chunk where it is, what it took and what went wrong."""
    return list_chunks(job_id, app, owner, status=status, limit=limit, cursor=cursor)


@router.get(
    "/jobs/{job_id}/logs",
    summary="Show any tenant's job's log",
    response_model=LogPage,
    responses=problems(404, 422),
)
def get_any_logs(
    job_id: UUID,
    app: App,
    owner: AsOwner,
    after: AfterLine = 0,
    limit: LineCount = 200,
    level: LeastLevel = "INFO",
) -> dict[str, Any]:
    """Tell what every process that worked on the job logged about it."""
    return get_logs(job_id, app, owner, after=after, limit=limit, level=level)


@router.get("/workers", summary="Show the workers", response_model=Workers)
def get_workers(app: App, caller: Administrator) -> dict[str, Any]:
    """Say what each worker that answers within a second is doing.

    A worker that is too busy to answer is missing; what it reads is in the queues' figures.
    """
    workers = app.inspection.workers()
    held = [task for worker in workers for task in _all_tasks(worker)]
    places = app.administration.places({task.chunk_id for task in held if task.chunk_id})
    match len(workers):
        case 0:
            message = "No worker answers: none runs, or they do not reach the broker."
        case 1:
            message = "1 worker answers."
        case count:
            message = f"{count} workers answer."
    return {"workers": [_worker(worker, places) for worker in workers], "message": message}


@router.get("/queues", summary="Show the queues", response_model=Queues)
def get_queues(app: App, caller: Administrator) -> dict[str, Any]:
    """Say what waits, by priority. With the broker away, what the database knows."""
    waiting = app.administration.waiting()
    try:
        lengths = app.inspection.queues()
    except TransientError as error:
        lengths, message = None, error.message
    else:
        message = "The broker answers."
    return {
        "queues": [
            {
                "priority": priority,
                "messages": lengths and lengths.waiting[priority],
                **asdict(waiting[priority]),
            }
            for priority in Priority
        ],
        "messages": lengths and sum(lengths.waiting.values()),
        "unacknowledged": lengths and lengths.unacknowledged,
        "message": message,
    }


def _owned(job: JobView) -> dict[str, Any]:
    return {"owner": job.owner, **shown(job)}


def _all_tasks(worker: Worker) -> Iterable[HeldTask]:
    return (*worker.active, *worker.reserved, *worker.scheduled)


def _worker(worker: Worker, places: Mapping[ChunkId, ChunkPlace]) -> dict[str, Any]:
    tasks = {
        kind: [_task(task, places) for task in getattr(worker, kind)]
        for kind in ("active", "reserved", "scheduled")
    }
    return {**asdict(worker), **tasks}


def _task(task: HeldTask, places: Mapping[ChunkId, ChunkPlace]) -> dict[str, Any]:
    place = None if task.chunk_id is None else places.get(task.chunk_id)
    return {
        "chunk_id": task.chunk_id and str(task.chunk_id),
        "document_id": task.document_id and str(task.document_id),
        "job_id": place and str(place.job_id),
        "job_ids": [str(job_id) for job_id in task.job_ids],
        "chunk_index": task.chunk_index,
        "page_start": place and place.pages.start,
        "page_end": place and place.pages.end,
        "since": task.since and task.since.isoformat(),
        "pid": task.pid,
    }
