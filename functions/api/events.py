"""A job's events as they happen: server-sent events, replayed from the table by their id."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse
from psycopg import OperationalError
from starlette.concurrency import run_in_threadpool

from common.access import Caller
from common.errors import NotFound
from common.lifecycle import FINAL_JOB_STATUSES
from functions.api.auth import App, Reader
from functions.api.jobs import found, shown
from functions.bootstrap import Application

log = logging.getLogger(__name__)

router = APIRouter(tags=["jobs"])

#: What an event's id looks like, which is a Postgres integer.
_EVENT_ID: Final = re.compile(r"[0-9]{1,9}")

#: Seconds between looks at the table when nobody says that something changed.
_LOOK_SECONDS: Final = 2.0
#: Seconds of silence after which a comment shows proxies that the stream lives.
_HEARTBEAT_SECONDS: Final = 15.0
#: The platform ends a request after 60 minutes; the reader comes back with its Last-Event-ID.
_STREAM_SECONDS: Final = 50 * 60.0


@router.get("/v1/jobs/{job_id}/events", response_class=StreamingResponse)
async def get_events(
    job_id: UUID,
    app: App,
    caller: Reader,
    last_event_id: Annotated[str, Header()] = "",
) -> StreamingResponse:
    """Stream the job's events from behind Last-Event-ID until the job ends.

    An id that no event can have is ignored: its reader gets everything, and misses nothing.
    """
    await run_in_threadpool(found, app, caller, job_id)
    after = int(last_event_id) if _EVENT_ID.fullmatch(last_event_id) else 0
    return StreamingResponse(
        _stream(app, caller, job_id, after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(app: Application, caller: Caller, job_id: UUID, after: int) -> AsyncIterator[str]:
    end = spoke = time.monotonic()
    end += _STREAM_SECONDS
    async with app.feed.watch(job_id) as changed:
        while time.monotonic() < end:
            changed.clear()
            # The status has been sent: the stream can only end, and its reader comes back with
            # its Last-Event-ID to be told what is the case.
            try:
                # The job first: what it says is never newer than the events that follow.
                job = await run_in_threadpool(found, app, caller, job_id)
                events = await run_in_threadpool(app.jobs.events, job_id, caller, after=after)
            except NotFound:
                return
            except OperationalError:
                log.warning("the database does not answer an event stream", exc_info=True)
                return
            view = shown(job)
            for event in events:
                after = event.id
                yield _message(
                    event.kind,
                    {
                        "kind": event.kind,
                        "at": event.at.isoformat(),
                        "details": event.details,
                        "job": view,
                    },
                    event.id,
                )
                spoke = time.monotonic()
            if job.status in FINAL_JOB_STATUSES and not events:
                yield _message("end", {"job": view})
                return
            if events:
                continue
            if time.monotonic() - spoke > _HEARTBEAT_SECONDS:
                yield ": still here\n\n"
                spoke = time.monotonic()
            try:
                await asyncio.wait_for(changed.wait(), _LOOK_SECONDS)
            except TimeoutError:
                continue


def _message(kind: str, content: dict[str, Any], number: int | None = None) -> str:
    name = "" if number is None else f"id: {number}\n"
    return f"{name}event: {kind}\ndata: {json.dumps(content, default=str)}\n\n"
