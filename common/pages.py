"""Ranges of pages. Page numbers are the document's own and begin at 1, everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from common.errors import InvalidRequest

_PART = re.compile(r"^(\d{1,7})(?:-(\d{1,7})?)?$")


@dataclass(frozen=True, slots=True, order=True)
class PageRange:
    """Consecutive pages, both ends included."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 1 <= self.start <= self.end:
            raise ValueError(f"not a page range: {self.start}-{self.end}")

    def __len__(self) -> int:
        return self.end - self.start + 1

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.start, self.end + 1))

    def __str__(self) -> str:
        return str(self.start) if self.start == self.end else f"{self.start}-{self.end}"

    def cut(self, size: int) -> Iterator[PageRange]:
        """Yield ranges of at most `size` pages that together are this one, in order."""
        for start in range(self.start, self.end + 1, size):
            yield PageRange(start, min(start + size - 1, self.end))

    def halves(self) -> tuple[PageRange, PageRange]:
        """Split a range of two pages or more in the middle."""
        middle = (self.start + self.end) // 2
        return PageRange(self.start, middle), PageRange(middle + 1, self.end)


def parse_page_selection(text: str, page_count: int | None = None) -> list[PageRange]:
    """Read `1-20,25,40-` into ranges in ascending order, overlapping ones joined.

    With `page_count`, open ends are closed and pages the document does not have are refused.
    Without it only the form is checked, and an open end runs to page 9,999,999.
    """
    ranges: list[PageRange] = []
    for part in text.replace(" ", "").split(","):
        match = _PART.match(part)
        if match is None:
            raise _refused(f"'{part}' is not a page or a range of pages; write them like 1-20,25.")
        start = int(match[1])
        if "-" not in part:
            end = start
        elif match[2]:
            end = int(match[2])
        else:
            end = page_count or 9_999_999
        if start < 1 or end < start:
            raise _refused(f"'{part}' does not run upwards from page 1 or later.")
        if page_count is not None and end > page_count:
            raise _refused(f"Page {end} was asked for, but the document has {page_count} pages.")
        ranges.append(PageRange(start, end))
    return _joined(sorted(ranges))


def ranges_of(numbers: Iterable[int]) -> list[PageRange]:
    """Return the fewest ranges that hold exactly these pages, ascending."""
    return _joined([PageRange(number, number) for number in sorted(numbers)])


def _joined(ranges: list[PageRange]) -> list[PageRange]:
    joined: list[PageRange] = []
    for pages in ranges:
        if joined and pages.start <= joined[-1].end + 1:
            last = joined.pop()
            joined.append(PageRange(last.start, max(last.end, pages.end)))
        else:
            joined.append(pages)
    return joined


def _refused(sentence: str) -> InvalidRequest:
    return InvalidRequest(sentence, code="INVALID_PAGE_RANGE", status=422)
