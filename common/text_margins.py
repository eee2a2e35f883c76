"""Running headers, footers and page numbers: lines at a page's edge that are not its text.

One page alone does not tell them from its first and last lines; its neighbours do. What stands at
the same height on several of them and says the same, or a number that goes up with the pages, is
set aside. A chapter's title stands there once, larger, or lower; it stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from common.text_edges import MarginLine, PageMargins

#: How far the same line may move from page to page: as printed, as scanned.
_NEAR: Final = 0.015
_NEARER: Final = 0.008
#: Larger than text by so much is a title, unless most pages have it.
_TITLE: Final = 1.25
#: Larger by so much is one even where it is numbered page by page.
_LARGE: Final = 1.4


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
    # Exercises and slides, one a page, go up with the pages, too.
    counting = line.size <= _LARGE * setting.size
    same = sum(
        any(
            _alike(line, other, far.number - setting.page.number if counting else 0)
            for other in far.by_letters.get((line.top, line.letters), ())
        )
        for far in around
    )
    needed = 2 if len(around) > 2 else 1
    if setting.is_title(line) or line.over_title:
        needed = max(3, (2 * len(around) + 2) // 3)
    return same >= needed


def _alike(line: MarginLine, other: MarginLine, pages: int) -> bool:
    return (
        abs(line.y - other.y) <= _NEAR
        and max(line.height, other.height) <= 1.3 * min(line.height, other.height)
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
    if line.pure is None and line.size > _LARGE * setting.size:
        return False
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
            needed = max(4, (2 * len(around) + 2) // 3) if setting.is_title(line) else 2
            if beside >= max(needed, min(3, len(around))):
                return True
            # Of a preface's few pages, the first has its number at the foot.
            if needed == 2 and beside and line.row == 0 and len(there) >= 3:
                return not line.ends_sentence
        elif beside >= min(2, len(around)):
            return True
        elif line.row == 0 and len(there) >= 3 and not setting.is_title(line):
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

    Most neighbours have one too, at the same height, with white space below.
    """
    if not _like_header(line, setting.size):
        return False
    alike = sum(
        any(
            other.top is line.top
            and abs(other.y - line.y) <= _NEARER
            and _like_header(other, setting.size)
            for other in far.lines
        )
        for far in setting.around
    )
    return alike >= 4 and 2 * alike >= sum(bool(far.lines) for far in setting.around)


def _like_header(line: MarginLine, size: float) -> bool:
    return (
        line.row == 0
        and line.gap >= 2.0
        and line.apart >= 1.8
        and not line.ends_sentence
        and line.size <= 1.1 * size
    )
