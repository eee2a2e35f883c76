"""Finished jobs that go through further stages, or through the same ones anew."""

from __future__ import annotations

from common.access import Caller
from common.errors import PermanentError
from common.lifecycle import JobStatus, Stage
from common.models import MergedDocument
from common.stages import PlannedStage
from infra.database.controls import PostgresControls
from tests.contract.cleaning_fixtures import cleanup_of
from tests.contract.plain_stages import ALICE, TWO, Troubled, desk, desk_of, extend, merge_of
from tests.contract.stage_fixtures import Desk
from tests.world import World

__all__ = ["desk"]


def test_a_finished_job_goes_through_what_it_lacks(desk: Desk) -> None:
    job_id = desk.merged(3, wanted=())
    assert extend(desk, job_id, text="1") == (Stage.TEXT,)
    assert extend(desk, job_id, text="1", sentences="1") == (Stage.SENTENCES,)
    assert extend(desk, job_id, text="1", sentences="1") == ()
    job = desk.job(job_id)
    assert (job["status"], job["options"]["stages"]) == ("completed", ["sentences", "text"])
    assert desk.of(job_id, Stage.TEXT)["attempts"] == 1


def test_a_job_whose_pieces_are_gone_goes_through_further_stages(desk: Desk, world: World) -> None:
    job_id = desk.merged(3, wanted=(Stage.TEXT,))
    desk.run_until()
    cleanup = cleanup_of(world)
    [remains] = cleanup.claim()
    cleanup.finish(remains)
    assert extend(desk, job_id, text="1", sentences="1") == (Stage.SENTENCES,)
    job = desk.job(job_id)
    assert (job["status"], len(desk.rows(job_id)["sentences"])) == ("completed", 3)
    # What is left is removed when its time is over, as if it had ended only once.
    with world.pool.connection() as connection:
        connection.execute("UPDATE jobs SET finished_at = finished_at - interval '3 days'")
    [remains] = cleanup.claim()
    assert (remains.is_over, remains.status) == (True, JobStatus.COMPLETED)
    cleanup.finish(remains)
    assert extend(desk, job_id, text="2", sentences="1") == TWO
    assert cleanup.claim() == []


def test_what_is_made_by_another_version_is_made_again_with_all_that_builds_on_it(
    desk: Desk,
) -> None:
    job_id = desk.merged(3, wanted=TWO)
    desk.run_until()
    assert extend(desk, job_id, text="1", sentences="2") == (Stage.SENTENCES,)
    assert extend(desk, job_id, text="2") == TWO
    assert desk.of(job_id, Stage.SENTENCES)["version"] == "2"
    assert len(desk.rows(job_id)["sentences"]) == 3


def test_a_stage_that_failed_is_made_when_it_is_asked_for_again(world: World) -> None:
    desk = desk_of(world, Troubled(PermanentError("No.", code="NO")))
    job_id = desk.merged(3, wanted=TWO)
    desk.run_until()
    assert extend(desk, job_id, text="1", sentences="1") == TWO
    job = desk.job(job_id)
    assert (job["status"], job["error_code"]) == ("completed", None)


def test_nobody_extends_what_runs_or_is_anothers(desk: Desk) -> None:
    job_id = desk.merged(3, wanted=TWO)
    wanted = [PlannedStage(Stage.TEXT, "2")]
    assert desk.stages.extend(job_id, ALICE, wanted, desk.dependents) is None
    other = desk.merged(3, wanted=())
    mallory = Caller("mallory")
    assert desk.stages.extend(other, mallory, wanted, desk.dependents) is None


def test_a_batch_goes_on_while_a_job_of_it_is_extended(desk: Desk, world: World) -> None:
    batch_id, [job_id] = world.add_batch(1)
    merge_of(world, job_id)
    merge = world.merges.claim(job_id)
    assert merge is not None
    merged = MergedDocument(JobStatus.COMPLETED, 3, 0, "result.json", None, "checksum")
    world.merges.finish(merge, merged)

    def batch() -> object:
        return world.one("SELECT status FROM batches WHERE id = %s", batch_id)["status"]

    assert batch() == "completed"
    wanted = [PlannedStage(Stage.TEXT, "1")]
    extension = desk.stages.extend(job_id, ALICE, wanted, desk.dependents)
    assert extension is not None
    assert extension.first is not None
    assert batch() == "processing"
    desk.sent.append(extension.first)
    desk.run_until()
    assert batch() == "completed"
    with world.pool.connection() as connection:
        told = connection.execute(
            "SELECT kind FROM batch_events WHERE batch_id = %s ORDER BY id", (batch_id,)
        ).fetchall()
    assert [event["kind"] for event in told][-5:] == [
        *("document_completed", "batch_completed", "document_extended"),
        *("document_completed", "batch_completed"),
    ]


def test_an_extension_that_was_cancelled_can_be_asked_for_again(desk: Desk, world: World) -> None:
    job_id = desk.merged(3, wanted=TWO)
    desk.run_until()
    wanted = [PlannedStage(stage, "2") for stage in TWO]
    assert desk.stages.extend(job_id, ALICE, wanted, desk.dependents) is not None
    assert PostgresControls(world.pool).cancel(job_id, ALICE)
    assert not any(desk.rows(job_id).values())
    assert extend(desk, job_id, text="2", sentences="2") == TWO
    assert desk.job(job_id)["status"] == "completed"
    assert len(desk.rows(job_id)["sentences"]) == 3
