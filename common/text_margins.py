"""Running headers, footers and page numbers: lines at a page's edge that are not its text.

One page alone does not tell them from its first and last lines; its neighbours do. What stands at
the same height on several of them and says the same, or a number that goes up with the pages, is
set aside. A chapter's title stands there once, larger, or lower; it stays.

All that is kept of a page for this are its outermost lines (`PageMargins`, about 4 kB).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final

from common.text_kinds import is_caption
from common.text_lines import TextLine, type_size
from common.text_numbers import numbers_in, outer_numbers, page_number, says_page

#: Rows from an edge that are looked at, and how far they may lie from it (parts of the height).
_ROWS: Final = 4
_ZONE: Final = 0.2
#: Further in than this, few pages are not enough.
_DEEP: Final = 0.12
#: How far the same line may move from page to page: as printed, as scanned.
_NEAR: Final = 0.015
_NEARER: Final = 0.008
#: Larger than text by so much is a title, unless most pages have it.
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
    #: To the next row inwards, in its own size.
    gap: float
    width: float
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
    for top in (True, False):
        found.lines.extend(_edge(ordered if top else ordered[::-1], height, top))
    for line in found.lines:
        found.by_letters.setdefault((line.top, line.letters), []).append(line)
        for value in {line.pure, *line.outer} - {None}:
            assert value is not None
            found.ahead.setdefault(value - number, []).append(line)
    return found


def _edge(ordered: Sequence[TextLine], height: float, top: bool) -> list[MarginLine]:
    rows: list[list[TextLine]] = []
    for line in ordered:
        if rows and any(line.same_row(other) for other in rows[-1]):
            rows[-1].append(line)
        elif len(rows) > _ROWS or not _in_zone(line, height, top):
            # One row more than is looked at, for the last one's gap.
            rows.append([line])
            break
        else:
            rows.append([line])
    found = []
    for number, row in enumerate(rows[:_ROWS]):
        after = rows[number + 1][0] if number + 1 < len(rows) else None
        for line in row:
            if not _in_zone(line, height, top):
                continue
            gap = abs(after.middle - line.middle) / (line.size or 1.0) if after else 99.0
            titled = top and after is not None and gap < 4 and after.size > _TITLE * line.size
            found.append(_margin_line(line, top, number, gap, height, titled))
    return found


def _in_zone(line: TextLine, height: float, top: bool) -> bool:
    share = line.middle / height
    return share <= _ZONE if top else share >= 1 - _ZONE


def _margin_line(
    line: TextLine, top: bool, row: int, gap: float, height: float, over_title: bool
) -> MarginLine:
    text = line.text
    lower = text.lower()
    return MarginLine(
        place=line.place,
        top=top,
        row=row,
        y=line.middle / height,
        size=line.size,
        gap=gap,
        width=line.x1 - line.x0,
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


@dataclass(slots=True, eq=False)
class _Setting:
    """A page among its neighbours."""

    page: PageMargins
    around: Sequence[PageMargins]
    #: Of the neighbours' text.
    size: float
    #: How many pages have a number at their edges that is so far ahead of their own.
    support: Counter[int]

    def is_title(self, line: MarginLine) -> bool:
        """Whether a line is larger than text."""
        return line.size > _TITLE * self.size


def set_aside(page: PageMargins, around: Sequence[PageMargins], size: float) -> dict[int, bool]:
    """Return the places of lines that are no text: True of headers, False of footers.

    `around` are the pages before and after it, itself left out; `size` is that of their text.
    """
    support = Counter(ahead for one in (page, *around) for ahead in one.ahead)
    setting = _Setting(page, around, size, support)
    return {
        line.place: top
        for top in (True, False)
        for line in _aside([line for line in page.lines if line.top is top], setting)
    }


def _aside(lines: Sequence[MarginLine], setting: _Setting) -> list[MarginLine]:
    """Go inwards row by row, as long as they are margins'; one short stray row may lie outside."""
    rows: dict[int, list[MarginLine]] = {}
    for line in lines:
        rows.setdefault(line.row, []).append(line)
    found: list[MarginLine] = []
    skipped = 0
    for number in sorted(rows):
        row = rows[number]
        if any(_is_margin(line, setting) for line in row):
            # What stands beside a page's number or a title of the book is part of the header.
            found.extend(row)
        elif number or sum(line.length for line in row) > 12 or skipped:
            break
        else:
            skipped += 1
    return found


