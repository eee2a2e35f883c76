"""Pages as they are answered: their words with boxes, and hits in their text."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from functions.api.schemas.base import Answer, Count, PageNumber, described

_TEXT: Final = "Page two\n\nThe binder counts the loose sheets."

_WORDS: Final[list[dict[str, Any]]] = [
    {
        "text": "Page",
        "start": 911,
        "end": 916,
        "box": [0.1076, 0.0765, 0.1529, 0.0903],
        "confidence": 0.9912,
    },
    {
        "text": "two",
        "start": 916,
        "end": 921,
        "box": [0.158, 0.0765, 0.1899, 0.0903],
        "confidence": 0.9874,
    },
]

Share = Annotated[float, Field(description="From 0 to 1.")]


class PageWord(Answer):
    """A word of the page."""

    text: str
    start: Annotated[Count, Field(description="Where it begins in the document's text.")]
    end: Annotated[
        Count, Field(description="Where the next begins: the space behind it is within.")
    ]
    box: Annotated[
        list[float],
        Field(
            min_length=4,
            max_length=4,
            description="x0, y0, x1, y1 in fractions of the page as it is looked at, from its "
            "upper left corner: over the picture they fit in any size.",
        ),
    ]
    confidence: Share


class PageOfDocument(Answer):
    """A page that was read. Offsets are code points of the document's text, from 0."""

    model_config = described(
        {
            "number": 2,
            "width": 1653.0,
            "height": 2339.0,
            "unit": "pixels",
            "start": 911,
            "end": 911 + len(_TEXT),
            "confidence": 0.9893,
            "languages": ["en"],
            "text": _TEXT,
            "words": _WORDS,
        }
    )

    number: PageNumber
    width: Annotated[float, Field(description="In `unit`.")]
    height: Annotated[float, Field(description="In `unit`.")]
    unit: str
    start: Annotated[Count, Field(description="Where its text begins in the document's.")]
    end: Count
    confidence: Share
    languages: Annotated[list[str], Field(description="BCP-47 codes, the most likely first.")]
    text: str
    words: Annotated[
        list[PageWord],
        Field(description="In reading order. Empty where `boxes` were not among the `outputs`."),
    ]


class TextHit(Answer):
    """A place in the text. Offsets are code points, which JavaScript's lengths are not."""

    page: PageNumber
    snippet: Annotated[str, Field(description="A line of text around it.")]
    snippet_start: Annotated[Count, Field(description="Where in the snippet it begins.")]
    snippet_end: Count
    start: Annotated[Count, Field(description="Where it begins in the document's text.")]
    end: Count
    words: Annotated[
        list[Count], Field(description="Which of the page's `words` it touches, from 0.")
    ]


class TextHits(Answer):
    """Some of the hits, in the pages' order, and how many there are."""

    model_config = described(
        {
            "query": "loose sheets",
            "total": 1,
            "hits": [
                {
                    "page": 2,
                    "snippet": "Page two The binder counts the loose sheets.",
                    "snippet_start": 31,
                    "snippet_end": 43,
                    "start": 942,
                    "end": 954,
                    "words": [6, 7],
                }
            ],
            "next": None,
        }
    )

    query: str
    total: Count
    hits: list[TextHit]
    next: Annotated[int | None, Field(description="`after` for what follows; null at the end.")]
