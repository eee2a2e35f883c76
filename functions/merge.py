"""The door for Cloud Tasks: a job's last chunk is done."""

from __future__ import annotations

from uuid import UUID

import functions_framework.aio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from common.models import JobId
from functions.bootstrap import application
from functions.internal import internal


@functions_framework.aio.http
@internal("merge")
async def merge(request: Request) -> Response:
    """Bind its results. Any answer but 2xx makes Cloud Tasks call again."""
    body = await request.json()
    await run_in_threadpool(application().merge_chunks, JobId(UUID(body["job_id"])))
    return JSONResponse({"job_id": body["job_id"]})
