"""The request that made a job, in the job's trace, with a link to the caller's own trace."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from functions.bootstrap import Application
    from infra.telemetry.recorder import OpenTelemetryRecorder


@dataclass(slots=True)
class _Asked:
    """A request, and the jobs that came of it."""

    began: int
    jobs: list[UUID] = field(default_factory=list)


_ASKED: Final[ContextVar[_Asked | None]] = ContextVar("quire_asked", default=None)


def made_job(job_id: UUID) -> None:
    """Have the request that is answered just now be a part of this job's trace."""
    asked = _ASKED.get()
    if asked is not None:
        asked.jobs.append(job_id)


class Traced:
    """Records requests that make jobs, and sends that before the answer is whole.

    Behind the answer's last byte a function has hardly any CPU. A request that makes no job is
    the platform's to record.
    """

    def __init__(self, app: ASGIApp, application: Application) -> None:
        self._app = app
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        recorder = self._application.recorder if scope["type"] == "http" else None
        if recorder is None:
            await self._app(scope, receive, send)
            return
        asked = _Asked(time.time_ns())
        token = _ASKED.set(asked)
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            is_last = message["type"] == "http.response.body" and not message.get("more_body")
            if is_last and asked.jobs:
                _record(recorder, asked, Headers(scope=scope), status)
                await run_in_threadpool(recorder.flush)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            _ASKED.reset(token)


def _record(recorder: OpenTelemetryRecorder, asked: _Asked, headers: Headers, status: int) -> None:
    from infra.telemetry.callers import calling_span

    caller = calling_span(headers.get("traceparent", ""), headers.get("tracestate", ""))
    for job_id in asked.jobs:
        recorder.submitted(job_id, asked.began, caller, {"status_code": status})
