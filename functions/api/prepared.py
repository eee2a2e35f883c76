"""A document's sentences and passages, as the stages after OCR have made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from common.errors import NotFound
from common.prepared import NotPrepared, Wanted
from common.stage_rows import Passage, Sentence
from functions.api.auth import App, Reader
from functions.api.paging import PositionCursor, cursor_behind_position, position_in_text
from functions.api.patterns import LANGUAGE
from functions.api.schemas.prepared import PassagePage, SentencePage
from functions.api.schemas.problems import problems

router = APIRouter(tags=["documents"])

_Row = TypeVar("_Row", Sentence, Passage)


def rows_wanted(
    page: Annotated[
        int | None,
        Query(ge=1, le=2**31 - 1, description="Only those on this page, also in part."),
    ] = None,
    language: Annotated[
        str | None,
        Query(
            min_length=2,
            max_length=35,
            pattern=LANGUAGE,
            description="Only those in this language (BCP-47): `fr` is any French.",
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="At most so many.")] = 100,
    cursor: PositionCursor = None,
) -> Wanted:
    """Read which rows a caller wants to see; one more, to know whether any follow."""
    return Wanted(page, language, after=position_in_text(cursor), limit=limit + 1)


Those = Annotated[Wanted, Depends(rows_wanted)]


@router.get(
    "/v1/documents/{document_id}/sentences",
    summary="List a document's sentences",
    response_model=SentencePage,
    responses=problems(404, 422),
)
def list_sentences(document_id: UUID, app: App, caller: Reader, wanted: Those) -> dict[str, Any]:
    """List sentences in the order of reading, each with where it stands on its pages.

    Running headers, footers and page numbers are not among them. `NOT_PREPARED` says that the
    stages after OCR have not made them, and how to have them made.
    """
    found = _there(app.prepared_texts.sentences(document_id, caller, wanted), "sentences")
    rows, cursor = _page(found, wanted)
    return {"sentences": rows, "next_cursor": cursor}


@router.get(
    "/v1/documents/{document_id}/passages",
    summary="List a document's passages",
    response_model=PassagePage,
    responses=problems(404, 422),
)
def list_passages(document_id: UUID, app: App, caller: Reader, wanted: Those) -> dict[str, Any]:
    """List passages in the order of reading: what `/search` finds, and what to give to a model.

    No sentence is divided between two. `NOT_PREPARED` says that the stages after OCR have not made
    them, and how to have them made.
    """
    found = _there(app.prepared_texts.passages(document_id, caller, wanted), "passages")
    rows, cursor = _page(found, wanted)
    return {"passages": rows, "next_cursor": cursor}


def _there(found: list[_Row] | NotPrepared | None, what: str) -> list[_Row]:
    if found is None:
        raise NotFound("There is no document with this id.", code="DOCUMENT_NOT_FOUND")
    if isinstance(found, NotPrepared):
        if found.is_awaited:
            sentence = f"The document's {what} are not made yet. Follow its job's events."
        else:
            sentence = (
                f"No {what} were made of the document. Have them made: POST "
                '/v1/jobs/JOB_ID/stages with {"stages": ["passages"]}.'
            )
        raise NotFound(sentence, code="NOT_PREPARED")
    return found


def _page(found: Sequence[_Row], wanted: Wanted) -> tuple[list[dict[str, Any]], str | None]:
    limit = wanted.limit - 1
    shown = [row._asdict() for row in found[:limit]]
    if len(found) <= limit:
        return shown, None
    return shown, cursor_behind_position(found[limit - 1].position)
