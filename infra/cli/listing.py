"""Lists of the API, read page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from infra.cli.api import Api
from infra.cli.exits import CommandError, Exit
from infra.cli.jobs import RawJob
from infra.cli.patience import patiently

#: What one request asks for at most.
PAGE: Final = 100


def jobs_of(api: Api, *, limit: int | None, **filters: object) -> Iterator[RawJob]:
    """Yield the caller's jobs, the newest first; all of them without a limit."""
    yield from pages_of(api, "/v1/jobs", "jobs", "cursor", limit, filters)


def history_of(api: Api, job_id: str, after: object = None) -> Iterator[RawJob]:
    """Yield what has happened to the job, the first first."""
    path = f"/v1/jobs/{job_id}/history"
    yield from pages_of(api, path, "events", "after", None, {"after": after})


def logs_of(api: Api, job_id: str, *, after: object = None, level: str | None) -> Iterator[RawJob]:
    """Yield the job's log lines, the oldest first."""
    path = f"/v1/jobs/{job_id}/logs"
    yield from pages_of(api, path, "lines", "after", None, {"after": after, "level": level})


def rows_in(answer: RawJob, key: str) -> list[RawJob]:
    """Return a list of objects out of an answer. Raises CommandError where it is none."""
    rows = answer.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CommandError(
            f"The API's answer has no list `{key}`.",
            Exit.FAILED,
            code="UNKNOWN_ANSWER",
            advice="Is `quire` of another version than the stack? `quire doctor` tells.",
        )
    return rows


def pages_of(
    api: Api, path: str, key: str, place: str, limit: int | None, asked: dict[str, object]
) -> Iterator[RawJob]:
    """Yield a list's rows: `key` is where they are, `place` what the next page is asked by."""
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(left, PAGE)
        query = {**asked, "limit": size}
        answer = patiently(lambda query=query: api.get(path, **query))  # type: ignore[misc]
        rows = rows_in(answer, key)[:left]
        yield from rows
        if left is not None:
            left -= len(rows)
        following = answer.get(f"next_{place}")
        if following is None or not rows:
            return
        asked = {**asked, place: following}
