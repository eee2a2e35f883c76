"""Passages: whole sentences, as many as fit, with the last of one first in the next."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.passages import merged
from common.stage_rows import LineBox, Passage, Sentence
from common.stages import StageLimits
from common.tokens import count
from functions.pipeline.stages.passages import passages
from tests.unit.made_pages import broken_off_everywhere, inputs_of, one_step_at_a_time, rows_of


def sentence(
    position: int,
    tokens: int,
    *,
    level: int = 0,
    page: int = 1,
    paragraph: int = 0,
    language: str = "en",
) -> Sentence:
    """Return a sentence of so many tokens on a line of its own."""
    text = " ".join(["word"] * tokens)
    box = (page, 0.1, position / 100, 0.9, position / 100 + 0.009)
    return Sentence(
        position, text, language, page, 0, page, len(text), paragraph, [box], level=level
    )


def document(*tokens: int, headings: Sequence[int] = ()) -> list[Sentence]:
    return [
        sentence(position, each, level=int(position in headings))
        for position, each in enumerate(tokens)
    ]


def passages_of(
    sentences: Sequence[Sentence], *, limit: int = 10, overlap: int = 3
) -> list[Passage]:
    limits = StageLimits(passage_tokens=limit, overlap_tokens=overlap)
    rows = rows_of(list(passages(inputs_of(sentences=sentences, limits=limits), None)))
    return [row for row in rows if isinstance(row, Passage)]


def spans(found: Sequence[Passage]) -> list[tuple[int, int]]:
    return [(each.first_sentence, each.last_sentence) for each in found]


def test_passages_hold_as_many_sentences_as_fit_and_share_the_last_ones() -> None:
    found = passages_of(document(4, 3, 3, 4, 3, 2, 4))
    assert spans(found) == [(0, 2), (2, 4), (4, 6)]
    assert [each.tokens for each in found] == [10, 10, 9]


def test_a_sentence_that_is_too_long_to_share_is_not_shared() -> None:
    assert spans(passages_of(document(4, 6, 6, 4))) == [(0, 1), (2, 3)]


def test_nothing_is_shared_where_the_next_sentence_would_not_fit_any_more() -> None:
    assert spans(passages_of(document(8, 2, 9))) == [(0, 1), (2, 2)]


def test_a_sentence_longer_than_the_limit_is_a_passage_of_its_own() -> None:
    found = passages_of(document(2, 2, 30, 2, 2))
    assert spans(found) == [(0, 1), (2, 2), (3, 4)]
    assert found[1].tokens == 30


def test_a_heading_begins_a_passage_where_the_one_before_is_a_third_full() -> None:
    assert spans(passages_of(document(2, 2, 2, 2, headings=[2]))) == [(0, 1), (2, 3)]
    assert spans(passages_of(document(1, 2, 2, 2, headings=[2]))) == [(0, 3)]


def test_a_heading_shares_nothing_with_the_section_before() -> None:
    found = passages_of(document(7, 2, 2, 3, headings=[2]))
    assert spans(found) == [(0, 1), (2, 3)]


def test_a_heading_that_ends_a_passage_begins_the_next_one_too() -> None:
    found = passages_of(document(2, 1, 9, headings=[1]), limit=10, overlap=1)
    assert spans(found) == [(0, 1), (1, 2)]


def test_a_passage_has_the_language_of_most_of_its_tokens() -> None:
    some = [sentence(0, 2, language="fr"), sentence(1, 3), sentence(2, 2, language="fr")]
    assert passages_of(some)[0].language == "fr"
    assert passages_of(some[:2])[0].language == "en"


def test_between_paragraphs_stands_a_line_break_and_between_sentences_a_space() -> None:
    some = [sentence(0, 1), sentence(1, 1), sentence(2, 1, paragraph=1)]
    assert passages_of(some)[0].text == "word word\nword"


def test_a_passage_has_its_pages_and_the_boxes_of_its_sentences() -> None:
    some = [sentence(0, 1, page=3), sentence(1, 1, page=4)]
    [found] = passages_of(some)
    assert (found.page_start, found.page_end) == (3, 4)
    assert found.boxes == [some[0].boxes[0], some[1].boxes[0]]


def test_boxes_on_one_line_become_one() -> None:
    line: list[LineBox] = [(1, 0.1, 0.50, 0.4, 0.52), (1, 0.41, 0.501, 0.9, 0.522)]
    assert merged(line) == [(1, 0.1, 0.50, 0.9, 0.522)]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((2, 0.41, 0.50, 0.9, 0.52), id="another page"),
        pytest.param((1, 0.41, 0.53, 0.9, 0.55), id="another line"),
        pytest.param((1, 0.05, 0.50, 0.09, 0.52), id="before it"),
        pytest.param((1, 0.55, 0.50, 0.9, 0.52), id="another column"),
    ],
)
def test_boxes_of_other_lines_stay_apart(other: LineBox) -> None:
    first: LineBox = (1, 0.1, 0.50, 0.4, 0.52)
    assert merged([first, other]) == [first, other]


def test_a_document_without_sentences_has_no_passages_and_is_done() -> None:
    [step] = passages(inputs_of(), None)
    assert (list(step.rows), step.done, step.total) == ([], 0, 0)


def test_a_step_is_as_many_passages_as_is_set_and_counts_sentences() -> None:
    limits = StageLimits(passage_tokens=10, overlap_tokens=0, passages_at_once=2)
    inputs = inputs_of(sentences=document(*[5] * 10), limits=limits)
    steps = list(passages(inputs, None))
    assert [(len(step.rows), step.done, step.total) for step in steps] == [
        (2, 4, 10),
        (2, 8, 10),
        (1, 10, 10),
    ]


@st.composite
def documents(draw: st.DrawFn) -> list[Sentence]:
    lengths = draw(st.lists(st.integers(1, 14), max_size=40))
    headings = draw(st.sets(st.integers(0, 40), max_size=8))
    return document(*lengths, headings=sorted(headings))


LIMITS = st.builds(
    StageLimits,
    passage_tokens=st.integers(4, 12),
    overlap_tokens=st.integers(0, 12),
    passages_at_once=st.integers(1, 4),
)


@settings(max_examples=150, deadline=None)
@given(documents(), LIMITS)
def test_every_sentence_is_in_a_passage_whole_and_in_order(
    sentences: list[Sentence], limits: StageLimits
) -> None:
    inputs = inputs_of(sentences=sentences, limits=limits)
    found = [row for row in rows_of(list(passages(inputs, None))) if isinstance(row, Passage)]
    assert [each.position for each in found] == list(range(len(found)))
    for each in found:
        some = sentences[each.first_sentence : each.last_sentence + 1]
        assert each.text.split() == " ".join(one.text for one in some).split()
        assert each.tokens == count(each.text)
        assert each.tokens <= limits.passage_tokens or len(some) == 1
    reached = 0
    for before, each in pairwise(found):
        assert before.first_sentence < each.first_sentence <= before.last_sentence + 1
        assert each.last_sentence > before.last_sentence
        shared = sentences[each.first_sentence : before.last_sentence + 1]
        assert sum(count(one.text) for one in shared) <= limits.overlap_tokens
    for each in found:
        assert each.first_sentence <= reached
        reached = each.last_sentence + 1
    assert reached == len(sentences)


@settings(max_examples=150, deadline=None)
@given(documents(), LIMITS)
def test_broken_off_behind_any_step_it_makes_the_same_rows(
    sentences: list[Sentence], limits: StageLimits
) -> None:
    inputs = inputs_of(sentences=sentences, limits=limits)
    whole, *broken = broken_off_everywhere(passages, inputs)
    assert all(rows == whole for rows in broken)
    assert one_step_at_a_time(passages, inputs) == whole


def test_tokens_are_counted_without_a_model() -> None:
    assert count("") == 0
    assert count("Paper, ink.") == 5
    assert count("12 345.6") == 4
    assert count("東京都") == 3
    assert count("a_b") == 3
    assert count("Épître à Ελένη") == 2 + 1 + 2
    assert count("PDFの頁") == 3
