"""A job's own log lines."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from functions.api.auth import App, Reader
from functions.api.jobs import found
from functions.api.schemas.logs import LogPage
from functions.api.schemas.problems import problems
from infra.database.job_logs import StoredLine

router = APIRouter(tags=["jobs"])

AfterLine = Annotated[int, Query(ge=0, le=2**63 - 1, description="Only lines behind this id.")]
LineCount = Annotated[int, Query(ge=1, le=1000, description="Lines in one answer.")]
LeastLevel = Annotated[
    Literal["INFO", "WARNING", "ERROR"], Query(description="Only lines of this level or above.")
]


@router.get(
    "/v1/jobs/{job_id}/logs",
    summary="Show a job's log",
    response_model=LogPage,
    responses=problems(404, 422),
)
def get_logs(
    job_id: UUID,
    app: App,
    caller: Reader,
    after: AfterLine = 0,
    limit: LineCount = 200,
    level: LeastLevel = "INFO",
) -> dict[str, Any]:
    """Tell what every process that worked on the job logged about it, errors included.

    To follow a running job, ask again with the last line's id as `after`. A line is there within
    a moment of its being said; what a killed process had not written yet is lost.
    """
    lines = app.job_logs.read(job_id, caller, after=after, limit=limit + 1, least_level=level)
    if not lines:
        found(app, caller, job_id)
    return {
        "lines": [_shown(line) for line in lines[:limit]],
        "next_after": lines[limit - 1].id if len(lines) > limit else None,
    }


def _shown(line: StoredLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "at": line.at.isoformat(),
        "level": line.level,
        "message": line.message,
        "logger": line.logger,
        "chunk_index": line.chunk_index,
        "attempt": line.attempt,
        "fields": line.fields,
    }
