"""Every stage, killed, paused or cancelled at each of its checkpoints, on the real list of stages.

What is there at the end equals what an undisturbed run has made, or is gone after a cancellation.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from common.access import Caller
from common.lifecycle import AFTER_OCR, Stage
from common.models import JobId
from common.stages import StageInputs, StageRef
from functions.pipeline.stages.listed import STAGES
from infra.database.controls import PostgresControls
from infra.embedding.wordllama import WordLlamaEmbedder
from infra.entities.rules import RulesEntityFinder
from infra.language.segmenter import SentencexSegmenter
from tests.contract.stage_fixtures import (
    TABLES,
    Desk,
    Killed,
    limits,
    made_pages,
    pages_above,
)
from tests.world import World

ALICE = Caller("alice")
PAGES = 5
#: Of the stage's unit between two checkpoints, at most; a passage has a few sentences.
INTERVAL = 12


@pytest.fixture
def desk(world: World) -> Desk:
    """Goes through the real stages with the engines of one machine."""
    made = made_pages(PAGES)
    segmenter, entities, embedder = SentencexSegmenter(), RulesEntityFinder(), WordLlamaEmbedder()

    def inputs(work: Any) -> StageInputs:
        return StageInputs(
            work=work,
            rows=made_desk.stages.rows_of(work),
            result_pages=pages_above(made),
            segmenter=lambda: segmenter,
            entities=lambda: entities,
            embedder=lambda: embedder,
            normalizer=None,
            outline=lambda: (),
            limits=limits(),
        )

    made_desk = Desk(world, STAGES, inputs, interval=INTERVAL)
    return made_desk


def undisturbed(desk: Desk) -> tuple[JobId, dict[str, list[dict[str, Any]]]]:
    job_id = desk.merged(PAGES)
    desk.run_until()
    assert desk.job(job_id)["status"] == "completed"
    rows = desk.rows(job_id)
    assert all(rows.values()), {table: len(some) for table, some in rows.items()}
    return job_id, rows


def checkpoints(desk: Desk, job_id: JobId, stage: Stage) -> int:
    count = desk.of(job_id, stage)["checkpoints"]
    # Else there would be nothing in between.
    assert count > 1, (stage, count)
    return int(count)


def at_checkpoint(
    desk: Desk, job_id: JobId, stage: Stage, number: int, act: Callable[[], Any]
) -> None:
    """Do something once, as soon as so many checkpoints are recorded."""

    def look() -> None:
        if desk.of(job_id, stage)["checkpoints"] == number:
            desk.on_update = lambda: None
            assert act()

    desk.on_update = look


@pytest.mark.parametrize("stage", AFTER_OCR)
def test_a_stage_that_is_killed_goes_on_from_its_checkpoint(desk: Desk, stage: Stage) -> None:
    before, expected = undisturbed(desk)
    for number in range(checkpoints(desk, before, stage) + 1):
        job_id = desk.merged(PAGES)
        desk.run_until(stage)
        message = desk.sent[0]
        try:
            desk.run(dies_at=number)
        except Killed:
            desk.world.age("jobs", "lease_expires_at", timedelta(hours=1), id=job_id)
            desk.sent.append(message)
        desk.run_until()
        assert desk.rows(job_id) == expected
        of = desk.of(job_id, stage)
        assert of["repeated"] <= INTERVAL
        assert desk.job(job_id)["status"] == "completed"


@pytest.mark.parametrize("stage", AFTER_OCR)
def test_a_stage_that_is_paused_goes_on_from_there_and_repeats_nothing(
    desk: Desk, stage: Stage
) -> None:
    before, expected = undisturbed(desk)
    controls = PostgresControls(desk.world.pool)
    for number in range(checkpoints(desk, before, stage)):
        job_id = desk.merged(PAGES)
        desk.run_until(stage)
        at_checkpoint(desk, job_id, stage, number, partial(controls.pause, job_id, ALICE))
        desk.run()
        paused = desk.of(job_id, stage)
        assert desk.job(job_id)["status"] == "paused"
        assert paused["checkpoints"] <= number + 1
        # A message that comes now changes nothing.
        desk.sent.append(StageRef(job_id, stage))
        desk.run_until()
        assert desk.of(job_id, stage) == paused
        to_send = controls.resume(job_id, ALICE)
        assert to_send is not None
        assert to_send.stage is stage
        desk.sent.append(StageRef(job_id, stage))
        desk.run_until()
        assert desk.rows(job_id) == expected
        assert desk.of(job_id, stage)["repeated"] == 0


@pytest.mark.parametrize("stage", AFTER_OCR)
def test_a_stage_that_is_cancelled_leaves_nothing_half_and_starts_nothing(
    desk: Desk, stage: Stage
) -> None:
    before, expected = undisturbed(desk)
    controls = PostgresControls(desk.world.pool)
    done = AFTER_OCR[: AFTER_OCR.index(stage)]
    kept = {TABLES[each][0] for each in done}
    for number in range(checkpoints(desk, before, stage)):
        job_id = desk.merged(PAGES)
        desk.run_until(stage)
        at_checkpoint(desk, job_id, stage, number, partial(controls.cancel, job_id, ALICE))
        desk.run()
        assert not desk.sent
        assert desk.job(job_id)["status"] == "cancelled"
        rows = desk.rows(job_id)
        assert rows == {table: expected[table] if table in kept else [] for table in expected}
        desk.sent.append(StageRef(job_id, stage))
        desk.run_until()
        assert desk.rows(job_id) == rows
