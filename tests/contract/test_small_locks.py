"""Small documents beside whoever else holds their rows: nobody waits in a circle, nothing is lost.

The other is a transaction by hand, which takes its locks when the documents' own waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from common.access import Caller
from common.models import ChunkId, JobId, Priority
from common.small_documents import Beginning
from functions.pipeline.whole_documents import Pace
from infra.database.batch_controls import PostgresBatchControls
from infra.database.controls import PostgresControls
from infra.database.credits import PostgresCredits
from infra.database.pool import Pool
from tests.contract.held_transaction import race
from tests.contract.small_fixtures import Desk
from tests.e2e.quire_client import wait_for
from tests.world import World

ALICE = Caller("alice")


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


@contextmanager
def waiting(url: str, run: Callable[[psycopg.Connection], object]) -> Iterator[psycopg.Connection]:
    """Run until it waits for what it has locked by the connection; commit behind the block."""
    with psycopg.connect(url) as other, ThreadPoolExecutor(1) as thread:
        pid = other.info.backend_pid
        running = thread.submit(run, other)

        def is_waiting() -> bool:
            if running.done():
                running.result()
                raise AssertionError("It did not wait.")
            with psycopg.connect(url, autocommit=True) as look:
                found = look.execute(
                    "SELECT FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))", (pid,)
                )
                return found.rowcount == 1

        try:
            wait_for(is_waiting, "the second to wait for the first", 20)
            yield other
        finally:
            other.commit()
        running.result(timeout=60)


def sent(desk: Desk, jobs: list[JobId]) -> list[JobId]:
    """Give the jobs' turns; return those that are sent to workers."""
    given = desk.world.turns.give(something_new=True)
    return [JobId(each) for message in given.documents for each in message.job_ids if each in jobs]


@pytest.mark.parametrize("whose", ["job", "batch"])
def test_what_somebody_steers_while_its_message_comes_waits_for_its_turn_again(
    desk: Desk, database_url: str, pool: Pool, whose: str
) -> None:
    batch_id, jobs = desk.world.add_batch(2)
    assert sent(desk, jobs) == jobs

    def steer(world: World) -> bool:
        if whose == "job":
            return PostgresControls(world.pool).prioritize(jobs[0], ALICE, Priority.HIGH)
        return PostgresBatchControls(world.pool).prioritize(batch_id, ALICE, Priority.HIGH)

    steered, claimed, waited = race(
        database_url, steer, lambda world: Desk(world).small.claim(jobs), pool
    )
    assert (steered, waited) == (True, True)
    left = jobs[:1] if whose == "job" else jobs
    assert [each.job_id for each in claimed.result()] == [each for each in jobs if each not in left]
    assert sent(desk, jobs) == left
    desk.run(left)
    assert desk.job(jobs[0])["status"] == "completed"


def test_what_was_claimed_is_not_held_while_the_rest_is_waited_for(
    desk: Desk, database_url: str
) -> None:
    _, jobs = desk.world.add_batch(2)
    assert sent(desk, jobs) == jobs
    hold = "SELECT FROM jobs WHERE id = %s FOR NO KEY UPDATE"

    def claim(other: psycopg.Connection) -> None:
        other.execute(hold, (jobs[0],))
        desk.small.claim(jobs)

    with waiting(database_url, claim) as other:
        assert other.execute(f"{hold} NOWAIT", (jobs[1],)).rowcount == 1
    assert desk.job(jobs[1])["status"] == "processing"


def test_one_that_has_not_landed_is_not_given_turn_after_turn(desk: Desk) -> None:
    _, jobs = desk.world.add_batch(1)
    desk.rows("UPDATE documents SET generation = NULL RETURNING id")
    desk.rows("UPDATE jobs SET dispatched_at = now(), dispatches = 1 RETURNING id")
    desk.run(jobs)
    assert desk.job(jobs[0])["dispatched_at"] is not None


def test_an_equal_document_is_begun_beside_the_end_of_the_one_that_is_read(
    desk: Desk, database_url: str
) -> None:
    PostgresCredits(desk.world.pool).grant("alice", 10)
    _, first = desk.world.add_batch(1)
    _, second = desk.world.add_batch(1)
    for job_id in (*first, *second):
        desk.set_content(job_id, b"the same")

    def begin(other: psycopg.Connection) -> None:
        other.execute("SELECT FROM cache_readers FOR UPDATE")
        Desk(desk.world, desk.contents, stored=desk.stored, credits=True).run(second)

    def begin_beside() -> None:
        with waiting(database_url, begin) as other:
            # As the end does: the key's reader, then the account.
            other.execute("SELECT FROM credit_accounts FOR NO KEY UPDATE NOWAIT")

    desk.credits = True
    desk.while_reading[b"the same"] = begin_beside
    desk.run(first)
    assert desk.statuses([*first, *second]) == ["completed", "processing"]
    account = PostgresCredits(desk.world.pool).account("alice")
    assert (account.available, account.reserved) == (8, 1)


@pytest.mark.parametrize(
    ("held", "then"),
    [("documents", "batches"), ("credit_accounts", "documents"), ("jobs", "documents")],
    ids=["the end of a merge", "the end of a merge with credits", "a cancel"],
)
def test_documents_are_recorded_beside_whoever_locks_in_the_same_order(
    desk: Desk, database_url: str, held: str, then: str
) -> None:
    PostgresCredits(desk.world.pool).grant("alice", 10)
    desk.credits, desk.pace = True, Pace(0.001)
    _, jobs = desk.world.add_batch(2)

    def run(other: psycopg.Connection) -> None:
        # Once the last is read, all that comes is to record them.
        desk.while_reading[desk.content_of(jobs[1])] = lambda: other.execute(
            f"SELECT FROM {held} FOR NO KEY UPDATE"
        )
        desk.run(jobs)

    with waiting(database_url, run) as other:
        other.execute(f"SELECT FROM {then} FOR NO KEY UPDATE NOWAIT")
    assert desk.statuses(jobs) == ["completed", "completed"]


def test_leases_are_renewed_beside_whoever_locks_chunks_before_jobs(
    desk: Desk, database_url: str
) -> None:
    _, jobs = desk.world.add_batch(2)

    def renew(other: psycopg.Connection) -> None:
        # The first is being read, the second has not been begun.
        other.execute("SELECT FROM chunks FOR UPDATE")
        held = desk.small.claim([jobs[1]])
        [begun] = desk.rows("SELECT document_id FROM jobs WHERE id = %s", jobs[0])
        reading = replace(held[0], job_id=jobs[0], document_id=begun["document_id"])
        assert set(desk.small.renew([*held, reading])) == set(jobs)

    def renew_beside() -> None:
        with waiting(database_url, renew) as other:
            take = "SELECT FROM jobs WHERE id = %s FOR NO KEY UPDATE NOWAIT"
            assert other.execute(take, (jobs[1],)).rowcount == 1

    desk.while_reading[desk.content_of(jobs[0])] = renew_beside
    desk.run(jobs[:1])
    assert desk.job(jobs[0])["status"] == "completed"


def test_a_lease_is_kept_of_what_is_begun_while_it_is_renewed(
    desk: Desk, database_url: str, pool: Pool
) -> None:
    _, jobs = desk.world.add_batch(1)
    held = desk.small.claim(jobs)
    begun, renewed, waited = race(
        database_url,
        lambda world: Desk(world).small.begin([Beginning(held[0], ChunkId(uuid4()), 1, 9, "s")]),
        lambda world: Desk(world).small.renew(held),
        pool,
    )
    assert (len(begun), waited) == (1, True)
    assert set(renewed.result()) == set(jobs)
