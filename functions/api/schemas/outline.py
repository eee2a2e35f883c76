"""A document's sections as they are answered."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from functions.api.schemas.base import Answer, Count, PageNumber, described

_SECTIONS: Final[list[dict[str, Any]]] = [
    {
        "position": 0,
        "parent": None,
        "depth": 0,
        "title": "Lease of the mill",
        "page_start": 1,
        "page_end": 14,
        "first_passage": 0,
        "last_passage": 46,
        "summary": "The tenant keeps the mill and its race in repair.",
    },
    {
        "position": 1,
        "parent": 0,
        "depth": 1,
        "title": "1. Notices",
        "page_start": 12,
        "page_end": 12,
        "first_passage": 41,
        "last_passage": 42,
        "summary": "Notice is given in writing.",
    },
]

_Passage = Annotated[
    int | None,
    Field(
        ge=0,
        description="Of `/passages`; null where the section is a small part of a passage, which "
        "counts to a section beside it.",
    ),
]


class SectionOfDocument(Answer):
    """The document or a part of it."""

    position: Annotated[Count, Field(description="In the order of reading; 0 is the document.")]
    parent: Annotated[
        int | None, Field(ge=0, description="The section it is part of; null for the document.")
    ]
    depth: Annotated[Count, Field(description="How many it lies within.")]
    title: Annotated[str, Field(description="Its first words where it has none of its own.")]
    page_start: PageNumber
    page_end: PageNumber
    first_passage: _Passage
    last_passage: _Passage
    summary: Annotated[
        str,
        Field(description="Its sentences that say the most, as they stand; empty without any."),
    ]


class Outline(Answer):
    """Sections in the order of reading: each before its parts."""

    model_config = described({"sections": _SECTIONS, "next_cursor": None})

    sections: list[SectionOfDocument]
    next_cursor: Annotated[
        str | None, Field(description="Send it as `cursor` for the next page; null on the last.")
    ]
