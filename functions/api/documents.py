"""Documents: sent with the request when small, else by a resumable upload to the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, BinaryIO, Final
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
from functions.api.auth import App, Submitter
from functions.api.bodies import decoded, read_form, read_json
from functions.bootstrap import Application

router = APIRouter(tags=["documents"])

#: Cloud Storage's own limit for one object.
MAX_UPLOAD_BYTES: Final = 5 * 1024**4

#: A BCP-47 code: en, fr-CA, zh-Hant.
Language = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", max_length=35)]


class RequestedOptions(msgspec.Struct, forbid_unknown_fields=True):
    """The caller's options, and the password that is kept apart from them."""

    pages: Annotated[str, Meta(max_length=2000)] = ""
    chunk_pages: int | None = None
    languages: Annotated[tuple[Language, ...], Meta(max_length=10)] = ()
    #: Postgres has no text with NUL in it.
    password: Annotated[str, Meta(pattern=r"^[^\x00]*\Z", max_length=1000)] | None = None


class AnnouncedUpload(msgspec.Struct, forbid_unknown_fields=True):
    """A document that will be uploaded straight to the bucket."""

    filename: Annotated[str, Meta(min_length=1, max_length=1000)]
    size: int
    options: RequestedOptions = msgspec.field(default_factory=RequestedOptions)


#: What each field must be, in the caller's words.
FIELDS: Final[Mapping[str, str]] = {
    "filename": "the file's name, a text of 1 to 1,000 characters",
    "size": "the file's size in bytes, a whole number",
    "options": "a JSON object with the fields `pages`, `chunk_pages`, `languages`, `password` "
    "and no others",
    "pages": "a text like 1-20,25 of up to 2,000 characters",
    "chunk_pages": "a whole number of pages",
    "languages": "a list of up to 10 language codes like en or fr-CA",
    "password": "a text of up to 1,000 characters without NUL",
}


@router.post("/v1/documents", status_code=202)
async def create_document(request: Request, app: App, caller: Submitter) -> JSONResponse:
    """Take a PDF as multipart (`file`, `options`), or announce one as JSON for an upload URL."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with read_form(request) as form:
            return await run_in_threadpool(_from_form, app, caller.owner, form)
    if kind == "application/json":
        announced = decoded(await read_json(request), AnnouncedUpload, FIELDS)
        return await run_in_threadpool(_announced, app, caller.owner, announced)
    raise InvalidRequest(
        "Send multipart/form-data with a PDF, or application/json to announce an upload.",
        code="UNSUPPORTED_MEDIA_TYPE",
        status=415,
    )


def _from_form(app: Application, owner: str, form: FormData) -> JSONResponse:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise InvalidRequest(
            "The form has no whole part `file` with a filename.", code="FILE_MISSING", status=422
        )
    content: BinaryIO = file.file
    if b"%PDF-" not in content.read(1024):
        raise InvalidRequest("The file is not a PDF.", code="NOT_A_PDF", status=415)
    size = content.seek(0, 2)
    content.seek(0)
    options = form.get("options")
    requested = RequestedOptions()
    if options:
        requested = decoded(str(options), RequestedOptions, FIELDS, part="options")
    document_id, job_id = _create(app, owner, file.filename or "", size, requested)
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
    app: Application, owner: str, filename: str, size: int, requested: RequestedOptions
) -> tuple[DocumentId, JobId]:
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
        filename=_plain(filename),
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


def _plain(filename: str) -> str:
    """Return a file's name without folders, and without what Postgres takes for no text."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1].replace("\0", "")[:255]
    # Half a surrogate pair, which an odd charset of a form may spell.
    return name.encode(errors="replace").decode() or "document.pdf"


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
