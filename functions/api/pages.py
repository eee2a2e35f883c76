"""What stands on a document's pages, where a text is found on them, and how they look."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import Response

from common.errors import Conflict, NotFound
from common.reading import Hit, MissingPage, PageView, PictureSource
from functions.api.auth import App, Reader
from functions.api.schemas.pages import PageOfDocument, TextHits
from functions.api.schemas.problems import problems

router = APIRouter(tags=["documents"])

#: Part of every picture's ETag: to be raised when pages are drawn in another way.
_DRAWN: Final = "1"
_ETAG: Final = re.compile(r'"[^"]*"')

_PICTURE_HEADERS: Final = {
    # Its upload never changes, but the next to use this browser may not be allowed to see it.
    "Cache-Control": "private, max-age=86400",
    "Vary": "Authorization, X-API-Key",
}
_PICTURE: Final[dict[str, Any]] = {
    "description": "The picture.",
    "content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}},
    "headers": {"ETag": {"description": "For `If-None-Match`.", "schema": {"type": "string"}}},
}

Number = Annotated[
    int, Path(ge=1, le=2**31 - 1, description="The document's own page number, from 1.")
]


@router.get(
    "/v1/documents/{document_id}/pages/{number}",
    summary="Show a page's words",
    response_model=PageOfDocument,
    responses=problems(404, 422),
)
def get_page(document_id: UUID, number: Number, app: App, caller: Reader) -> dict[str, Any]:
    """Give a page's text, and its words with their boxes and confidence.

    A page that is not in the document's result answers 404: `PAGE_NOT_READ` says why, and
    `PAGE_NOT_FOUND` that the document has no such page.
    """
    page = app.pages.find(document_id, number, caller)
    match page:
        case None:
            raise _no_document()
        case MissingPage():
            raise _not_read(number, page)
        case PageView():
            return _shown(page)


@router.get(
    "/v1/documents/{document_id}/find",
    summary="Find a text in a document",
    response_model=TextHits,
    responses=problems(404, 409, 422),
)
def find_in_document(
    document_id: UUID,
    app: App,
    caller: Reader,
    q: Annotated[str, Query(min_length=1, max_length=200, description="A word or a phrase.")],
    after: Annotated[
        int, Query(ge=0, le=2**31 - 1, description="`next` of the answer before.")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=100, description="Hits in one answer.")] = 20,
) -> dict[str, Any]:
    """Find a text on the document's pages: also within words, and across the ends of lines.

    Case, accents and hyphens make no difference, in the text and in `q`; nothing in `q` has a
    special meaning. Hits come in the pages' order and do not overlap. For passages that say what is
    asked for, in whatever words, there is `/search`.
    """
    found = app.pages.search(document_id, q, caller, after=after, limit=limit)
    if found is None:
        raise _no_document()
    if isinstance(found, MissingPage):
        raise Conflict(
            "The document has not been read yet. Follow its job's events."
            if found.is_awaited
            else "No page of the document was read, so there is nothing to search in.",
            code="DOCUMENT_NOT_READ",
        )
    reached = after + len(found.hits)
    return {
        "query": q,
        "total": found.total,
        "hits": [_hit(hit) for hit in found.hits],
        "next": reached if found.hits and reached < found.total else None,
    }


@router.get(
    "/v1/documents/{document_id}/pages/{number}/picture",
    summary="Draw a page",
    response_class=Response,
    responses={
        200: _PICTURE,
        304: {"description": "The picture with this ETag is still right."},
        **problems(404, 409, 422),
    },
)
def get_picture(
    document_id: UUID,
    number: Number,
    app: App,
    caller: Reader,
    width: Annotated[
        int, Query(ge=64, le=2400, description="In pixels; less for a very long page.")
    ] = 1200,
    if_none_match: Annotated[str, Header(description="ETags of pictures one has.")] = "",
) -> Response:
    """Draw a page of the upload as it is looked at: the words' boxes fit over it.

    Pages that could not be read can be drawn too. `PICTURE_UNAVAILABLE` says why one can't be:
    the document opens only with its password, is too large, damaged or removed.
    """
    document = app.pages.picture_source(document_id, caller)
    if document is None:
        raise _no_document()
    if document.page_count is None:
        raise NotFound(
            "The document has not been opened yet. Follow its job's events.", code="PAGE_NOT_READ"
        )
    if number > document.page_count:
        raise _no_page(document.page_count)
    etag = _etag(document, number, width)
    headers = {**_PICTURE_HEADERS, "ETag": etag}
    if if_none_match.strip() == "*" or etag in _ETAG.findall(if_none_match):
        return Response(status_code=304, headers=headers)
    picture = app.pictures.draw(
        document.source,
        size=document.size,
        page_count=document.page_count,
        number=number,
        width=width,
    )
    return Response(picture, media_type="image/webp", headers=headers)


def _no_document() -> NotFound:
    return NotFound("There is no document with this id.", code="DOCUMENT_NOT_FOUND")


def _no_page(page_count: int) -> NotFound:
    return NotFound(
        f"The document has {page_count:,} page{'s' if page_count > 1 else ''}.",
        code="PAGE_NOT_FOUND",
    )


def _not_read(number: int, page: MissingPage) -> NotFound:
    if page.page_count is not None and number > page.page_count:
        return _no_page(page.page_count)
    if page.message is not None:
        sentence = f"Page {number} could not be read: {page.message}"
    elif page.is_awaited:
        sentence = f"Page {number} has not been read yet. Follow the job's events."
    else:
        sentence = f"Page {number} is not in the result: it was not asked for, or not readable."
    return NotFound(sentence, code="PAGE_NOT_READ")


def _shown(page: PageView) -> dict[str, Any]:
    return {
        "number": page.number,
        "width": page.width,
        "height": page.height,
        "unit": page.unit,
        "start": page.start,
        "end": page.end,
        "confidence": page.confidence,
        "languages": page.languages,
        "text": page.text,
        "words": [
            {
                "text": word.text,
                "start": word.start,
                "end": word.end,
                "box": word.box,
                "confidence": word.confidence,
            }
            for word in page.words
        ],
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "page": hit.page,
        "snippet": hit.snippet,
        "snippet_start": hit.snippet_start,
        "snippet_end": hit.snippet_end,
        "start": hit.start,
        "end": hit.end,
        "words": hit.words,
    }


def _etag(document: PictureSource, number: int, width: int) -> str:
    source = document.source
    parts = (_DRAWN, source.bucket, source.name, source.generation, number, width)
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'
