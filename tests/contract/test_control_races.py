"""Each race between an owner's hand and running work has one winner: docs/lifecycle.md's table.

The order is set by holding the first transaction open until the second waits for it.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from common.access import Caller
from common.errors import InsufficientCredits, LeaseLost
from common.lifecycle import JobStatus
from common.models import ChunkWork, JobId, MergedDocument, MergeWork
from common.pages import PageRange
from infra.database.controls import PostgresControls
from infra.database.credits import PostgresCredits, reserve
from infra.database.pool import Pool
from tests.contract.held_transaction import race
from tests.world import World, cut

ALICE = Caller("alice")


def controls(world: World, *, credits_enabled: bool = False) -> PostgresControls:
    return PostgresControls(world.pool, credits_enabled=credits_enabled)


def complete(world: World, work: ChunkWork) -> bool:
    return world.chunks.complete(work, path="p", checksum="c").was_last


def claimed(world: World, chunks: int = 2) -> tuple[JobId, list[ChunkWork]]:
    """Make a job with every chunk under work."""
    job_id, ids = world.add_job(chunks)
    works = [world.chunks.claim(chunk_id) for chunk_id in ids]
    assert all(works)
    return job_id, [work for work in works if work is not None]


def status(world: World, job_id: JobId) -> tuple[object, object, object]:
    row = world.one("SELECT status, stage, completed_chunks FROM jobs WHERE id = %s", job_id)
    return row["status"], row["stage"], row["completed_chunks"]


def kinds(world: World, job_id: JobId) -> list[str]:
    return [event.kind for event in world.jobs.events(job_id, ALICE)]


def test_a_chunk_that_finishes_behind_a_pause_counts(
    database_url: str, pool: Pool, world: World
) -> None:
    job_id, works = claimed(world)
    paused, finished, waited = race(
        database_url,
        lambda first: controls(first).pause(job_id, ALICE),
        lambda second: complete(second, works[0]),
        pool,
    )
    assert (paused, finished.result(), waited) == (True, False, True)
    assert status(world, job_id) == ("paused", "ocr", 1)


def test_the_last_chunk_behind_a_pause_makes_the_merge_due_and_resume_sends_it(
    database_url: str, pool: Pool, world: World
) -> None:
    job_id, works = claimed(world, chunks=1)
    _, finished, waited = race(
        database_url,
        lambda first: controls(first).pause(job_id, ALICE),
        lambda second: complete(second, works[0]),
        pool,
    )
    assert waited
    assert finished.result() is False, "nobody sends the merge of a paused job"
    assert status(world, job_id) == ("paused", "merging", 1)
    assert world.merges.claim(job_id) is None
    to_send = controls(world).resume(job_id, ALICE)
    assert to_send is not None
    assert (to_send.chunks, to_send.dispatch is not None, to_send.source) == ((), True, None)
    assert world.merges.claim(job_id) is not None


def test_a_pause_behind_the_last_chunk_comes_too_late(
    database_url: str, pool: Pool, world: World
) -> None:
    job_id, works = claimed(world, chunks=1)
    was_last, paused, waited = race(
        database_url,
        lambda first: complete(first, works[0]),
        lambda second: controls(second).pause(job_id, ALICE),
        pool,
    )
    assert (was_last, paused.result(), waited) == (True, False, True)
    assert status(world, job_id) == ("processing", "merging", 1)


@pytest.mark.parametrize("action", ["pause", "cancel"])
def test_a_claim_that_began_before_a_pause_or_cancel_but_commits_behind_it_takes_nothing(
    database_url: str, pool: Pool, world: World, action: str
) -> None:
    job_id, ids = world.add_job(2)
    _, claim, waited = race(
        database_url,
        lambda first: getattr(controls(first), action)(job_id, ALICE),
        lambda second: second.chunks.claim(ids[0]),
        pool,
    )
    assert waited, "the claim saw the job before, and waited for its row"
    assert claim.result() is None
    chunk = world.one("SELECT status, attempt FROM chunks WHERE id = %s", ids[0])
    assert chunk == {"status": "pending", "attempt": 0}
    assert "chunk_started" not in kinds(world, job_id)


def test_a_pause_behind_a_claim_lets_the_chunk_run(
    database_url: str, pool: Pool, world: World
) -> None:
    job_id, ids = world.add_job(2)
    work, paused, waited = race(
        database_url,
        lambda first: first.chunks.claim(ids[0]),
        lambda second: controls(second).pause(job_id, ALICE),
        pool,
    )
    assert (paused.result(), waited) == (True, True)
    assert work is not None
    assert world.chunks.renew(work)
    assert complete(world, work) is False
    assert status(world, job_id) == ("paused", "ocr", 1)


def test_a_chunk_that_finishes_behind_a_cancel_counts_for_nothing(
    database_url: str, pool: Pool, world: World
) -> None:
    job_id, works = claimed(world, chunks=1)
    cancelled, finished, waited = race(
        database_url,
        lambda first: controls(first).cancel(job_id, ALICE),
        lambda second: complete(second, works[0]),
        pool,
    )
    assert (cancelled, waited) == (True, True)
    assert isinstance(finished.exception(), LeaseLost)
    assert status(world, job_id) == ("cancelled", "ocr", 0)
    assert kinds(world, job_id)[-1] == "job_cancelled"


def test_a_cancel_behind_the_last_chunk_ends_the_job_before_its_merge(
    database_url: str, pool: Pool, world: World
) -> None:
    job_id, works = claimed(world, chunks=1)
    was_last, cancelled, waited = race(
        database_url,
        lambda first: complete(first, works[0]),
        lambda second: controls(second).cancel(job_id, ALICE),
        pool,
    )
    assert (was_last, cancelled.result(), waited) == (True, True, True)
    assert world.merges.claim(job_id) is None


def test_a_chunk_put_back_behind_a_cancel_leaves_no_trace(
    database_url: str, pool: Pool, world: World
) -> None:
    job_id, works = claimed(world)
    _, put_back, waited = race(
        database_url,
        lambda first: controls(first).cancel(job_id, ALICE),
        lambda second: second.chunks.put_back(
            works[0], code="X", message="Y", delay=timedelta(seconds=1), counted=True
        ),
        pool,
    )
    assert waited
    assert isinstance(put_back.exception(), LeaseLost)
    assert kinds(world, job_id)[-1] == "job_cancelled"


def merged() -> MergedDocument:
    return MergedDocument(
        status=JobStatus.COMPLETED,
        pages=2,
        failed_pages=0,
        result_path="r",
        text_path="t",
        checksum="c",
    )


def due_merge(world: World) -> tuple[JobId, MergeWork]:
    job_id, works = claimed(world, chunks=1)
    complete(world, works[0])
    merge = world.merges.claim(job_id)
    assert merge is not None
    return job_id, merge


def test_a_merge_that_ends_behind_a_cancel_counts_for_nothing(
    database_url: str, pool: Pool, world: World
) -> None:
    job_id, merge = due_merge(world)
    cancelled, finished, waited = race(
        database_url,
        lambda first: controls(first).cancel(job_id, ALICE),
        lambda second: second.merges.finish(merge, merged()),
        pool,
    )
    assert (cancelled, waited) == (True, True)
    assert isinstance(finished.exception(), LeaseLost)
    assert status(world, job_id)[0] == "cancelled"


def test_a_cancel_behind_a_finished_merge_is_refused(
    database_url: str, pool: Pool, world: World
) -> None:
    job_id, merge = due_merge(world)
    _, refused, waited = race(
        database_url,
        lambda first: first.merges.finish(merge, merged()),
        lambda second: controls(second).cancel(job_id, ALICE),
        pool,
    )
    assert (refused.result(), waited) == (False, True)
    assert status(world, job_id)[0] == "completed"


def test_a_wave_of_the_splitter_behind_a_pause_is_not_sent_and_resume_has_it_cut_again(
    database_url: str, pool: Pool, world: World
) -> None:
    work = world.land()
    ranges = [PageRange(1, 2), PageRange(3, 4)]
    world.splits.plan(work, page_count=4, size=1, warnings=[], chunks=ranges)
    chunk = world.splits.planned(work)[0]
    _, sent, waited = race(
        database_url,
        lambda first: controls(first).pause(work.job_id, ALICE),
        lambda second: second.splits.dispatched(work, [(chunk, cut(work, chunk))]),
        pool,
    )
    assert waited
    assert isinstance(sent.exception(), LeaseLost)
    assert world.chunks.claim(chunk.id) is None
    to_send = controls(world).resume(work.job_id, ALICE)
    assert to_send is not None
    assert to_send.source == work.source
    assert world.claim_split(work.source) is not None, "it need not wait for the old lease"


def test_resume_does_not_wait_for_a_chunk_that_is_being_finished(
    database_url: str, pool: Pool, world: World
) -> None:
    job_id, works = claimed(world)
    assert controls(world).pause(job_id, ALICE)
    world.age("chunks", "lease_expires_at", timedelta(days=1), job_id=job_id)
    was_last, resumed, waited = race(
        database_url,
        lambda first: complete(first, works[0]),
        lambda second: controls(second).resume(job_id, ALICE),
        pool,
    )
    to_send = resumed.result()
    assert (was_last, waited) == (False, True)
    assert to_send is not None
    assert [chunk.index for chunk, _ in to_send.chunks] == [1], "the finished one is not sent"
    assert status(world, job_id) == ("processing", "ocr", 1)


def test_a_chunk_that_finishes_behind_a_resume_is_neither_lost_nor_a_deadlock(
    database_url: str, pool: Pool, world: World
) -> None:
    job_id, works = claimed(world)
    assert controls(world).pause(job_id, ALICE)
    _, finished, waited = race(
        database_url,
        lambda first: controls(first).resume(job_id, ALICE),
        lambda second: complete(second, works[0]),
        pool,
    )
    assert (finished.result(), waited) == (False, True)
    assert status(world, job_id) == ("processing", "ocr", 1)


def test_of_two_retries_at_once_one_does_it(database_url: str, pool: Pool, world: World) -> None:
    job_id, works = claimed(world)
    complete(world, works[0])
    world.chunks.fail(works[1], "OCR_REFUSED", "Document AI timeout")
    merge = world.merges.claim(job_id)
    assert merge is not None
    world.merges.finish(
        merge,
        MergedDocument(JobStatus.COMPLETED_WITH_ERRORS, 2, 2, "r", "t", "c"),
    )
    to_send, other, waited = race(
        database_url,
        lambda first: controls(first).retry(job_id, ALICE),
        lambda second: controls(second).retry(job_id, ALICE),
        pool,
    )
    assert waited
    assert other.result() is None
    assert to_send is not None
    assert world.given() == [1], "only what failed is read again"
    assert status(world, job_id) == ("processing", "ocr", 1)
    assert kinds(world, job_id).count("job_retried") == 1


def test_a_worker_that_ends_behind_a_failed_split_counts_once_the_job_is_retried(
    database_url: str, pool: Pool, world: World
) -> None:
    split = world.land()
    ranges = [PageRange(1, 2), PageRange(3, 4)]
    world.splits.plan(split, page_count=4, size=1, warnings=[], chunks=ranges)
    first_chunk = world.splits.planned(split)[0]
    world.splits.dispatched(split, [(first_chunk, cut(split, first_chunk))])
    work = world.chunks.claim(first_chunk.id)
    assert work is not None
    world.splits.fail(split, "PROCESSING_ERROR", "It stopped.")
    to_send, finished, waited = race(
        database_url,
        lambda first: controls(first).retry(split.job_id, ALICE),
        lambda second: complete(second, work),
        pool,
    )
    assert to_send is not None
    assert to_send.source == split.source
    assert waited, "the retry has put the chunk back"
    assert isinstance(finished.exception(), LeaseLost)
    assert world.given() == [0]


def test_of_two_jobs_for_the_last_credits_one_gets_them(
    database_url: str, pool: Pool, world: World
) -> None:
    PostgresCredits(pool).grant("alice", 5)
    one, _ = world.add_job(1)
    other, _ = world.add_job(1)

    def take(world: World, job_id: JobId) -> None:
        with world.pool.connection() as connection:
            reserve(connection, owner="alice", job_id=job_id, attempt=0, pages=3)

    _, second, waited = race(
        database_url,
        lambda world: take(world, one),
        lambda world: take(world, other),
        pool,
    )
    assert waited
    assert isinstance(second.exception(), InsufficientCredits)
    account = PostgresCredits(pool).account("alice")
    assert (account.available, account.reserved) == (2, 3)
    assert controls(world).cancel(one, ALICE)
    account = PostgresCredits(pool).account("alice")
    assert (account.available, account.reserved) == (5, 0)
