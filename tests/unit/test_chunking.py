"""Planning chunks."""

from hypothesis import given
from hypothesis import strategies as st

from common.chunking import plan_chunks
from common.pages import PageRange


@st.composite
def selections(draw: st.DrawFn) -> list[PageRange]:
    """Ascending ranges without overlaps, as reading a page selection gives them."""
    ranges: list[PageRange] = []
    page = 1
    for gap, length in draw(
        st.lists(st.tuples(st.integers(1, 50), st.integers(1, 300)), max_size=6)
    ):
        start = page + gap
        page = start + length
        ranges.append(PageRange(start, page - 1))
    return ranges


sizes = st.integers(1, 60)
page_bytes = st.floats(0, 60e6, allow_nan=False)
limits = st.integers(1, 40_000_000)


@given(selections(), sizes, page_bytes, limits)
def test_every_selected_page_is_in_exactly_one_chunk_in_order(
    selection: list[PageRange], size: int, average: float, limit: int
) -> None:
    chunks = plan_chunks(selection, size=size, average_page_bytes=average, max_bytes=limit)
    planned = [page for chunk in chunks for page in chunk]
    assert planned == [page for pages in selection for page in pages]


@given(selections(), sizes, page_bytes, limits)
def test_a_chunk_has_at_most_the_pages_and_the_expected_bytes_it_may_have(
    selection: list[PageRange], size: int, average: float, limit: int
) -> None:
    for chunk in plan_chunks(selection, size=size, average_page_bytes=average, max_bytes=limit):
        assert len(chunk) <= size
        assert len(chunk) == 1 or len(chunk) * average <= 0.9 * limit


def test_only_the_last_chunk_of_a_range_is_short() -> None:
    chunks = plan_chunks(
        [PageRange(1, 425)], size=25, average_page_bytes=50_000, max_bytes=38_000_000
    )
    assert len(chunks) == 17
    assert {len(chunk) for chunk in chunks} == {25}


def test_heavy_pages_make_smaller_chunks() -> None:
    chunks = plan_chunks(
        [PageRange(1, 100)], size=25, average_page_bytes=4_000_000, max_bytes=38_000_000
    )
    assert [len(chunk) for chunk in chunks] == [8] * 12 + [4]


def test_a_page_above_the_limit_still_gets_a_chunk() -> None:
    chunks = plan_chunks([PageRange(3, 4)], size=25, average_page_bytes=50e6, max_bytes=38_000_000)
    assert chunks == [PageRange(3, 3), PageRange(4, 4)]


def test_a_chunk_never_spans_pages_that_were_not_selected() -> None:
    chunks = plan_chunks(
        [PageRange(1, 3), PageRange(5, 6)], size=25, average_page_bytes=1, max_bytes=1000
    )
    assert chunks == [PageRange(1, 3), PageRange(5, 6)]
