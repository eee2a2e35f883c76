"""Documents: sent with the request when small, else by a resumable upload to the bucket."""

from __future__ import annotations

import logging
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from common.access import Caller
from common.errors import InvalidRequest, NotFound, TransientError
from common.models import JobView
from functions.api.asked import FIELDS, DocumentOptions, NewDocument
from functions.api.auth import App, Reader, Submitter
from functions.api.bodies import decoded, read_form, read_json
from functions.api.jobs import links, shown
from functions.api.patterns import VISIBLE
from functions.api.prefer import Patience, patience_for, read_preference
from functions.api.schemas.documents import AcceptedDocument, Document, ProcessedDocument
from functions.api.schemas.problems import problems
from functions.api.schemas.requests import NEW_DOCUMENT, links_of_document, links_of_job
from functions.api.schemas.uploads import HeldDocument
from functions.api.submissions import Submission, Wanted, submit
from functions.api.taking import FORMS_AT_ONCE, receive
from functions.api.uploads import (
    Held,
    answer_of,
    check_size,
    hold_one,
    origin_of,
    plain_filename,
)
from functions.api.waiting import ended_within
from functions.bootstrap import Application
from functions.scratch import scratch_folder

log = logging.getLogger(__name__)

router = APIRouter(tags=["documents"])

#: A function's answer may have 32 MB; a larger result is fetched by its link.
_MAX_RESULT_BYTES: Final = 20_000_000

_HEADERS: Final[dict[str, Any]] = {
    "Preference-Applied": {
        "description": "Which preference was followed, if any.",
        "schema": {"type": "string"},
    },
    "Idempotency-Replayed": {
        "description": "`true` where the same request was here before.",
        "schema": {"type": "string"},
    },
}
_LOCATION: Final[dict[str, Any]] = {
    "Location": {
        "description": "The job.",
        "schema": {"type": "string", "format": "uri-reference"},
    }
}


