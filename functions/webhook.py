"""The door for Cloud Tasks: a job has ended, and its owner's server is to be told."""

from __future__ import annotations

from uuid import UUID

import functions_framework.aio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.bootstrap import application
from functions.internal import internal


@functions_framework.aio.http
@internal("webhook")
async def webhook(request: Request) -> Response:
    """Send it. What the receiver answers is in the delivery's log; the next try is our own."""
    body = await request.json()
    await run_in_threadpool(application().deliver_webhook, UUID(body["delivery_id"]))
    return JSONResponse({"delivery_id": body["delivery_id"]})
