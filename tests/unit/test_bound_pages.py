"""A merged result is read a line at a time, a line a page."""

from __future__ import annotations

import msgspec
import pytest

from common.bound_pages import read_pages
from tests.unit.test_merging import page

NUMBERS = [1, 2, 9, 10, 11, 100]


def bound() -> list[bytes]:
    """Return a result's lines: what stands before the pages, the pages, what stands behind."""
    pages = [msgspec.json.encode(page(number, f"Page {number}.")) + b",\n" for number in NUMBERS]
    pages[-1] = pages[-1].rstrip(b",\n") + b"\n"
    return [b'{"document_id":"d","pages":[\n', *pages, b'],"errors":[]}\n']


def test_every_line_of_a_page_is_a_page() -> None:
    assert [(each.number, each.text) for each in read_pages(bound())] == [
        (number, f"Page {number}.") for number in NUMBERS
    ]


@pytest.mark.parametrize("after", [0, 1, 2, 5, 9, 10, 99, 100])
def test_those_above_a_number_are_read_and_no_other_is_decoded(after: int) -> None:
    lines = [
        line if not line.startswith(b'{"number":') or above(line, after) else cut(line)
        for line in bound()
    ]
    assert [each.number for each in read_pages(lines, after=after)] == [
        number for number in NUMBERS if number > after
    ]


def above(line: bytes, after: int) -> bool:
    return msgspec.json.decode(line.rstrip(b",\n"))["number"] > after  # type: ignore[no-any-return]


def cut(line: bytes) -> bytes:
    """Return a line that is no JSON any more, but still says its number."""
    return line[: line.index(b",") + 1] + b"\n"
