"""The shape of what was read: a page with its blocks, paragraphs, lines and words.

`start` and `end` of an element are code-point offsets into the text that holds it: a chunk's
`full_text` in a chunk result, the document's text in the merged result. The words, and likewise
the lines, of a page tile its text exactly: each begins where the one before it ended.

A `box` is x0, y0, x1, y1 in fractions of the page as it is looked at (rotation applied), from
its upper left corner.
"""

from __future__ import annotations

import msgspec

Box = tuple[float, float, float, float]


class Word(msgspec.Struct, gc=False):
    """One token. `text` has no white space at its end; the text between its offsets may."""

    text: str
    start: int
    end: int
    box: Box
    confidence: float


class Line(msgspec.Struct, gc=False):
    """Words on one base line."""

    start: int
    end: int
    box: Box
    confidence: float
    words: list[Word]


class Paragraph(msgspec.Struct, gc=False):
    """Lines that belong together."""

    start: int
    end: int
    box: Box
    confidence: float
    lines: list[Line]


class Block(msgspec.Struct, gc=False):
    """Paragraphs in one area of the page."""

    start: int
    end: int
    box: Box
    confidence: float
    paragraphs: list[Paragraph]


class Page(msgspec.Struct, gc=False):
    """One page that was read. `number` is the document's own, from 1."""

    number: int
    #: In `unit`: pixels of the picture that was read.
    width: float
    height: float
    unit: str
    start: int
    end: int
    text: str
    confidence: float
    #: BCP-47 codes, the most likely first.
    languages: list[str]
    blocks: list[Block]


class PageError(msgspec.Struct, gc=False):
    """One page that could not be read, and why."""

    number: int
    code: str
    message: str


class ChunkResult(msgspec.Struct, gc=False):
    """What one chunk's pages say. Its name in the store is made by `common.names`."""

    document_id: str
    chunk_index: int
    page_start: int
    page_end: int
    #: Pages that were read; those that could not be stand in `errors`.
    page_count: int
    overall_confidence: float
    full_text: str
    pages: list[Page]
    errors: list[PageError] = []
