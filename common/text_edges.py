"""What a page has at its edges: all that is kept of it to know others' headers by, about 4 kB."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Final

from common.text_kinds import is_caption
from common.text_lines import TextLine, type_size
from common.text_numbers import numbers_in, outer_numbers, page_number, says_page

#: Rows from an edge that are looked at, and how far they may lie from it (parts of the height).
_ROWS: Final = 4
_ZONE: Final = 0.2
#: A row of more pieces than this is a table's.
_CELLS: Final = 12
#: Larger than what stands above it by so much is a title.
_TITLE: Final = 1.25
_NO_LETTERS: Final = re.compile(r"[\W\d_]+")


@dataclass(slots=True, eq=False)
class MarginLine:
    """A line near an edge. Heights are in parts of the page's."""

    place: int
    top: bool
    #: Counted from the edge, from 0; lines side by side are in one.
    row: int
    y: float
    size: float
    #: Of its box, in page widths.
    height: float
    #: To the next row inwards: in its own size, and by how much that is more than between lines.
    gap: float
    apart: float
    length: int
    letters: str
    words: frozenset[str]
    numbers: tuple[int, ...]
    #: Of a line that is only a page's number; of any other, what it begins and ends with.
    pure: int | None
    outer: tuple[int | None, int | None]
    #: Whether it calls itself a page's number.
    says_page: bool
    ends_sentence: bool
    #: Whether a larger line is close below, as a title's name below its number.
    over_title: bool
    #: Whether it names a table or a picture.
    caption: bool


@dataclass(slots=True, eq=False)
class PageMargins:
    """What is known of a page's edges."""

    number: int
    #: Of the type most of it is set in.
    size: float
    lines: list[MarginLine]
    by_letters: dict[tuple[bool, str], list[MarginLine]] = field(default_factory=dict)
    #: By how much numbers at the edges are ahead of the page's own.
    ahead: dict[int, list[MarginLine]] = field(default_factory=dict)


def margins_of(number: int, lines: Sequence[TextLine], height: float) -> PageMargins:
    """Look at a page's edges. `height` is the page's, in page widths."""
    ordered = sorted(lines, key=lambda line: line.y0 + line.y1)
    found = PageMargins(number, type_size(lines), [])
    pitches = [b.middle - a.middle for a, b in pairwise(ordered)]
    pitch = median([pitch for pitch in pitches if pitch > 0.3 * found.size] or [1.0])
    for top in (True, False):
        found.lines.extend(_edge(ordered if top else ordered[::-1], height, top, pitch))
    for line in found.lines:
        found.by_letters.setdefault((line.top, line.letters), []).append(line)
        for value in {line.pure, *line.outer} - {None}:
            assert value is not None
            found.ahead.setdefault(value - number, []).append(line)
    return found


def _edge(ordered: Sequence[TextLine], height: float, top: bool, pitch: float) -> list[MarginLine]:
    rows: list[list[TextLine]] = []
    for line in ordered:
        if rows and any(line.same_row(other) for other in rows[-1][-_CELLS:]):
            rows[-1].append(line)
        elif len(rows) > _ROWS or not _in_zone(line, height, top):
            # One row more than is looked at, for the last one's gap.
            rows.append([line])
            break
        else:
            rows.append([line])
    found = []
    for number, row in enumerate(rows[:_ROWS]):
        if len(row) > _CELLS:
            break
        after = rows[number + 1][0] if number + 1 < len(rows) else None
        for line in row:
            if not _in_zone(line, height, top):
                continue
            away = abs(after.middle - line.middle) if after else 1.0
            gap = away / (line.size or 1.0)
            titled = top and after is not None and gap < 4 and after.size > _TITLE * line.size
            found.append(_margin_line(line, top, number, height, titled))
            found[-1].gap, found[-1].apart = gap, away / pitch
    return found


def _in_zone(line: TextLine, height: float, top: bool) -> bool:
    share = line.middle / height
    return share <= _ZONE if top else share >= 1 - _ZONE


def _margin_line(
    line: TextLine, top: bool, row: int, height: float, over_title: bool
) -> MarginLine:
    text = line.text
    lower = text.lower()
    return MarginLine(
        place=line.place,
        top=top,
        row=row,
        y=line.middle / height,
        size=line.size,
        height=line.y1 - line.y0,
        gap=0.0,
        apart=0.0,
        length=len(text),
        # Letters that OCR takes for each other are one.
        letters=_NO_LETTERS.sub("", lower).replace("rn", "m").replace("l", "i"),
        words=frozenset(word for word in _NO_LETTERS.split(lower) if len(word) > 2),
        numbers=numbers_in(text),
        pure=page_number(text),
        outer=outer_numbers(text),
        says_page=says_page(text),
        ends_sentence=text.endswith((".", "!", "?", ":", ";", ",")),
        over_title=over_title,
        caption=is_caption(text),
    )
