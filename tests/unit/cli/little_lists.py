"""The little server's lists and controls: what was asked of them, and what they answer."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SECRET = "a-secret-of-more-than-thirty-two-bytes"
#: What a caller has who does not sign tokens of their own.
API_KEY = "qk_0123456789abcdef"


def problem(status: int, code: str, detail: str) -> JSONResponse:
    """Return a problem as RFC 9457 has it."""
    return JSONResponse(
        {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code},
        status,
        media_type="application/problem+json",
    )


@dataclass
class LittleLists:
    """Jobs to list and to control, and what is told about one."""

    #: All jobs, the newest first.
    jobs: list[dict[str, object]] = field(default_factory=list)
    #: How many rows one answer has at most.
    page_size: int = 100
    #: Answers to what is done to jobs: by the job's id, else the one for all.
    controls: dict[str, dict[str, object] | Response] = field(default_factory=dict)
    history: list[dict[str, object]] = field(default_factory=list)
    log_lines: list[dict[str, object]] = field(default_factory=list)
    deliveries: list[dict[str, object]] = field(default_factory=list)
    credits: dict[str, object] = field(default_factory=dict)
    #: Documents' sections, by the document's id.
    outlines: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    #: What a search finds.
    found: dict[str, object] = field(default_factory=dict)
    ready: Response = field(default_factory=lambda: JSONResponse({"status": "ready"}))
    #: Answered in place of the jobs' list, before anything else is looked at.
    instead: deque[Response] = field(default_factory=deque)

    claims: list[dict[str, object]] = field(default_factory=list)
    queries: list[dict[str, object]] = field(default_factory=list)
    #: Each job id, what was done to it, and the body.
    controlled: list[tuple[str, str, bytes]] = field(default_factory=list)

    def list_routes(self) -> list[Route]:
        """Return these routes."""
        return [
            Route("/healthz", lambda _: JSONResponse({"status": "ok"})),
            Route("/readyz", lambda _: self.ready),
            Route("/v1/jobs", self._jobs),
            Route("/v1/credits", self._credits),
            Route("/v1/search", self._search),
            Route("/v1/documents/{id}/outline", self._outline),
            Route("/v1/jobs/{id}/history", self._history),
            Route("/v1/jobs/{id}/logs", self._logs),
            Route("/v1/jobs/{id}/webhooks", self._webhooks),
            *(
                Route(f"/v1/jobs/{{id}}/{action}", self._control, methods=["POST"])
                for action in ("pause", "resume", "cancel", "retry")
            ),
        ]

    def _authorise(self, request: Request) -> None:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        self.claims.append(
            {"key": token}
            if token == API_KEY
            else jwt.decode(token, SECRET, algorithms=["HS256"], audience="authenticated")
        )

    def _asked(self, request: Request) -> None:
        self._authorise(request)
        query = request.query_params
        self.queries.append(
            {
                name: value if len(value) > 1 else value[0]
                for name in query
                for value in [query.getlist(name)]
            }
        )

    async def _jobs(self, request: Request) -> Response:
        if self.instead:
            return self.instead.popleft()
        self._asked(request)
        start = int(request.query_params.get("cursor", "0"))
        size = min(self.page_size, int(request.query_params["limit"]))
        end = start + size
        return JSONResponse(
            {
                "jobs": self.jobs[start:end],
                "next_cursor": str(end) if end < len(self.jobs) else None,
            }
        )

    async def _history(self, request: Request) -> Response:
        self._asked(request)
        return self._behind(request, "events", self.history)

    async def _logs(self, request: Request) -> Response:
        self._asked(request)
        return self._behind(request, "lines", self.log_lines)

    def _behind(self, request: Request, key: str, rows: list[dict[str, object]]) -> Response:
        after = int(request.query_params.get("after", "0"))
        behind = [row for row in rows if int(str(row["id"])) > after]
        page = behind[: self.page_size]
        last = page[-1]["id"] if len(behind) > len(page) else None
        return JSONResponse({key: page, "next_after": last})

    async def _webhooks(self, request: Request) -> Response:
        self._asked(request)
        return JSONResponse({"deliveries": self.deliveries})

    async def _credits(self, request: Request) -> Response:
        self._asked(request)
        return JSONResponse(self.credits)

    async def _search(self, request: Request) -> Response:
        self._asked(request)
        return JSONResponse(self.found)

    async def _outline(self, request: Request) -> Response:
        self._asked(request)
        if request.path_params["id"] not in self.outlines:
            return problem(404, "NOT_PREPARED", "No outline was made of the document.")
        sections = self.outlines[request.path_params["id"]]
        start = int(request.query_params.get("cursor", "-1")) + 1
        end = start + self.page_size
        behind = str(end - 1) if end < len(sections) else None
        return JSONResponse({"sections": sections[start:end], "next_cursor": behind})

    async def _control(self, request: Request) -> Response:
        self._authorise(request)
        job_id, action = request.path_params["id"], request.url.path.rpartition("/")[2]
        self.controlled.append((job_id, action, await request.body()))
        answer = self.controls.get(job_id)
        if answer is None:
            return problem(404, "JOB_NOT_FOUND", "There is no job with this id.")
        return answer if isinstance(answer, Response) else JSONResponse(answer)
