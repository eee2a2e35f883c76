"""A batch under many hands at once: one end, exact counts, and nothing that runs through a pause.

Where an order matters it is set by holding the first transaction open until the second waits.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from typing import cast
from uuid import UUID

import pytest

from common.access import Caller
from common.batches import BatchView
from common.errors import LeaseLost
from common.lifecycle import BatchStatus, JobStatus
from common.models import (
    ChunkWork,
    JobId,
    MergedDocument,
    MergeWork,
    Priority,
    SplitWork,
)
from common.pages import PageRange
from infra.database.batch_controls import PostgresBatchControls
from infra.database.batch_views import PostgresBatches
from infra.database.controls import PostgresControls
from infra.database.pool import Pool
from infra.database.webhooks import PostgresWebhooks
from tests.contract.event_stream_fixtures import end
from tests.contract.held_transaction import race
from tests.world import World, cut

ALICE = Caller("alice")
HOOK = "https://example.com/hook"


def controls(world: World) -> PostgresBatchControls:
    return PostgresBatchControls(world.pool)


def view(world: World, batch_id: UUID) -> BatchView:
    batch = PostgresBatches(world.pool).find(batch_id, ALICE)
    assert batch is not None
    return batch


def counts(world: World, batch_id: UUID) -> dict[str, int]:
    return {status.value: count for status, count in view(world, batch_id).jobs.items() if count}


def kinds(world: World, batch_id: UUID) -> list[str]:
    with world.pool.connection() as connection:
        rows = connection.execute(
            "SELECT id, kind FROM batch_events WHERE batch_id = %s ORDER BY id", (batch_id,)
        ).fetchall()
    assert [row["id"] for row in rows] == list(range(1, len(rows) + 1)), "without a gap"
    return [row["kind"] for row in rows]


def split(world: World, job_id: JobId) -> ChunkWork:
    """Bring a job to where its only chunk is read."""
    work = world.begin(job_id)
    world.splits.plan(work, page_count=2, size=1000, warnings=[], chunks=[PageRange(1, 2)])
    [chunk] = world.splits.planned(work)
    world.splits.dispatched(work, [(chunk, cut(work, chunk))])
    world.splits.finish(work)
    claimed = world.chunks.claim(chunk.id)
    assert claimed is not None
    return claimed


def due(world: World, job_id: JobId) -> MergeWork:
    """Bring a job to where only its merge has to end."""
    world.chunks.complete(split(world, job_id), path="p", checksum="c")
    merge = world.merges.claim(job_id)
    assert merge is not None
    return merge


def finish(world: World, merge: MergeWork) -> None:
    world.merges.finish(merge, MergedDocument(JobStatus.COMPLETED, 2, 0, "r", "t", "c"))


def begin(world: World, job_id: JobId) -> SplitWork | None:
    """Claim the job's split, if that may begin."""
    return world.claim_split_of(job_id)


# ── one end ──────────────────────────────────────────────────────────────────────────────────


def test_the_last_two_jobs_ending_at_once_make_one_end_of_the_batch(world: World) -> None:
    for _ in range(25):
        batch_id, jobs = world.add_batch(8, webhook_url=HOOK)
        merges = [due(world, job_id) for job_id in jobs]
        gate = Barrier(len(merges))

        def ends(merge: MergeWork, gate: Barrier = gate) -> None:
            gate.wait(60)
            finish(world, merge)

        with ThreadPoolExecutor(len(merges)) as threads:
            list(threads.map(ends, merges))
        batch = view(world, batch_id)
        assert (batch.status, batch.jobs[JobStatus.COMPLETED]) == (BatchStatus.COMPLETED, 8)
        told = kinds(world, batch_id)
        assert told.count("batch_completed") == 1
        assert told[-1] == "batch_completed"
        deliveries = "SELECT count(*) AS number FROM webhook_deliveries WHERE batch_id = %s"
        assert world.one(deliveries, batch_id)["number"] == 1


def test_the_ender_of_the_last_job_is_given_the_batches_webhook_to_send(world: World) -> None:
    webhooks = PostgresWebhooks(
        world.pool, lease=timedelta(minutes=1), resend_after=timedelta(minutes=1)
    )
    batch_id, jobs = world.add_batch(2, webhook_url=HOOK)
    first, last = (due(world, job_id) for job_id in jobs)
    finish(world, first)
    assert webhooks.announce(first.job_id) == []
    finish(world, last)
    [(delivery_id, number)] = webhooks.announce(last.job_id)
    assert number == 1
    assert webhooks.announce(last.job_id) == []
    work = webhooks.claim(delivery_id)
    assert work is not None
    assert (work.job_id, work.batch_id, work.event) == (None, batch_id, "batch.completed")
    [delivery] = webhooks.of_batch(batch_id, ALICE)
    assert delivery.id == delivery_id
    assert webhooks.of_batch(batch_id, Caller("bob")) == []
    assert webhooks.find(delivery_id, Caller("alice", matters=("m2",))) is None


