"""People, organisations, places, dates and amounts that a document names."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from common.errors import NotFound
from common.named import NamedThing, WantedThings
from common.prepared import NotPrepared
from common.stage_rows import EntityKind
from functions.api.auth import App, Reader
from functions.api.paging import PositionCursor, cursor_behind_position, position_in_text
from functions.api.patterns import WITHOUT_NUL
from functions.api.schemas.entities import EntityPage
from functions.api.schemas.problems import problems

router = APIRouter(tags=["documents"])


@router.get(
    "/v1/documents/{document_id}/entities",
    summary="List what a document names",
    response_model=EntityPage,
    responses=problems(404, 422),
)
def list_entities(
    document_id: UUID,
    app: App,
    caller: Reader,
    kind: Annotated[EntityKind | None, Query(description="Only these.")] = None,
    q: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=200,
            pattern=WITHOUT_NUL,
            description="A part of how it is written; case and accents make no difference.",
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="At most so many.")] = 100,
    cursor: PositionCursor = None,
) -> dict[str, Any]:
    """List people, organisations, places, dates and amounts, each once, the most frequent first.

    What is written in several ways is one where it says the same day or amount, or differs in case
    and accents only. A mention where two passages overlap counts in both. `NOT_PREPARED` says that
    the stage `entities` has not been gone through, and how to have it done.
    """
    after = position_in_text(cursor) + 1
    wanted = WantedThings(kind=kind, text=q, after=after, limit=limit)
    found = app.named_things.things(document_id, caller, wanted)
    if found is None:
        raise NotFound("There is no document with this id.", code="DOCUMENT_NOT_FOUND")
    if isinstance(found, NotPrepared):
        raise NotFound(
            "The document's entities are not found yet. Follow its job's events."
            if found.is_awaited
            else "Nobody has looked for entities in the document. Have it done: POST "
            '/v1/jobs/JOB_ID/stages with {"stages": ["entities"]}.',
            code="NOT_PREPARED",
        )
    reached = after + len(found.things)
    is_last = not found.things or reached >= found.total
    return {
        "entities": [_shown(thing) for thing in found.things],
        "total": found.total,
        "next_cursor": None if is_last else cursor_behind_position(reached - 1),
    }


def _shown(thing: NamedThing) -> dict[str, Any]:
    return {
        "kind": thing.kind,
        "text": thing.text,
        "value": thing.value,
        "count": thing.count,
        "pages": thing.pages,
        "page_count": thing.page_count,
        "confidence": thing.confidence,
    }