@router.post(
    "/v1/documents",
    summary="Send a document",
    status_code=202,
    response_model=AcceptedDocument,
    openapi_extra={"requestBody": NEW_DOCUMENT},
    responses={
        200: {
            "model": ProcessedDocument,
            "description": "The job ended while the sender waited.",
            "headers": _HEADERS,
            "links": links_of_job("$response.body#/job/job_id", "$response.body#/job/document_id"),
        },
        201: {
            "model": HeldDocument,
            "description": "The document has no job: a batch that names its id will read it.",
            "headers": {
                "Location": {**_LOCATION["Location"], "description": "The document."},
                "Idempotency-Replayed": _HEADERS["Idempotency-Replayed"],
            },
            "links": links_of_document("$response.body#/document_id"),
        },
        202: {
            "description": "The document is being processed, or waits for its upload.",
            "headers": {**_LOCATION, **_HEADERS},
            "links": links_of_job("$response.body#/job_id", "$response.body#/document_id"),
        },
        **problems(400, 402, 413, 415, 422),
    },
)
async def create_document(
    request: Request,
    app: App,
    caller: Submitter,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            pattern=VISIBLE,
            description="Of your own choice, new for each document: the same request with the "
            "same key gives the same job, however often it is sent.",
        ),
    ] = None,
    prefer: Annotated[
        str | None,
        Header(description="`wait=30` waits so many seconds, `respond-async` not at all."),
    ] = None,
) -> Response:
    """Read a PDF of up to 32 MB that is sent as a form, or of any size that is announced as JSON.

    A form has a part `file`, the PDF, and may have a part `options`, JSON. It is looked into
    before anything is made: what can't be read is refused here. A document that is announced is
    sent to the URL in the answer, with one PUT or several (a resumable upload). With `process`
    false it is only stored, for a batch that will name it.

    A small document is waited for, and answered with its result; so is any other, as long as
    `Prefer: wait=N` says. Where the job has ended by then the answer is 200, whatever its end:
    the document was taken and worked on, so `job.status` and `job.error` say how that went, as
    they would anywhere else. Otherwise it is 202, and the job goes on.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with read_form(request) as form:
            made = await run_sync(
                _from_form, app, caller, form, idempotency_key, limiter=FORMS_AT_ONCE
            )
    elif kind == "application/json":
        announced = decoded(await read_json(request), NewDocument, FIELDS)
        origin = origin_of(request)
        if not announced.process:
            held = await run_in_threadpool(
                hold_one, app, caller, announced, idempotency_key, origin
            )
            return _held_answer(held)
        made = await run_in_threadpool(_announced, app, caller, announced, idempotency_key, origin)
    else:
        raise InvalidRequest(
            "Send multipart/form-data with a PDF, or application/json to announce an upload.",
            code="UNSUPPORTED_MEDIA_TYPE",
            status=415,
        )
    patience = Patience(0) if made.upload_url else _patience(app, request, made)
    return await _answer(app, caller, made, patience)


@router.get(
    "/v1/documents/{document_id}",
    summary="Show a document",
    response_model=Document,
    responses={
        200: {"links": links_of_document("$response.body#/document_id")},
        **problems(404, 422),
    },
)
def get_document(document_id: UUID, app: App, caller: Reader) -> dict[str, Any]:
    """Say what was sent, what is known about it, and which jobs have read it."""
    document = app.listings.document(document_id, caller)
    if document is None:
        raise NotFound("There is no document with this id.", code="DOCUMENT_NOT_FOUND")
    here = f"/v1/documents/{document.id}"
    return {
        "document_id": str(document.id),
        "filename": document.filename,
        "matter": document.matter,
        "size": document.size,
        "sha256": document.sha256,
        "page_count": document.page_count,
        "status": document.status,
        "warnings": list(document.warnings),
        "created_at": document.created_at.isoformat(),
        "jobs": [
            {
                "job_id": str(job.id),
                "status": job.status,
                "created_at": job.created_at.isoformat(),
            }
            for job in document.jobs
        ],
        "links": {
            "self": here,
            "job": f"/v1/jobs/{document.jobs[0].id}" if document.jobs else None,
            "pages": f"{here}/pages",
            "find": f"{here}/find",
            "search": f"{here}/search",
        },
    }


def _held_answer(held: Held) -> Response:
    headers = {"Location": f"/v1/documents/{held.document_id}"}
    if held.replayed:
        headers["Idempotency-Replayed"] = "true"
    return JSONResponse(answer_of(held), status_code=201, headers=headers)


def _from_form(app: Application, caller: Caller, form: FormData, key: str | None) -> Submission:
    if set(form) - {"file", "options"}:
        raise InvalidRequest(
            "The form has an unknown part; it may have `file` and `options` alone.", status=422
        )
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise InvalidRequest(
            "The form has no whole part `file` with a filename.", code="FILE_MISSING", status=422
        )
    part = form.get("options")
    options = DocumentOptions()
    if part:
        options = decoded(str(part), DocumentOptions, FIELDS, part="options")
    with scratch_folder("form") as folder:
        received = receive(file.file, folder / "source.pdf")
        wanted = Wanted(
            plain_filename(file.filename or ""),
            received.size,
            received.sha256,
            options,
            received.path,
        )
        return submit(app, caller, wanted, key)


def _announced(
    app: Application, caller: Caller, announced: NewDocument, key: str | None, origin: str | None
) -> Submission:
    check_size(app, announced.size)
    wanted = Wanted(
        plain_filename(announced.filename),
        announced.size,
        announced.sha256 and announced.sha256.lower(),
        announced.options,
        origin=origin,
    )
    return submit(app, caller, wanted, key)


def _patience(app: Application, request: Request, made: Submission) -> Patience:
    settings = app.settings
    return patience_for(
        read_preference(request.headers.getlist("prefer")),
        pages=made.pages,
        threshold=settings.chunking_threshold_pages,
        usual_seconds=settings.api.wait_seconds,
        max_seconds=settings.api.max_wait_seconds,
        never_async=not settings.async_processing_enabled,
    )


async def _answer(
    app: Application, caller: Caller, made: Submission, patience: Patience
) -> Response:
    headers = {"Location": f"/v1/jobs/{made.job_id}"}
    if patience.applied:
        headers["Preference-Applied"] = patience.applied
    if made.replayed:
        headers["Idempotency-Replayed"] = "true"
    job = None
    if patience.seconds:
        job = await ended_within(app, caller, made.job_id, patience.seconds)
    if job is not None:
        content = await run_in_threadpool(_with_result, app, job)
        return Response(content, media_type="application/json", headers=headers)
    answer = {
        "document_id": str(made.document_id),
        "job_id": str(made.job_id),
        "status": made.status.value,
        "links": links(made.job_id, made.document_id, has_result=made.has_result),
    }
    if made.upload_url:
        answer["upload"] = {"url": made.upload_url, "method": "PUT"}
    return JSONResponse(answer, status_code=202, headers=headers)


def _with_result(app: Application, job: JobView) -> bytes:
    """Return the job with its result, whose JSON is passed on as it is stored."""
    result = None
    if job.result_path is not None:
        try:
            result = app.results.read_result(job.result_path, max_bytes=_MAX_RESULT_BYTES)
        except (NotFound, TransientError):
            # The job is done and paid for: its link will tell what became of the result.
            log.warning(
                "a waited-for result can't be read", extra={"job_id": str(job.id)}, exc_info=True
            )
    return b'{"job":%b,"result":%b}' % (msgspec.json.encode(shown(job)), result or b"null")
