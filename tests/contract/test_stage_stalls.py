"""Stages that fall silent, are never begun, or rest: who finds them, and how often."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common.lifecycle import Stage
from common.stages import StageRef
from infra.database.controls import PostgresControls
from tests.contract.plain_stages import ALICE, TWO, desk
from tests.contract.stage_fixtures import Desk, Killed
from tests.world import World

__all__ = ["desk"]


def test_maintain_finds_a_stage_whose_worker_fell_silent(desk: Desk, world: World) -> None:
    job_id = desk.merged(3, wanted=(Stage.TEXT,))
    with pytest.raises(Killed):
        desk.run(dies_at=1)
    assert not world.upkeep.stopped_jobs()
    world.age("jobs", "lease_expires_at", timedelta(hours=1), id=job_id)
    world.age("jobs", "dispatched_at", timedelta(hours=2), id=job_id)
    [stranded] = world.upkeep.stopped_jobs()
    assert (stranded.job_id, stranded.stage) == (job_id, Stage.TEXT)


def test_a_stage_that_waits_is_sent_again_after_pauses_that_double_until_it_is_claimed(
    desk: Desk, world: World
) -> None:
    job_id = desk.merged(3, wanted=(Stage.TEXT,))

    def pause() -> int:
        """Return after how many more minutes it is sent again, by looks a minute apart."""
        for minutes in range(1, 100):
            world.age("jobs", "dispatched_at", timedelta(minutes=1), id=job_id)
            if world.upkeep.stopped_jobs():
                return minutes
        raise AssertionError("It is never sent again.")

    assert [pause() for _ in range(6)] == [1, 2, 4, 8, 8, 8]
    # Whoever has claimed it has had its message: the next one's pauses begin anew.
    work = desk.stages.claim(job_id, Stage.TEXT, interval=1)
    assert work is not None
    assert desk.stages.leave(work) is not None
    assert [pause() for _ in range(3)] == [1, 2, 4]


def test_the_next_stages_pauses_begin_anew(desk: Desk, world: World) -> None:
    job_id = desk.merged(3, wanted=TWO)
    for _ in range(3):
        world.age("jobs", "dispatched_at", timedelta(hours=2), id=job_id)
        assert world.upkeep.stopped_jobs()
    desk.run_until(Stage.SENTENCES)
    world.age("jobs", "dispatched_at", timedelta(minutes=1), id=job_id)
    [stranded] = world.upkeep.stopped_jobs()
    assert stranded.stage is Stage.SENTENCES


def test_a_stage_that_was_sent_often_is_sent_at_once_when_its_worker_falls_silent(
    desk: Desk, world: World
) -> None:
    job_id = desk.merged(3, wanted=(Stage.TEXT,))
    for _ in range(6):
        world.age("jobs", "dispatched_at", timedelta(hours=2), id=job_id)
        assert world.upkeep.stopped_jobs()
    with pytest.raises(Killed):
        desk.run(dies_at=1)
    assert not world.upkeep.stopped_jobs()
    for _ in range(3):
        # Each message is lost, and looked for by the minute.
        world.age("jobs", "lease_expires_at", timedelta(hours=1), id=job_id)
        world.age("jobs", "dispatched_at", timedelta(minutes=1), id=job_id)
        assert world.upkeep.stopped_jobs()
        assert not world.upkeep.stopped_jobs()


def test_a_paused_stage_is_found_by_nobody_until_it_is_resumed(desk: Desk, world: World) -> None:
    controls = PostgresControls(world.pool)
    job_id = desk.merged(3, wanted=TWO)
    assert controls.pause(job_id, ALICE)
    desk.run_until()
    assert desk.of(job_id, Stage.TEXT)["attempts"] == 0
    world.age("jobs", "dispatched_at", timedelta(hours=2), id=job_id)
    assert not world.upkeep.stopped_jobs()
    to_send = controls.resume(job_id, ALICE)
    assert to_send is not None
    assert to_send.stage is Stage.TEXT
    desk.sent.append(StageRef(job_id, to_send.stage))
    desk.run_until()
    assert desk.job(job_id)["status"] == "completed"
