"""Claiming, finishing and counting chunks on real Postgres."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, LiteralString, cast

import pytest

from common.access import Caller
from common.errors import LeaseLost
from common.models import ChunkId, ChunkWork
from infra.database import chunk_statements
from infra.database.controls import PostgresControls
from infra.database.pool import Pool
from tests.world import LEASE, World

ALICE = Caller("alice")


def test_a_chunk_is_claimed_once_however_many_ask_at_once(world: World) -> None:
    _, [chunk_id] = world.add_job(1)
    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(lambda _: world.chunks.claim(chunk_id), range(16)))
    assert sum(claim is not None for claim in claims) == 1


def test_one_of_many_finishers_at_once_is_told_that_it_was_the_last(world: World) -> None:
    for _ in range(5):
        job_id, chunk_ids = world.add_job(8)
        works = [_claimed(world, chunk_id) for chunk_id in chunk_ids]
        with ThreadPoolExecutor(8) as threads:
            outcomes = list(
                threads.map(
                    lambda work: world.chunks.complete(work, path="p", checksum="c"),
                    works,
                )
            )
        assert [outcome.was_last for outcome in outcomes].count(True) == 1
        job = world.one("SELECT * FROM jobs WHERE id = %s", job_id)
        assert (job["stage"], job["completed_chunks"], job["completed_pages"]) == ("merging", 8, 16)
        assert job["dispatches"] == 1


def test_an_expired_lease_lets_another_worker_in_and_locks_the_first_out(world: World) -> None:
    _, [chunk_id, _] = world.add_job(2)
    first = _claimed(world, chunk_id)
    world.age("chunks", "lease_expires_at", LEASE * 2, id=chunk_id)
    second = _claimed(world, chunk_id)
    assert (second.attempt, second.lost_leases) == (first.attempt + 1, 1)
    with pytest.raises(LeaseLost):
        world.chunks.complete(first, path="late", checksum="c")
    assert not world.chunks.renew(first)
    assert world.chunks.renew(second)
    world.chunks.complete(second, path="counts", checksum="c")
    chunk = world.one("SELECT * FROM chunks WHERE id = %s", chunk_id)
    assert chunk["result_storage_path"] == "counts"


def test_a_chunk_finished_twice_is_counted_once(world: World) -> None:
    job_id, [chunk_id, _] = world.add_job(2)
    work = _claimed(world, chunk_id)
    world.chunks.complete(work, path="p", checksum="c")
    with pytest.raises(LeaseLost):
        world.chunks.complete(work, path="p", checksum="c")
    assert world.one("SELECT completed_chunks FROM jobs WHERE id = %s", job_id) == {
        "completed_chunks": 1
    }


def test_a_cancelled_job_counts_nothing_and_rolls_the_finisher_back(world: World) -> None:
    job_id, [chunk_id] = world.add_job(1)
    work = _claimed(world, chunk_id)
    _set_status(world, "cancelled", finished=True, job_id=job_id)
    with pytest.raises(LeaseLost):
        world.chunks.complete(work, path="p", checksum="c")
    assert not world.chunks.renew(work)
    row = world.one(
        "SELECT chunks.status, completed_chunks FROM chunks, jobs WHERE chunks.id = %s", chunk_id
    )
    assert row == {"status": "processing", "completed_chunks": 0}


def test_a_paused_job_starts_no_chunk(world: World) -> None:
    job_id, [chunk_id] = world.add_job(1)
    _set_status(world, "paused", finished=False, job_id=job_id)
    assert world.chunks.claim(chunk_id) is None


def test_the_last_chunk_of_a_paused_job_counts_but_sends_no_merge(world: World) -> None:
    job_id, [chunk_id] = world.add_job(1)
    work = _claimed(world, chunk_id)
    _set_status(world, "paused", finished=False, job_id=job_id)
    assert not world.chunks.complete(work, path="p", checksum="c").was_last
    job = world.one("SELECT stage, completed_chunks, dispatches FROM jobs")
    assert job == {"stage": "merging", "completed_chunks": 1, "dispatches": 0}
    assert world.merges.claim(job_id) is None


def test_a_chunk_put_back_waits_for_its_due_time_and_remembers_its_failures(world: World) -> None:
    _, [chunk_id] = world.add_job(1)
    delay = timedelta(minutes=3)
    world.chunks.put_back(
        _claimed(world, chunk_id), code="X", message="x", delay=delay, counted=True
    )
    assert world.chunks.claim(chunk_id) is None
    world.age("chunks", "due_at", delay, id=chunk_id)
    work = _claimed(world, chunk_id)
    assert (work.failures, work.lost_leases) == (1, 0)
    world.chunks.put_back(work, code="Q", message="quota", delay=timedelta(0), counted=False)
    assert _claimed(world, chunk_id).failures == 1


def test_a_message_that_is_dropped_while_its_job_goes_on_again_leaves_the_chunk_its_turn(
    world: World,
) -> None:
    job_id, [chunk_id] = world.add_job(1)
    controls = PostgresControls(world.pool)
    assert controls.pause(job_id, ALICE)
    # The claim has found the job paused; whoever lets it go on counts on the chunk's message.
    between = _Between(world.pool, lambda: controls.resume(job_id, ALICE))
    assert World(cast(Pool, between)).chunks.claim(chunk_id) is None
    assert between.has_come
    assert world.one("SELECT status FROM jobs") == {"status": "processing"}
    assert [chunk.id for chunk in world.turns.give(something_new=True).chunks] == [chunk_id]
    _claimed(world, chunk_id)


def test_a_message_that_comes_too_early_takes_no_other_ones_place(world: World) -> None:
    _, [chunk_id] = world.add_job(1)
    delay = timedelta(minutes=3)
    world.chunks.put_back(
        _claimed(world, chunk_id), code="X", message="x", delay=delay, counted=True
    )
    assert world.chunks.claim(chunk_id) is None
    world.age("chunks", "due_at", delay, id=chunk_id)
    # Its own message is still to come.
    assert world.turns.give(something_new=True).chunks == ()


def test_the_last_chunk_to_fail_also_sends_the_merge(world: World) -> None:
    job_id, [first, second] = world.add_job(2)
    world.finish_chunk(first)
    outcome = world.chunks.fail(_claimed(world, second), "TASK_TIMEOUT", "Document AI timeout")
    assert outcome.was_last
    job = world.one("SELECT * FROM jobs WHERE id = %s", job_id)
    assert (job["failed_chunks"], job["failed_pages"], job["completed_pages"]) == (1, 2, 2)


def test_event_numbers_have_no_gap_and_no_double_while_eight_workers_write(world: World) -> None:
    job_id, chunk_ids = world.add_job(24)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(world.finish_chunk, chunk_ids))
    events = world.jobs.events(job_id, Caller("alice"))
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    kinds = [event.kind for event in events]
    assert kinds[:4] == ["job_created", "splitting", "planned", "chunks_dispatched"]
    assert kinds.count("chunk_started") == kinds.count("chunk_completed") == 24
    assert kinds[-1] == "merging"
    assert kinds.count("merging") == 1


def test_another_owner_sees_neither_the_job_nor_its_events(world: World) -> None:
    job_id, _ = world.add_job(1, owner="alice")
    assert world.jobs.find(job_id, Caller("alice")) is not None
    assert world.jobs.find(job_id, Caller("bob")) is None
    assert world.jobs.events(job_id, Caller("bob")) == []


class _Between:
    """Stands for a pool: what is told happens between a claim and its second look."""

    def __init__(self, pool: Pool, then: Callable[[], object]) -> None:
        self._pool = pool
        self._then = then
        self.has_come = False

    @contextmanager
    def connection(self) -> Iterator[_Between]:
        with self._pool.connection() as self._connection:
            yield self

    def execute(self, query: LiteralString, values: dict[str, Any]) -> object:
        if query == chunk_statements.DROPPED:
            self._then()
            self.has_come = True
        return self._connection.execute(query, values)


def _claimed(world: World, chunk_id: ChunkId) -> ChunkWork:
    work = world.chunks.claim(chunk_id)
    assert work is not None
    return work


def _set_status(world: World, status: str, *, finished: bool, job_id: object) -> None:
    world.one(
        "UPDATE jobs SET status = %s, finished_at = CASE WHEN %s THEN now() END"
        " WHERE id = %s RETURNING id",
        status,
        finished,
        job_id,
    )
