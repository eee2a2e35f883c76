"""Jobs: where one is, and what came out."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse

from common.access import Caller
from common.controls import Action, refusal
from common.errors import Conflict, NotFound
from common.lifecycle import JobStatus
from common.models import JobView
from common.progress import chunk_line, current_stage, eta, line, percent
from common.stages import StageView
from functions.api.auth import App, Reader
from functions.api.schemas.jobs import Job
from functions.api.schemas.problems import problems

router = APIRouter(tags=["jobs"])

#: How long a link to a result works. Long enough for a slow download to begin.
_LINK_SECONDS: Final = 300

_REDIRECTION: Final[dict[str, Any]] = {
    "description": "The result is at `Location`, for five minutes and without a token.",
    "headers": {
        "Location": {
            "description": "A link to the file itself.",
            "schema": {"type": "string", "format": "uri"},
            "example": "https://project.supabase.co/storage/v1/object/sign/ocr-results/...",
        }
    },
}


def found(app: App, caller: Caller, job_id: UUID) -> JobView:
    """Return the caller's job, or raise NotFound, also for another owner's."""
    job = app.jobs.find(job_id, caller)
    if job is None:
        raise NotFound("There is no job with this id.", code="JOB_NOT_FOUND")
    return job


@router.get(
    "/v1/jobs/{job_id}",
    summary="Show a job",
    response_model=Job,
    responses=problems(404, 422),
)
def get_job(job_id: UUID, app: App, caller: Reader) -> dict[str, Any]:
    """Say where a job is, what can be done to it, and what went wrong."""
    return shown(found(app, caller, job_id))


@router.get(
    "/v1/jobs/{job_id}/result",
    summary="Fetch a job's result",
    status_code=302,
    response_class=RedirectResponse,
    responses={302: _REDIRECTION, **problems(404, 409, 422)},
)
def get_result(
    job_id: UUID,
    app: App,
    caller: Reader,
    format: Annotated[  # noqa: A002 - the parameter's public name
        Literal["json", "text"], Query(description="`json`: pages, words and boxes.")
    ] = "json",
) -> RedirectResponse:
    """Redirect to the result; the link works for five minutes without a token."""
    job = found(app, caller, job_id)
    path = job.result_path if format == "json" else job.text_path
    if path is None:
        raise _without_result(job)
    stem = job.filename.removesuffix(".pdf")
    filename = f"{stem}.{'json' if format == 'json' else 'txt'}"
    return RedirectResponse(
        app.results.link(path, seconds=_LINK_SECONDS, filename=filename), status_code=302
    )


def _without_result(job: JobView) -> Conflict:
    match job.status:
        case JobStatus.FAILED:
            return Conflict(
                f"The job failed and has no result: {job.error_message}",
                code=job.error_code or "PROCESSING_ERROR",
            )
        case JobStatus.CANCELLED if job.result_path is None:
            return Conflict("The job was cancelled and has no result.", code="JOB_CANCELLED")
        case JobStatus.COMPLETED | JobStatus.COMPLETED_WITH_ERRORS | JobStatus.CANCELLED:
            return Conflict(
                "The text was not among the `outputs` that were asked for. The JSON result has it.",
                code="OUTPUT_NOT_MADE",
            )
        case _:
            return Conflict(
                f"The job is not finished ({line(job)}). Ask again later, or follow its events.",
                code="JOB_NOT_FINISHED",
            )


def shown(job: JobView) -> dict[str, Any]:
    """Return the job as the API shows it."""
    return {
        "job_id": str(job.id),
        "document_id": str(job.document_id),
        "batch_id": job.batch_id and str(job.batch_id),
        "filename": job.filename,
        "status": job.status.value,
        "stage": job.stage.value,
        "message": line(job),
        "progress_percent": percent(job),
        "page_count": job.page_count,
        "total_chunks": job.total_chunks,
        "processing_chunks": job.processing_chunks,
        "completed_chunks": job.completed_chunks,
        "failed_chunks": job.failed_chunks,
        "total_pages": job.total_pages,
        "completed_pages": job.completed_pages,
        "failed_pages": job.failed_pages,
        "cached_chunks": job.cached_chunks,
        "cached_pages": job.cached_pages,
        "error": {"code": job.error_code, "message": job.error_message} if job.error_code else None,
        "chunk_errors": [
            {
                "chunk_index": error.index,
                "page_start": error.page_start,
                "page_end": error.page_end,
                "code": error.code,
                "message": error.message,
                "final": error.final,
                "text": chunk_line(error),
            }
            for error in job.chunk_errors
        ],
        "page_errors": [msgspec.to_builtins(error) for error in job.page_errors],
        "warnings": list(job.warnings),
        "priority": job.priority.value,
        "matter": job.matter,
        "retries": job.retries,
        **{f"can_{action}": refusal(action, job) is None for action in Action},
        "stages": [_stage(stage) for stage in job.stages],
        "stage_percent": stage.percent if (stage := current_stage(job)) is not None else None,
        "current": _current(job),
        "eta": _eta(job),
        "webhook_url": job.webhook_url,
        "has_result": job.result_path is not None,
        "created_at": job.created_at.isoformat(),
        "started_at": job.started_at and job.started_at.isoformat(),
        "finished_at": job.finished_at and job.finished_at.isoformat(),
        "heartbeat_at": job.heartbeat_at and job.heartbeat_at.isoformat(),
        "links": links(job.id, job.document_id, has_result=job.result_path is not None),
    }


def links(job_id: UUID, document_id: UUID, *, has_result: bool) -> dict[str, str | None]:
    """Return where everything about a job is; no link to a result that is not there."""
    here = f"/v1/jobs/{job_id}"
    return {
        "self": here,
        "events": f"{here}/events",
        "chunks": f"{here}/chunks",
        "history": f"{here}/history",
        "logs": f"{here}/logs",
        "webhooks": f"{here}/webhooks",
        "result": f"{here}/result" if has_result else None,
        "document": f"/v1/documents/{document_id}",
    }


def _stage(stage: StageView) -> dict[str, Any]:
    return {
        "stage": stage.stage.value,
        "status": stage.status.value,
        "percent": stage.percent,
        "done": stage.done,
        "total": stage.total,
        "unit": stage.unit,
        "version": stage.version,
        "checkpoints": stage.checkpoints,
        "attempts": stage.attempts,
        "repeated": stage.repeated,
        "seconds": round(stage.seconds, 3),
        "started_at": stage.started_at and stage.started_at.isoformat(),
        "finished_at": stage.finished_at and stage.finished_at.isoformat(),
        "error": {"code": stage.error_code, "message": stage.error_message}
        if stage.error_code
        else None,
    }


def _current(job: JobView) -> dict[str, int] | None:
    if job.current_chunk is None:
        return None
    return {
        "chunk_index": job.current_chunk,
        "page_start": job.current_page_start or 0,
        "page_end": job.current_page_end or 0,
    }


def _eta(job: JobView) -> dict[str, Any] | None:
    estimate = eta(job)
    if estimate is None:
        return None
    return {
        "seconds": estimate.seconds,
        "finish_at": estimate.finish_at.isoformat(),
        "basis": estimate.basis,
    }