# ── counts ───────────────────────────────────────────────────────────────────────────────────


def test_counts_that_are_read_at_any_moment_add_up_to_the_total(world: World) -> None:
    batch_id, jobs = world.add_batch(96)
    done = Event()

    def hammer() -> int:
        looks = 0
        while not done.is_set():
            batch = view(world, batch_id)
            assert sum(batch.jobs.values()) == batch.total == 96
            # What the row says of its end and what the jobs say are one.
            assert (batch.finished_at is not None) == (batch.ended == batch.total)
            looks += 1
        return looks

    def work(own: list[JobId]) -> None:
        for number, job_id in enumerate(own):
            if number % 3 == 0:
                end(world, job_id)
            elif number % 3 == 1:
                finish(world, due(world, job_id))
            else:
                PostgresControls(world.pool).cancel(job_id, ALICE)

    with ThreadPoolExecutor(18) as threads:
        readers = [threads.submit(hammer) for _ in range(2)]
        workers = [threads.submit(work, jobs[start::16]) for start in range(16)]
        for worker in workers:
            worker.result(60)
        done.set()
        looks = sum(reader.result(60) for reader in readers)
    assert looks > 10
    assert counts(world, batch_id) == {"completed": 32, "failed": 32, "cancelled": 32}
    assert kinds(world, batch_id)[-1] == "batch_completed_with_errors"


# ── pause ────────────────────────────────────────────────────────────────────────────────────


def test_a_claim_that_began_before_a_pause_but_comes_behind_it_finds_its_job_paused(
    database_url: str, pool: Pool, world: World
) -> None:
    batch_id, jobs = world.add_batch(2)
    paused, _, waited = race(
        database_url,
        lambda first: controls(first).pause(batch_id, ALICE),
        lambda second: begin(second, jobs[0]),
        pool,
    )
    assert (paused, waited) == (True, True)
    assert counts(world, batch_id) in ({"pending": 2}, {"pending": 1, "paused": 1})
    assert view(world, batch_id).status is BatchStatus.PAUSED


def test_a_job_that_begins_where_the_claim_did_not_see_the_pause_is_paused_and_resumed(
    world: World,
) -> None:
    batch_id, jobs = world.add_batch(2)
    assert controls(world).pause(batch_id, ALICE)
    with world.pool.connection() as connection:
        # As a claim's statement would have it that looked before the pause.
        connection.execute(
            "UPDATE jobs SET status = 'processing', stage = 'splitting', attempt = 1,"
            " lease_expires_at = now() + interval '1 minute', last_event = last_event + 1"
            " WHERE id = %s",
            (jobs[0],),
        )
        connection.execute(
            "INSERT INTO job_events (job_id, id, kind) VALUES (%s, 2, 'splitting')", (jobs[0],)
        )
    assert counts(world, batch_id) == {"pending": 1, "paused": 1}
    told = [event.kind for event in world.jobs.events(jobs[0], ALICE)]
    assert told == ["job_created", "splitting", "job_paused"]
    resumed = controls(world).resume(batch_id, ALICE)
    assert resumed is not None
    assert [job_id for job_id, _, _ in resumed.splits] == [jobs[0]]
    assert view(world, batch_id).status is BatchStatus.PROCESSING


def test_a_pause_behind_a_claim_pauses_what_was_claimed(
    database_url: str, pool: Pool, world: World
) -> None:
    batch_id, jobs = world.add_batch(2)
    _, paused, waited = race(
        database_url,
        lambda first: begin(first, jobs[0]),
        lambda second: controls(second).pause(batch_id, ALICE),
        pool,
    )
    assert (paused.result(), waited) == (True, True)
    assert counts(world, batch_id) == {"pending": 1, "paused": 1}


def test_a_chunk_that_finishes_behind_a_pause_counts(
    database_url: str, pool: Pool, world: World
) -> None:
    batch_id, jobs = world.add_batch(2)
    work = split(world, jobs[0])
    _, finished, waited = race(
        database_url,
        lambda first: controls(first).pause(batch_id, ALICE),
        lambda second: second.chunks.complete(work, path="p", checksum="c"),
        pool,
    )
    assert waited
    assert finished.result().was_last is False, "nobody sends the merge of a paused job"
    resumed = controls(world).resume(batch_id, ALICE)
    assert resumed is not None
    assert [job_id for job_id, _ in resumed.merges] == [jobs[0]]


def test_the_last_job_that_ends_behind_a_pause_ends_the_batch(
    database_url: str, pool: Pool, world: World
) -> None:
    batch_id, jobs = world.add_batch(1)
    merge = due(world, jobs[0])
    paused, finished, waited = race(
        database_url,
        lambda first: controls(first).pause(batch_id, ALICE),
        lambda second: finish(second, merge),
        pool,
    )
    assert (paused, waited) == (True, True)
    finished.result()
    assert view(world, batch_id).status is BatchStatus.COMPLETED


