"""The clean-up of what several jobs share: documents sent twice, and results in the cache."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import uuid4

import pytest

from common.access import Caller
from common.lifecycle import JobStatus
from common.models import JobId
from common.names import chunk_result, merged_result
from infra.database.controls import PostgresControls
from tests.contract.cleaning_fixtures import DAY, HOUR, Archive, archive
from tests.contract.storage_fixtures import storage_pair

__all__ = ["archive", "storage_pair"]

ALICE = Caller("alice")


@pytest.fixture
def job_id(archive: Archive) -> JobId:
    """A job that has been read and merged; its two chunks' results are in the cache."""
    job_id = archive.add_job()
    archive.world.one("UPDATE chunks SET cache_key = id::text WHERE index = 0 RETURNING id")
    archive.world.one("UPDATE chunks SET cache_key = id::text WHERE index = 1 RETURNING id")
    archive.read(job_id)
    archive.merge(job_id)
    return job_id


def pass_time(archive: Archive, job_id: JobId, by: timedelta) -> None:
    for column in ("finished_at", "pieces_removed_at", "cleaning_until"):
        archive.world.age("jobs", column, by, id=job_id)


def expire(archive: Archive) -> None:
    with archive.world.pool.connection() as connection:
        connection.execute("UPDATE result_cache SET expires_at = now()")


def another_run(archive: Archive, job_id: JobId, *, finds: bool = True) -> JobId:
    """Make the document's second job, which has found both chunks in the cache and been merged."""
    second = JobId(uuid4())
    document = archive.document_of(job_id)
    with archive.world.pool.connection() as connection:
        connection.execute(
            "INSERT INTO jobs (id, document_id, owner, run, status, stage, total_chunks,"
            " total_pages, completed_chunks, completed_pages, cached_chunks, cached_pages)"
            " VALUES (%s, %s, 'alice', 2, 'processing', 'merging', 2, 4, 2, 4, 2, 4)",
            (second, document),
        )
        if finds:
            connection.execute(
                "INSERT INTO chunks (id, job_id, index, page_start, page_end, status, is_cached,"
                " result_storage_path, result_checksum)"
                " SELECT gen_random_uuid(), %s, index, page_start, page_end, 'completed', true,"
                " result_storage_path, result_checksum FROM chunks WHERE job_id = %s",
                (second, job_id),
            )
    return second


def test_results_in_the_cache_outlive_their_job_and_go_when_their_time_is_over(
    archive: Archive, job_id: JobId
) -> None:
    pass_time(archive, job_id, DAY)
    archive.clean()
    assert archive.chunk_results(job_id) == 2
    expire(archive)
    assert archive.clean().objects_removed == 2
    assert archive.chunk_results(job_id) == 0
    assert archive.world.one("SELECT count(*) FROM outdated_results") == {"count": 0}
    assert archive.clean().objects_removed == 0


def test_results_that_expire_before_their_job_is_over_stay_for_it(
    archive: Archive, job_id: JobId
) -> None:
    expire(archive)
    archive.clean()
    assert archive.chunk_results(job_id) == 2
    pass_time(archive, job_id, DAY)
    archive.clean()
    assert archive.chunk_results(job_id) == 0
    archive.clean()
    assert archive.world.one("SELECT count(*) FROM outdated_results") == {"count": 0}


def test_what_another_job_has_found_stays_until_that_one_is_over(
    archive: Archive, job_id: JobId
) -> None:
    second = another_run(archive, job_id)
    expire(archive)
    pass_time(archive, job_id, DAY)
    archive.clean()
    assert archive.chunk_results(job_id) == 2, "the second has yet to be merged"
    archive.merge(second)
    archive.clean()
    assert archive.chunk_results(job_id) == 2, "its merge may have to be looked into for a day"
    pass_time(archive, second, DAY)
    archive.clean()
    assert archive.chunk_results(job_id) == 0


def test_a_result_that_is_evicted_is_removed_once_its_job_is_over(
    archive: Archive, job_id: JobId
) -> None:
    with archive.world.pool.connection() as connection:
        connection.execute("DELETE FROM result_cache")
    archive.clean()
    assert archive.chunk_results(job_id) == 2
    pass_time(archive, job_id, DAY)
    archive.clean()
    assert archive.chunk_results(job_id) == 0


def test_a_run_removes_its_own_results_and_no_other_runs(archive: Archive, job_id: JobId) -> None:
    document = archive.document_of(job_id)
    delivered = archive.merged(job_id)
    second = another_run(archive, job_id, finds=False)
    archive.results.write_chunk(chunk_result(document, 0, 2, 1), b"{}")
    result = merged_result(document, 2, 7)
    archive.results.write_result(result, io.BufferedReader(io.BytesIO(b"{}")), "application/json")
    with archive.world.pool.connection() as connection:
        connection.execute("DELETE FROM result_cache")
    pass_time(archive, job_id, DAY)
    archive.clean()
    assert archive.chunk_results(job_id) == 1, "the second run's"
    assert "result.r2.a7.json" in archive.merged(job_id)
    assert PostgresControls(archive.world.pool).cancel(second, ALICE)
    pass_time(archive, second, HOUR)
    archive.clean()
    assert archive.chunk_results(job_id) == 0
    assert archive.merged(job_id) == delivered


@pytest.mark.parametrize("first_ends", ["at once", "later"])
def test_a_document_goes_with_the_last_job_that_could_need_it(
    archive: Archive, first_ends: str
) -> None:
    first = archive.add_job(1)
    second = another_run(archive, first, finds=False)
    controls = PostgresControls(archive.world.pool)
    if first_ends == "at once":
        assert controls.cancel(first, ALICE)
        pass_time(archive, first, HOUR)
        archive.clean()
        assert archive.has_source(first)
    else:
        assert controls.cancel(first, ALICE)
    assert controls.cancel(second, ALICE)
    pass_time(archive, first, HOUR)
    pass_time(archive, second, HOUR)
    archive.clean()
    assert not archive.has_source(first)


def test_a_document_that_another_job_has_delivered_stays(archive: Archive) -> None:
    first = archive.end_job(JobStatus.COMPLETED)
    second = another_run(archive, first, finds=False)
    assert PostgresControls(archive.world.pool).cancel(second, ALICE)
    pass_time(archive, second, HOUR)
    archive.clean()
    assert archive.has_source(first)
