"""Passages of documents, found by their words and by what they are about."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from common.access import Caller
from common.errors import NotFound
from common.search import FoundPassage, SearchMode, SearchRequest
from functions.api.auth import App, Reader
from functions.api.patterns import LANGUAGE, WITHOUT_NUL
from functions.api.schemas.problems import problems
from functions.api.schemas.search import SearchResults
from functions.bootstrap import Application

router = APIRouter(tags=["documents"])

Words = Annotated[
    str,
    Query(
        min_length=1,
        max_length=1000,
        pattern=WITHOUT_NUL,
        description='A question or some words; `"a phrase"` and `-without` are understood.',
        examples=["when does a notice take effect"],
    ),
]
Language = Annotated[
    str | None,
    Query(
        min_length=2,
        max_length=35,
        pattern=LANGUAGE,
        description="Only passages in this language (BCP-47): `fr` is any French.",
    ),
]
Mode = Annotated[
    SearchMode,
    Query(description="`text`: by words; `vectors`: by what it is about; `hybrid`: by both."),
]
Limit = Annotated[int, Query(ge=1, le=50, description="Passages in the answer.")]


@router.get(
    "/v1/search",
    summary="Search in all documents",
    response_model=SearchResults,
    responses=problems(422),
)
def search(
    app: App,
    caller: Reader,
    q: Words,
    document: Annotated[
        list[UUID], Query(max_length=100, description="Only these; repeat it for several.")
    ] = [],  # noqa: B006 - never changed; FastAPI reads the default
    matter: Annotated[
        str | None,
        Query(min_length=1, max_length=255, pattern=WITHOUT_NUL, description="Only this matter."),
    ] = None,
    language: Language = None,
    mode: Mode = SearchMode.HYBRID,
    limit: Limit = 10,
) -> dict[str, Any]:
    """Find the passages that say what is asked for, in whatever words.

    Two rankings are made one (reciprocal rank fusion): of passages with words of `q`, in any form
    that they have in the passage's language, and of passages that are about the same. Where the
    second can't be made, `notes` says why, and `mode_used` is `text`. Only documents whose jobs
    went through the stages after OCR are searched.
    """
    request = SearchRequest(q, tuple(document), matter, language, mode, limit)
    return _answered(app, request, caller)


@router.get(
    "/v1/documents/{document_id}/search",
    summary="Search in a document",
    response_model=SearchResults,
    responses=problems(404, 422),
)
def search_document(
    document_id: UUID,
    app: App,
    caller: Reader,
    q: Words,
    language: Language = None,
    mode: Mode = SearchMode.HYBRID,
    limit: Limit = 10,
) -> dict[str, Any]:
    """Find the passages of one document that say what is asked for, in whatever words.

    As `/v1/search` does. `searchable` is false where the document has no passages yet. For a text
    exactly as it stands on the pages, there is `/find`.
    """
    if not app.passage_search.has(document_id, caller):
        raise NotFound("There is no document with this id.", code="DOCUMENT_NOT_FOUND")
    request = SearchRequest(q, (document_id,), None, language, mode, limit)
    return _answered(app, request, caller)


def _answered(app: Application, request: SearchRequest, caller: Caller) -> dict[str, Any]:
    answer = app.search(request, caller)
    return {
        "query": request.query,
        "mode_used": answer.mode,
        "searchable": answer.scope.documents > 0,
        "documents": answer.scope.documents,
        "results": [_shown(passage) for passage in answer.results],
        "notes": [{"code": note.code, "detail": note.message} for note in answer.notes],
    }


def _shown(passage: FoundPassage) -> dict[str, Any]:
    shown = asdict(passage)
    ranks = {"text": shown.pop("text_rank"), "vectors": shown.pop("vector_rank")}
    ids = {"document_id": str(passage.document_id), "job_id": str(passage.job_id)}
    return shown | ids | {"ranks": ranks}