def test_a_pause_behind_the_last_job_comes_too_late(
    database_url: str, pool: Pool, world: World
) -> None:
    batch_id, jobs = world.add_batch(1)
    merge = due(world, jobs[0])
    _, paused, waited = race(
        database_url,
        lambda first: finish(first, merge),
        lambda second: controls(second).pause(batch_id, ALICE),
        pool,
    )
    assert (paused.result(), waited) == (False, True)
    assert view(world, batch_id).status is BatchStatus.COMPLETED


# ── cancel ───────────────────────────────────────────────────────────────────────────────────


def test_a_claim_that_comes_behind_a_cancel_takes_nothing(
    database_url: str, pool: Pool, world: World
) -> None:
    batch_id, jobs = world.add_batch(2)
    _, claimed, waited = race(
        database_url,
        lambda first: controls(first).cancel(batch_id, ALICE),
        lambda second: begin(second, jobs[0]),
        pool,
    )
    assert waited
    assert claimed.result() is None
    assert counts(world, batch_id) == {"cancelled": 2}


def test_a_merge_that_ends_behind_a_cancel_counts_for_nothing(
    database_url: str, pool: Pool, world: World
) -> None:
    batch_id, jobs = world.add_batch(2)
    merge = due(world, jobs[0])
    _, finished, waited = race(
        database_url,
        lambda first: controls(first).cancel(batch_id, ALICE),
        lambda second: finish(second, merge),
        pool,
    )
    assert waited
    assert isinstance(finished.exception(), LeaseLost)
    assert counts(world, batch_id) == {"cancelled": 2}


def test_a_cancel_behind_a_merge_that_ends_keeps_what_was_read(
    database_url: str, pool: Pool, world: World
) -> None:
    batch_id, jobs = world.add_batch(2)
    merge = due(world, jobs[0])
    _, cancelled, waited = race(
        database_url,
        lambda first: finish(first, merge),
        lambda second: controls(second).cancel(batch_id, ALICE),
        pool,
    )
    assert (cancelled.result(), waited) == ([jobs[1]], True)
    assert counts(world, batch_id) == {"completed": 1, "cancelled": 1}
    assert view(world, batch_id).status is BatchStatus.CANCELLED


@pytest.mark.parametrize("second", ["pause", "resume", "cancel", "prioritize"])
@pytest.mark.parametrize("first", ["pause", "cancel"])
def test_of_two_hands_on_a_batch_the_second_waits_and_finds_what_the_first_has_done(
    database_url: str, pool: Pool, world: World, first: str, second: str
) -> None:
    batch_id, jobs = world.add_batch(3)
    split(world, jobs[0])

    def hand(action: str) -> Callable[[World], object]:
        more = (Priority.HIGH,) if action == "prioritize" else ()
        return lambda world: getattr(controls(world), action)(batch_id, ALICE, *more)

    _, other, waited = race(database_url, hand(first), hand(second), pool)
    assert waited
    done: Future[object] = other
    expected = {
        ("pause", "pause"): False,
        ("pause", "prioritize"): True,
        ("cancel", "pause"): False,
        ("cancel", "resume"): None,
        ("cancel", "cancel"): None,
        ("cancel", "prioritize"): False,
    }
    if (first, second) == ("pause", "resume"):
        assert done.result() is not None
    elif (first, second) == ("pause", "cancel"):
        assert set(cast(list[JobId], done.result())) == set(jobs)
    else:
        assert done.result() is expected[first, second]
    kinds(world, batch_id)


def test_many_hands_and_workers_at_once_end_without_a_deadlock(world: World) -> None:
    batch_id, jobs = world.add_batch(24)
    # A second batch with some of the same jobs, as a recovery has them.
    other, _ = world.add_batch(1)
    with world.pool.connection() as connection:
        connection.execute(
            "INSERT INTO batch_jobs (batch_id, position, job_id)"
            " SELECT %s, position + 1, job_id FROM batch_jobs"
            " WHERE batch_id = %s AND position %% 2 = 0",
            (other, batch_id),
        )
        connection.execute("UPDATE batches SET total = 13, unfinished = 13 WHERE id = %s", (other,))
    hands = controls(world)
    over = Event()

    def steer() -> None:
        for number in range(40):
            if over.is_set():
                break
            hands.pause(batch_id, ALICE)
            hands.prioritize(batch_id, ALICE, list(Priority)[number % 3])
            hands.resume(batch_id, ALICE)

    def work(own: list[JobId]) -> None:
        for job_id in own:
            begin(world, job_id)
            end(world, job_id)

    with ThreadPoolExecutor(10) as threads:
        steering = [threads.submit(steer) for _ in range(2)]
        working = [threads.submit(work, jobs[start::8]) for start in range(7)]
        for worker in working:
            worker.result(60)
        hands.cancel(other, ALICE)
        hands.cancel(batch_id, ALICE)
        over.set()
        for steerer in steering:
            steerer.result(60)
    for each in (batch_id, other):
        batch = view(world, each)
        assert batch.finished_at is not None
        assert batch.ended == batch.total
        assert kinds(world, each)[-1] == f"batch_{batch.status.value}"
