"""What ended jobs leave behind, and when it goes, on real Postgres and both storages."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from common.access import Caller
from common.controls import Action, refusal
from common.errors import TransientError
from common.lifecycle import JobStatus
from common.models import JobId, ObjectRef
from common.names import chunk_result
from infra.database.cleanup import PostgresCleanup
from infra.database.controls import PostgresControls
from tests.contract.cleaning_fixtures import BUCKETS, DAY, HOUR, Archive, archive, results_at
from tests.contract.storage_fixtures import storage_pair
from tests.e2e.quire_client import wait_for
from tests.world import LEASE

__all__ = ["archive", "storage_pair"]

ALICE = Caller("alice")


def pass_time(archive: Archive, job_id: JobId, by: timedelta) -> None:
    """Let the job have ended, and have been cleaned, that much earlier."""
    for column in ("finished_at", "pieces_removed_at", "cleaning_until"):
        archive.world.age("jobs", column, by, id=job_id)


def controls(archive: Archive) -> PostgresControls:
    return PostgresControls(archive.world.pool)


def test_a_completed_jobs_chunk_pdfs_go_at_once_and_nothing_else(archive: Archive) -> None:
    job_id = archive.end_job()
    report = archive.clean()
    assert (report.jobs_cleaned, report.objects_removed) == (1, 2)
    assert archive.chunk_pdfs(job_id) == 0
    assert archive.chunk_results(job_id) == 2
    assert len(archive.merged(job_id)) == 4
    assert archive.has_source(job_id)
    assert archive.count("chunks", job_id) == 2
    assert archive.clean().jobs_cleaned == 0


def test_a_day_later_what_the_result_was_made_of_goes_and_the_result_stays(
    archive: Archive,
) -> None:
    job_id = archive.end_job()
    archive.clean()
    archive.put(BUCKETS.chunks_bucket, f"{job_id}/00001.r1.a1.pdf")
    pass_time(archive, job_id, DAY - HOUR)
    assert archive.clean().jobs_cleaned == 0
    pass_time(archive, job_id, HOUR)
    # Two chunk results, a merge that does not count with its text, and a PDF of a splitter that
    # was given up and wrote late.
    assert archive.clean().objects_removed == 5
    assert archive.merged(job_id) == {"result.r1.a3.json", "text.r1.a3.txt"}
    assert archive.has_source(job_id)
    assert archive.count("bounding_boxes", job_id) == 1
    pass_time(archive, job_id, 365 * DAY)
    assert archive.clean().jobs_cleaned == 0


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.COMPLETED_WITH_ERRORS])
def test_what_can_be_retried_keeps_everything_for_a_month(
    archive: Archive, status: JobStatus
) -> None:
    job_id = archive.end_job(JobStatus.COMPLETED_WITH_ERRORS)
    archive.world.one(
        "UPDATE jobs SET status = %s, error_code = 'X', failed_pages = 1, completed_pages = 3,"
        " result_path = CASE WHEN %s = 'failed' THEN NULL ELSE result_path END"
        " WHERE id = %s RETURNING id",
        status.value,
        status.value,
        job_id,
    )
    pass_time(archive, job_id, 29 * DAY)
    assert archive.clean().jobs_cleaned == 0
    pass_time(archive, job_id, DAY)
    assert archive.clean().jobs_cleaned == 1
    assert (archive.chunk_pdfs(job_id), archive.chunk_results(job_id)) == (0, 0)
    assert archive.count("chunks", job_id) == 2
    has_result = status is JobStatus.COMPLETED_WITH_ERRORS
    assert archive.has_source(job_id) == has_result
    assert ("result.r1.a3.json" in archive.merged(job_id)) == has_result
    job = archive.world.jobs.find(job_id, ALICE)
    assert job is not None
    refused = refusal(Action.RETRY, job)
    assert refused is not None
    assert refused.code == "JOB_CLEANED_UP"
    assert controls(archive).retry(job_id, ALICE) is None


def test_a_cancelled_job_leaves_nothing_but_its_own_row_and_its_history(archive: Archive) -> None:
    job_id = archive.add_job()
    archive.read(job_id)
    archive.merge(job_id, finish=False)
    archive.cancel(job_id)
    # The merge may still be at it, until its lease would have ended.
    assert archive.clean().jobs_cleaned == 0
    pass_time(archive, job_id, HOUR)
    archive.clean()
    assert (archive.chunk_pdfs(job_id), archive.chunk_results(job_id)) == (0, 0)
    assert archive.merged(job_id) == set()
    assert not archive.has_source(job_id)
    for table in ("chunks", "bounding_boxes", "pages"):
        assert archive.count(table, job_id) == 0
    assert archive.count("job_events", job_id) > 0
    assert archive.world.jobs.find(job_id, ALICE) is not None


def test_a_cancelled_job_is_left_alone_while_a_worker_may_write(archive: Archive) -> None:
    job_id = archive.add_job(1)
    chunk = archive.world.one("SELECT id FROM chunks WHERE job_id = %s", job_id)
    work = archive.world.chunks.claim(chunk["id"])  # type: ignore[arg-type]
    assert work is not None
    archive.cancel(job_id)
    assert archive.clean().jobs_cleaned == 0
    archive.world.age("chunks", "lease_expires_at", LEASE, job_id=job_id)
    assert archive.clean().jobs_cleaned == 1
    # It was only frozen, and writes after all: a day later that is found too.
    path = chunk_result(work.document_id, work.index, work.run, work.attempt)
    archive.results.write_chunk(path, b"{}")
    pass_time(archive, job_id, DAY)
    assert archive.clean().objects_removed == 1
    assert archive.chunk_results(job_id) == 0
    pass_time(archive, job_id, DAY)
    assert archive.clean().jobs_cleaned == 0


def test_a_job_that_is_cancelled_while_retried_keeps_the_result_that_it_had(
    archive: Archive,
) -> None:
    job_id = archive.end_job()
    archive.world.one(
        "UPDATE jobs SET status = 'processing', stage = 'merging', finished_at = NULL"
        " WHERE id = %s RETURNING id",
        job_id,
    )
    archive.merge(job_id, finish=False)
    assert archive.count("bounding_boxes", job_id) == archive.count("pages", job_id) == 2
    archive.cancel(job_id)
    pass_time(archive, job_id, HOUR)
    assert archive.clean().jobs_cleaned == 1
    assert archive.merged(job_id) == {"result.r1.a3.json", "text.r1.a3.txt"}
    for table in ("bounding_boxes", "pages"):
        kept = archive.world.one(f"SELECT count(*), min(attempt) AS attempt FROM {table}")
        assert kept == {"count": 1, "attempt": 3}
    assert archive.has_source(job_id)


def test_a_document_that_its_owner_put_into_the_bucket_is_never_removed(archive: Archive) -> None:
    job_id = archive.add_job(through_the_api=False)
    archive.cancel(job_id)
    archive.clean()
    assert archive.chunk_pdfs(job_id) == 0
    assert archive.has_source(job_id)


def test_an_upload_that_comes_after_its_job_was_cancelled_goes_too(archive: Archive) -> None:
    job_id = archive.add_job(1)
    name = f"documents/{archive.document_of(job_id)}/source.pdf"
    archive.world.one("UPDATE documents SET generation = NULL RETURNING id")
    archive.cancel(job_id)
    assert archive.clean().jobs_cleaned == 0
    landed = ObjectRef(BUCKETS.uploads_bucket, name, 1)
    assert archive.world.claim_split(landed, promised=True) is None
    pass_time(archive, job_id, HOUR)
    assert archive.clean().jobs_cleaned == 1
    assert not archive.has_source(job_id)


def test_a_run_that_broke_off_is_taken_up_again(archive: Archive, unused_port: int) -> None:
    job_id = archive.end_job()
    pass_time(archive, job_id, DAY)
    with (
        closing(results_at(f"http://127.0.0.1:{unused_port}")) as away,
        pytest.raises(ExceptionGroup) as wrong,
    ):
        archive.clean(away)
    assert [type(error) for error in wrong.value.exceptions] == [TransientError]
    # The other storage had its turn; and the job can't be retried any more.
    assert archive.chunk_pdfs(job_id) == 0
    assert archive.chunk_results(job_id) == 2
    job = archive.world.one("SELECT cleaned_at, remains_gone_at FROM jobs WHERE id = %s", job_id)
    assert job["cleaned_at"] is not None
    assert job["remains_gone_at"] is None
    assert archive.clean().jobs_cleaned == 0
    archive.world.age("jobs", "cleaning_until", HOUR, id=job_id)
    assert archive.clean().jobs_cleaned == 1
    assert archive.chunk_results(job_id) == 0


def test_a_storage_that_is_away_is_asked_once_a_run_and_keeps_nobody_elses_objects(
    archive: Archive, unused_port: int
) -> None:
    jobs = [archive.end_job() for _ in range(3)]
    for job_id in jobs:
        pass_time(archive, job_id, DAY)
    with (
        closing(results_at(f"http://127.0.0.1:{unused_port}")) as away,
        pytest.raises(ExceptionGroup) as wrong,
    ):
        archive.clean(away)
    assert len(wrong.value.exceptions) == 1
    assert [archive.chunk_pdfs(job_id) for job_id in jobs] == [0, 0, 0]


def test_a_storage_with_more_objects_than_one_call_takes_is_emptied_but_for_the_result(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.storage.cloud_storage._CALLS_A_BATCH", 3)
    monkeypatch.setattr("infra.storage.supabase._LISTED_AT_ONCE", 2)
    job_id = archive.end_job(chunks=7)
    another = archive.end_job(chunks=1)
    pass_time(archive, job_id, DAY)
    assert archive.clean().objects_removed == 7 + 7 + 2 + 1
    assert (archive.chunk_pdfs(job_id), archive.chunk_results(job_id)) == (0, 0)
    assert archive.merged(job_id) == {"result.r1.a3.json", "text.r1.a3.txt"}
    assert (archive.chunk_results(another), len(archive.merged(another))) == (1, 4)


def test_two_runs_at_once_share_the_jobs(archive: Archive) -> None:
    for _ in range(15):
        archive.cancel(archive.world.add_job(1)[0])
    with archive.world.pool.connection() as connection:
        values = {**archive.cleanup._values}
        first = connection.execute(PostgresCleanup.CLAIM, values).fetchall()
        second = archive.cleanup.claim()
    assert (len(first), len(second)) == (10, 5)
    assert not {row["id"] for row in first} & {remains.job_id for remains in second}


@contextmanager
def open_transaction(url: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        yield connection


def retriable(archive: Archive) -> JobId:
    """Make a job whose time to be retried is just over."""
    job_id = archive.end_job(JobStatus.COMPLETED_WITH_ERRORS)
    archive.world.one(
        "UPDATE jobs SET failed_pages = 1, completed_pages = 3 WHERE id = %s RETURNING id", job_id
    )
    pass_time(archive, job_id, 30 * DAY)
    return job_id


def test_a_retry_that_waits_for_a_clean_up_is_refused(archive: Archive, database_url: str) -> None:
    job_id = retriable(archive)
    with ThreadPoolExecutor(1) as thread:
        with open_transaction(database_url) as connection:
            claimed = connection.execute(PostgresCleanup.CLAIM, archive.cleanup._values).fetchall()
            assert [row["id"] for row in claimed] == [job_id]
            retry = thread.submit(controls(archive).retry, job_id, ALICE)
            wait_for(lambda: _is_waiting(archive), "the retry to wait for the row")
        assert retry.result() is None
    assert archive.world.one("SELECT status FROM jobs") == {"status": "completed_with_errors"}


def test_a_clean_up_passes_by_a_job_that_is_just_being_retried(
    archive: Archive, database_url: str
) -> None:
    job_id = retriable(archive)
    with open_transaction(database_url) as connection:
        connection.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", (job_id,))
        assert archive.clean().jobs_cleaned == 0
    assert controls(archive).retry(job_id, ALICE) is not None
    assert archive.clean().jobs_cleaned == 0
    assert archive.chunk_pdfs(job_id) == 2


def _is_waiting(archive: Archive) -> bool:
    row = archive.world.one(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return row["count"] == 1


def test_keys_and_log_lines_are_forgotten_when_their_time_is_over(archive: Archive) -> None:
    job_id, _ = archive.world.add_job(1)
    for age in (timedelta(), 2 * DAY, 40 * DAY):
        archive.world.one(
            "INSERT INTO idempotency_keys (owner, key, fingerprint, job_id, created_at)"
            " VALUES ('alice', %s, 'f', %s, now() - %s) RETURNING key",
            str(age),
            job_id,
            age,
        )
        archive.world.one(
            "INSERT INTO job_logs (job_id, at, level, logger, message, written_by)"
            " VALUES (%s, now() - %s, 'INFO', 'l', 'm', pg_current_xact_id()) RETURNING id",
            job_id,
            age,
        )
    assert archive.clean().rows_removed == 3
    assert archive.count("idempotency_keys", job_id) == 1
    assert archive.count("job_logs", job_id) == 2
