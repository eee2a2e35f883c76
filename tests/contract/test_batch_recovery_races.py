"""Recoveries beside running work, beside each other, and beside a process that dies: each once.

The order is set by holding the first transaction open until the second waits for it.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest

from common.errors import Conflict, LeaseLost
from common.lifecycle import JobStatus
from common.models import MergedDocument
from common.pages import PageRange
from common.recovery import Recovered, Strategy
from infra.database.batch_warming import PostgresWarming
from infra.database.controls import PostgresControls
from infra.database.idempotency import KeyTaken, RequestKey
from infra.database.pool import Pool
from tests.contract.held_transaction import race
from tests.contract.recovery_fixtures import (
    ALICE,
    AWAY,
    READ,
    batch,
    chunk_ids,
    chunk_statuses,
    ended,
    job,
    kinds,
    lines,
    merge,
    planned,
    read,
    recoveries,
    refused,
)
from tests.world import World, cut

SELECTIVE = Strategy.SELECTIVE


def recover(world: World, origin: UUID) -> Recovered:
    return recoveries(world).recover(origin, ALICE, strategy=SELECTIVE)


def unfinished(world: World, batch_id: UUID) -> int:
    row = world.one(
        "SELECT count(*)::int AS left FROM batch_jobs JOIN jobs ON jobs.id = job_id"
        " WHERE batch_jobs.batch_id = %s AND finished_at IS NULL",
        batch_id,
    )
    return int(str(row["left"]))


def test_of_two_recoveries_at_once_one_gets_each_job(
    database_url: str, pool: Pool, world: World
) -> None:
    origin, jobs = world.add_batch(2)
    ended(world, jobs[0], [AWAY])
    refused(world, jobs[1], "SERVICE_MISCONFIGURED")
    made, other, waited = race(
        database_url, lambda first: recover(first, origin), lambda second: recover(second, origin),
        pool,
    )  # fmt: skip
    assert waited
    assert isinstance(other.exception(), Conflict)
    assert lines(world, made.batch_id) == {1: jobs[0], 2: jobs[1]}
    assert job(world, jobs[0], "retries") == (1,)
    assert world.one("SELECT count(*) AS n FROM batches")["n"] == 2


def test_of_two_recoveries_of_what_was_cleaned_up_one_makes_a_new_job(
    database_url: str, pool: Pool, world: World
) -> None:
    origin, jobs = world.add_batch(1)
    ended(world, jobs[0], [READ, AWAY])
    with world.pool.connection() as connection:
        connection.execute("UPDATE jobs SET cleaned_at = now()")
    _, other, waited = race(
        database_url, lambda first: recover(first, origin), lambda second: recover(second, origin),
        pool,
    )  # fmt: skip
    assert waited
    assert isinstance(other.exception(), Conflict)
    assert world.one("SELECT count(*) AS n FROM jobs")["n"] == 2


def test_a_recovery_and_one_jobs_retry_at_once_retry_it_once(
    database_url: str, pool: Pool, world: World
) -> None:
    origin, jobs = world.add_batch(2)
    for each in jobs:
        ended(world, each, [READ, AWAY])
    _, recovered, waited = race(
        database_url,
        lambda first: PostgresControls(first.pool).retry(jobs[0], ALICE),
        lambda second: recover(second, origin),
        pool,
    )
    assert waited
    assert lines(world, recovered.result().batch_id) == {2: jobs[1]}
    assert job(world, jobs[0], "retries, batch_id") == (1, origin)
    assert batch(world, origin) == ("processing", 2, 2)


def last_job_ends(world: World, origin: UUID, jobs: list[UUID]) -> None:
    """End the batch's last running job; its chunk has been read."""
    work = world.merges.claim(jobs[1])  # type: ignore[arg-type]
    assert work is not None
    world.merges.finish(work, MergedDocument(JobStatus.COMPLETED, 10, 0, "r", "t", "c"))


def test_a_recovery_behind_the_end_of_the_last_job_reopens_the_batch(
    database_url: str, pool: Pool, world: World
) -> None:
    origin, jobs = world.add_batch(2)
    ended(world, jobs[0], [READ, AWAY])
    read(world, planned(world, jobs[1], 1)[0])
    _, recovered, waited = race(
        database_url,
        lambda first: last_job_ends(first, origin, list(jobs)),
        lambda second: recover(second, origin),
        pool,
    )
    assert waited
    assert lines(world, recovered.result().batch_id) == {1: jobs[0]}
    assert kinds(world, origin)[-2:] == ["batch_completed_with_errors", "document_retried"]
    assert batch(world, origin) == ("processing", 2, 1)


def test_the_last_job_behind_a_recovery_does_not_end_the_batch(
    database_url: str, pool: Pool, world: World
) -> None:
    origin, jobs = world.add_batch(2)
    ended(world, jobs[0], [READ, AWAY])
    read(world, planned(world, jobs[1], 1)[0])
    made, ends, waited = race(
        database_url,
        lambda first: recover(first, origin),
        lambda second: last_job_ends(second, origin, list(jobs)),
        pool,
    )
    assert waited
    assert ends.exception() is None
    assert batch(world, origin) == ("processing", 2, 1)
    assert batch(world, made.batch_id) == ("processing", 1, 1)
    assert kinds(world, origin)[-2:] == ["document_retried", "document_completed"]


