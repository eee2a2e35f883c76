"""Document AI's flat lists become nested pages, also where the service leaves things out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from google.cloud import documentai_v1
from hypothesis import given, settings
from hypothesis import strategies as st

from common.results import Line, Page, Word
from infra.ocr.anchors import rounded
from infra.ocr.layout import pages_of

Spans = Sequence[tuple[int, int]]


def a_document(text: str) -> Any:
    return documentai_v1.Document.pb()(text=text)


def a_page(document: Any, *spans: tuple[int, int], width: float = 1000, height: float = 500) -> Any:
    page = document.pages.add()
    page.dimension.width, page.dimension.height, page.dimension.unit = width, height, "pixels"
    anchor(page.layout, spans)
    return page


def anchor(layout: Any, spans: Iterable[tuple[int, int]]) -> None:
    for start, end in spans:
        # As on the wire: a start of 0 is left out.
        segment = layout.text_anchor.text_segments.add(end_index=end)
        if start:
            segment.start_index = start


def element(
    elements: Any,
    *spans: tuple[int, int],
    box: tuple[float, float, float, float] | None = (0.1, 0.1, 0.2, 0.2),
    confidence: float = 0.9,
) -> Any:
    made = elements.add()
    anchor(made.layout, spans)
    made.layout.confidence = confidence
    if box is not None:
        x0, y0, x1, y1 = box
        for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1)):
            made.layout.bounding_poly.normalized_vertices.add(x=x, y=y)
    return made


def words_of(page: Page) -> list[Word]:
    return [word for line in lines_of(page) for word in line.words]


def lines_of(page: Page) -> list[Line]:
    return [line for block in page.blocks for part in block.paragraphs for line in part.lines]


def assert_tiles(parts: Sequence[Any], start: int, end: int) -> None:
    at = start
    for part in parts:
        assert at == part.start <= part.end
        at = part.end
    assert at == end


def a_sound_page() -> Any:
    document = a_document("Dear Sir,\nhow are\nyou?\n")
    page = a_page(document, (0, 23))
    element(page.blocks, (0, 23))
    element(page.paragraphs, (0, 10))
    element(page.paragraphs, (10, 23))
    for line in ((0, 10), (10, 18), (18, 23)):
        element(page.lines, line)
    for token in ((0, 5), (5, 10), (10, 14), (14, 18), (18, 23)):
        element(page.tokens, token)
    return document


def test_words_stand_in_lines_in_paragraphs_in_blocks() -> None:
    [page] = pages_of(a_sound_page())
    [block] = page.blocks
    assert [
        [[word.text for word in line.words] for line in part.lines] for part in block.paragraphs
    ] == [[["Dear", "Sir,"]], [["how", "are"], ["you?"]]]
    assert (page.start, page.end, page.text) == (0, 23, "Dear Sir,\nhow are\nyou?\n")
    assert (page.number, page.width, page.height, page.unit) == (1, 1000, 500, "pixels")
    assert [(part.start, part.end) for part in block.paragraphs] == [(0, 10), (10, 23)]


def test_numbers_read_from_the_wire_lose_their_binary_tail() -> None:
    document = a_document("a")
    page = a_page(document, (0, 1))
    element(page.tokens, (0, 1), box=(0.1, 0.2, 0.3, 0.4), confidence=0.98)
    [word] = words_of(pages_of(document)[0])
    assert (word.box, word.confidence) == ((0.1, 0.2, 0.3, 0.4), 0.98)


def test_pages_without_text_are_empty_and_the_others_keep_their_places() -> None:
    document = a_document("one\ntwo\n")
    a_page(document)
    element(a_page(document, (0, 4)).tokens, (0, 4))
    a_page(document)
    element(a_page(document, (4, 8)).tokens, (4, 8))
    a_page(document)
    pages = pages_of(document)
    assert [page.number for page in pages] == [1, 2, 3, 4, 5]
    assert [page.text for page in pages] == ["", "one\n", "", "two\n", ""]
    assert_tiles(pages, 0, 8)
    assert pages[0].blocks == pages[2].blocks == pages[4].blocks == []


def test_a_document_without_pages_has_none() -> None:
    assert pages_of(a_document("")) == []


def test_a_page_without_an_anchor_of_its_own_is_placed_by_its_tokens() -> None:
    document = a_document("one\ntwo\n")
    for token in ((0, 4), (4, 8)):
        element(a_page(document).tokens, token)
    assert [page.text for page in pages_of(document)] == ["one\n", "two\n"]


def test_text_between_tokens_belongs_to_the_word_before_it() -> None:
    document = a_document("  one , two\n\n")
    page = a_page(document, (0, 13))
    element(page.lines, (0, 13))
    element(page.tokens, (2, 5))
    element(page.tokens, (8, 11))
    words = words_of(pages_of(document)[0])
    assert [(word.text, word.start, word.end) for word in words] == [
        ("one", 0, 8),
        ("two", 8, 13),
    ]


def test_tokens_without_an_anchor_are_left_out() -> None:
    document = a_document("one")
    page = a_page(document, (0, 3))
    element(page.tokens)
    element(page.tokens, (0, 3))
    assert [word.text for word in words_of(pages_of(document)[0])] == ["one"]


def test_anchors_beyond_the_text_or_the_page_are_cut_to_it() -> None:
    document = a_document("one two")
    page = a_page(document, (0, 7))
    element(page.tokens, (0, 4))
    element(page.tokens, (4, 99))
    element(page.tokens, (50, 60))
    assert [(w.text, w.end) for w in words_of(pages_of(document)[0])] == [("one", 4), ("two", 7)]


def test_tokens_outside_any_line_get_lines_that_end_where_the_text_breaks() -> None:
    document = a_document("in line\nout one\nout two\n")
    page = a_page(document, (0, 24))
    element(page.lines, (0, 8))
    for token in ((0, 3), (3, 8), (8, 12), (12, 16), (16, 20), (20, 24)):
        element(page.tokens, token)
    lines = lines_of(pages_of(document)[0])
    assert [[word.text for word in line.words] for line in lines] == [
        ["in", "line"],
        ["out", "one"],
        ["out", "two"],
    ]
    assert_tiles(lines, 0, 24)


def test_a_line_made_for_its_words_is_as_large_and_as_sure_as_they_are() -> None:
    document = a_document("a b")
    page = a_page(document, (0, 3))
    element(page.tokens, (0, 2), box=(0.1, 0.2, 0.3, 0.4), confidence=0.8)
    element(page.tokens, (2, 3), box=(0.5, 0.1, 0.6, 0.3), confidence=0.6)
    [line] = lines_of(pages_of(document)[0])
    assert line.box == (0.1, 0.1, 0.6, 0.4)
    assert line.confidence == 0.7


def test_lines_outside_any_paragraph_keep_the_order_of_the_text() -> None:
    document = a_document("first\nstray\nlast\n")
    page = a_page(document, (0, 17))
    element(page.blocks, (0, 6), (12, 17))
    element(page.paragraphs, (0, 6), (12, 17))
    for span in ((0, 6), (6, 12), (12, 17)):
        element(page.lines, span)
        element(page.tokens, span)
    [page_read] = pages_of(document)
    assert [word.text for word in words_of(page_read)] == ["first", "stray", "last"]
    # The interrupted block appears on both sides of what interrupts it.
    assert [(block.start, block.end) for block in page_read.blocks] == [(0, 6), (6, 12), (12, 17)]


def test_a_line_or_paragraph_without_tokens_still_brings_its_text() -> None:
    document = a_document("a line\na paragraph\n")
    page = a_page(document, (0, 19))
    element(page.lines, (0, 7))
    element(page.paragraphs, (7, 19))
    assert [word.text for word in words_of(pages_of(document)[0])] == ["a line", "a paragraph"]


def test_a_token_in_two_parts_of_the_text_is_read_from_both() -> None:
    document = a_document("hyphen-\nated word")
    page = a_page(document, (0, 17))
    element(page.tokens, (0, 6), (8, 13))
    element(page.tokens, (13, 17))
    assert [word.text for word in words_of(pages_of(document)[0])] == ["hyphenated", "word"]


def test_offsets_count_code_points() -> None:
    document = a_document("𝔸é ok")
    page = a_page(document, (0, 5))
    element(page.tokens, (0, 3))
    element(page.tokens, (3, 5))
    assert [word.text for word in words_of(pages_of(document)[0])] == ["𝔸é", "ok"]


def test_a_box_that_reaches_over_the_edge_is_cut_at_it() -> None:
    document = a_document("a")
    element(a_page(document, (0, 1)).tokens, (0, 1), box=(-0.01, 0.5, 1.02, 0.6))
    assert words_of(pages_of(document)[0])[0].box == (0.0, 0.5, 1.0, 0.6)


def test_a_leaning_polygon_becomes_the_box_around_it() -> None:
    document = a_document("a")
    token = element(a_page(document, (0, 1)).tokens, (0, 1), box=None)
    for x, y in ((0.3, 0.1), (0.5, 0.3), (0.4, 0.4), (0.2, 0.2)):
        token.layout.bounding_poly.normalized_vertices.add(x=x, y=y)
    assert words_of(pages_of(document)[0])[0].box == (0.2, 0.1, 0.5, 0.4)


def test_vertices_in_pixels_serve_where_normalised_ones_are_missing() -> None:
    document = a_document("a")
    token = element(a_page(document, (0, 1)).tokens, (0, 1), box=None)
    for x, y in ((100, 50), (200, 50), (200, 100), (100, 100)):
        token.layout.bounding_poly.vertices.add(x=x, y=y)
    assert words_of(pages_of(document)[0])[0].box == (0.1, 0.1, 0.2, 0.2)


def test_languages_come_the_likeliest_first() -> None:
    document = a_document("")
    page = a_page(document)
    for code, confidence in (("de", 0.1), ("fr", 0.8), ("", 0.9), ("en", 0.1)):
        page.detected_languages.add(language_code=code, confidence=confidence)
    assert pages_of(document)[0].languages == ["fr", "de", "en"]


def test_a_page_that_says_nothing_of_its_confidence_has_its_words_mean() -> None:
    document = a_document("a b")
    page = a_page(document, (0, 3))
    element(page.tokens, (0, 2), confidence=0.5)
    element(page.tokens, (2, 3), confidence=1.0)
    assert pages_of(document)[0].confidence == 0.75


spans = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda pair: (min(pair), max(pair))),
    min_size=0,
    max_size=2,
)
levels = st.lists(spans, max_size=6)


# A busy machine is not a finding.
@settings(deadline=None)
@given(
    levels, levels, levels, levels, st.text("ab \n", max_size=30), st.tuples(spans, spans, spans)
)
def test_whatever_the_anchors_say_words_and_lines_tile_the_page(
    blocks: list[Spans],
    paragraphs: list[Spans],
    lines: list[Spans],
    tokens: list[Spans],
    text: str,
    wholes: tuple[Spans, Spans, Spans],
) -> None:
    document = a_document(text)
    for whole in wholes:
        page = a_page(document, *whole)
        for elements, level in (
            (page.blocks, blocks),
            (page.paragraphs, paragraphs),
            (page.lines, lines),
            (page.tokens, tokens),
        ):
            for one in level:
                element(elements, *one)
    pages = pages_of(document)
    assert_tiles(pages, 0, len(text))
    for page_read in pages:
        words = words_of(page_read)
        if words:
            assert_tiles(words, page_read.start, page_read.end)
            assert_tiles(lines_of(page_read), page_read.start, page_read.end)
            assert_tiles(page_read.blocks, page_read.start, page_read.end)


@given(st.floats(0, 1, width=32) | st.integers(0, 64).map(lambda parts: parts / 64))
def test_numbers_are_rounded_as_ever(number: float) -> None:
    assert rounded(number) == round(number, 5)


@given(st.lists(st.tuples(*2 * (st.floats(-0.5, 1.5, width=32),)), min_size=1, max_size=6))
def test_a_box_goes_around_its_corners_whatever_their_order(
    corners: list[tuple[float, float]],
) -> None:
    document = a_document("a")
    token = element(a_page(document, (0, 1)).tokens, (0, 1), box=None)
    for x, y in corners:
        token.layout.bounding_poly.normalized_vertices.add(x=x, y=y)
    xs, ys = zip(*corners, strict=True)
    assert words_of(pages_of(document)[0])[0].box == (
        round(max(min(xs), 0.0), 5),
        round(max(min(ys), 0.0), 5),
        round(min(max(xs), 1.0), 5),
        round(min(max(ys), 1.0), 5),
    )
