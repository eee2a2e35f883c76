"""A caller of the API, as the tests need one: sends documents, waits for ends, reads results."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
import jwt
import psycopg
from httpx_sse import connect_sse
from psycopg.rows import dict_row

from infra.local.stack import Stack

Found = TypeVar("Found")

#: Seconds that a job may take before a test gives up on it.
PATIENCE = 240.0


class QuireClient:
    """One owner's view of a running stack, and a look behind the scenes."""

    def __init__(self, stack: Stack, owner: str = "alice") -> None:
        self.stack = stack
        self.owner = owner
        token = jwt.encode(
            {"sub": owner, "aud": "authenticated", "exp": time.time() + 3600},
            stack.environment["SUPABASE__JWT_SECRET"],
            algorithm="HS256",
        )
        self.http = httpx.Client(
            base_url=stack.endpoints["api"],
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            follow_redirects=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def submit(self, path: Path, **options: object) -> str:
        """Send a document, to be read whatever was read before, and return its job's id."""
        with path.open("rb") as content:
            answer = self.http.post(
                "/v1/documents",
                files={"file": (path.name, content, "application/pdf")},
                data={"options": json.dumps({"cache": False, **options})},
                headers={"Prefer": "respond-async"},
            )
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["job_id"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        """Return the job as the API shows it."""
        answer = self.http.get(f"/v1/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()
        return job

    def upload(self, path: Path, **options: object) -> str:
        """Announce a document, put it straight into the bucket, and return its job's id."""
        content = path.read_bytes()
        answer = self.http.post(
            "/v1/documents",
            json={
                "filename": path.name,
                "size": len(content),
                "options": {"cache": False, **options},
            },
        )
        assert answer.status_code == 202, answer.text
        put = httpx.put(answer.json()["upload"]["url"], content=content)
        assert put.status_code == 200, put.text
        job_id: str = answer.json()["job_id"]
        return job_id

    def act(self, job_id: str, action: str, **request: Any) -> dict[str, Any]:
        """Pause, resume, cancel or retry a job, and return it as the answer shows it."""
        answer = self.http.post(f"/v1/jobs/{job_id}/{action}", **request)
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()
        return job

    def history(self, job_id: str) -> list[dict[str, Any]]:
        """Return the job's whole audit trail."""
        answer = self.http.get(f"/v1/jobs/{job_id}/history", params={"limit": 1000})
        assert answer.status_code == 200, answer.text
        events: list[dict[str, Any]] = answer.json()["events"]
        return events

    def events(self, job_id: str, after: int = 0) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield id, kind and content of the job's events until the stream ends."""
        headers = {"Last-Event-ID": str(after)}
        url = f"/v1/jobs/{job_id}/events"
        with connect_sse(self.http, "GET", url, headers=headers) as source:
            for event in source.iter_sse():
                # The first message only says after how long to come back.
                if event.data:
                    yield event.id, event.event, event.json()

    def wait(self, job_id: str) -> dict[str, Any]:
        """Return the job once it has ended, however often the API restarts meanwhile."""

        def ended() -> dict[str, Any] | None:
            try:
                job = self.job(job_id)
            except httpx.TransportError:
                return None
            return job if job["finished_at"] else None

        return wait_for(ended, f"job {job_id} to end")

    def result(self, job_id: str, format: str = "json") -> Any:  # noqa: A002
        """Return the job's result."""
        answer = self.http.get(f"/v1/jobs/{job_id}/result", params={"format": format})
        assert answer.status_code == 200, answer.text
        return answer.json() if format == "json" else answer.text

    def maintain(self) -> dict[str, int]:
        """Have the scheduler call maintain now, instead of waiting for its minute."""
        answer = httpx.post(f"{self.stack.endpoints['control']}/scheduler/run", timeout=60)
        assert answer.status_code == 200, answer.text
        report: dict[str, int] = answer.json()
        return report

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Return rows straight from the database."""
        with psycopg.connect(self.stack.endpoints["postgres"], row_factory=dict_row) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def document_ai(self, **switches: object) -> Iterator[None]:
        """Set the Document AI emulator's switches for a while.

        With `let_through`, what earlier tests have left behind is waited for: it would be let
        through instead of what is meant.
        """
        if switches.get("let_through") is not None:
            wait_for(self._is_idle, "what was begun before to end")
        url = f"{self.stack.endpoints['control']}/document-ai/controls"
        before = httpx.get(url).json()
        answer = httpx.put(url, json={**before, **switches})
        assert answer.status_code == 200, answer.text
        try:
            yield
        finally:
            httpx.put(url, json=before)

    def _is_idle(self) -> bool:
        calls = httpx.get(f"{self.stack.endpoints['control']}/document-ai/calls").json()
        if any(call["ended_at"] is None for call in calls):
            return False
        # Rows that a test has made up, for what has long been stranded, are nobody's work.
        return not self.rows(
            "SELECT id FROM jobs WHERE status = 'processing'"
            " AND heartbeat_at > now() - interval '1 minute' LIMIT 1"
        )

    def let_through(self, count: int | None, **switches: object) -> None:
        """Have Document AI go into so many calls more, and then keep them waiting; None: into all.

        Within `document_ai`, whose end lets all through. `switches` are set at the same moment.
        """
        url = f"{self.stack.endpoints['control']}/document-ai/controls"
        answer = httpx.put(url, json={"let_through": count, **switches})
        assert answer.status_code == 200, answer.text


def wait_for(look: Callable[[], Found | None], what: str, patience: float = PATIENCE) -> Found:
    """Return what `look` finds, looking again until it finds something."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {patience} s for {what}")
