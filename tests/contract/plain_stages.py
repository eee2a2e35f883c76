"""Two stages of no engine, a row a page, and a desk where they are done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from common.access import Caller
from common.lifecycle import Stage
from common.models import JobId
from common.pages import PageRange
from common.stage_rows import Layout, PageText, Sentence
from common.stages import Cursor, PlannedStage, StageInputs, StageOf, Step
from tests.contract.stage_fixtures import Desk, limits, made_pages, pages_above
from tests.world import World, cut

ALICE = Caller("alice")
TWO = (Stage.TEXT, Stage.SENTENCES)


def plain_text(inputs: StageInputs, cursor: Cursor) -> Iterator[Step]:
    """A row and a checkpoint a page."""
    for page in inputs.result_pages(cursor or 0):
        row = PageText(page.number, page.text, "\n\n", "en", "", "", Layout([], []))
        yield Step((row,), page.number, page.number, inputs.work.pages)


def one_sentence(inputs: StageInputs, cursor: Cursor) -> Iterator[Step]:
    """A sentence a page."""
    for page in inputs.rows.page_texts(after=cursor or 0):
        end = len(page.text)
        row = Sentence(page.page - 1, page.text, "en", page.page, 0, page.page, end, 0, [])
        yield Step((row,), page.page, page.page, inputs.work.pages)


class Troubled:
    """A stage that raises, so many times, before its second checkpoint."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)

    def __call__(self, inputs: StageInputs, cursor: Cursor) -> Iterator[Step]:
        for step in plain_text(inputs, cursor):
            if step.done == 2 and self.errors:
                raise self.errors.pop(0)
            yield step


def desk_of(world: World, text: Any = plain_text, *, pages: int = 3) -> Desk:
    made = made_pages(pages)

    def inputs(work: Any) -> StageInputs:
        unused: Any = None
        return StageInputs(
            work=work,
            rows=made_desk.stages.rows_of(work),
            result_pages=pages_above(made),
            segmenter=unused,
            entities=unused,
            embedder=unused,
            normalizer=None,
            outline=lambda: (),
            limits=limits(),
        )

    listed = [
        StageOf(Stage.TEXT, text, 1),
        StageOf(Stage.SENTENCES, one_sentence, 1, (Stage.TEXT,)),
    ]
    made_desk = Desk(world, listed, inputs, interval=1)
    return made_desk


@pytest.fixture
def desk(world: World) -> Desk:
    return desk_of(world)


def extend(desk: Desk, job_id: JobId, **versions: str) -> tuple[Stage, ...] | None:
    wanted = [PlannedStage(Stage(name), version) for name, version in versions.items()]
    extension = desk.stages.extend(job_id, ALICE, wanted, desk.dependents)
    if extension is None:
        return None
    if extension.first is not None:
        desk.sent.append(extension.first)
    desk.run_until()
    return extension.stages


def merge_of(world: World, job_id: JobId) -> None:
    """Bring a batch's job to where it can be merged."""
    work = world.begin(job_id)
    world.splits.plan(work, page_count=3, size=1, warnings=[], chunks=[PageRange(1, 3)])
    planned = world.splits.planned(work)
    world.splits.dispatched(work, [(chunk, cut(work, chunk)) for chunk in planned])
    world.splits.finish(work)
    world.finish_chunk(planned[0].id)
