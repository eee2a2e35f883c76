"""Documents for batches: announced here, one or a thousand, and read when a batch names them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from common.access import Caller
from common.errors import InvalidRequest, TransientError
from common.held_documents import HeldDocument
from common.models import DocumentId
from common.names import upload
from functions.api.asked import (
    FIELDS,
    DocumentOptions,
    NewDocument,
    NewUpload,
    NewUploads,
    matter_for,
)
from functions.api.auth import App, Submitter
from functions.api.bodies import decoded, read_announcements
from functions.api.schemas.problems import problems
from functions.api.schemas.uploads import NEW_UPLOADS, AnnouncedUploads
from functions.bootstrap import Application
from infra.database.idempotency import KeyTaken, RequestKey

router = APIRouter(tags=["documents"])

#: Sessions that are begun at once; the storage's client keeps ten connections open.
_SESSIONS_AT_ONCE: Final = 8
_ORIGIN: Final = re.compile(r"https?://[!-~]{1,250}")


@dataclass(frozen=True, slots=True)
class Held:
    """A document that waits for its upload, and for a batch."""

    document_id: DocumentId
    #: Where the caller is to send the file; None where it is here.
    upload_url: str | None
    #: Whether the same request was here before.
    replayed: bool = False


@router.post(
    "/v1/uploads",
    summary="Announce documents for a batch",
    status_code=201,
    response_model=AnnouncedUploads,
    openapi_extra={"requestBody": NEW_UPLOADS},
    responses=problems(400, 413, 422),
)
async def create_uploads(request: Request, app: App, caller: Submitter) -> JSONResponse:
    """Say where up to a thousand documents are to be sent, each with one PUT or several.

    Nothing is read until a batch names their ids. Those that no batch has named within a week are
    removed.
    """
    wanted = decoded(await read_announcements(request), NewUploads, FIELDS)
    matter = matter_for(caller, wanted.matter, field="matter")
    held = await run_in_threadpool(_hold, app, caller, wanted.documents, matter, origin_of(request))
    answer = [
        {"document_id": str(each.document_id), "upload_url": each.upload_url} for each in held
    ]
    return JSONResponse({"uploads": answer}, status_code=201)


def origin_of(request: Request) -> str | None:
    """Return the page that will upload, where a browser has it."""
    origin = request.headers.get("origin", "")
    return origin if _ORIGIN.fullmatch(origin) else None


def plain_filename(filename: str) -> str:
    """Return a file's name without folders, and without what Postgres takes for no text."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1].replace("\0", "")[:255]
    # Half a surrogate pair, which an odd charset of a form may spell.
    return name.encode(errors="replace").decode() or "document.pdf"


def check_size(app: Application, size: int) -> None:
    """InvalidRequest (413) for a document that is larger than any may be."""
    limit = app.settings.storage.max_document_bytes
    if size > limit:
        raise InvalidRequest(
            f"A document may have {limit:,} bytes. Split it, and send the parts.",
            code="DOCUMENT_TOO_LARGE",
            status=413,
        )


def hold_one(
    app: Application, caller: Caller, announced: NewDocument, key: str | None, origin: str | None
) -> Held:
    """Store a document's row without a job, or find the one that was made for this key."""
    options = announced.options
    if msgspec.structs.replace(options, matter=None) != DocumentOptions():
        raise InvalidRequest(
            "With `process` false, `options` may have a `matter` and nothing else: the batch says "
            "what to read.",
            status=422,
        )
    matter = matter_for(caller, options.matter)
    wanted = NewUpload(announced.filename, announced.size, announced.sha256)
    if key is None:
        return _hold(app, caller, [wanted], matter, origin)[0]
    told = msgspec.json.encode(("held", wanted, matter))
    request = RequestKey(key, sha256(told).hexdigest())
    if (known := _known(app, caller, request, announced.size, origin)) is not None:
        return known
    try:
        return _hold(app, caller, [wanted], matter, origin, request)[0]
    except KeyTaken as error:
        if (known := _known(app, caller, request, announced.size, origin)) is not None:
            return known
        raise TransientError(
            "The same request was here at this moment, and has been taken back. Send it again.",
            code="REQUEST_TAKEN_BACK",
        ) from error


def _hold(
    app: Application,
    caller: Caller,
    wanted: Sequence[NewUpload],
    matter: str | None,
    origin: str | None,
    request: RequestKey | None = None,
) -> list[Held]:
    """Begin the uploads, then write their documents: an upload that nobody is told of is none."""
    for each in wanted:
        check_size(app, each.size)
    documents = [_document(app, each) for each in wanted]

    def begun(document: HeldDocument) -> str:
        return app.uploads.begin_upload(document.source.name, document.size, origin=origin)

    with ThreadPoolExecutor(min(_SESSIONS_AT_ONCE, len(documents))) as threads:
        sessions = [threads.submit(copy_context().run, begun, each) for each in documents]
        urls = [session.result() for session in sessions]
    app.held_documents.hold(
        documents,
        owner=caller.owner,
        matter=matter,
        request=request,
        request_age=app.request_keys.age,
    )
    return [Held(document.id, url) for document, url in zip(documents, urls, strict=True)]


def _document(app: Application, wanted: NewUpload) -> HeldDocument:
    document_id = DocumentId(uuid4())
    return HeldDocument(
        document_id,
        plain_filename(wanted.filename),
        app.uploads.upload_ref(upload(document_id)),
        wanted.size,
        wanted.sha256 and wanted.sha256.lower(),
    )


def _known(
    app: Application, caller: Caller, request: RequestKey, size: int, origin: str | None
) -> Held | None:
    """Return what was made for the key. InvalidRequest (422) for another request."""
    known = app.request_keys.recall(caller.owner, request.key)
    if known is None:
        return None
    if known.fingerprint != request.fingerprint or known.document_id is None:
        raise InvalidRequest(
            "This Idempotency-Key was used for another request. Send a new key with it.",
            code="IDEMPOTENCY_KEY_REUSED",
            status=422,
        )
    name = upload(known.document_id)
    is_there = app.uploads.find(app.uploads.upload_ref(name)) is not None
    url = None if is_there else app.uploads.begin_upload(name, size, origin=origin)
    return Held(known.document_id, url, replayed=True)


def answer_of(held: Held) -> dict[str, Any]:
    """Return a document that is held as the API shows it."""
    answer: dict[str, Any] = {
        "document_id": str(held.document_id),
        "status": "pending",
        "links": {"self": f"/v1/documents/{held.document_id}"},
    }
    if held.upload_url:
        answer["upload"] = {"url": held.upload_url, "method": "PUT"}
    return answer
