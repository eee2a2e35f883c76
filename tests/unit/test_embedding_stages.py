"""Embedding and publishing: every passage once, in order, wherever they are broken off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, cast

import pytest

from common.stage_rows import (
    DIMENSIONS,
    Embedding,
    PageText,
    Passage,
    PublishedVectors,
    Sentence,
    StageRow,
    Vector,
)
from common.stages import Cursor, StageFunction, StageInputs, StageLimits, Step
from functions.pipeline.stages.embedding import embedding
from functions.pipeline.stages.vectors import vectors


@dataclass
class Rows:
    """What earlier stages have made, in lists."""

    all_passages: list[Passage]

    def page_texts(self, *, after: int = 0) -> Iterator[PageText]:
        raise AssertionError("nobody needs pages here")

    def sentences(self, *, start: int = 0) -> Iterator[Sentence]:
        raise AssertionError("nobody needs sentences here")

    def passages(self, *, start: int = 0) -> Iterator[Passage]:
        return iter(self.all_passages[start:])

    def embeddings(self, *, start: int = 0) -> Iterator[Embedding]:
        raise AssertionError("no embedding goes through here")

    def last_sentence(self) -> int | None:
        raise AssertionError("nobody needs sentences here")

    def last_passage(self) -> int | None:
        return self.all_passages[-1].position if self.all_passages else None


@dataclass
class Lengths:
    """An engine that says how long texts are, and remembers how many it was given at once."""

    name: str = "lengths"
    calls: list[int] = field(default_factory=list)

    def embed(self, texts: Sequence[str], *, is_query: bool = False) -> list[Vector]:
        assert not is_query
        self.calls.append(len(texts))
        return [[float(len(text))] + [0.0] * (DIMENSIONS - 1) for text in texts]


def inputs_of(passages: int, *, at_once: int = 10) -> tuple[StageInputs, Lengths]:
    rows = [
        Passage(number, "x" * (number + 1), "en", 1, 1, 1, number, number, [])
        for number in range(passages)
    ]
    engine = Lengths()
    nothing = cast(Any, None)
    inputs = StageInputs(
        work=nothing,
        rows=Rows(rows),
        result_pages=nothing,
        segmenter=nothing,
        entities=nothing,
        embedder=lambda: engine,
        normalizer=None,
        outline=nothing,
        limits=StageLimits(passages_at_once=at_once),
    )
    return inputs, engine


def through(stage: StageFunction, inputs: StageInputs, cursor: Cursor = None) -> list[Step]:
    return list(stage(inputs, cursor))


def rows_of(steps: Sequence[Step]) -> list[StageRow]:
    return [row for step in steps for row in step.rows]


def test_every_passage_is_embedded_once_and_in_order() -> None:
    inputs, engine = inputs_of(25)
    rows = rows_of(through(embedding, inputs))
    assert [cast(Embedding, row).position for row in rows] == list(range(25))
    assert [cast(Embedding, row).embedding[0] for row in rows] == list(range(1, 26))
    assert engine.calls == [10, 10, 5]


def test_what_is_published_is_every_passage_once_and_in_order() -> None:
    inputs, engine = inputs_of(25)
    assert rows_of(through(vectors, inputs)) == [
        PublishedVectors(0, 9),
        PublishedVectors(10, 19),
        PublishedVectors(20, 24),
    ]
    assert engine.calls == []


@pytest.mark.parametrize("passages", [1, 9, 10, 11, 40])
@pytest.mark.parametrize("stage", [embedding, vectors])
def test_the_last_step_is_all_of_it_and_none_is_longer_than_an_interval(
    stage: StageFunction, passages: int
) -> None:
    inputs, _ = inputs_of(passages)
    steps = through(stage, inputs)
    assert [step.total for step in steps] == [passages] * len(steps)
    done = [0, *(step.done for step in steps)]
    assert done[-1] == passages
    assert all(0 < after - before <= 10 for before, after in pairwise(done))


@pytest.mark.parametrize("broken_after", range(5))
@pytest.mark.parametrize("stage", [embedding, vectors])
def test_broken_off_after_any_step_the_rest_is_what_an_undisturbed_run_would_have_made(
    stage: StageFunction, broken_after: int
) -> None:
    inputs, engine = inputs_of(45)
    whole = through(stage, inputs)
    calls = len(engine.calls)
    kept = whole[:broken_after]
    again = through(stage, inputs, kept[-1].cursor if kept else None)
    assert kept + again == whole
    assert len(engine.calls) - calls == (len(again) if stage is embedding else 0)


@pytest.mark.parametrize("stage", [embedding, vectors])
def test_where_all_was_done_there_is_no_step_more(stage: StageFunction) -> None:
    inputs, _ = inputs_of(20)
    assert through(stage, inputs, through(stage, inputs)[-1].cursor) == []


@pytest.mark.parametrize("stage", [embedding, vectors])
def test_a_document_without_passages_loads_no_engine(stage: StageFunction) -> None:
    inputs, engine = inputs_of(0)
    assert through(stage, inputs) == [Step((), 0, 0, 0)]
    assert engine.calls == []
