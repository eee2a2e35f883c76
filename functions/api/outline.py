"""A document's sections, one within the other."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from common.errors import NotFound
from common.prepared import NotPrepared
from common.stage_rows import TreeNode
from functions.api.auth import App, Reader
from functions.api.paging import PositionCursor, cursor_behind_position, position_in_text
from functions.api.schemas.outline import Outline
from functions.api.schemas.problems import problems

router = APIRouter(tags=["documents"])


@router.get(
    "/v1/documents/{document_id}/outline",
    summary="Show a document's outline",
    response_model=Outline,
    responses=problems(404, 422),
)
def get_outline(
    document_id: UUID,
    app: App,
    caller: Reader,
    deepest: Annotated[
        int | None,
        Query(ge=0, le=100, description="Only down to this depth; 0 is the document alone."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=5000, description="At most so many.")] = 1000,
    cursor: PositionCursor = None,
) -> dict[str, Any]:
    """List the document's sections, each with its pages, its passages and a summary.

    They follow the PDF's bookmarks, else the headings; what is long and has neither is divided
    into parts of 20 passages at most. Passages belong to the deepest section that lists them.
    `NOT_PREPARED` says that the stage `tree` has not been gone through, and how to have it done.
    """
    after = position_in_text(cursor)
    found = app.outlines.nodes(document_id, caller, after=after, limit=limit + 1, deepest=deepest)
    if found is None:
        raise NotFound("There is no document with this id.", code="DOCUMENT_NOT_FOUND")
    if isinstance(found, NotPrepared):
        raise NotFound(
            "The document's outline is not made yet. Follow its job's events."
            if found.is_awaited
            else "No outline was made of the document. Have it made: POST "
            '/v1/jobs/JOB_ID/stages with {"stages": ["tree"]}.',
            code="NOT_PREPARED",
        )
    return {
        "sections": [_shown(node) for node in found[:limit]],
        "next_cursor": cursor_behind_position(found[limit - 1].position)
        if len(found) > limit
        else None,
    }


def _shown(node: TreeNode) -> dict[str, Any]:
    shown = node._asdict()
    del shown["centroid"]
    if node.last_passage < node.first_passage:
        shown |= {"first_passage": None, "last_passage": None}
    return shown
