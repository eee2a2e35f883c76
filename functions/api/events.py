"""Events of a job or a batch as they happen: server-sent, replayed from the table by their id."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Send

from functions.api.auth import App, Reader
from functions.api.batches import found_batch
from functions.api.jobs import found
from functions.api.schemas.problems import problems

router = APIRouter()

#: What an event's id looks like, which is a Postgres integer.
_EVENT_ID: Final = re.compile(r"[0-9]{1,9}")


class EventStream(StreamingResponse):
    """A stream of messages whose source is left as soon as its reader has gone."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        """Send the messages."""
        async with aclosing(self.body_iterator):  # type: ignore[type-var]
            await super().stream_response(send)


_STREAM: Final[dict[str, Any]] = {
    "description": "The events, until the job ends.",
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",
                "description": "One message of the stream.",
                "required": ["event", "data"],
                "properties": {
                    "id": {"type": "string", "description": "The event's number; none at the end."},
                    "event": {"type": "string", "description": "What happened; `end` at the end."},
                    "data": {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "description": "`kind`, `at`, `details` and `job`; `job` alone at the end.",
                    },
                },
            },
            "example": (
                "retry: 1870\n\n"
                "id: 7\n"
                "event: chunk_completed\n"
                'data: {"kind": "chunk_completed", "at": "2026-11-22T09:30:12.480112+00:00", '
                '"details": {"chunk_index": 4, "total_chunks": 17, "page_start": 101, '
                '"page_end": 125, "failed_pages": 0}, "job": {"status": "processing"}}\n\n'
                ": still here\n\n"
                "event: end\n"
                'data: {"job": {"status": "completed"}}\n\n'
            ),
        }
    },
    "headers": {
        "Cache-Control": {"schema": {"type": "string"}, "example": "no-store"},
        "X-Accel-Buffering": {"schema": {"type": "string"}, "example": "no"},
    },
}


LastEventId = Annotated[
    str,
    Header(
        description="The `id` of the last event that was seen: only what came behind it is "
        "sent. Without it, and with one that no event has, everything is.",
        examples=["7"],
    ),
]

_BATCH_STREAM: Final[dict[str, Any]] = {
    **_STREAM,
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",
                "description": "One message of the stream.",
                "required": ["event", "data"],
                "properties": {
                    "id": {"type": "string", "description": "The event's number, where it is one."},
                    "event": {
                        "type": "string",
                        "description": "What happened; `progress` for the counts, `end` at the "
                        "end.",
                    },
                    "data": {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "description": "`kind`, `at`, `job_id` and `details`; of `progress` the "
                        "batch itself; at the end `batch` alone.",
                    },
                },
            },
            "example": (
                "retry: 1870\n\n"
                "event: progress\n"
                'data: {"status": "processing", "total": 1000, "completed": 655}\n\n'
                "id: 667\n"
                "event: document_completed\n"
                'data: {"kind": "document_completed", "at": "2026-11-22T09:30:12.480112+00:00", '
                '"job_id": "4b1f6a0e-6c1c-4a43-9a3e-0f6a3d0f5c11", '
                '"details": {"pages": 12, "failed_pages": 0, "cached_pages": 0}}\n\n'
                ": still here\n\n"
                "event: end\n"
                'data: {"batch": {"status": "completed"}}\n\n'
            ),
        }
    },
}


@router.get(
    "/v1/jobs/{job_id}/events",
    tags=["jobs"],
    summary="Follow a job",
    response_class=EventStream,
    responses={200: _STREAM, **problems(404, 422)},
)
async def get_events(
    job_id: UUID,
    app: App,
    caller: Reader,
    last_event_id: LastEventId = "",
) -> EventStream:
    """Send the job's events as they happen, as server-sent events.

    Each message has the event's number as `id`, its kind as `event`, and as `data` a JSON object
    with `kind`, `at`, `details` and `job`, the whole job as `GET /v1/jobs/{job_id}` shows it.
    Numbers run from 1 without a gap. Where an event is about a chunk, `details` has `chunk_index`
    (from 0), `total_chunks`, `page_start` and `page_end`.

    Behind a job's last event comes `end`, with `job` alone. A stream that ends without it is to
    be asked for again with `Last-Event-ID`, after the milliseconds that `retry` says: streams end
    after 15 minutes at the latest, and whenever a server is replaced. A comment every 15 seconds
    shows that the stream lives. A job that is retried after its end goes on with the next number.
    """
    await run_in_threadpool(found, app, caller, job_id)
    return _stream(app.streams.read(job_id, _after(last_event_id)))


@router.get(
    "/v1/batches/{batch_id}/events",
    tags=["batches"],
    summary="Follow a batch",
    response_class=EventStream,
    responses={200: _BATCH_STREAM, **problems(404, 422)},
)
async def get_batch_events(
    batch_id: UUID, app: App, caller: Reader, last_event_id: LastEventId = ""
) -> EventStream:
    """Send the batch's events as they happen, as server-sent events, and its counts.

    A message `progress` has the whole batch as `GET /v1/batches/{batch_id}` shows it: at once, and
    whenever it has changed, at most once a second. It has no `id`. Every end of a document
    (`document_completed`, `document_failed`…), every document that goes on after its end, because
    it is read again (`document_retried`) or goes through further stages (`document_extended`), and
    every change of the batch itself is an event: with its number as `id`, its kind as `event`, and
    as `data` a JSON object with `kind`, `at`, `job_id` (null where it is about the batch) and
    `details`. Numbers run from 1 without a gap.

    Behind a batch's last event comes `end`, with `batch` alone. As to reconnecting, heartbeats and
    the longest time, it is as with a job's events.
    """
    await run_in_threadpool(found_batch, app, caller, batch_id)
    return _stream(app.batch_streams.read(batch_id, _after(last_event_id)))


def _after(last_event_id: str) -> int:
    return int(last_event_id) if _EVENT_ID.fullmatch(last_event_id) else 0


def _stream(messages: AsyncGenerator[bytes, None]) -> EventStream:
    return EventStream(messages, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
