"""Turns Document AI's flat lists into pages of blocks, paragraphs, lines and words.

The service says where things are by anchors into the text of the whole answer: a page has one
flat list each of blocks, paragraphs, lines and tokens, and which of them holds which follows from
their anchors alone. Tokens almost tile the text, but nothing promises it: an anchor may be
missing, have several segments, or lie in no line or paragraph. Here they are made to tile, so
that merging can shift offsets without a second look.

Everything reads raw protobuf messages. A call may bring 20,000 tokens.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any, Final

from common.results import Block, Box, Line, Page, Paragraph, Word
from infra.ocr.anchors import (
    DIGITS,
    Finder,
    Piece,
    around,
    box_reader,
    joined,
    rounded,
    segments_of,
    span_of,
)

#: Where a piece lies: what it is ordered by.
_PLACE: Final = itemgetter(0, 1)
_NOWHERE: Final[Box] = (0.0, 0.0, 0.0, 0.0)


class _Open:
    """A line, paragraph or block that is being filled."""

    __slots__ = ("children", "layout")

    def __init__(self, layout: Any) -> None:
        self.layout = layout
        self.children: list[Any] = []


def pages_of(document: Any) -> list[Page]:
    """Return the pages of a raw `Document` message, numbered from 1 in the order they stand.

    The pages tile the document's text, and the words and lines of each page tile the page's.
    """
    text: str = document.text
    messages = list(document.pages)
    starts = _page_starts(messages, len(text))
    return [
        _page(number, message, text, start, end)
        for number, (message, (start, end)) in enumerate(
            zip(messages, pairwise([*starts, len(text)]), strict=True), start=1
        )
    ]


def _page_starts(messages: Sequence[Any], length: int) -> list[int]:
    # A page without any anchor is empty and begins where the next one that has one does; the
    # first page begins with the text.
    starts: list[int] = []
    following = length
    for message in reversed(messages):
        found = _first_offset(message)
        following = following if found is None else min(found, following)
        starts.append(following)
    starts.reverse()
    if starts:
        starts[0] = 0
    return starts


def _first_offset(message: Any) -> int | None:
    span = span_of(message.layout)
    if span is not None:
        return span[0]
    for pieces in (message.blocks, message.paragraphs, message.lines, message.tokens):
        offsets = [span[0] for piece in pieces if (span := span_of(piece.layout)) is not None]
        if offsets:
            return min(offsets)
    return None


def _page(number: int, message: Any, text: str, start: int, end: int) -> Page:
    width, height = message.dimension.width, message.dimension.height
    page = _PageText(text, start, end)
    lines = page.pieces(message.lines)
    paragraphs = page.pieces(message.paragraphs)
    blocks = page.pieces(message.blocks)
    tokens = page.pieces(message.tokens)
    for level in (lines, paragraphs, blocks):
        tokens = page.with_stand_ins(tokens, level)
    box_of = box_reader(width, height)
    words = page.words(tokens, box_of)
    offsets = [token.start for token in tokens]
    made = _nest(text, words, offsets, (blocks, paragraphs, lines), box_of)
    confidence = message.layout.confidence
    return Page(
        number=number,
        width=width,
        height=height,
        unit=message.dimension.unit or "pixels",
        start=start,
        end=end,
        text=text[start:end],
        confidence=rounded(confidence) if confidence else _mean(words),
        languages=[
            language.language_code
            for language in sorted(message.detected_languages, key=lambda one: -one.confidence)
            if language.language_code
        ],
        blocks=made,
    )


class _PageText:
    """One page's part of the text."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.start, self.end = text, start, end

    def pieces(self, elements: Iterable[Any]) -> list[Piece]:
        """Return the elements that have text on this page, in the text's order."""
        first, last = self.start, self.end
        found: list[Piece] = []
        for element in elements:
            layout = element.layout
            segments = layout.text_anchor.text_segments
            if len(segments) == 1:
                [only] = segments
                start, end, several = only.start_index, only.end_index, None
            elif segments:
                several = segments_of(layout)
                start, end = around(several)
            else:
                continue
            start, end = max(start, first), min(end, last)
            if start < end:
                found.append(Piece(start, end, layout, several))
        found.sort(key=_PLACE)
        return found

    def with_stand_ins(self, tokens: list[Piece], level: Sequence[Piece]) -> list[Piece]:
        """Add to the tokens every element with visible text in which no token begins."""
        starts = [token.start for token in tokens]
        missing = [
            piece
            for piece in level
            if bisect_left(starts, piece.start) == bisect_left(starts, piece.end)
            and self.text[piece.start : piece.end].strip()
        ]
        return sorted([*tokens, *missing], key=_PLACE) if missing else tokens

    def words(self, tokens: Sequence[Piece], box_of: Callable[[Any], Box | None]) -> list[Word]:
        """Make words that tile the page: what lies between two tokens goes to the first."""
        text, start = self.text, self.start
        words: list[Word] = []
        last = len(tokens) - 1
        for index, (own_start, own_end, layout, segments) in enumerate(tokens):
            end = self.end if index == last else max(tokens[index + 1].start, start)
            own = text[own_start:own_end] if segments is None else joined(text, segments)
            box = box_of(layout) or _NOWHERE
            words.append(Word(own.strip(), start, end, box, rounded(layout.confidence)))
            start = end
        return words


