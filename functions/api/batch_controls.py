"""Batches under their owner's hand: pause, resume, cancel, another priority."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from common.batches import BatchAction
from common.models import JobId, Priority
from functions.api.auth import App, Controller
from functions.api.batches import shown_batch
from functions.api.bodies import decoded, read_json
from functions.api.jobs import shown
from functions.api.schemas.batches import Batch
from functions.api.schemas.jobs import Job
from functions.api.schemas.problems import problems
from functions.api.schemas.requests import PRIORITY

router = APIRouter()


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """What can be changed of a batch or a job."""

    priority: Priority


FIELDS: Final[Mapping[str, str]] = {"priority": "`high`, `normal` or `low`"}


@router.post(
    "/v1/batches/{batch_id}/pause",
    tags=["batches"],
    summary="Pause a batch",
    response_model=Batch,
    responses=problems(404, 409, 422),
)
def pause_batch(batch_id: UUID, app: App, caller: Controller) -> dict[str, Any]:
    """Begin none of its documents any more, and let only those chunks end that run."""
    return shown_batch(app.control_batch(BatchAction.PAUSE, batch_id, caller))


@router.post(
    "/v1/batches/{batch_id}/resume",
    tags=["batches"],
    summary="Resume a paused batch",
    response_model=Batch,
    responses=problems(404, 409, 422),
)
def resume_batch(batch_id: UUID, app: App, caller: Controller) -> dict[str, Any]:
    """Go on with what is left, jobs that were paused one by one too; what is finished stays so."""
    return shown_batch(app.control_batch(BatchAction.RESUME, batch_id, caller))


@router.post(
    "/v1/batches/{batch_id}/cancel",
    tags=["batches"],
    summary="Cancel a batch",
    response_model=Batch,
    responses=problems(404, 409, 422),
)
def cancel_batch(batch_id: UUID, app: App, caller: Controller) -> dict[str, Any]:
    """End whatever of it has not ended, and give the credits back. What was read is kept."""
    return shown_batch(app.control_batch(BatchAction.CANCEL, batch_id, caller))


@router.patch(
    "/v1/batches/{batch_id}",
    tags=["batches"],
    summary="Give a batch another priority",
    response_model=Batch,
    openapi_extra={"requestBody": PRIORITY},
    responses=problems(400, 404, 409, 413, 422),
)
async def change_batch(
    batch_id: UUID, request: Request, app: App, caller: Controller
) -> dict[str, Any]:
    """Have what has not ended yet read before or behind others; it acts at once."""
    change = decoded(await read_json(request), Change, FIELDS)
    batch = await run_in_threadpool(app.prioritize_batch, batch_id, caller, change.priority)
    return shown_batch(batch)


@router.patch(
    "/v1/jobs/{job_id}",
    tags=["jobs"],
    summary="Give a job another priority",
    response_model=Job,
    openapi_extra={"requestBody": PRIORITY},
    responses=problems(400, 404, 409, 413, 422),
)
async def change_job(
    job_id: UUID, request: Request, app: App, caller: Controller
) -> dict[str, Any]:
    """Have the chunks that wait read before or behind others'; it acts at once."""
    change = decoded(await read_json(request), Change, FIELDS)
    job = await run_in_threadpool(app.prioritize_job, JobId(job_id), caller, change.priority)
    return shown(job)
