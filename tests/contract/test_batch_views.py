"""Batches on real Postgres: what their jobs come to, counted at the moment somebody looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from common.access import Caller
from common.batches import (
    BatchSummary,
    cache_hit_rate,
    documents_per_minute,
    eta_seconds,
    pages_per_minute,
    percentage,
)
from common.lifecycle import BatchStatus, JobStatus
from common.models import ChunkId, JobId, MergedDocument
from common.pages import PageRange
from common.recovery import Strategy
from common.results import PageError
from infra.database.batch_recovery import PostgresRecoveries
from infra.database.batch_views import PostgresBatches
from infra.database.controls import PostgresControls
from infra.database.listings import JobFilter, Position, PostgresListings
from infra.database.pool import Pool
from tests.contract.event_stream_fixtures import end
from tests.world import World, cut

ALICE, BOB = Caller("alice"), Caller("bob")


@pytest.fixture
def batches(pool: Pool) -> PostgresBatches:
    return PostgresBatches(pool)


def test_a_new_batch_has_all_its_documents_waiting(world: World, batches: PostgresBatches) -> None:
    batch_id, _ = world.add_batch(3)
    batch = batches.find(batch_id, ALICE)
    assert batch is not None
    assert (batch.status, batch.total) == (BatchStatus.PENDING, 3)
    assert batch.jobs == dict.fromkeys(JobStatus, 0) | {JobStatus.PENDING: 3}
    assert batches.find(batch_id, BOB) is None


def test_jobs_are_listed_by_their_batch(world: World, pool: Pool) -> None:
    batch_id, jobs = world.add_batch(2)
    world.add_batch(1)
    world.add_job(1)
    listings = PostgresListings(pool)
    found = listings.jobs(ALICE, JobFilter(batch=batch_id), limit=10)
    assert {job.id for job in found} == set(jobs)
    assert {job.batch_id for job in found} == {batch_id}
    assert listings.jobs(BOB, JobFilter(batch=batch_id), limit=10) == []


def test_documents_are_paged_in_the_manifests_order_and_by_status(
    world: World, batches: PostgresBatches
) -> None:
    batch_id, jobs = world.add_batch(7)
    for job_id in jobs[1::2]:
        end(world, job_id)
    seen, after = [], 0
    while page := batches.documents(batch_id, ALICE, after=after, limit=3):
        seen += [document.job_id for document in page]
        after = page[-1].position
    assert seen == jobs
    failed = batches.documents(batch_id, ALICE, statuses=(JobStatus.FAILED,), limit=10)
    assert failed is not None
    assert [document.position for document in failed] == [2, 4, 6]
    assert {document.error_code for document in failed} == {"X"}
    assert batches.documents(batch_id, BOB, limit=3) is None
    assert batches.documents(batch_id, ALICE, after=7, limit=3) == []


def test_batches_are_paged_the_newest_first_and_summed_up(
    world: World, batches: PostgresBatches
) -> None:
    ids = [world.add_batch(2)[0] for _ in range(5)]
    other, _ = world.add_batch(3, owner="bob")
    world.add_batch(1, matter="m1")
    _, ended = world.add_batch(1)
    end(world, ended[0])
    begun, jobs = world.add_batch(2)
    world.begin(jobs[0])
    end(world, jobs[1])
    clerk = Caller("alice", matters=("m1",))
    newest = batches.page(ALICE, limit=3)
    assert newest[0].id == begun
    rest = batches.page(ALICE, after=Position(newest[-1].created_at, newest[-1].id), limit=100)
    found = [batch.id for batch in newest + rest]
    assert len(found) == len(set(found)) == 8
    assert other not in found
    assert found[::-1][:5] == ids
    active = batches.page(ALICE, statuses=(BatchStatus.PROCESSING,), limit=100)
    assert [batch.id for batch in active] == [begun]
    assert [batch.matter for batch in batches.page(clerk, limit=100)] == ["m1"]
    summary = batches.summary(ALICE)
    assert summary == BatchSummary(
        active=7,
        completed=0,
        failed=1,
        documents_processing=1,
        documents_waiting=11,
        completion_rate=summary.completion_rate,
    )
    assert summary.completion_rate == pytest.approx(1 / 13)
    assert batches.summary(Caller("nobody")).completion_rate is None


def test_causes_are_counted_by_documents_and_pages_those_of_pages_too(
    world: World, batches: PostgresBatches
) -> None:
    batch_id, jobs = world.add_batch(5)
    end(world, jobs[0])
    # One page of a chunk, a whole chunk, and both are of the same cause; one file is damaged.
    ended_with_errors(world, jobs[1], page_error="TASK_TIMEOUT")
    ended_with_errors(world, jobs[2], page_error="UNREADABLE_PAGE", failing="TASK_TIMEOUT")
    ended_with_errors(world, jobs[3])
    batch = batches.find(batch_id, ALICE)
    assert batch is not None
    causes = {each.code: (each.documents, each.pages, each.recoverable) for each in batch.failures}
    assert causes == {
        "TASK_TIMEOUT": (2, 3, True),
        "UNREADABLE_PAGE": (1, 1, False),
        "X": (1, 0, False),
        "FILE_DAMAGED": (1, 0, False),
    }
    assert batch.failures[0].code == "TASK_TIMEOUT"
    # Nothing is known of the pages once the chunks are cleaned up, but that they failed.
    with world.pool.connection() as connection:
        connection.execute("DELETE FROM chunks")
    cleaned = batches.find(batch_id, ALICE)
    assert cleaned is not None
    codes = {each.code: (each.documents, each.pages) for each in cleaned.failures}
    assert codes == {"PAGES_FAILED": (2, 4), "FILE_DAMAGED": (1, 0), "X": (1, 0)}


def ended_with_errors(
    world: World, job_id: JobId, *, page_error: str | None = None, failing: str | None = None
) -> None:
    """End a job of two chunks of two pages each, some of which failed."""
    work = world.begin(job_id)
    ranges = [PageRange(1, 2), PageRange(3, 4)]
    world.splits.plan(work, page_count=4, size=1000, warnings=[], chunks=ranges)
    planned = world.splits.planned(work)
    world.splits.dispatched(work, [(chunk, cut(work, chunk)) for chunk in planned])
    world.splits.finish(work)
    first, second = [world.chunks.claim(chunk.id) for chunk in planned]
    assert first is not None
    assert second is not None
    errors = [PageError(1, page_error, "Unread.")] if page_error else []
    world.chunks.complete(first, path="p", checksum="c", errors=errors)
    if failing:
        world.chunks.fail(second, failing, "Document AI timeout")
    else:
        world.chunks.complete(second, path="p", checksum="c", errors=[])
    merge = world.merges.claim(job_id)
    assert merge is not None
    failed = len(errors) + 2 * bool(failing)
    status = JobStatus.COMPLETED_WITH_ERRORS
    world.merges.finish(merge, MergedDocument(status, 4 - failed, failed, "r", "t", "c"))


def test_a_document_counts_for_as_much_as_is_read_of_it_and_the_pace_is_that_of_late(
    world: World, batches: PostgresBatches
) -> None:
    batch_id, jobs = world.add_batch(4)
    work = world.begin(jobs[0])
    ranges = [PageRange(first, first + 4) for first in range(1, 20, 5)]
    world.splits.plan(work, page_count=20, size=1000, warnings=[], chunks=ranges)
    planned = world.splits.planned(work)
    world.splits.dispatched(work, [(chunk, cut(work, chunk)) for chunk in planned])
    world.splits.finish(work)
    for chunk in planned[:3]:
        world.finish_chunk(chunk.id)
    world.age("batches", "started_at", timedelta(seconds=60), id=batch_id)
    batch = batches.find(batch_id, ALICE)
    assert batch is not None
    assert percentage(batch) == pytest.approx(18.7), "three quarters of one of four"
    assert pages_per_minute(batch) == pytest.approx(15, abs=0.5)
    # Five pages of this one, and three documents like it.
    assert eta_seconds(batch) == pytest.approx(65 * 4, abs=8)
    # What was read before the pause tells nothing about now.
    with world.pool.connection() as connection:
        connection.execute("UPDATE batches SET resumed_at = now()")
    again = batches.find(batch_id, ALICE)
    assert again is not None
    assert eta_seconds(again) is None


def test_nobody_waits_for_pages_that_nobody_reads(world: World, batches: PostgresBatches) -> None:
    batch_id, jobs = world.add_batch(5)
    ranges = [PageRange(first, first + 4) for first in range(1, 20, 5)]
    planned = []
    for job_id in jobs[:2]:
        work = world.begin(job_id)
        world.splits.plan(work, page_count=20, size=1000, warnings=[], chunks=ranges)
        planned = world.splits.planned(work)
        world.splits.dispatched(work, [(chunk, cut(work, chunk)) for chunk in planned])
        world.splits.finish(work)
    for chunk in planned[:3]:
        world.finish_chunk(chunk.id)
    # One of twenty pages and two that were never opened are given up.
    for job_id in (jobs[0], *jobs[3:]):
        assert PostgresControls(world.pool).cancel(job_id, ALICE)
    world.age("batches", "started_at", timedelta(seconds=60), id=batch_id)
    batch = batches.find(batch_id, ALICE)
    assert batch is not None
    assert (batch.opened, batch.unopened, batch.unread_pages) == (2, 1, 5)
    # Five pages, and one document of twenty like the two that were opened.
    assert eta_seconds(batch) == pytest.approx(25 * 4, abs=4)


def test_what_was_read_in_two_batches_has_no_pace_of_either(
    world: World, pool: Pool, batches: PostgresBatches
) -> None:
    batch_id, jobs = world.add_batch(1)
    ended_with_errors(world, jobs[0], failing="TASK_TIMEOUT")
    world.age("batches", "started_at", timedelta(seconds=60), id=batch_id)
    before = batches.find(batch_id, ALICE)
    assert before is not None
    assert pages_per_minute(before) == pytest.approx(2, abs=0.2)
    assert cache_hit_rate(before) == 0
    recovered = PostgresRecoveries(pool).recover(batch_id, ALICE, strategy=Strategy.ALL)
    recovery_id = recovered.batch_id
    world.age("batches", "started_at", timedelta(days=9), id=batch_id)
    chunk = world.one("SELECT id FROM chunks WHERE job_id = %s AND status = 'pending'", jobs[0])
    assert world.finish_chunk(ChunkId(cast(UUID, chunk["id"])))
    merge = world.merges.claim(jobs[0])
    assert merge is not None
    world.merges.finish(merge, MergedDocument(JobStatus.COMPLETED, 4, 0, "r", "t", "c"))
    for found in (batches.find(batch_id, ALICE), batches.find(recovery_id, ALICE)):
        assert found is not None
        assert found.finished_at is not None
        assert (pages_per_minute(found), documents_per_minute(found)) == (None, None)
    recovery = batches.find(recovery_id, ALICE)
    assert recovery is not None
    assert cache_hit_rate(recovery) is None


def test_a_view_is_one_statement_and_a_list_too_however_many_there_are(
    world: World, pool: Pool
) -> None:
    for _ in range(4):
        world.add_batch(3)
    said: list[str] = []

    class Counting:
        def connection(self) -> Any:
            return self._connection()

        @contextmanager
        def _connection(self) -> Iterator[Any]:
            with pool.connection() as connection:

                def execute(query: str, values: Any) -> Any:
                    said.append(query)
                    return connection.execute(query, values)

                yield SimpleNamespace(execute=execute)

    counting = PostgresBatches(cast(Pool, Counting()))
    assert len(counting.page(ALICE, limit=10)) == 4
    assert len(said) == 1
    batch = counting.page(ALICE, limit=1)[0]
    counting.find(batch.id, ALICE)
    assert len(said) == 3
