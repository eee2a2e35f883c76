"""Sentences of pages: whole over page breaks, each in its place, wherever they are broken off."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.sentences import LONGEST
from common.stage_rows import PageText, ParagraphKind, Sentence
from common.stages import StageLimits
from functions.pipeline.stages.sentences import sentences
from tests.unit.made_pages import (
    Louder,
    Made,
    Part,
    broken_off_everywhere,
    inputs_of,
    one_step_at_a_time,
    pages_of,
    rows_of,
)


def sentences_of(pages: Sequence[PageText], *, at_once: int = 50) -> list[Sentence]:
    inputs = inputs_of(pages, limits=StageLimits(pages_at_once=at_once))
    rows = rows_of(list(sentences(inputs, None)))
    return [row for row in rows if isinstance(row, Sentence)]


def test_a_sentence_over_a_page_break_is_in_one_piece_and_stands_on_both_pages() -> None:
    found = sentences_of(
        pages_of(
            Made(["It was late. The binder counted the"], " "),
            Made(["sheets once more. Then he slept."]),
        )
    )
    assert [each.text for each in found] == [
        "It was late.",
        "The binder counted the sheets once more.",
        "Then he slept.",
    ]
    over = found[1]
    assert (over.page_start, over.start, over.page_end, over.end) == (1, 13, 2, 17)
    assert [box[0] for box in over.boxes] == [1, 2]
    assert {each.paragraph for each in found} == {0}


def test_a_word_that_is_divided_by_a_page_break_is_whole() -> None:
    found = sentences_of(pages_of(Made(["He was a book"], ""), Made(["binder by trade."])))
    assert [each.text for each in found] == ["He was a bookbinder by trade."]


def test_a_paragraph_may_go_over_pages_without_text() -> None:
    found = sentences_of(
        pages_of(Made(["It goes on"], " "), Made([], " "), Made(["and on. It ends."]))
    )
    assert [(each.text, each.page_start, each.page_end) for each in found] == [
        ("It goes on and on.", 1, 3),
        ("It ends.", 3, 3),
    ]


def test_a_heading_and_a_table_are_one_sentence_each() -> None:
    table = Part("Year Pages. 1901 12. 1902 14.", ParagraphKind.TABLE)
    found = sentences_of(
        pages_of(Made([Part("1. Paper. Its uses", ParagraphKind.HEADING, 2), table, "One. Two."]))
    )
    assert [(each.text, each.level, each.paragraph) for each in found] == [
        ("1. Paper. Its uses", 2, 0),
        (table.text, 0, 1),
        ("One.", 0, 2),
        ("Two.", 0, 2),
    ]


def test_each_line_of_a_sentence_has_one_box_around_its_words() -> None:
    words = " ".join(["Leaf"] + ["by", "leaf"] * 6)
    [first, second] = sentences_of(pages_of(Made([f"{words}. Done."])))
    assert [tuple(round(value, 3) for value in box) for box in first.boxes] == [
        (1, 0.1, 0.0, 0.89, 0.015),
        (1, 0.1, 0.02, 0.59, 0.035),
    ]
    assert second.boxes[0] == pytest.approx((1, 0.6, 0.02, 0.69, 0.035))


def test_a_sentence_has_the_language_of_the_page_where_it_begins() -> None:
    found = sentences_of(
        pages_of(Made(["One page."], language="en"), Made(["M. Roy dort. Il rêve."], language="fr"))
    )
    assert [(each.text, each.language) for each in found] == [
        ("One page.", "en"),
        ("M. Roy dort.", "fr"),
        ("Il rêve.", "fr"),
    ]


def test_a_model_is_asked_once_a_step_and_language() -> None:
    pages = pages_of(
        Made(["One. Two."]), Made(["Trois."], language="fr"), Made(["Four."]), Made(["Five."])
    )
    louder = Louder()
    inputs = inputs_of(pages, limits=StageLimits(pages_at_once=3), normalizer=louder)
    rows = rows_of(list(sentences(inputs, None)))
    assert [(row.text, row.normalized) for row in rows if isinstance(row, Sentence)] == [
        ("One.", "ONE."),
        ("Two.", "TWO."),
        ("Trois.", "TROIS."),
        ("Four.", "FOUR."),
        ("Five.", "FIVE."),
    ]
    assert louder.calls == [("en", 3), ("fr", 1), ("en", 1)]


def test_a_document_without_text_has_no_sentences_and_is_done() -> None:
    [step] = sentences(inputs_of(pages_of(Made([]), Made([], " "))), None)
    assert (list(step.rows), step.done, step.total) == ([], 2, 2)
    [step] = sentences(inputs_of(), None)
    assert (list(step.rows), step.done, step.total) == ([], 0, 0)


def test_a_step_is_as_many_pages_as_is_set_and_says_how_many_are_done() -> None:
    pages = pages_of(*[Made([f"Page {number}."]) for number in range(7)])
    steps = list(sentences(inputs_of(pages, limits=StageLimits(pages_at_once=3)), None))
    assert [(len(step.rows), step.done, step.total) for step in steps] == [
        (3, 3, 7),
        (3, 6, 7),
        (1, 7, 7),
    ]


@pytest.mark.parametrize("end", [". ", " "], ids=["of sentences", "of words"])
def test_of_a_paragraph_that_never_ends_a_few_pages_are_in_memory(end: str) -> None:
    pages = pages_of(*[Made([f"leaf {number}{end}Sheet" * 200], " ") for number in range(40)])
    steps = list(sentences(inputs_of(pages, limits=StageLimits(pages_at_once=1)), None))
    reached = [0, *(step.done for step in steps)]
    assert max(after - before for before, after in pairwise(reached)) <= 15
    found = [row for row in rows_of(steps) if isinstance(row, Sentence)]
    assert max(len(each.text) for each in found) <= LONGEST
    assert {each.paragraph for each in found} == {0}
    assert " ".join(each.text for each in found) == " ".join(page.text for page in pages)


WORDS = st.sampled_from(
    [
        "Paper",
        "ink",
        "No.",
        "4",
        "M.",
        "It",
        "ends.",
        "etc.",
        "“Why?”",
        "Go!",
        "…",
        "(see",
        "p. 3.)",
    ]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=30).map(" ".join)
KINDS = st.sampled_from(ParagraphKind)
PARTS = st.builds(Part, TEXTS, KINDS, st.integers(0, 2))
MADE = st.builds(
    Made,
    st.lists(PARTS, max_size=3),
    st.sampled_from(["\n\n", " ", ""]),
    st.sampled_from(["en", "fr", "de", "und"]),
)
PAGES = st.lists(MADE, max_size=7).map(lambda made: pages_of(*made))


@settings(max_examples=60, deadline=None)
@given(PAGES, st.integers(1, 4))
def test_broken_off_behind_any_step_it_makes_the_same_rows(
    pages: list[PageText], at_once: int
) -> None:
    inputs = inputs_of(pages, limits=StageLimits(pages_at_once=at_once))
    whole, *broken = broken_off_everywhere(sentences, inputs)
    assert all(rows == whole for rows in broken)
    assert one_step_at_a_time(sentences, inputs) == whole


@settings(max_examples=60, deadline=None)
@given(PAGES)
def test_sentences_are_all_that_stands_on_the_pages_once_and_in_order(
    pages: list[PageText],
) -> None:
    found = sentences_of(pages)
    assert [each.position for each in found] == list(range(len(found)))
    said = "".join(each.text for each in found)
    assert said.replace(" ", "") == "".join("".join(page.text.split()) for page in pages)
    assert not any("\n" in each.text or each.text != each.text.strip() for each in found)
    places = [(each.page_start, each.start, each.page_end, each.end) for each in found]
    assert places == sorted(places)
    numbers = [each.paragraph for each in found]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(len(set(numbers))))


@settings(max_examples=60, deadline=None)
@given(PAGES)
def test_a_sentence_is_where_it_says_and_its_boxes_are_those_of_its_words(
    pages: list[PageText],
) -> None:
    by_number = {page.page: page for page in pages}
    for each in sentences_of(pages):
        first, last = by_number[each.page_start], by_number[each.page_end]
        assert each.text.startswith(first.text[each.start : each.start + 1])
        if first is last:
            assert first.text[each.start : each.end] == each.text
        assert last.text[each.end - 1] == each.text[-1]
        expected = set()
        for number in range(each.page_start, each.page_end + 1):
            page = by_number[number]
            start = each.start if page is first else 0
            end = each.end if page is last else len(page.text)
            expected |= {
                (number, word.line)
                for word in page.layout.words
                if word.start < end and word.end > start
            }
        assert len(each.boxes) == len(expected)
        assert {box[0] for box in each.boxes} == {number for number, _ in expected}
