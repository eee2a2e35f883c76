"""The entities stage: every passage once, on the right page, wherever it is broken off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.passages import counted, cut, made
from common.stage_rows import Embedding, Entity, EntityKind, PageText, Passage, Sentence
from common.stages import Cursor, EntityFinder, Mention, StageInputs, StageLimits, Step
from functions.pipeline.stages.entities import entities
from infra.entities.rules import RulesEntityFinder


@dataclass
class Rows:
    """What earlier stages have made, in lists."""

    all_passages: list[Passage]
    all_sentences: list[Sentence] = field(default_factory=list)
    #: Where sentences were asked for.
    asked: list[int] = field(default_factory=list)

    def page_texts(self, *, after: int = 0) -> Iterator[PageText]:
        raise AssertionError("nobody needs pages here")

    def sentences(self, *, start: int = 0) -> Iterator[Sentence]:
        self.asked.append(start)
        return iter(self.all_sentences[start:])

    def passages(self, *, start: int = 0) -> Iterator[Passage]:
        return iter(self.all_passages[start:])

    def embeddings(self, *, start: int = 0) -> Iterator[Embedding]:
        raise AssertionError("no embedding goes through here")

    def last_sentence(self) -> int | None:
        raise AssertionError("nobody asks how many sentences there are")

    def last_passage(self) -> int | None:
        return self.all_passages[-1].position if self.all_passages else None


@dataclass
class Letters:
    """An engine that finds every X, and remembers what it was asked for."""

    name: str = "letters"
    calls: list[tuple[str, int]] = field(default_factory=list)

    def find(self, texts: Sequence[str], language: str) -> list[list[Mention]]:
        self.calls.append((language, len(texts)))
        return [
            [
                Mention(EntityKind.PLACE, i, i + 1, None, 0.5)
                for i, character in enumerate(text)
                if character == "X"
            ]
            for text in texts
        ]


def inputs_of(rows: Rows, engine: EntityFinder, *, at_once: int = 10) -> StageInputs:
    nothing = cast(Any, None)
    return StageInputs(
        work=nothing,
        rows=rows,
        result_pages=nothing,
        segmenter=nothing,
        entities=lambda: engine,
        embedder=nothing,
        normalizer=None,
        outline=nothing,
        limits=StageLimits(passages_at_once=at_once),
    )


def passage(position: int, text: str, language: str = "en", page: int = 1) -> Passage:
    return Passage(position, text, language, 1, page, page, position, position, [])


def through(inputs: StageInputs, cursor: Cursor = None) -> list[Step]:
    return list(entities(inputs, cursor))


def rows_of(steps: Sequence[Step]) -> list[Entity]:
    return [cast(Entity, row) for step in steps for row in step.rows]


def test_each_mention_is_a_row_of_its_passage_in_its_order() -> None:
    rows = Rows(
        [passage(0, "Marie Curie left Paris in 1891."), passage(1, "She paid €40.", page=2)]
    )
    found = rows_of(through(inputs_of(rows, RulesEntityFinder())))
    assert [(row.passage, row.place, row.kind, row.text, row.page, row.value) for row in found] == [
        (0, 0, "person", "Marie Curie", 1, None),
        (0, 1, "place", "Paris", 1, None),
        (0, 2, "date", "1891", 1, "1891"),
        (1, 0, "amount", "€40", 2, "40 EUR"),
    ]
    assert [(row.start, row.end) for row in found] == [(0, 11), (17, 22), (26, 30), (9, 12)]


def test_the_engine_is_asked_once_for_each_language_of_a_step() -> None:
    languages = ["en", "fr", "en", "de", "fr", "en"]
    rows = Rows([passage(i, "X" * i, language) for i, language in enumerate(languages)])
    engine = Letters()
    found = rows_of(through(inputs_of(rows, engine, at_once=4)))
    assert engine.calls == [("en", 2), ("fr", 1), ("de", 1), ("fr", 1), ("en", 1)]
    assert [row.passage for row in found] == [i for i in range(6) for _ in range(i)]


@pytest.mark.parametrize("passages", [1, 9, 10, 11, 40])
def test_the_last_step_is_all_of_it_and_none_is_longer_than_an_interval(passages: int) -> None:
    rows = Rows([passage(i, "X") for i in range(passages)])
    steps = through(inputs_of(rows, Letters()))
    assert [step.total for step in steps] == [passages] * len(steps)
    done = [0, *(step.done for step in steps)]
    assert done[-1] == passages
    assert all(0 < after - before <= 10 for before, after in pairwise(done))


def test_a_document_without_passages_is_done_at_once() -> None:
    engine = Letters()
    assert through(inputs_of(Rows([]), engine)) == [Step((), 0, 0, 0)]
    assert engine.calls == []


def sentence(position: int, text: str, page_start: int, page_end: int, share: float) -> Sentence:
    """A sentence of which this share of its lines is on its first page."""
    boxes = [(page_start, 0.0, 0.9, share, 0.92)]
    if page_end > page_start:
        boxes.append((page_end, 0.0, 0.1, 1 - share, 0.12))
    return Sentence(position, text, "en", page_start, 0, page_end, len(text), 0, boxes)


def test_a_mention_is_on_the_page_where_it_stands_in_a_passage_on_two() -> None:
    sentences = [
        sentence(0, "An X here.", 1, 1, 1),
        sentence(1, "X one half is there, and the other is on X.", 1, 2, 0.5),
        sentence(2, "And X.", 2, 2, 1),
    ]
    rows = Rows([made(0, list(counted(sentences)))], sentences)
    found = rows_of(through(inputs_of(rows, Letters())))
    assert [row.page for row in found] == [1, 1, 2, 2]


def test_sentences_are_not_read_where_every_passage_is_on_one_page() -> None:
    rows = Rows([passage(i, "X", page=i + 1) for i in range(20)])
    found = rows_of(through(inputs_of(rows, Letters())))
    assert [row.page for row in found] == list(range(1, 21))
    assert rows.asked == []


@st.composite
def documents(draw: st.DrawFn) -> Rows:
    """Sentences over pages, cut to passages as the passages stage cuts them."""
    sentences: list[Sentence] = []
    page = 1
    for position in range(draw(st.integers(0, 30))):
        text = draw(st.sampled_from(["X", "a X", "X a X and", "no", "a b c d X", "XX XX"]))
        last = page + draw(st.sampled_from([0, 0, 0, 1, 2]))
        sentences.append(
            sentence(position, text, page, last, draw(st.sampled_from([0.1, 0.5, 0.9])))._replace(
                language=draw(st.sampled_from(["en", "fr"])), paragraph=position // 4
            )
        )
        page = last + draw(st.sampled_from([0, 0, 0, 1]))
    passages = [
        made(position, each.passage)
        for position, each in enumerate(cut(counted(sentences), [], limit=9, overlap=4))
    ]
    return Rows(passages, sentences)


@given(documents(), st.integers(1, 4), st.data())
def test_broken_off_after_any_step_the_rest_is_what_an_undisturbed_run_would_have_made(
    rows: Rows, at_once: int, data: st.DataObject
) -> None:
    inputs = inputs_of(rows, Letters(), at_once=at_once)
    whole = through(inputs)
    kept = whole[: data.draw(st.integers(0, len(whole)))]

    assert kept + through(inputs, kept[-1].cursor if kept else None) == whole or kept == whole

    # And page by page it is where its sentence is.
    for row in rows_of(whole):
        of = rows.all_passages[row.passage]
        assert of.text[row.start : row.end] == row.text
        offset = 0
        for one in rows.all_sentences[of.first_sentence : of.last_sentence + 1]:
            if offset <= row.start < offset + len(one.text):
                assert one.page_start <= row.page <= one.page_end
            offset += len(one.text) + 1
