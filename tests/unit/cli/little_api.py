"""A little server that speaks the API as far as the command needs it, over real sockets.

Each test scripts it: what a job looks like at each look, where a stream breaks, what a piece of
an upload is answered with.
"""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.unit.cli.little_lists import LittleLists, problem

JOB_ID = "0198c5be-6f1a-7cc2-a9cb-2d1c8f0e4b11"
DOCUMENT_ID = "0198c5be-6f1a-7cc2-a9cb-2d1c8f0e4b12"


def a_job(**fields: object) -> dict[str, object]:
    """Return a job as the API describes it."""
    return {
        "job_id": JOB_ID,
        "document_id": DOCUMENT_ID,
        "filename": "scan.pdf",
        "status": "processing",
        "stage": "ocr",
        "message": "Processing chunk 1/2",
        "progress_percent": 0,
        "page_count": 4,
        "total_chunks": 2,
        "completed_chunks": 0,
        "failed_chunks": 0,
        "total_pages": 4,
        "completed_pages": 0,
        "failed_pages": 0,
        "error": None,
        "chunk_errors": [],
        "warnings": [],
        "created_at": "2026-11-22T10:00:00Z",
        "started_at": "2026-11-22T10:00:01Z",
        "finished_at": None,
        "links": {"self": f"/v1/jobs/{JOB_ID}"},
    } | fields


def a_finished_job(**fields: object) -> dict[str, object]:
    """Return a job all of whose pages were read."""
    done: dict[str, object] = {
        "status": "completed",
        "message": "Completed",
        "progress_percent": 100,
        "completed_chunks": 2,
        "completed_pages": 4,
        "finished_at": "2026-11-22T10:00:05Z",
    }
    return a_job(**(done | fields))


_PROMISED = (b"content-length", b"100")


class CutOff(Response):
    """An answer that never comes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Begin to answer, and break off."""
        await send({"type": "http.response.start", "status": 202, "headers": [_PROMISED]})
        raise ConnectionAbortedError


CUT_OFF = CutOff()

#: A stream's event: its id, its kind and the job in it; or BREAK for a connection that is cut.
Event = tuple[str, str, dict[str, object] | None]
BREAK: Event = ("", "break", None)


