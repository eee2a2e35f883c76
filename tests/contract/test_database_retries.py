"""Retries and resumes, again and again: counted once, sent once, and nothing read is lost."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from common.access import Caller
from common.lifecycle import JobStatus
from common.models import ChunkId, JobId, MergedDocument
from common.pages import PageRange
from common.results import PageError
from infra.database.controls import PostgresControls
from tests.world import World, cut

ALICE = Caller("alice")


@pytest.fixture
def controls(world: World) -> PostgresControls:
    return PostgresControls(world.pool)


def merge(world: World, job_id: JobId, status: JobStatus, path: str | None) -> None:
    work = world.merges.claim(job_id)
    assert work is not None
    code = "RESULTS_REFUSED" if status is JobStatus.FAILED else None
    world.merges.finish(work, MergedDocument(status, 1, 1, path, None, path, code, code))


def counts(world: World, job_id: JobId) -> tuple[object, ...]:
    row = world.one(
        "SELECT status, completed_chunks, failed_chunks, completed_pages, failed_pages"
        "  FROM jobs WHERE id = %s",
        job_id,
    )
    return tuple(row.values())


def chunk_at(world: World, job_id: JobId, index: int) -> ChunkId:
    row = world.one("SELECT id FROM chunks WHERE job_id = %s AND index = %s", job_id, index)
    assert isinstance(row["id"], UUID)
    return ChunkId(row["id"])


def test_a_second_retry_uncounts_only_what_was_counted_since_the_first(
    world: World, controls: PostgresControls
) -> None:
    split = world.land()
    ranges = [PageRange(1, 10), PageRange(11, 20)]
    world.splits.plan(split, page_count=20, size=1, warnings=[], chunks=ranges)
    first, second = world.splits.planned(split)
    world.splits.dispatched(split, [(first, cut(split, first))])
    work = world.chunks.claim(first.id)
    assert work is not None
    errors = [PageError(1, "X", "Y"), PageError(2, "X", "Y")]
    world.chunks.complete(work, path="p", checksum="c", errors=errors)
    # The second could not be cut, and counts as failed before anything of it was read.
    world.chunks.fail_uncut(second.id, second.pages, "UNREADABLE_PAGE", "It can't be cut.")
    merge(world, split.job_id, JobStatus.COMPLETED_WITH_ERRORS, "r")
    assert counts(world, split.job_id) == ("completed_with_errors", 1, 1, 8, 12)

    assert controls.retry(split.job_id, ALICE) is not None
    assert counts(world, split.job_id) == ("processing", 0, 0, 0, 0)
    again = world.claim_split(split.source)
    assert again is not None
    assert world.chunks.claim(first.id) is not None
    world.splits.fail(again, "PASSWORD_REQUIRED", "It is locked.")

    assert controls.retry(split.job_id, ALICE) is not None
    assert counts(world, split.job_id) == ("processing", 0, 0, 0, 0)


def test_a_retry_that_can_not_be_bound_leaves_the_earlier_result(
    world: World, controls: PostgresControls
) -> None:
    job_id, _ = world.add_job(1)
    work = world.chunks.claim(chunk_at(world, job_id, 0))
    assert work is not None
    world.chunks.complete(work, path="p", checksum="c", errors=[PageError(1, "X", "Y")])
    merge(world, job_id, JobStatus.COMPLETED_WITH_ERRORS, "r1")
    result = "SELECT result_job, result_attempt FROM documents JOIN jobs ON document_id ="
    result += " documents.id WHERE jobs.id = %s"
    before = world.one(result, job_id)

    assert controls.retry(job_id, ALICE) is not None
    world.finish_chunk(chunk_at(world, job_id, 0))
    merge(world, job_id, JobStatus.FAILED, None)
    job = world.jobs.find(job_id, ALICE)
    assert job is not None
    assert (job.status, job.result_path) == (JobStatus.FAILED, "r1")
    assert world.one(result, job_id) == before, "its pages and boxes stay the document's"


def test_a_document_that_would_be_refused_again_is_not_retried(
    world: World, controls: PostgresControls
) -> None:
    split = world.land()
    world.splits.fail(split, "UNREADABLE_PDF", "It can't be read.")
    assert controls.retry(split.job_id, ALICE) is None


def test_resuming_again_and_again_sends_no_second_message(
    world: World, controls: PostgresControls
) -> None:
    job_id, chunks = world.add_job(3)
    for _ in range(3):
        assert controls.pause(job_id, ALICE)
        resumed = controls.resume(job_id, ALICE)
        assert resumed is not None
        assert resumed.chunks == (), "their messages still wait in the broker"
    assert controls.pause(job_id, ALICE)
    # A worker takes one message meanwhile, and drops it: the job stands still.
    assert world.chunks.claim(chunks[1]) is None
    resumed = controls.resume(job_id, ALICE)
    assert resumed is not None
    assert world.given() == [1]
    # What was sent long ago and not taken is lost, as maintain would say too.
    assert controls.pause(job_id, ALICE)
    world.age("chunks", "dispatched_at", timedelta(minutes=2), job_id=job_id)
    resumed = controls.resume(job_id, ALICE)
    assert resumed is not None
    assert world.given() == [0, 1, 2]