def _is_margin(line: MarginLine, setting: _Setting) -> bool:
    return (
        _repeats(line, setting)
        or _counts(line, setting)
        or _repeats_roughly(line, setting)
        or _stands_alone(line, setting)
    )


def _repeats(line: MarginLine, setting: _Setting) -> bool:
    """Whether other pages have the same line, but for numbers that go up with the pages."""
    if not line.letters and (line.pure is not None or sum(n > 999 for n in line.numbers) == 0):
        return False
    around = setting.around
    same = sum(
        any(
            _alike(line, other, far.number - setting.page.number)
            for other in far.by_letters.get((line.top, line.letters), ())
        )
        for far in around
    )
    needed = 2 if len(around) > 2 else 1
    if setting.is_title(line) or line.over_title:
        needed = max(3, (2 * len(around) + 2) // 3)
    elif line.row == 0 and _DEEP < line.y < 1 - _DEEP:
        needed = max(needed, len(around) // 3)
    return same >= needed


def _alike(line: MarginLine, other: MarginLine, pages: int) -> bool:
    return (
        abs(line.y - other.y) <= _NEAR
        and max(line.size, other.size) <= 1.3 * min(line.size, other.size)
        and len(line.numbers) == len(other.numbers)
        and all(
            there in (here, here + pages)
            for here, there in zip(line.numbers, other.numbers, strict=True)
        )
    )


def _counts(line: MarginLine, setting: _Setting) -> bool:
    """Whether a number in it goes up with the pages."""
    page, around = setting.page, setting.around
    if line.pure is not None and line.row == 0 and not around:
        return line.says_page or line.pure == page.number
    most = max(setting.support.values(), default=0)
    for value in {line.pure, *line.outer} - {None}:
        assert value is not None
        ahead = value - page.number
        if 2 * setting.support[ahead] < most:
            # Footnotes may happen to be one a page.
            continue
        there = [found for far in around if (found := far.ahead.get(ahead))]
        beside = sum(
            any(o.top is line.top and abs(o.y - line.y) <= 2 * _NEAR for o in found)
            for found in there
        )
        if line.pure is None:
            # Exercises, one a page, go up with the pages, too; not on most of them.
            needed = max(4, (2 * len(around) + 2) // 3) if setting.is_title(line) else 2
            if beside >= max(needed, min(3, len(around))):
                return True
        elif beside >= min(2, len(around)) or (line.row == 0 and len(there) >= 3):
            # The first page of a chapter often has its number at the other edge.
            return True
    return line.length <= 5 and _unread_number(line, around)


def _unread_number(line: MarginLine, around: Sequence[PageMargins]) -> bool:
    """Whether a few characters stand where the neighbours have their numbers."""
    ahead: dict[int, int] = {}
    for far in around:
        for other in far.lines:
            if (
                other.pure is not None
                and other.top is line.top
                and abs(other.y - line.y) <= _NEARER
            ):
                offset = other.pure - far.number
                ahead[offset] = ahead.get(offset, 0) + 1
    return max(ahead.values(), default=0) >= 3


def _repeats_roughly(line: MarginLine, setting: _Setting) -> bool:
    """Whether OCR may have read the neighbours' line, differently on each page."""
    words = line.words
    if len(words) < 2 or setting.is_title(line) or max(map(len, words)) < 4 or line.caption:
        return False
    alike = 0
    for far in setting.around:
        for other in far.lines:
            if other.top is line.top and abs(other.y - line.y) <= _NEARER:
                shared = len(words & other.words)
                if (
                    shared >= 2
                    and 2 * shared >= len(words | other.words)
                    and SequenceMatcher(None, line.letters, other.letters, False).ratio() > 0.8
                ):
                    alike += 1
                    break
    return alike >= 3


def _stands_alone(line: MarginLine, setting: _Setting) -> bool:
    """Whether it is a header that changes with every page, as a dictionary's.

    Most neighbours have one too: short, at the same height, with white space below.
    """
    around = setting.around
    if not _like_header(line, setting.size) or len(around) < 4:
        return False
    alike = sum(
        any(
            other.top is line.top
            and abs(other.y - line.y) <= _NEARER
            and _like_header(other, setting.size)
            for other in far.lines
        )
        for far in around
    )
    return alike >= 4 and alike >= 0.7 * len(around)


def _like_header(line: MarginLine, size: float) -> bool:
    return (
        line.row == 0
        and 2.4 <= line.gap < 99.0
        and line.width < 0.6
        and not line.ends_sentence
        and line.size <= 1.1 * size
    )