@dataclass
class LittleApi(LittleLists):
    """What the server does next, and what it was asked."""

    address: str = ""
    #: Answers to GET /v1/jobs/{id}, the last one for ever.
    looks: deque[dict[str, object] | Response] = field(default_factory=deque)
    #: One list of events for each time the stream is opened; 404 when used up.
    streams: deque[list[Event] | Response] = field(default_factory=deque)
    #: Answers to POST /v1/documents and /v1/uploads before anything is taken.
    refusals: deque[Response] = field(default_factory=deque)
    #: What happens to the next pieces: a status to answer, or how many bytes of it are kept.
    pieces: deque[int | tuple[str, int]] = field(default_factory=deque)
    result: dict[str, bytes] = field(
        default_factory=lambda: {"json": b'{"pages": []}', "text": b"The first line.\n"}
    )
    result_refusals: deque[Response] = field(default_factory=deque)
    redirect_result_to: str | None = None

    headers_of_posts: list[dict[str, str]] = field(default_factory=list)
    posted: list[dict[str, object]] = field(default_factory=list)
    #: Ids of the documents that were announced for batches.
    announced: list[str] = field(default_factory=list)
    uploaded: bytearray = field(default_factory=bytearray)
    spans: list[str] = field(default_factory=list)
    last_event_ids: list[str | None] = field(default_factory=list)
    headers_at_storage: list[dict[str, str]] = field(default_factory=list)

    def routes(self) -> list[Route]:
        """Return the server's routes."""
        return [
            *self.list_routes(),
            Route("/v1/documents", self._documents, methods=["POST"]),
            Route("/v1/uploads", self._announce, methods=["POST"]),
            Route("/v1/jobs/{id}", self._job),
            Route("/v1/jobs/{id}/events", self._events),
            Route("/v1/jobs/{id}/result", self._result),
            Route("/upload", self._upload, methods=["PUT"]),
            Route("/signed", self._signed),
        ]

    async def _documents(self, request: Request) -> Response:
        self._authorise(request)
        self.headers_of_posts.append(dict(request.headers))
        body: dict[str, object]
        if request.headers["Content-Type"].startswith("application/json"):
            body = await request.json()
        else:
            async with request.form() as form:
                file = form["file"]
                assert not isinstance(file, str)
                options = form.get("options")
                body = {
                    "filename": file.filename,
                    "content": await file.read(),
                    "content_type": file.content_type,
                    "options": json.loads(options) if isinstance(options, str) else None,
                }
        if self.refusals:
            return self.refusals.popleft()
        self.posted.append(body)
        answer: dict[str, object] = {
            "document_id": DOCUMENT_ID,
            "job_id": JOB_ID,
            "status": "pending",
            "links": {"self": f"/v1/jobs/{JOB_ID}"},
        }
        if "size" in body:
            answer["upload"] = {"url": f"{self.address}/upload?upload_id=1", "method": "PUT"}
        return JSONResponse(answer, 202, headers={"Location": f"/v1/jobs/{JOB_ID}"})

    async def _announce(self, request: Request) -> Response:
        self._authorise(request)
        self.headers_of_posts.append(dict(request.headers))
        if self.refusals:
            return self.refusals.popleft()
        body = await request.json()
        self.posted.append(body)
        ids = [str(uuid4()) for _ in body["documents"]]
        self.announced += ids
        url = f"{self.address}/upload?upload_id=1"
        uploads = [{"document_id": each, "upload_url": url} for each in ids]
        return JSONResponse({"uploads": uploads}, 201)

    async def _job(self, request: Request) -> Response:
        self._authorise(request)
        if not self.looks:
            return problem(404, "NOT_FOUND", "There is no such job.")
        look = self.looks[0] if len(self.looks) == 1 else self.looks.popleft()
        return look if isinstance(look, Response) else JSONResponse(look)

    async def _events(self, request: Request) -> Response:
        self._authorise(request)
        self.last_event_ids.append(request.headers.get("Last-Event-ID"))
        if not self.streams:
            return problem(501, "NO_STREAMS", "No stream is scripted.")
        events = self.streams.popleft()
        if isinstance(events, Response):
            return events
        return StreamingResponse(self._tell(events), media_type="text/event-stream")

    async def _tell(self, events: list[Event]) -> AsyncIterator[str]:
        yield ": here\n\n"
        for number, kind, job in events:
            if (number, kind, job) == BREAK:
                raise ConnectionAbortedError
            content = {"kind": kind, "at": "2026-11-22T10:00:02Z", "details": {}, "job": job}
            yield f"id: {number}\nevent: {kind}\ndata: {json.dumps(content)}\n\n"

    async def _result(self, request: Request) -> Response:
        self._authorise(request)
        if self.result_refusals:
            return self.result_refusals.popleft()
        form = request.query_params["format"]
        if self.redirect_result_to:
            return RedirectResponse(f"{self.redirect_result_to}/signed?format={form}", 307)
        return Response(self.result[form])

    async def _signed(self, request: Request) -> Response:
        self.headers_at_storage.append(dict(request.headers))
        return Response(self.result[request.query_params["format"]])

    async def _upload(self, request: Request) -> Response:
        self.headers_at_storage.append(dict(request.headers))
        span = request.headers["Content-Range"]
        self.spans.append(span)
        content = await request.body()
        total = int(span.rpartition("/")[2])
        if content:
            match self.pieces.popleft() if self.pieces else None:
                case int(status):
                    return Response(status_code=status)
                case ("kept", int(kept)):
                    content = content[:kept]
                case ("lost", int(kept)):
                    # Stored, but the answer never arrives.
                    self.uploaded += content[:kept]
                    return Response(status_code=503)
            start = int(span.removeprefix("bytes ").partition("-")[0])
            assert start == len(self.uploaded), "a piece that does not continue the last one"
            self.uploaded += content
        if len(self.uploaded) == total:
            return JSONResponse({}, 200)
        held = {"Range": f"bytes=0-{len(self.uploaded) - 1}"} if self.uploaded else {}
        return Response(status_code=308, headers=held)


@dataclass
class LittleServer:
    """A server that serves one little API after the other."""

    address: str
    current: Starlette | None = None

    def fresh(self) -> LittleApi:
        """Serve a new API from now on."""
        api = LittleApi(address=self.address)
        self.current = Starlette(routes=api.routes())
        return api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        assert self.current is not None
        await self.current(scope, receive, send)


@contextmanager
def little_server() -> Iterator[LittleServer]:
    """Run a server on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = LittleServer(f"http://127.0.0.1:{listening.getsockname()[1]}")
        server = uvicorn.Server(
            uvicorn.Config(running, log_level="critical", lifespan="off", ws="none")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield running
        finally:
            server.should_exit = True
            server.force_exit = True
            thread.join()
