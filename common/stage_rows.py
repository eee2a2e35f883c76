"""What the stages after OCR make: one row type a table.

Texts are the text of their page (`page_texts.text`), and offsets code points into it. Boxes are
`[page, x0, y0, x1, y1]` in fractions of the page as it is looked at, one for each line.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

LineBox = tuple[int, float, float, float, float]
#: What there is of an embedding's 256 numbers, wherever they go.
Vector = list[float]
DIMENSIONS = 256


class ParagraphKind(StrEnum):
    """What a paragraph is to a reader."""

    BODY = "body"  #: Running text
    HEADING = "heading"  #: A title, with a level
    LIST_ITEM = "list_item"  #: One of several, begun by a bullet or a number
    TABLE = "table"  #: Cells side by side: nothing to be read as sentences


class LaidParagraph(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A paragraph's part on one page."""

    start: int
    end: int
    kind: ParagraphKind
    #: Of a heading, from 1; 0 of everything else.
    level: int
    #: Whether it goes on from the page before.
    continues: bool


class LaidWord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a piece of the text stands; a word that was divided at a line's end has two."""

    start: int
    end: int
    #: Lines of a page are numbered from 0.
    line: int
    x0: float
    y0: float
    x1: float
    y1: float


class Layout(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a page's text comes from."""

    paragraphs: list[LaidParagraph]
    words: list[LaidWord]


class PageText(NamedTuple):
    """A page as running text."""

    page: int
    text: str
    #: What stands between this page's text and the next one's: "\\n\\n" where a paragraph ends, " "
    #: where it goes on, "" where a divided word does.
    join_next: str
    #: BCP-47; "und" where nobody knows.
    language: str
    #: What was set aside at the top and the foot, its lines divided by line breaks.
    header: str
    footer: str
    layout: Layout


class Sentence(NamedTuple):
    """One sentence. It may begin on one page and end on another."""

    position: int
    #: In one piece: single spaces, no line breaks.
    text: str
    language: str
    page_start: int
    start: int
    page_end: int
    end: int
    paragraph: int
    boxes: list[LineBox]
    #: As a model has put it right; None where none was asked.
    normalized: str | None = None
    #: Of a heading, from 1; 0 of everything else.
    level: int = 0


class Passage(NamedTuple):
    """Consecutive sentences that are found and quoted together."""

    position: int
    text: str
    language: str
    tokens: int
    page_start: int
    page_end: int
    first_sentence: int
    last_sentence: int
    boxes: list[LineBox]


class EntityKind(StrEnum):
    """What is named."""

    PERSON = "person"
    ORGANISATION = "organisation"
    PLACE = "place"
    DATE = "date"
    AMOUNT = "amount"


class Entity(NamedTuple):
    """A name, a date or an amount in a passage."""

    passage: int
    #: Among the passage's, from 0.
    place: int
    kind: EntityKind
    text: str
    #: Code points into the passage's text.
    start: int
    end: int
    page: int
    #: A date in ISO 8601 (as far as it says), an amount as `1234.50 EUR`; None where there is none.
    value: str | None
    confidence: float


class Embedding(NamedTuple):
    """What a passage is about, as a model says it: 256 numbers of length 1."""

    position: int
    embedding: Vector


class TreeNode(NamedTuple):
    """The document, or a part of it. The root is at 0 and has no parent."""

    position: int
    parent: int | None
    depth: int
    title: str
    page_start: int
    page_end: int
    #: Its passages, those of its parts included. None of them: last < first.
    first_passage: int
    last_passage: int
    #: Sentences of it that say the most.
    summary: str
    #: The mean of its passages' embeddings; None without them.
    centroid: Vector | None


class PublishedVectors(NamedTuple):
    """Embeddings of these passages that go where they are searched; the database copies them."""

    first: int
    last: int


StageRow = PageText | Sentence | Passage | Entity | Embedding | TreeNode | PublishedVectors
