"""A document's pages as their reader sees them."""

from __future__ import annotations

from dataclasses import dataclass

from common.models import ObjectRef
from common.results import Box


@dataclass(frozen=True, slots=True)
class WordView:
    """A word. `start` and `end` are code points of the document's text."""

    text: str
    start: int
    end: int
    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class PageView:
    """A page that was read. `start` and `end` are code points of the document's text."""

    number: int
    width: float
    height: float
    unit: str
    start: int
    end: int
    confidence: float
    languages: tuple[str, ...]
    text: str
    #: In the order in which they are read; none where no boxes were asked for.
    words: tuple[WordView, ...]


@dataclass(frozen=True, slots=True)
class MissingPage:
    """A page of a document that has no text, and what is known about why."""

    #: None as long as the document has not been opened.
    page_count: int | None
    #: Whether it may still be read.
    is_awaited: bool
    #: Why it could not be read.
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in a document's text. Offsets are code points, of the text or of the snippet."""

    page: int
    start: int
    end: int
    snippet: str
    snippet_start: int
    snippet_end: int
    #: Which of the page's words it touches, from 0.
    words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hits:
    """Some of a search's hits, in the pages' order, and how many there are in all."""

    total: int
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class PictureSource:
    """Where a document's pages are drawn from."""

    source: ObjectRef
    #: In bytes.
    size: int
    page_count: int | None
