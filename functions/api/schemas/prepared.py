"""Sentences and passages as they are answered."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from functions.api.schemas.base import Answer, Count, PageNumber, described

#: page, x0, y0, x1, y1.
_Box = Annotated[list[float], Field(min_length=5, max_length=5)]
_Boxes = Annotated[
    list[_Box],
    Field(
        description="Where it stands: page, x0, y0, x1, y1 for each line, in fractions of the "
        "page as it is looked at, from its upper left corner."
    ),
]
_Language = Annotated[str, Field(description="BCP-47; `und` where nobody knows.")]
_Next = Annotated[
    str | None, Field(description="Send it as `cursor` for the next page; null on the last.")
]

_SENTENCE: Final[dict[str, Any]] = {
    "position": 118,
    "text": "It takes effect when the other party receives it.",
    "normalized": None,
    "language": "en",
    "page_start": 12,
    "start": 964,
    "page_end": 12,
    "end": 1013,
    "paragraph": 31,
    "level": 0,
    "boxes": [[12, 0.431, 0.402, 0.873, 0.418], [12, 0.118, 0.421, 0.214, 0.437]],
}

_PASSAGE: Final[dict[str, Any]] = {
    "position": 41,
    "text": "Notice is given in writing. It takes effect when the other party receives it.",
    "language": "en",
    "tokens": 26,
    "page_start": 12,
    "page_end": 12,
    "first_sentence": 117,
    "last_sentence": 118,
    "boxes": [[12, 0.118, 0.402, 0.873, 0.418], [12, 0.118, 0.421, 0.214, 0.437]],
}


class SentenceOfDocument(Answer):
    """A sentence, or a heading, or what a table says. Offsets are code points."""

    position: Annotated[Count, Field(description="In the document, from 0.")]
    text: Annotated[str, Field(description="In one piece, also across a page break.")]
    normalized: Annotated[
        str | None,
        Field(description="As a model has put it right; null where none was asked to."),
    ]
    language: _Language
    page_start: PageNumber
    start: Annotated[Count, Field(description="Where it begins in the first page's clean text.")]
    page_end: PageNumber
    end: Annotated[Count, Field(description="Where it ends in the last page's.")]
    paragraph: Annotated[Count, Field(description="Its paragraph in the document, from 0.")]
    level: Annotated[Count, Field(description="Of a heading, from 1; 0 of everything else.")]
    boxes: _Boxes


class SentencePage(Answer):
    """One page of a document's sentences."""

    model_config = described({"sentences": [_SENTENCE], "next_cursor": "118"})

    sentences: Annotated[list[SentenceOfDocument], Field(description="In the order of reading.")]
    next_cursor: _Next


class PassageOfDocument(Answer):
    """Consecutive sentences that are found and quoted together."""

    position: Annotated[Count, Field(description="In the document, from 0.")]
    text: Annotated[str, Field(description="Its paragraphs are divided by line breaks.")]
    language: Annotated[str, Field(description="That of the most of it (BCP-47).")]
    tokens: Annotated[Count, Field(description="About: no model's own.")]
    page_start: PageNumber
    page_end: PageNumber
    first_sentence: Count
    last_sentence: Annotated[
        Count, Field(description="The next passage may begin with the last sentences of this one.")
    ]
    boxes: _Boxes


class PassagePage(Answer):
    """One page of a document's passages."""

    model_config = described({"passages": [_PASSAGE], "next_cursor": None})

    passages: Annotated[list[PassageOfDocument], Field(description="In the order of reading.")]
    next_cursor: _Next
