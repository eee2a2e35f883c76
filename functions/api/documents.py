"""Documents: sent with the request when small, else by a resumable upload to the bucket."""

from __future__ import annotations

from typing import Annotated, BinaryIO, Final, TypeVar
from uuid import uuid4

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from msgspec import Meta
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from common.errors import InvalidRequest, QuireError
from common.models import DocumentId, JobId, JobOptions
from common.names import upload
from common.pages import parse_page_selection
from functions.api.auth import App, Owner
from functions.bootstrap import Application

Shape = TypeVar("Shape")

router = APIRouter(tags=["documents"])

#: A function's request may have 32 MB in all (cloud.google.com/functions/quotas).
MAX_REQUEST_BYTES: Final = 32 * 1024 * 1024
#: Cloud Storage's own limit for one object.
MAX_UPLOAD_BYTES: Final = 5 * 1024**4


#: A BCP-47 code: en, fr-CA, zh-Hant.
Language = Annotated[str, Meta(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]


class RequestedOptions(msgspec.Struct, forbid_unknown_fields=True):
    """The caller's options, and the password that is kept apart from them."""

    pages: Annotated[str, Meta(max_length=2000)] = ""
    chunk_pages: int | None = None
    languages: Annotated[tuple[Language, ...], Meta(max_length=10)] = ()
    password: Annotated[str, Meta(max_length=1000)] | None = None


class AnnouncedUpload(msgspec.Struct, forbid_unknown_fields=True):
    """A document that will be uploaded straight to the bucket."""

    filename: Annotated[str, Meta(min_length=1, max_length=1000)]
    size: int
    options: RequestedOptions = msgspec.field(default_factory=RequestedOptions)


@router.post("/v1/documents", status_code=202)
async def create_document(request: Request, app: App, owner: Owner) -> JSONResponse:
    """Take a PDF as multipart (`file`, `options`), or announce one as JSON for an upload URL."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "multipart/form-data":
        if int(request.headers.get("content-length") or 0) > MAX_REQUEST_BYTES:
            raise InvalidRequest(
                "A request may have 32 MB. Announce the document as JSON (filename, size) and "
                "upload it to the URL in the answer.",
                code="REQUEST_TOO_LARGE",
                status=413,
            )
        async with request.form(max_files=1, max_fields=4) as form:
            return await run_in_threadpool(_from_form, app, owner, form)
    if kind == "application/json":
        announced = _decoded(await request.body(), AnnouncedUpload)
        return await run_in_threadpool(_announced, app, owner, announced)
    raise InvalidRequest(
        "Send multipart/form-data with a PDF, or application/json to announce an upload.",
        code="UNSUPPORTED_MEDIA_TYPE",
        status=415,
    )


def _from_form(app: Application, owner: str, form: FormData) -> JSONResponse:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise InvalidRequest("The form has no part named `file`.", code="FILE_MISSING", status=422)
    content: BinaryIO = file.file
    if b"%PDF-" not in content.read(1024):
        raise InvalidRequest("The file is not a PDF.", code="NOT_A_PDF", status=415)
    size = content.seek(0, 2)
    content.seek(0)
    options = form.get("options")
    requested = _decoded(str(options).encode(), RequestedOptions) if options else None
    document_id, job_id = _create(app, owner, file.filename or "document.pdf", size, requested)
    try:
        app.uploads.put_upload(upload(document_id), content, size)
    except QuireError:
        app.jobs.discard(document_id)
        raise
    return _accepted(document_id, job_id)


def _announced(app: Application, owner: str, announced: AnnouncedUpload) -> JSONResponse:
    if not 0 < announced.size <= MAX_UPLOAD_BYTES:
        raise InvalidRequest(
            "`size` is the file's size in bytes, from 1.", code="INVALID_SIZE", status=422
        )
    document_id, job_id = _create(app, owner, announced.filename, announced.size, announced.options)
    try:
        url = app.uploads.begin_upload(upload(document_id), announced.size)
    except QuireError:
        app.jobs.discard(document_id)
        raise
    return _accepted(document_id, job_id, upload={"url": url, "method": "PUT"})


def _create(
    app: Application, owner: str, filename: str, size: int, requested: RequestedOptions | None
) -> tuple[DocumentId, JobId]:
    requested = requested or RequestedOptions()
    if requested.pages:
        parse_page_selection(requested.pages)
    limit = app.settings.document_ai.page_limit
    if requested.chunk_pages is not None and not 1 <= requested.chunk_pages <= limit:
        raise InvalidRequest(
            f"`chunk_pages` is 1 to {limit}: one call can't read more.",
            code="CHUNK_TOO_LARGE",
            status=422,
        )
    document_id, job_id = DocumentId(uuid4()), JobId(uuid4())
    app.jobs.create(
        job_id=job_id,
        document_id=document_id,
        owner=owner,
        filename=filename.replace("\\", "/").rsplit("/", 1)[-1][:255].replace("\0", ""),
        source=app.uploads.upload_ref(upload(document_id)),
        size=size,
        options=JobOptions(
            pages=requested.pages,
            chunk_pages=requested.chunk_pages,
            languages=requested.languages,
        ),
        password=requested.password,
    )
    return document_id, job_id


def _accepted(document_id: DocumentId, job_id: JobId, **extra: object) -> JSONResponse:
    here = f"/v1/jobs/{job_id}"
    return JSONResponse(
        {
            "document_id": str(document_id),
            "job_id": str(job_id),
            "status": "pending",
            "links": {"self": here, "events": f"{here}/events", "result": f"{here}/result"},
            **extra,
        },
        status_code=202,
        headers={"Location": here},
    )


def _decoded(content: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(content, type=shape)
    except msgspec.MsgspecError as error:
        raise InvalidRequest(
            f"The JSON does not have the documented form: {error}.", status=422
        ) from error
