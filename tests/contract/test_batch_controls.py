"""An owner's hand on a batch, on real Postgres: all of it at once, as on each job alone."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from common.access import Caller
from common.batches import BatchView
from common.lifecycle import BatchStatus, JobStatus
from common.models import JobId, MergedDocument, Priority
from common.pages import PageRange
from infra.database.batch_controls import PostgresBatchControls
from infra.database.batch_views import PostgresBatches
from infra.database.controls import PostgresControls
from infra.database.pool import Pool
from tests.world import World, cut

ALICE, BOB = Caller("alice"), Caller("bob")


@pytest.fixture
def controls(pool: Pool) -> PostgresBatchControls:
    return PostgresBatchControls(pool)


def view(world: World, batch_id: UUID) -> BatchView:
    batch = PostgresBatches(world.pool).find(batch_id, ALICE)
    assert batch is not None
    return batch


def counts(batch: BatchView) -> dict[str, int]:
    return {status.value: count for status, count in batch.jobs.items() if count}


def split(world: World, job_id: JobId, *, chunks: int = 1) -> None:
    """Bring a job to where its chunks wait for workers."""
    work = world.begin(job_id)
    ranges = [PageRange(i * 2 + 1, i * 2 + 2) for i in range(chunks)]
    world.splits.plan(work, page_count=chunks * 2, size=1000, warnings=[], chunks=ranges)
    planned = world.splits.planned(work)
    world.splits.dispatched(work, [(chunk, cut(work, chunk)) for chunk in planned])
    world.splits.finish(work)


def kinds(world: World, batch_id: UUID) -> list[str]:
    with world.pool.connection() as connection:
        rows = connection.execute(
            "SELECT id, kind FROM batch_events WHERE batch_id = %s ORDER BY id", (batch_id,)
        ).fetchall()
    assert [row["id"] for row in rows] == list(range(1, len(rows) + 1)), "without a gap"
    return [row["kind"] for row in rows]


def job_kinds(world: World, job_id: JobId) -> list[str]:
    return [event.kind for event in world.jobs.events(job_id, ALICE)]


def test_a_pause_holds_what_is_read_and_what_waits_and_a_resume_lets_it_go_on(
    world: World, controls: PostgresBatchControls
) -> None:
    batch_id, jobs = world.add_batch(4)
    world.begin(jobs[0])
    split(world, jobs[1])
    assert view(world, batch_id).status is BatchStatus.PROCESSING
    assert controls.pause(batch_id, ALICE)
    batch = view(world, batch_id)
    assert batch.status is BatchStatus.PAUSED
    assert counts(batch) == {"pending": 2, "paused": 2}
    assert world.claim_split_of(jobs[2]) is None
    resumed = controls.resume(batch_id, ALICE)
    assert resumed is not None
    assert [job_id for job_id, _, _ in resumed.splits] == [jobs[0]]
    assert resumed.merges == ()
    assert counts(view(world, batch_id)) == {"pending": 2, "processing": 2}
    assert kinds(world, batch_id) == ["batch_created", "batch_paused", "batch_resumed"]
    assert job_kinds(world, jobs[1])[-2:] == ["job_paused", "job_resumed"]
    world.begin(jobs[2])


def test_a_batch_that_has_not_begun_waits_again_after_a_pause(
    world: World, controls: PostgresBatchControls
) -> None:
    batch_id, _ = world.add_batch(2)
    assert controls.pause(batch_id, ALICE)
    assert controls.resume(batch_id, ALICE) is not None
    assert view(world, batch_id).status is BatchStatus.PENDING


def test_a_merge_that_became_due_in_a_pause_is_sent_by_the_resume(
    world: World, controls: PostgresBatchControls
) -> None:
    batch_id, [job_id] = world.add_batch(1)
    split(world, job_id)
    chunk_id = world.one("SELECT id FROM chunks WHERE job_id = %s", job_id)["id"]
    work = world.chunks.claim(chunk_id)  # type: ignore[arg-type]
    assert work is not None
    assert controls.pause(batch_id, ALICE)
    assert not world.chunks.complete(work, path="p", checksum="c").was_last
    assert world.merges.claim(job_id) is None
    resumed = controls.resume(batch_id, ALICE)
    assert resumed is not None
    assert [merged for merged, _ in resumed.merges] == [job_id]
    assert world.merges.claim(job_id) is not None


def test_a_resume_lets_jobs_go_on_too_that_were_paused_one_by_one(
    world: World, controls: PostgresBatchControls
) -> None:
    batch_id, jobs = world.add_batch(2)
    for job_id in jobs:
        split(world, job_id)
    assert PostgresControls(world.pool).pause(jobs[0], ALICE)
    assert controls.pause(batch_id, ALICE)
    assert controls.resume(batch_id, ALICE) is not None
    assert counts(view(world, batch_id)) == {"processing": 2}


def test_a_cancel_ends_everything_and_writes_one_end(
    world: World, controls: PostgresBatchControls
) -> None:
    hook = "https://example.com/hook"
    batch_id, jobs = world.add_batch(3, webhook_url=hook)
    split(world, jobs[0])
    assert controls.cancel(batch_id, ALICE)
    batch = view(world, batch_id)
    assert batch.status is BatchStatus.CANCELLED
    assert batch.finished_at is not None
    assert counts(batch) == {"cancelled": 3}
    assert Counter(kinds(world, batch_id)) == {
        "batch_created": 1,
        "batch_cancelling": 1,
        "document_cancelled": 3,
        "batch_cancelled": 1,
    }
    assert kinds(world, batch_id)[-1] == "batch_cancelled"
    row = world.one("SELECT event, url, payload FROM webhook_deliveries")
    assert (row["event"], row["url"]) == ("batch.cancelled", hook)
    assert row["payload"]["data"]["batch"]["cancelled"] == 3  # type: ignore[index]
    statuses = world.one("SELECT array_agg(DISTINCT status) AS found FROM documents")
    assert statuses["found"] == ["cancelled"]


def test_what_was_read_before_a_cancel_stays_read(
    world: World, controls: PostgresBatchControls
) -> None:
    batch_id, jobs = world.add_batch(2)
    finish(world, jobs[0])
    assert controls.cancel(batch_id, ALICE)
    batch = view(world, batch_id)
    assert batch.status is BatchStatus.CANCELLED
    assert counts(batch) == {"completed": 1, "cancelled": 1}


def finish(world: World, job_id: JobId, status: JobStatus = JobStatus.COMPLETED) -> None:
    split(world, job_id)
    for row in rows(world, "SELECT id FROM chunks WHERE job_id = %s ORDER BY index", job_id):
        world.finish_chunk(row["id"])
    merge = world.merges.claim(job_id)
    assert merge is not None
    world.merges.finish(merge, MergedDocument(status, 2, 0, "r", "t", "c"))


def rows(world: World, query: str, *values: object) -> list[dict[str, Any]]:
    with world.pool.connection() as connection:
        return connection.execute(query, values).fetchall()


def test_a_batch_goes_on_where_a_job_of_it_is_retried_and_ends_and_is_told_again(
    world: World,
) -> None:
    batch_id, [failed, _] = world.add_batch(2, webhook_url="https://example.com/hook")
    for job_id in rows(world, "SELECT id FROM jobs WHERE batch_id = %s", batch_id):
        split_of = world.begin(job_id["id"])
        world.splits.fail(split_of, "STORAGE_UNAVAILABLE", "Cloud Storage was away.")
    assert view(world, batch_id).status is BatchStatus.FAILED
    assert PostgresControls(world.pool).retry(failed, ALICE) is not None
    batch = view(world, batch_id)
    assert (batch.status, batch.finished_at) == (BatchStatus.PROCESSING, None)
    split_of = world.begin(failed)
    world.splits.fail(split_of, "STORAGE_UNAVAILABLE", "Cloud Storage was away.")
    assert view(world, batch_id).status is BatchStatus.FAILED
    assert kinds(world, batch_id) == [
        "batch_created",
        "document_failed",
        "document_failed",
        "batch_failed",
        "document_retried",
        "document_failed",
        "batch_failed",
    ]
    told = rows(world, "SELECT event FROM webhook_deliveries WHERE batch_id = %s", batch_id)
    assert told == [{"event": "batch.failed"}, {"event": "batch.failed"}]


def test_doing_it_twice_changes_nothing(world: World, controls: PostgresBatchControls) -> None:
    batch_id, jobs = world.add_batch(2)
    world.begin(jobs[0])
    assert controls.pause(batch_id, ALICE)
    assert not controls.pause(batch_id, ALICE)
    assert controls.resume(batch_id, ALICE) is not None
    assert controls.resume(batch_id, ALICE) is None
    assert controls.prioritize(batch_id, ALICE, Priority.HIGH)
    assert not controls.prioritize(batch_id, ALICE, Priority.HIGH)
    assert controls.cancel(batch_id, ALICE)
    assert not controls.cancel(batch_id, ALICE)
    assert not controls.pause(batch_id, ALICE)
    assert not controls.prioritize(batch_id, ALICE, Priority.LOW)
    assert kinds(world, batch_id) == [
        "batch_created",
        "batch_paused",
        "batch_resumed",
        "priority_changed",
        "batch_cancelling",
        "document_cancelled",
        "document_cancelled",
        "batch_cancelled",
    ]


def test_nobody_steers_another_owners_batch(world: World, controls: PostgresBatchControls) -> None:
    batch_id, jobs = world.add_batch(1, matter="m1")
    for stranger in (BOB, Caller("alice", matters=("m2",))):
        assert not controls.pause(batch_id, stranger)
        assert not controls.cancel(batch_id, stranger)
        assert not controls.prioritize(batch_id, stranger, Priority.HIGH)
        assert controls.resume(batch_id, stranger) is None
    assert kinds(world, batch_id) == ["batch_created"]
    assert job_kinds(world, jobs[0]) == ["job_created"]


def test_another_priority_moves_what_waits_with_its_chunks(
    world: World, controls: PostgresBatchControls
) -> None:
    batch_id, jobs = world.add_batch(2)
    split(world, jobs[0])
    finish(world, jobs[1])
    assert controls.prioritize(batch_id, ALICE, Priority.HIGH)
    assert view(world, batch_id).priority is Priority.HIGH
    found = rows(world, "SELECT id, priority FROM jobs WHERE batch_id = %s", batch_id)
    assert {row["id"]: row["priority"] for row in found} == {jobs[0]: "high", jobs[1]: "normal"}
    chunk = world.one("SELECT priority FROM chunks WHERE job_id = %s", jobs[0])
    assert chunk["priority"] == "high"
    assert job_kinds(world, jobs[0])[-1] == "priority_changed"


def test_a_single_jobs_priority_moves_its_chunks(world: World, pool: Pool) -> None:
    job_id, _ = world.add_job(2)
    one = PostgresControls(pool)
    assert not one.prioritize(job_id, BOB, Priority.HIGH)
    assert one.prioritize(job_id, ALICE, Priority.HIGH)
    assert not one.prioritize(job_id, ALICE, Priority.HIGH)
    found = rows(world, "SELECT DISTINCT priority FROM chunks WHERE job_id = %s", job_id)
    assert found == [{"priority": "high"}]


def test_what_was_sent_before_a_pause_and_is_lost_waits_for_its_turn_again(
    world: World, controls: PostgresBatchControls
) -> None:
    batch_id, jobs = world.add_batch(2)
    split(world, jobs[0])
    with world.pool.connection() as connection:
        connection.execute("UPDATE jobs SET dispatched_at = now() WHERE id = %s", (jobs[1],))
        connection.execute("UPDATE chunks SET dispatches = 1, dispatched_at = now()")
    assert controls.pause(batch_id, ALICE)
    world.age("chunks", "dispatched_at", timedelta(hours=1), job_id=jobs[0])
    assert controls.resume(batch_id, ALICE) is not None
    assert world.one("SELECT dispatched_at FROM jobs WHERE id = %s", jobs[1]) == {
        "dispatched_at": None
    }
    assert world.one("SELECT dispatched_at FROM chunks") == {"dispatched_at": None}
