"""Reading order of a text layer: from words in their places to blocks, paragraphs and lines.

A PDF says where each word stands and nothing of what belongs together; its words may come in any
order. Columns of prose are read one after the other; tables and forms are read row by row.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from infra.local.ocr_engine.compose import FoundBlock, FoundWord
from infra.local.ocr_engine.geometry import turned
from infra.local.ocr_engine.text_layer import LayerWord

#: What separates columns, in heights of a line: wider than the blanks of justified text.
_GUTTER = 0.75
#: A column has so many rows at least, of so many words: below that it is a table's.
_COLUMN_ROWS = 3
_COLUMN_WORDS = 2.5
#: Pages of more rows are no prose; looking for columns would take its time and find none.
_MOST_ROWS = 400

Interval = tuple[float, float]


@dataclass(slots=True)
class _Item:
    """A word as if its writing were upright: x0, x1 of its box, y0, y1 of its line."""

    left: float
    right: float
    top: float
    bottom: float
    order: int
    word: LayerWord

    @property
    def height(self) -> float:
        return self.bottom - self.top


class _Row:
    """Words side by side. Its height is that of its tallest word."""

    def __init__(self, item: _Item) -> None:
        self.items = [item]
        self.top, self.bottom = item.top, item.bottom

    def takes(self, item: _Item) -> float:
        """Return how well a word fits: the overlap in parts of the lower one's height, or 0."""
        low, high = sorted((item.height, self.bottom - self.top))
        overlap = min(item.bottom, self.bottom) - max(item.top, self.top)
        return overlap / low if low > 0 and low >= high / 2 and overlap >= 0.6 * low else 0.0

    def add(self, item: _Item) -> None:
        self.items.append(item)
        if item.height > self.bottom - self.top:
            self.top, self.bottom = item.top, item.bottom

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def left(self) -> float:
        return min(item.left for item in self.items)

    def free(self, edge: Interval, narrowest: float) -> list[Interval]:
        """Return the parts of `edge` that no word of the row stands in."""
        gaps, at = [], edge[0]
        for item in sorted(self.items, key=lambda item: item.left):
            if item.left - at >= narrowest:
                gaps.append((at, item.left))
            at = max(at, item.right)
        if edge[1] - at >= narrowest:
            gaps.append((at, edge[1]))
        return gaps


def arrange(
    words: Sequence[LayerWord], confidence: float, width: int, height: int
) -> list[FoundBlock]:
    """Return the page's blocks in reading order.

    Writing that runs another way than most of the page's comes after it. Every word has the
    `confidence`. `width` and `height` are those of the page's picture, in pixels.
    """
    ways = defaultdict[int, list[_Item]](list)
    for order, word in enumerate(words):
        left, _, right, _ = turned(word.box, -word.turns, width, height)
        _, top, _, bottom = turned(word.line_box, -word.turns, width, height)
        ways[word.turns].append(_Item(left, right, top, bottom, order, word))
    blocks: list[FoundBlock] = []
    for items in sorted(ways.values(), key=len, reverse=True):
        rightwards = not _mostly_leftwards(item.word.text for item in items)
        for rows in _regions(items, rightwards):
            blocks.extend(_blocks(rows, confidence, rightwards))
    return blocks


def _rows(items: Sequence[_Item]) -> list[_Row]:
    rows: list[_Row] = []
    for item in sorted(items, key=lambda item: (item.top + item.bottom, item.left)):
        fitting, best = None, 0.0
        for row in reversed(rows[-8:]):
            fit = row.takes(item)
            if fit > best:
                fitting, best = row, fit
            if best > 0.9:
                break
        if fitting is None:
            rows.append(_Row(item))
        else:
            fitting.add(item)
    return sorted(rows, key=lambda row: row.top)


def _regions(items: Sequence[_Item], rightwards: bool) -> list[list[_Row]]:
    """Cut a page, or a column, into runs of rows that are read from top to bottom."""
    rows = _rows(items)
    if len(rows) > _MOST_ROWS:
        return [rows]
    edge = (min(item.left for item in items), max(item.right for item in items))
    narrowest = _GUTTER * median(item.height for item in items)
    free = [row.free(edge, narrowest) for row in rows]
    regions: list[list[_Row]] = []
    plain: list[_Row] = []
    at = 0
    while at < len(rows):
        end, gutters = _band(rows, free, at, narrowest)
        columns = _columns(rows[at:end], gutters)
        if len(columns) < 2:
            plain.append(rows[at])
            at += 1
            continue
        if plain:
            regions.append(plain)
            plain = []
        for column in columns if rightwards else reversed(columns):
            regions.extend(_regions(column, rightwards))
        at = end
    return [*regions, plain] if plain else regions


