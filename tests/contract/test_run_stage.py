"""How stages are claimed, recorded, put back and ended: with two stages of no engine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common.cleaning import Remains
from common.controls import Action, refusal
from common.errors import LeaseLost, PermanentError, QuotaError, TransientError
from common.lifecycle import JobStatus, Stage
from common.models import MergedDocument
from common.progress import line
from common.stage_rows import Layout, PageText
from common.stages import PlannedStage, Step
from functions.pipeline.stalls import MAX_STALLS
from infra.database.batch_controls import PostgresBatchControls
from infra.database.cleanup import PostgresCleanup
from infra.database.controls import PostgresControls
from tests.contract.plain_stages import ALICE, TWO, Troubled, desk, desk_of, merge_of
from tests.contract.stage_fixtures import Desk
from tests.world import World

__all__ = ["desk"]


def test_a_job_without_stages_ends_with_its_merge_as_ever(desk: Desk) -> None:
    job_id = desk.merged(3, wanted=())
    job = desk.job(job_id)
    assert (job["status"], job["stage"], job["outcome"]) == ("completed", "merging", None)
    assert desk.events(job_id)[-1] == "job_completed"


def test_a_job_with_stages_is_read_then_refined_and_then_ends(desk: Desk) -> None:
    job_id = desk.merged(3, wanted=TWO)
    job = desk.job(job_id)
    assert (job["status"], job["stage"], job["finished_at"]) == ("processing", "text", None)
    assert job["result_path"] == "result.json"
    desk.run_until()
    job = desk.job(job_id)
    assert (job["status"], job["stage"]) == ("completed", "sentences")
    assert desk.events(job_id)[-7:] == [
        "merge_started",
        "merged",
        "stage_started",
        "stage_completed",
        "stage_started",
        "stage_completed",
        "job_completed",
    ]
    assert desk.ended == [job_id]
    rows = desk.rows(job_id)
    assert [len(rows["page_texts"]), len(rows["sentences"])] == [3, 3]
    for stage in TWO:
        of = desk.of(job_id, stage)
        assert (of["status"], of["done"], of["total"], of["checkpoints"]) == ("completed", 3, 3, 3)
        assert (of["attempts"], of["repeated"]) == (1, 0)


def test_the_same_message_twice_makes_nothing_twice(desk: Desk) -> None:
    job_id = desk.merged(3, wanted=TWO)
    desk.sent.append(desk.sent[0])
    desk.run_until()
    assert len(desk.rows(job_id)["page_texts"]) == 3
    assert desk.of(job_id, Stage.TEXT)["attempts"] == 1


def test_whoever_is_slow_gives_way_at_a_checkpoint_and_repeats_nothing(desk: Desk) -> None:
    desk.slice_seconds = -1
    job_id = desk.merged(3, wanted=(Stage.TEXT,))
    desk.run_until()
    of = desk.of(job_id, Stage.TEXT)
    assert (of["status"], of["attempts"], of["repeated"]) == ("completed", 3, 0)


def test_a_stage_says_where_it_is_and_what_can_be_done(desk: Desk, world: World) -> None:
    job_id = desk.merged(3, wanted=TWO)
    seen: list[str] = []
    desk.on_update = lambda: seen.append(line(found()))

    def found() -> Any:
        job = world.jobs.find(job_id, ALICE)
        assert job is not None
        return job

    desk.run_until()
    assert "Cleaning the text" in seen
    assert "Cleaning the text 2/3" in seen
    assert "Cutting sentences 3/3" in seen
    assert refusal(Action.PAUSE, found()) is not None
    assert [(stage.stage, stage.percent, stage.unit) for stage in found().stages] == [
        (Stage.TEXT, 100, "page"),
        (Stage.SENTENCES, 100, "page"),
    ]


def test_what_may_pass_is_tried_again_with_longer_delays_and_not_for_ever(world: World) -> None:
    desk = desk_of(world, Troubled(*[TransientError("Away.", code="AWAY") for _ in range(9)]))
    job_id = desk.merged(3, wanted=TWO)
    for _ in range(7):
        desk.run()
        assert desk.delays[-1] > timedelta()
        assert desk.stages.claim(job_id, Stage.TEXT, interval=1) is None
        world.age("job_stages", "due_at", timedelta(minutes=5), job_id=job_id)
    # A checkpoint was made by the first try.
    assert desk.delays[5] > 4 * desk.delays[0]
    desk.run()
    assert not desk.sent
    job = desk.job(job_id)
    assert (job["status"], job["error_code"]) == ("completed_with_errors", "AWAY")
    assert desk.of(job_id, Stage.SENTENCES)["status"] == "skipped"
    assert desk.rows(job_id)["page_texts"] == []
    assert desk.events(job_id)[-2:] == ["stage_failed", "job_completed_with_errors"]


def test_a_checkpoint_in_between_begins_the_count_of_tries_anew(world: World) -> None:
    desk = desk_of(world, Troubled(TransientError("Away."), TransientError("Away.")))
    job_id = desk.merged(3, wanted=(Stage.TEXT,))
    while desk.sent:
        desk.run()
        world.age("job_stages", "due_at", timedelta(minutes=5), job_id=job_id)
    of = desk.of(job_id, Stage.TEXT)
    assert (of["status"], of["failures"], of["attempts"]) == ("completed", 0, 3)


def test_waiting_for_a_quota_is_no_failure(world: World) -> None:
    errors = [QuotaError("Full.", retry_after_seconds=7) for _ in range(5)]
    desk = desk_of(world, Troubled(*errors))
    job_id = desk.merged(3, wanted=(Stage.TEXT,))
    while desk.sent:
        desk.run()
        world.age("job_stages", "due_at", timedelta(minutes=5), job_id=job_id)
    assert set(desk.delays) == {timedelta(seconds=7)}
    assert desk.of(job_id, Stage.TEXT)["status"] == "completed"


def test_what_can_not_be_done_ends_with_its_reason_and_the_pages_are_delivered(
    world: World,
) -> None:
    desk = desk_of(world, Troubled(PermanentError("No such model.", code="NO_MODEL")))
    job_id = desk.merged(3, wanted=TWO)
    desk.run_until()
    job = desk.job(job_id)
    assert (job["status"], job["result_path"]) == ("completed_with_errors", "result.json")
    assert (job["error_code"], job["error_message"]) == ("NO_MODEL", "No such model.")
    found = world.jobs.find(job_id, ALICE)
    assert found is not None
    refused = refusal(Action.RETRY, found)
    assert refused is not None
    assert "/stages" in refused.message


def test_an_unknown_error_is_raised_and_not_tried_for_ever(world: World) -> None:
    desk = desk_of(world, Troubled(*[ZeroDivisionError() for _ in range(20)]))
    job_id = desk.merged(3, wanted=(Stage.TEXT,))
    # The first one came to a checkpoint.
    for _ in range(1 + MAX_STALLS):
        with pytest.raises(ZeroDivisionError):
            desk.run()
        assert desk.delays[-1] > timedelta()
    desk.run_until()
    job = desk.job(job_id)
    assert (job["status"], job["error_code"]) == ("completed_with_errors", "PROCESSING_ERROR")


def test_a_holder_that_was_overtaken_writes_nothing_any_more(desk: Desk, world: World) -> None:
    job_id = desk.merged(3, wanted=(Stage.TEXT,))
    slow = desk.stages.claim(job_id, Stage.TEXT, interval=1)
    assert slow is not None
    world.age("jobs", "lease_expires_at", timedelta(hours=1), id=job_id)
    desk.run_until()
    step = Step((PageText(9, "", "", "en", "", "", Layout([], [])),), 9, 9, 9)
    with pytest.raises(LeaseLost):
        desk.stages.record(slow, step, seconds=1)
    with pytest.raises(LeaseLost):
        desk.stages.finish(slow, seconds=1)
    assert not desk.stages.renew(slow)
    assert desk.stages.leave(slow) is None
    assert [row["page"] for row in desk.rows(job_id)["page_texts"]] == [1, 2, 3]


def test_rows_go_with_their_job(desk: Desk, world: World) -> None:
    job_id = desk.merged(3, wanted=TWO)
    desk.run_until()
    with world.pool.connection() as connection:
        connection.execute("DELETE FROM jobs WHERE id = %s", (job_id,))
    assert not any(desk.rows(job_id).values())


def test_a_job_that_is_cancelled_behind_its_merge_keeps_its_result_and_is_paid_for(
    desk: Desk, world: World
) -> None:
    job_id = desk.merged(3, wanted=TWO)
    with world.pool.connection() as connection:
        connection.execute("INSERT INTO credit_accounts (owner, reserved) VALUES ('alice', 3)")
        connection.execute("UPDATE jobs SET credits_reserved = 3 WHERE id = %s", (job_id,))
    desk.run_until(Stage.SENTENCES)
    assert PostgresControls(world.pool).cancel(job_id, ALICE)
    desk.run_until()
    job = desk.job(job_id)
    assert (job["status"], job["credits_settled"], job["result_path"]) == (
        "cancelled",
        3,
        "result.json",
    )
    rows = desk.rows(job_id)
    assert (len(rows["page_texts"]), rows["sentences"]) == (3, [])
    [remains] = cleaned(world)
    assert remains.status is JobStatus.COMPLETED
    assert not remains.lets_rows_go
    assert remains.kept == {"result.json"}


def cleaned(world: World) -> list[Remains]:
    day = timedelta(days=1)
    cleanup = PostgresCleanup(
        world.pool,
        keep_intermediates=day,
        keep_failed=day,
        keep_keys=day,
        keep_logs=day,
        upload_deadline=day,
        longest_lease=timedelta(),
    )
    return cleanup.claim()


def test_a_retry_that_delivers_nothing_leaves_what_was_made_before(
    desk: Desk, world: World
) -> None:
    job_id = desk.merged(3, wanted=TWO)
    desk.run_until()
    with world.pool.connection() as connection:
        connection.execute(
            "UPDATE jobs SET status = 'processing', stage = 'merging', finished_at = NULL"
            " WHERE id = %s",
            (job_id,),
        )
    merge = world.merges.claim(job_id)
    assert merge is not None
    failed = MergedDocument(JobStatus.FAILED, 0, 0, None, None, None, "RESULTS_REFUSED", "No.")
    world.merges.finish(merge, failed)
    assert len(desk.rows(job_id)["sentences"]) == 3


def test_a_paused_batch_lets_no_stage_of_it_begin(desk: Desk, world: World) -> None:
    batch_id, [job_id] = world.add_batch(1)
    merge_of(world, job_id)
    assert PostgresBatchControls(world.pool).pause(batch_id, ALICE)
    merge = world.merges.claim(job_id)
    assert merge is not None
    merged = MergedDocument(JobStatus.COMPLETED, 3, 0, "result.json", None, "checksum")
    world.merges.finish(merge, merged, [PlannedStage(stage, "1") for stage in TWO])
    assert desk.job(job_id)["status"] == "paused"
    assert desk.stages.claim(job_id, Stage.TEXT, interval=1) is None
    resumed = PostgresBatchControls(world.pool).resume(batch_id, ALICE)
    assert resumed is not None
    assert [each.job_id for each in resumed.stages] == [job_id]
    desk.sent.extend(resumed.stages)
    desk.run_until()
    assert desk.job(job_id)["status"] == "completed"
