from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.chunking import plan_chunks
from common.errors import InvalidRequest
from common.pages import PageRange, parse_page_selection


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("1-20,25", [(1, 20), (25, 25)]),
        ("25, 1-20", [(1, 20), (25, 25)]),
        ("1-5,4-9,10", [(1, 10)]),
        ("38-", [(38, 40)]),
        ("7", [(7, 7)]),
    ],
)
def test_a_selection_is_read_in_ascending_order_and_joined(
    text: str, ranges: list[tuple[int, int]]
) -> None:
    assert parse_page_selection(text, 40) == [PageRange(*each) for each in ranges]


@pytest.mark.parametrize("text", ["", "0", "5-3", "a", "1--3", "41", "1-41", "-5", "1,,2", "1e3"])
def test_a_selection_that_the_document_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_page_selection(text, 40)
    assert refused.value.code == "INVALID_PAGE_RANGE"


@given(st.integers(1, 500), st.integers(0, 500), st.integers(1, 30))
def test_cutting_a_range_gives_every_page_once_and_in_order(
    start: int, more: int, size: int
) -> None:
    pages = PageRange(start, start + more)
    parts = list(pages.cut(size))
    assert [page for part in parts for page in part] == list(pages)
    assert all(len(part) <= size for part in parts)


@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(0, 60)), min_size=1, max_size=5),
    st.integers(1, 30),
    st.floats(0, 1e8),
)
def test_a_plan_has_every_selected_page_once_within_both_limits(
    parts: list[tuple[int, int]], size: int, average: float
) -> None:
    text = ",".join(f"{start}-{start + more}" for start, more in parts)
    selection = parse_page_selection(text)
    plan = plan_chunks(selection, size=size, average_page_bytes=average, max_bytes=38_000_000)
    assert [page for chunk in plan for page in chunk] == [p for each in selection for p in each]
    for chunk in plan:
        assert len(chunk) <= size
        assert len(chunk) == 1 or len(chunk) * average <= 38_000_000


def test_a_range_halves_in_the_middle() -> None:
    assert PageRange(3, 7).halves() == (PageRange(3, 5), PageRange(6, 7))
