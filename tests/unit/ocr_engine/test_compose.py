from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from common.results import Block, Line, Page, Paragraph, Word
from infra.local.ocr_engine.compose import FoundWord, compose_page

WORDS = st.builds(
    FoundWord,
    text=st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), max_size=5),
    box=st.tuples(*[st.floats(-50, 1500) for _ in range(4)]),
    confidence=st.floats(0, 1),
    spaced=st.booleans(),
)
BLOCKS = st.lists(
    st.lists(st.lists(st.lists(WORDS, max_size=4), max_size=3), max_size=3), max_size=3
)


def page_of(blocks: list[list[list[list[FoundWord]]]]) -> Page:
    return compose_page(blocks, number=1, width=1000, height=1400, languages=["en"])


def assert_tiles(parts: list[Word] | list[Line], length: int) -> None:
    at = 0
    for part in parts:
        assert part.start == at
        assert part.end > part.start
        at = part.end
    assert at == length


def lines_of(page: Page) -> list[Line]:
    return [
        line for block in page.blocks for paragraph in block.paragraphs for line in paragraph.lines
    ]


@given(BLOCKS)
def test_words_and_lines_each_tile_the_text_exactly(
    blocks: list[list[list[list[FoundWord]]]],
) -> None:
    page = page_of(blocks)
    lines = lines_of(page)
    words = [word for line in lines for word in line.words]
    assert (page.start, page.end) == (0, len(page.text))
    assert_tiles(lines, page.end)
    assert_tiles(words, page.end)
    assert [word.text for word in words] == [
        word.text
        for block in blocks
        for part in block
        for line in part
        for word in line
        if word.text
    ]
    for word in words:
        assert page.text[word.start : word.end].rstrip(" \n") == word.text
    for line in lines:
        assert page.text[line.start : line.end].endswith("\n")
        assert page.text[line.start : line.end].count("\n") == 1


@given(BLOCKS)
def test_each_part_spans_exactly_its_own_parts(blocks: list[list[list[list[FoundWord]]]]) -> None:
    page = page_of(blocks)
    for block in page.blocks:
        assert_spans(block, block.paragraphs)
        for paragraph in block.paragraphs:
            assert_spans(paragraph, paragraph.lines)
            for line in paragraph.lines:
                assert_spans(line, line.words)


Part = Block | Paragraph | Line | Word


def assert_spans(whole: Part, own: Sequence[Part]) -> None:
    assert (whole.start, whole.end) == (own[0].start, own[-1].end)
    assert all(before.end == after.start for before, after in pairwise(own))
    assert whole.box == (
        min(part.box[0] for part in own),
        min(part.box[1] for part in own),
        max(part.box[2] for part in own),
        max(part.box[3] for part in own),
    )
    assert min(part.confidence for part in own) <= whole.confidence + 1e-4
    assert whole.confidence <= max(part.confidence for part in own) + 1e-4


def test_boxes_are_fractions_of_the_page_and_never_leave_it() -> None:
    page = page_of([[[[FoundWord("edge", (-20, 700, 2000, 1401), 0.5)]]]])
    assert lines_of(page)[0].words[0].box == (0.0, 0.5, 1.0, 1.0)


def test_a_page_without_words_is_empty_and_certain() -> None:
    page = page_of([[[[FoundWord("", (0, 0, 1, 1), 0.1)]]], []])
    assert (page.text, page.blocks, page.confidence, page.end) == ("", [], 1.0, 0)


def test_a_word_that_goes_on_without_a_blank_touches_the_next() -> None:
    box = (0.0, 0.0, 1.0, 1.0)
    words = [FoundWord("日", box, 1, spaced=False), FoundWord("本", box, 1), FoundWord("2", box, 1)]
    assert page_of([[[words]]]).text == "日本 2\n"


def test_long_words_weigh_more_in_the_confidence_than_short_ones() -> None:
    box = (0.0, 0.0, 1.0, 1.0)
    page = page_of([[[[FoundWord("a" * 19, box, 1.0), FoundWord("b" * 19, box, 0.5)]]]])
    assert page.confidence == 0.75
    page = page_of([[[[FoundWord("a" * 59, box, 1.0), FoundWord("b" * 19, box, 0.5)]]]])
    assert page.confidence == 0.875
