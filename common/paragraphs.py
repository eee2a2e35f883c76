"""Paragraphs in one piece, over page breaks, and where on the pages a part of one stands."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from common.stage_rows import LineBox, PageText, ParagraphKind


class PageWords:
    """A page's words in the order of its text."""

    def __init__(self, page: PageText) -> None:
        self.page = page.page
        self.language = page.language
        self._words = page.layout.words
        self._starts = [word.start for word in self._words]

    def boxes(self, start: int, end: int) -> list[LineBox]:
        """Return one box for each line that the words between these offsets stand on."""
        words = self._words
        at = max(0, bisect_right(self._starts, start) - 1)
        # The halves of a divided word may both begin where it does.
        while at > 0 and words[at - 1].end > start:
            at -= 1
        found: list[LineBox] = []
        line: int | None = None
        x0 = y0 = x1 = y1 = 0.0
        for word in words[at : bisect_left(self._starts, end)]:
            if word.end <= start:
                continue
            if word.line == line:
                # A third of the stage's time is spent here.
                if word.x0 < x0:  # noqa: PLR1730 - twice as fast as a call
                    x0 = word.x0
                if word.y0 < y0:  # noqa: PLR1730 - twice as fast as a call
                    y0 = word.y0
                if word.x1 > x1:  # noqa: PLR1730 - twice as fast as a call
                    x1 = word.x1
                if word.y1 > y1:  # noqa: PLR1730 - twice as fast as a call
                    y1 = word.y1
                continue
            if line is not None:
                found.append((self.page, x0, y0, x1, y1))
            line, x0, y0, x1, y1 = word.line, word.x0, word.y0, word.x1, word.y1
        if line is not None:
            found.append((self.page, x0, y0, x1, y1))
        return found


class Piece(NamedTuple):
    """A paragraph's part on one page."""

    words: PageWords
    #: Where it stands in the page's text.
    start: int
    end: int
    #: Where it begins in the paragraph's.
    at: int
    kind: ParagraphKind
    level: int
    #: Pages of the document that were read before this one.
    pages_before: int


class Place(NamedTuple):
    """Where a part of a paragraph stands."""

    page_start: int
    start: int
    page_end: int
    end: int
    language: str
    boxes: list[LineBox]


class Paragraph:
    """A paragraph as it grows from page to page, or what is left of it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.text = ""
        self.pieces: list[Piece] = []

    @property
    def first(self) -> Piece:
        """Where it begins: this says what the paragraph is, and in which language."""
        return self.pieces[0]

    def add(self, piece: Piece, text: str, join: str) -> None:
        """Let it go on with this text."""
        if self.pieces:
            self.text += join
        self.pieces.append(piece._replace(at=len(self.text)))
        self.text += text

    def place(self, begin: int, end: int) -> Place:
        """Return where these characters of the text stand."""
        boxes: list[LineBox] = []
        first: tuple[int, int, str] | None = None
        page_end = last = 0
        for piece in self.pieces:
            length = piece.end - piece.start
            if piece.at + length <= begin:
                continue
            if piece.at >= end:
                break
            start = piece.start + max(0, begin - piece.at)
            last = piece.start + min(length, end - piece.at)
            page_end = piece.words.page
            if first is None:
                first = (page_end, start, piece.words.language)
            boxes += piece.words.boxes(start, last)
        assert first is not None, "a sentence is more than what joins two pages"
        return Place(first[0], first[1], page_end, last, first[2], boxes)

    def behind(self, at: int) -> Paragraph:
        """Return what is left of it from this character on."""
        rest = Paragraph(self.number)
        for piece in self.pieces:
            skipped = max(0, at - piece.at)
            if piece.start + skipped < piece.end:
                moved = piece._replace(start=piece.start + skipped, at=max(0, piece.at - at))
                rest.pieces.append(moved)
        rest.text = self.text[at:]
        return rest