def _band(
    rows: Sequence[_Row], free: Sequence[list[Interval]], start: int, narrowest: float
) -> tuple[int, list[Interval]]:
    """Follow the white space of row `start` downwards while any of it goes on.

    Returns the row after the last that has it, and the white space that all of them share.
    """
    shared = free[start]
    end = start + 1
    while end < len(rows):
        further = [
            (max(a[0], b[0]), min(a[1], b[1]))
            for a in shared
            for b in free[end]
            if min(a[1], b[1]) - max(a[0], b[0]) >= narrowest
        ]
        if not further:
            break
        shared = further
        end += 1
    # Rows on one side only, after a blank line, are what follows the columns.
    while end - start > 1 and shared:
        last, before = rows[end - 1], rows[end - 2]
        if last.top - before.bottom <= last.height or len(_sides(last.items, shared)) > 1:
            break
        end -= 1
    return end, shared


def _sides(items: Sequence[_Item], gutters: Sequence[Interval]) -> dict[int, list[_Item]]:
    """Return the words by how many gutters lie left of them."""
    sides = defaultdict[int, list[_Item]](list)
    for item in items:
        sides[sum(gutter[1] <= item.left for gutter in gutters)].append(item)
    return sides


def _columns(rows: Sequence[_Row], gutters: list[Interval]) -> list[list[_Item]]:
    """Return the columns of prose between the gutters, from left to right; one if there is none."""
    while gutters:
        sides = defaultdict[int, list[_Item]](list)
        heights = defaultdict[int, int](int)
        for row in rows:
            for number, side in _sides(row.items, gutters).items():
                sides[number].extend(side)
                heights[number] += 1
        poor = [
            number
            for number in range(len(gutters) + 1)
            if heights[number] < _COLUMN_ROWS
            or len(sides[number]) < _COLUMN_WORDS * heights[number]
        ]
        if not poor:
            return [sides[number] for number in sorted(sides)]
        # What is no column of its own, the margin for one, belongs to its neighbour.
        dropped = max(0, poor[0] - 1)
        gutters = [*gutters[:dropped], *gutters[dropped + 1 :]]
    return []


def _blocks(rows: Sequence[_Row], confidence: float, rightwards: bool) -> list[FoundBlock]:
    """Part rows at blank lines and new sizes into blocks, and these into paragraphs."""
    pitch = median(b.top - a.top for a, b in pairwise(rows)) if len(rows) > 1 else 0.0
    margin = min(row.left for row in rows)
    blocks: list[list[list[list[FoundWord]]]] = []
    above: _Row | None = None
    for row in rows:
        line = _line(row, confidence, rightwards)
        if above is None or _begins_block(above, row):
            blocks.append([[line]])
        elif _begins_paragraph(above, row, pitch, margin):
            blocks[-1].append([line])
        else:
            blocks[-1][-1].append(line)
        above = row
    return list(blocks)


def _begins_block(above: _Row, row: _Row) -> bool:
    low, high = sorted((above.height, row.height))
    return row.top - above.bottom > 0.9 * low or high > 1.4 * low


def _begins_paragraph(above: _Row, row: _Row, pitch: float, margin: float) -> bool:
    indent = 0.8 * row.height
    return (
        row.top - above.top > 1.3 * pitch
        or row.left - margin > indent >= 2 * (above.left - margin)
        or row.height > 1.2 * above.height
    )


def _line(row: _Row, confidence: float, rightwards: bool) -> list[FoundWord]:
    items = sorted(row.items, key=lambda item: item.left, reverse=not rightwards)
    nexts: list[_Item | None] = [*items[1:], None]
    return [
        FoundWord(
            item.word.text,
            item.word.box,
            confidence,
            spaced=not (item.word.joined and after is not None and after.order == item.order + 1),
        )
        for item, after in zip(items, nexts, strict=True)
    ]


def _mostly_leftwards(texts: Iterable[str]) -> bool:
    left = right = 0
    for text in texts:
        kind = unicodedata.bidirectional(text[0])
        left += kind in ("R", "AL")
        right += kind == "L"
    return left > right
