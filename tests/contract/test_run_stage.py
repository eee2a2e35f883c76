"""How stages are claimed, recorded, put back, ended and extended: with two stages of no engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from common.access import Caller
from common.cleaning import Remains
from common.controls import Action, refusal
from common.errors import LeaseLost, PermanentError, QuotaError, TransientError
from common.lifecycle import JobStatus, Stage
from common.models import JobId, MergedDocument
from common.pages import PageRange
from common.progress import line
from common.stage_rows import Layout, PageText, Sentence
from common.stages import Cursor, PlannedStage, StageInputs, StageOf, StageRef, Step
from functions.pipeline.stalls import MAX_STALLS
from infra.database.batch_controls import PostgresBatchControls
from infra.database.cleanup import PostgresCleanup
from infra.database.controls import PostgresControls
from tests.contract.stage_fixtures import Desk, Killed, limits, made_pages, pages_above
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


# ── extended ───────────────────────────────────────────────────────────────────────────────────


def extend(desk: Desk, job_id: JobId, **versions: str) -> tuple[Stage, ...] | None:
    wanted = [PlannedStage(Stage(name), version) for name, version in versions.items()]
    extension = desk.stages.extend(job_id, ALICE, wanted, desk.dependents)
    if extension is None:
        return None
    if extension.first is not None:
        desk.sent.append(extension.first)
    desk.run_until()
    return extension.stages


def test_a_finished_job_goes_through_what_it_lacks(desk: Desk) -> None:
    job_id = desk.merged(3, wanted=())
    assert extend(desk, job_id, text="1") == (Stage.TEXT,)
    assert extend(desk, job_id, text="1", sentences="1") == (Stage.SENTENCES,)
    assert extend(desk, job_id, text="1", sentences="1") == ()
    job = desk.job(job_id)
    assert (job["status"], job["options"]["stages"]) == ("completed", ["sentences", "text"])
    assert desk.of(job_id, Stage.TEXT)["attempts"] == 1


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


def merge_of(world: World, job_id: JobId) -> None:
    """Bring a batch's job to where it can be merged."""
    work = world.begin(job_id)
    world.splits.plan(work, page_count=3, size=1, warnings=[], chunks=[PageRange(1, 3)])
    planned = world.splits.planned(work)
    world.splits.dispatched(work, [(chunk, cut(work, chunk)) for chunk in planned])
    world.splits.finish(work)
    world.finish_chunk(planned[0].id)
