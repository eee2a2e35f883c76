"""The door for Cloud Scheduler: every minute, look for what stopped."""

from __future__ import annotations

from dataclasses import asdict

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.bootstrap import application


@functions_framework.aio.http
def maintain(request: Request) -> Response:
    """Send again what stopped, and answer what that was."""
    return JSONResponse(asdict(application().maintain()))
