"""Headers, footers and page numbers, held against real pages and made-up books."""

from __future__ import annotations

import pytest

from common.text_edges import margins_of
from common.text_lines import aspect_of, lines_of
from common.text_margins import set_aside
from common.text_numbers import outer_numbers, page_number, roman, says_page
from tests.text_books import exercises, slides
from tests.text_samples import Sample, made_samples, margin_score, real_samples
from tests.text_typesetting import Composer

REAL = real_samples()
MADE = made_samples()


def test_real_headers_and_footers_are_set_aside_and_no_text_with_them() -> None:
    score = margin_score(REAL)
    assert sum(len(sample.pages) for sample in REAL) >= 200
    assert score.there >= 350
    assert score.precision >= 0.99
    assert score.recall >= 0.97


def test_so_they_are_in_documents_that_the_rules_were_not_written_with() -> None:
    score = margin_score(sample for sample in REAL if not sample.seen)
    assert score.there >= 120
    assert score.precision >= 0.98
    assert score.recall >= 0.93


@pytest.mark.parametrize("sample", MADE, ids=lambda sample: sample.name)
def test_a_made_up_books_margins_are_all_found_and_nothing_else(sample: Sample) -> None:
    score = margin_score([sample])
    assert (score.right, score.said) == (score.there, score.there)


def test_slides_and_exercises_keep_their_titles() -> None:
    for pages in (slides(), exercises()):
        facts = [margins_of(page.number, lines_of(page), aspect_of(page)) for page in pages]
        for one in facts:
            others = [other for other in facts if other is not one]
            assert set_aside(one, others, one.size) == {}


def test_a_chapters_title_that_stands_once_stays() -> None:
    book = next(sample for sample in MADE if sample.name == "left and right pages")
    assert book.texts[0].text.startswith("Chapter 1\n\n")


def test_a_page_alone_loses_only_what_calls_itself_its_number() -> None:
    composer = Composer(7)
    composer.line([["Minutes", "of", "the", "Board"]], "left", 70.0, 16.0)
    composer.line([["Page", "7", "of", "9"]], "right", 1330.0, 16.0)
    page = composer.page()
    facts = margins_of(page.number, lines_of(page), aspect_of(page))
    assert set_aside(facts, [], facts.size) == {1: False}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("12", 12), ("- 12 -", 12), ("Page xii", 12), ("12 of 30", 12), ("[3]", 3)),
        *(("Seite 4 von 9", 4), ("p. 7", 7), ("7/12", 7), ("XIV", 14)),
        *(("12 men", None), ("mild", None), ("", None), ("3.2", None)),
    ],
)
def test_a_line_that_is_a_pages_number_is_read(text: str, value: int | None) -> None:
    assert page_number(text) == value


def test_only_some_numbers_can_be_nothing_but_a_pages() -> None:
    assert says_page("Page 3")
    assert says_page("- 3 -")
    assert not says_page("3")


def test_numbers_of_lists_and_notes_are_no_page_numbers() -> None:
    assert outer_numbers("12. First of all") == (None, None)
    assert outer_numbers("12 A Title 13") == (12, 13)
    assert outer_numbers("I said so") == (None, None)


def test_roman_numerals_are_read_and_words_are_not() -> None:
    assert [roman(text) for text in ("iv", "XLII", "mcmxcix")] == [4, 42, 1999]
    assert [roman(text) for text in ("iiii", "vx", "", "mix up")] == [None] * 4
