"""The door for Cloud Scheduler: every minute, look for what stopped."""

from __future__ import annotations

from dataclasses import asdict

import functions_framework.aio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.bootstrap import application
from functions.internal import internal


@functions_framework.aio.http
@internal("maintain")
async def maintain(request: Request) -> Response:
    """Send again what stopped, and answer what that was."""
    report = await run_in_threadpool(application().maintain)
    return JSONResponse(asdict(report))
