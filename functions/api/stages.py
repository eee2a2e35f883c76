"""Further stages for a job that has ended: its pages are not read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Meta
from starlette.concurrency import run_in_threadpool

from common.models import JobId
from functions.api.asked import StageName, stages_named
from functions.api.auth import App, Controller
from functions.api.bodies import decoded, read_json
from functions.api.jobs import shown
from functions.api.schemas.jobs import Job
from functions.api.schemas.problems import problems
from functions.api.schemas.requests import STAGES

router = APIRouter(tags=["jobs"])


class WantedStages(msgspec.Struct, forbid_unknown_fields=True):
    """What a job is to go through, beside what it has."""

    stages: Annotated[tuple[StageName, ...], Meta(min_length=1, max_length=9)]


FIELDS: Final[Mapping[str, str]] = {"stages": "a list of `all` and names of stages"}


@router.post(
    "/v1/jobs/{job_id}/stages",
    summary="Have further stages made",
    status_code=202,
    response_model=Job,
    openapi_extra={"requestBody": STAGES},
    responses={
        200: {"model": Job, "description": "Everything is there already; nothing is made."},
        **problems(400, 404, 409, 413, 422),
    },
)
async def extend_job(
    job_id: UUID, request: Request, response: Response, app: App, caller: Controller
) -> dict[str, Any]:
    """Go on with a job that has ended: what is asked for is made, with all that it needs.

    What is there stays, unless its code or its model is another by now; then it is made again, with
    what builds on it. Pages are not read again, and it costs no credits.
    """
    wanted = decoded(await read_json(request), WantedStages, FIELDS)
    stages = stages_named(wanted.stages)
    job, is_extended = await run_in_threadpool(app.extend_job, JobId(job_id), caller, stages)
    if not is_extended:
        response.status_code = 200
    return shown(job)
