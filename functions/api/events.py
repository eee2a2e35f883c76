"""A job's events as they happen: server-sent events, replayed from the table by their id."""

from __future__ import annotations

import re
from contextlib import aclosing
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Send

from functions.api.auth import App, Reader
from functions.api.jobs import found

router = APIRouter(tags=["jobs"])

#: What an event's id looks like, which is a Postgres integer.
_EVENT_ID: Final = re.compile(r"[0-9]{1,9}")


class EventStream(StreamingResponse):
    """A stream of messages whose source is left as soon as its reader has gone."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        """Send the messages."""
        async with aclosing(self.body_iterator):  # type: ignore[type-var]
            await super().stream_response(send)


@router.get("/v1/jobs/{job_id}/events", response_class=EventStream)
async def get_events(
    job_id: UUID,
    app: App,
    caller: Reader,
    last_event_id: Annotated[str, Header()] = "",
) -> EventStream:
    """Stream the job's events from behind Last-Event-ID until the job ends.

    An id that no event has is ignored: its reader gets everything, and misses nothing.
    """
    await run_in_threadpool(found, app, caller, job_id)
    after = int(last_event_id) if _EVENT_ID.fullmatch(last_event_id) else 0
    return EventStream(
        app.streams.read(job_id, after),
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
