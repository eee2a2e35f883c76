"""Paragraphs: what belongs together on a page and across pages, and what each one is."""

from __future__ import annotations

import pytest

from common.results import Page
from common.stage_rows import PageText, ParagraphKind
from common.text_kinds import begins_item, is_caption
from common.text_layout import Carried
from common.text_pages import running_texts
from tests.text_samples import Sample, join_score, made_samples, real_samples
from tests.text_typesetting import Composer

MADE = made_samples()
FULL = "and so the text goes on and on for the whole of a line that is"


def test_real_paragraphs_go_on_overleaf_where_a_reader_says_so() -> None:
    score, exact, breaks = join_score(real_samples())
    assert breaks >= 140
    assert exact / breaks >= 0.94
    assert score.precision >= 0.92
    assert score.recall >= 0.88


def test_made_up_paragraphs_go_on_overleaf_as_they_were_set() -> None:
    score, exact, breaks = join_score(MADE)
    assert breaks >= 200
    assert exact / breaks >= 0.98
    assert score.precision >= 0.98
    assert score.recall >= 0.97


@pytest.mark.parametrize("sample", MADE[:6], ids=lambda sample: sample.name)
def test_paragraphs_of_made_up_books_are_in_one_piece(sample: Sample) -> None:
    for one, row in zip(sample.pages, sample.texts, strict=True):
        set_as = sum(len(block.paragraphs) for block in one.page.blocks) - len(one.margins)
        assert len(row.layout.paragraphs) == set_as


def _texts(*pages: Page) -> list[PageText]:
    return [row for row, _ in running_texts(iter(pages), after=0, carried=Carried())]


def _kinds(*lines: tuple[str, float]) -> list[tuple[ParagraphKind, int]]:
    composer = Composer(1)
    y = 200.0
    for text, size in lines:
        y += 50.0
        composer.line([text.split(" ")], "left", y, size)
    for row in range(6):
        composer.begin()
        for line in range(4):
            words = FULL.split()
            composer.body(words, 130.0, 700.0 + 100 * row + 21 * line, wide=True)
    (page,) = _texts(composer.page())
    return [(one.kind, one.level) for one in page.layout.paragraphs][: len(lines)]


def test_titles_have_levels_by_size_and_by_number() -> None:
    assert _kinds(
        ("A Large Title", 32.0), ("2.1 Smaller and numbered", 22.0), ("1.2.3 Deep", 16.0)
    ) == [
        (ParagraphKind.HEADING, 1),
        (ParagraphKind.HEADING, 2),
        (ParagraphKind.HEADING, 3),
    ]


def test_items_and_sentences_of_the_texts_size_are_no_titles() -> None:
    assert _kinds(("• one of several things", 16.0), ("This is said in one line.", 16.0)) == [
        (ParagraphKind.LIST_ITEM, 0),
        (ParagraphKind.BODY, 0),
    ]


def test_rows_of_a_contents_page_are_a_table() -> None:
    assert _kinds(("2.1 Getting started . . . . . . . . . . 12", 16.0)) == [
        (ParagraphKind.TABLE, 0)
    ]


def _page(number: int, *paragraphs: list[str], notes: tuple[str, ...] = ()) -> Page:
    composer = Composer(number)
    y = 300.0
    for lines in paragraphs:
        composer.begin()
        for line in lines:
            composer.body(line.split(" "), 130.0, y, wide=len(line) > 55)
            y += 21.0
        y += 30.0
    for note in notes:
        y += 40.0
        composer.line([note.split(" ")], "left", y, 12.0)
    return composer.page()


def test_a_footnote_stands_before_the_paragraph_that_goes_on_overleaf() -> None:
    first, second = _texts(
        _page(
            1,
            [FULL, FULL, "and it ends here."],
            [FULL.capitalize(), FULL, "which the reader will under-"],
            notes=("1 See there for more of it",),
        ),
        _page(2, ["stand at once and read on, as people do who have begun with it", FULL]),
    )
    assert first.text.endswith(
        f".\n\n1 See there for more of it\n\n{FULL.capitalize()} {FULL} which the reader will under"
    )
    assert first.join_next == ""
    assert second.layout.paragraphs[0].continues


def test_a_picture_on_top_of_the_next_page_stands_after_the_paragraph_that_goes_on_there() -> None:
    first, second = _texts(
        _page(1, [FULL, FULL, FULL], [FULL, FULL]),
        _page(
            2,
            ["Figure 3: What is seen from the hill in the evening"],
            ["goes on here and ends. " + FULL, FULL],
        ),
    )
    assert first.join_next == " "
    assert second.text.startswith("goes on here")
    assert second.text.endswith("in the evening")


def test_a_blank_page_parts_nothing() -> None:
    blank = Page(2, 1000.0, 1414.0, "pixels", 0, 0, "", 1.0, [], [])
    first, empty, third = _texts(
        _page(1, [FULL, FULL, FULL]), blank, _page(3, ["as it was said before that", FULL])
    )
    assert [first.join_next, empty.join_next, third.join_next] == [" ", " ", "\n\n"]
    assert third.layout.paragraphs[0].continues


def test_a_page_that_could_not_be_read_ends_its_neighbours_paragraphs() -> None:
    first, third = _texts(_page(1, [FULL, FULL]), _page(3, ["as it was said before", FULL]))
    assert first.join_next == "\n\n"
    assert not third.layout.paragraphs[0].continues


@pytest.mark.parametrize("text", ["• a", "- a", "(b) a", "3. a", "iv) a", "1) a"])
def test_items_begin_with_a_sign_or_a_number(text: str) -> None:
    assert begins_item(text)


@pytest.mark.parametrize("text", ["A. Einstein", "1990 was", "-5 degrees", "z. B. so", "— said he"])
def test_what_looks_like_an_items_beginning_may_be_none(text: str) -> None:
    assert not begins_item(text)


def test_captions_are_told_in_several_languages() -> None:
    assert all(map(is_caption, ("Table 3: x", "Abbildung 2.1 x", "Tableau 4 – x", "Figure (3)")))
    assert not is_caption("Table manners of 3 people")