def _nest(
    text: str,
    words: Sequence[Word],
    offsets: Sequence[int],
    levels: tuple[Sequence[Piece], Sequence[Piece], Sequence[Piece]],
    box_of: Callable[[Any], Box | None],
) -> list[Block]:
    """Put each word into its line, each line into its paragraph, each paragraph into its block.

    Goes through the text once, so nothing ever stands out of the text's order: an element that
    another interrupts appears twice. What lies in no element of a level gets one made for it.
    """
    in_block, in_paragraph, in_line = (Finder(level).at for level in levels)
    roots: list[_Open] = []
    path: list[tuple[int | None, _Open]] = []
    before = 0
    for word, offset in zip(words, offsets, strict=True):
        line = in_line(offset)
        # Of words that are in no line, a line break in the text ends the line made for them.
        broken = line is None and text.find("\n", before, offset) >= 0
        if not path or path[2][0] != line or broken:
            begin = offset if line is None else levels[2][line].start
            keys = (in_block(begin), in_paragraph(begin), line)
            depth = 0
            while depth < min(len(path), 2) and path[depth][0] == keys[depth]:
                depth += 1
            del path[depth:]
            for level, key in enumerate(keys[depth:], start=depth):
                opened = _Open(None if key is None else levels[level][key].layout)
                (path[-1][1].children if path else roots).append(opened)
                path.append((key, opened))
        path[2][1].children.append(word)
        before = offset
    return [_block(block, box_of) for block in roots]


def _block(block: _Open, box_of: Callable[[Any], Box | None]) -> Block:
    return Block(*_closed(block, [_paragraph(one, box_of) for one in block.children], box_of))


def _paragraph(paragraph: _Open, box_of: Callable[[Any], Box | None]) -> Paragraph:
    lines = [Line(*_closed(line, line.children, box_of)) for line in paragraph.children]
    return Paragraph(*_closed(paragraph, lines, box_of))


def _closed(
    made: _Open, children: list[Any], box_of: Callable[[Any], Box | None]
) -> tuple[int, int, Box, float, list[Any]]:
    box = box_of(made.layout) if made.layout is not None else None
    confidence = made.layout.confidence if made.layout is not None else 0.0
    return (
        children[0].start,
        children[-1].end,
        box or _around([child.box for child in children]),
        rounded(confidence) if confidence else _mean(children),
        children,
    )


def _mean(elements: Sequence[Any]) -> float:
    if not elements:
        return 0.0
    total: float = sum(element.confidence for element in elements)
    return round(total / len(elements), DIGITS)


def _around(boxes: Sequence[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
