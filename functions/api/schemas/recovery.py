"""What a recovery leaves alone, and the bodies that recoveries and warm batches are asked with."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from functions.api.schemas.base import Answer, Id, Link, described
from functions.api.schemas.examples import DOCUMENT_ID, JOB_ID

_SKIPPED: Final[dict[str, Any]] = {
    "document_id": DOCUMENT_ID,
    "job_id": JOB_ID,
    "filename": "annual-report.pdf",
    "pages": "3,7-9",
    "code": "UNREADABLE_PAGE",
    "message": "Document AI could not read the picture of this page.",
    "links": {"document": f"/v1/documents/{DOCUMENT_ID}", "job": f"/v1/jobs/{JOB_ID}"},
}


class SkippedLinks(Answer):
    """Where to read on."""

    document: Link
    job: Link


class SkippedPages(Answer):
    """What a recovery leaves alone of one document, for one reason."""

    model_config = described(_SKIPPED)

    document_id: Id
    job_id: Id
    filename: str
    pages: Annotated[
        str | None, Field(description="Which pages; `null` where it is the whole document.")
    ]
    code: Annotated[str, Field(description="Why; stable, for programs.")]
    message: Annotated[str, Field(description="Why, for people.")]
    links: SkippedLinks


class SkippedPage(Answer):
    """One page of what a recovery leaves alone."""

    model_config = described({"skipped": [_SKIPPED], "next_cursor": "100"})

    skipped: list[SkippedPages]
    next_cursor: Annotated[str | None, Field(description="`null` on the last page.")]


RECOVER: Final[dict[str, Any]] = {
    "description": "May be left out.",
    "content": {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/RecoverOptions"},
            "example": {"strategy": "selective", "priority": "high"},
        }
    },
}

WARM: Final[dict[str, Any]] = {
    "description": "May be left out.",
    "content": {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/WarmOptions"},
            "example": {"priority": "low"},
        }
    },
}
