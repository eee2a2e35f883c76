"""Jobs under their owner's hand: pause, resume, cancel, retry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from msgspec import Meta
from starlette.concurrency import run_in_threadpool

from common.controls import Action
from common.models import JobId
from functions.api.auth import App, Controller
from functions.api.bodies import decoded, read_json
from functions.api.jobs import shown
from functions.api.schemas.jobs import Job
from functions.api.schemas.problems import problems
from functions.api.schemas.requests import RETRY

router = APIRouter(tags=["jobs"])


class RetryOptions(msgspec.Struct, forbid_unknown_fields=True):
    """What a retry may bring along; nothing, as a rule."""

    #: Postgres has no text with NUL in it.
    password: Annotated[str, Meta(pattern=r"^[^\x00]*\Z", max_length=1000)] | None = None


FIELDS: Final[Mapping[str, str]] = {"password": "a text of up to 1,000 characters without NUL"}


@router.post(
    "/v1/jobs/{job_id}/pause",
    summary="Pause a job",
    response_model=Job,
    responses=problems(404, 409, 422),
)
def pause_job(job_id: UUID, app: App, caller: Controller) -> dict[str, Any]:
    """Let the chunks that run end, and start none until the job is resumed."""
    return shown(app.control_job(Action.PAUSE, JobId(job_id), caller))


@router.post(
    "/v1/jobs/{job_id}/resume",
    summary="Resume a paused job",
    response_model=Job,
    responses=problems(404, 409, 422),
)
def resume_job(job_id: UUID, app: App, caller: Controller) -> dict[str, Any]:
    """Go on with what is left; chunks that are finished stay finished."""
    return shown(app.control_job(Action.RESUME, JobId(job_id), caller))


@router.post(
    "/v1/jobs/{job_id}/cancel",
    summary="Cancel a job",
    response_model=Job,
    responses=problems(404, 409, 422),
)
def cancel_job(job_id: UUID, app: App, caller: Controller) -> dict[str, Any]:
    """End the job, remove what it has made, and give its credits back."""
    return shown(app.control_job(Action.CANCEL, JobId(job_id), caller))


@router.post(
    "/v1/jobs/{job_id}/retry",
    summary="Retry what failed",
    response_model=Job,
    openapi_extra={"requestBody": RETRY},
    responses=problems(400, 402, 404, 409, 413, 422),
)
async def retry_job(job_id: UUID, request: Request, app: App, caller: Controller) -> dict[str, Any]:
    """Read the failed chunks and pages again; those that were read are kept.

    The body may be empty, or JSON with the `password` for which the document could not be opened.
    """
    body = await read_json(request)
    options = decoded(body, RetryOptions, FIELDS) if body else RetryOptions()
    job = await run_in_threadpool(
        app.control_job, Action.RETRY, JobId(job_id), caller, password=options.password
    )
    return shown(job)