def test_a_worker_that_ends_behind_a_recovery_counts_for_nothing(
    database_url: str, pool: Pool, world: World
) -> None:
    origin, jobs = world.add_batch(1)
    split = world.begin(jobs[0])

    world.splits.plan(
        split, page_count=20, size=1, warnings=[], chunks=[PageRange(1, 10), PageRange(11, 20)]
    )
    first, _ = world.splits.planned(split)
    world.splits.dispatched(split, [(first, cut(split, first))])
    work = world.chunks.claim(first.id)
    assert work is not None
    world.splits.fail(split, "SERVICE_MISCONFIGURED", "It is misconfigured.")
    _, finished, waited = race(
        database_url,
        lambda held: recover(held, origin),
        lambda second: second.chunks.complete(work, path="p", checksum="c"),
        pool,
    )
    assert waited, "the recovery has put the chunk back"
    assert isinstance(finished.exception(), LeaseLost)
    assert chunk_statuses(world, jobs[0]) == ["pending", "pending"]


def test_a_twin_with_the_same_key_finds_it_taken(
    database_url: str, pool: Pool, world: World
) -> None:
    one, jobs = world.add_batch(1)
    ended(world, jobs[0], [AWAY])
    other, others = world.add_batch(1)
    ended(world, others[0], [AWAY])
    key = RequestKey("again", "f")
    _, twin, waited = race(
        database_url,
        lambda first: recoveries(first).recover(one, ALICE, strategy=SELECTIVE, request=key),
        lambda second: recoveries(second).recover(other, ALICE, strategy=SELECTIVE, request=key),
        pool,
    )
    assert waited
    assert isinstance(twin.exception(), KeyTaken)
    assert job(world, others[0], "status") == ("failed",), "and has changed nothing"


def test_two_warm_batches_of_the_same_documents_number_their_runs(
    database_url: str, pool: Pool, world: World
) -> None:
    origin, _ = world.add_batch(3)
    _, second, waited = race(
        database_url,
        lambda first: PostgresWarming(first.pool).warm(origin, ALICE),
        lambda second: PostgresWarming(second.pool).warm(origin, ALICE),
        pool,
    )
    assert waited
    assert second.exception() is None
    row = world.one("SELECT array_agg(DISTINCT run ORDER BY run) AS runs FROM jobs")
    assert row == {"runs": [1, 2, 3]}


def test_a_process_that_dies_before_it_sends_anything_loses_nothing(world: World) -> None:
    origin, jobs = world.add_batch(4)
    chunk = ended(world, jobs[0], [AWAY])[0]
    # One that could not be opened, one that could not be cut to its end, one that was not bound.
    refused(world, jobs[1], "INSUFFICIENT_CREDITS")

    split = world.begin(jobs[2])
    world.splits.plan(split, page_count=10, size=1, warnings=[], chunks=[PageRange(1, 10)])
    world.splits.fail(split, "SERVICE_MISCONFIGURED", "It is misconfigured.")
    read(world, planned(world, jobs[3], 1)[0])
    work = world.merges.claim(jobs[3])
    assert work is not None
    gone = MergedDocument(JobStatus.FAILED, 0, 0, None, None, None, "RESULTS_REFUSED", "No.")
    world.merges.finish(work, gone)

    made = recover(world, origin)
    # What maintain does, and nobody else: turns for what waits, messages for what was to be sent.
    given = world.turns.give(something_new=True)
    assert [each.id for each in given.chunks] == [chunk]
    assert [id_ for message in given.documents for id_ in message.job_ids] == [jobs[1]]
    assert world.upkeep.stopped_jobs() == []
    world.age("jobs", "dispatched_at", timedelta(minutes=2), batch_id=made.batch_id)
    world.age("jobs", "lease_expires_at", timedelta(minutes=2), batch_id=made.batch_id)
    stopped = {each.job_id: each.is_merge for each in world.upkeep.stopped_jobs()}
    assert stopped == {jobs[2]: False, jobs[3]: True}


@pytest.mark.parametrize("seed", range(3))
def test_counts_stay_exact_while_jobs_end_and_are_recovered_by_many(
    world: World, seed: int
) -> None:
    origin, jobs = world.add_batch(12)
    draw = random.Random(seed)
    fates = [[READ, AWAY] if draw.random() < 0.6 else [READ, READ] for _ in jobs]
    made: list[UUID] = []

    def work(place: int) -> None:
        ended(world, jobs[place], fates[place])

    def recover_some() -> None:
        batches = [origin, *made]
        try:
            made.append(recover(world, draw.choice(batches)).batch_id)
        except Conflict as error:
            if error.code != "NOTHING_TO_RECOVER":
                raise

    with ThreadPoolExecutor(8) as pool:
        doing = [pool.submit(work, place) for place in range(len(jobs))]
        doing += [pool.submit(recover_some) for _ in range(24)]
        for each in doing:
            each.result()
    for batch_id in [origin, *made]:
        assert batch(world, batch_id, "unfinished") == (unfinished(world, batch_id),)
        kinds(world, batch_id)
    # Each job is under work in one recovery alone, and read again as often as it was recovered.
    for place, job_id in enumerate(jobs):
        in_batches = world.one(
            "SELECT count(*)::int AS n FROM batch_jobs WHERE job_id = %s", job_id
        )["n"]
        status, retries = job(world, job_id, "status, retries")
        assert in_batches == retries + 1
        assert retries <= 1
        if status == "processing":
            read(world, chunk_ids(world, job_id)[1])
            merge(world, job_id)
        elif fates[place][1] == AWAY:
            assert status == "completed_with_errors", "nobody came to recover it"
    rest = [job_id for job_id in jobs if job(world, job_id, "status") != ("completed",)]
    if rest:
        last = recover(world, origin)
        made.append(last.batch_id)
        for job_id in rest:
            read(world, chunk_ids(world, job_id)[1])
            merge(world, job_id)
    for batch_id in [origin, *made]:
        assert batch(world, batch_id, "status, unfinished") == ("completed", 0)
