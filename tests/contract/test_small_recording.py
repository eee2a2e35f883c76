"""What a message has read is recorded beside the reading of what follows, and never forgotten."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from threading import Event

import psycopg
import pytest

from common.errors import NotFound, TransientError
from common.models import JobId
from tests.contract.small_fixtures import Desk
from tests.e2e.quire_client import wait_for
from tests.world import World


@pytest.fixture
def desk(world: World) -> Desk:
    """A worker that records each document as soon as it is read."""
    made = Desk(world)
    made.limits = replace(made.limits, record_seconds=0.0)
    return made


def until_ended(desk: Desk, job_id: JobId) -> Callable[[], object]:
    return lambda: wait_for(lambda: desk.statuses([job_id]) == ["completed"], "the end", 20)


def fail_unexpectedly() -> None:
    raise ZeroDivisionError


def find_no_bucket() -> None:
    raise NotFound("The stored result is gone.", code="OBJECT_NOT_FOUND")


def test_a_document_ends_while_the_next_is_being_read(desk: Desk) -> None:
    _, jobs = desk.world.add_batch(3)
    for before, job_id in pairwise(jobs):
        desk.while_reading[desk.content_of(job_id)] = until_ended(desk, before)
    desk.run(jobs)
    assert desk.statuses(jobs) == ["completed"] * 3
    assert set(desk.published) == set(jobs)


def test_the_message_returns_once_the_last_is_recorded(desk: Desk, database_url: str) -> None:
    _, [job_id] = desk.world.add_batch(1)
    with ThreadPoolExecutor(1) as thread, psycopg.connect(database_url) as other:
        # What is recorded waits for whoever removes the document.
        desk.while_reading[desk.content_of(job_id)] = lambda: other.execute(
            "SELECT FROM documents FOR UPDATE"
        )
        running = thread.submit(desk.run, [job_id])
        wait_for(lambda: _waits_for(desk, other), "the recording to wait", 20)
        assert not running.done()
        other.commit()
        running.result(timeout=20)
    assert desk.statuses([job_id]) == ["completed"]


def test_a_recording_that_fails_beside_the_reading_costs_no_other_document(desk: Desk) -> None:
    _, jobs = desk.world.add_batch(3)
    desk.while_storing[desk.content_of(jobs[0])] = fail_unexpectedly
    with pytest.raises(ZeroDivisionError):
        desk.run(jobs)
    # The second was read by then, and paid for; the third was not begun.
    assert desk.read == [desk.content_of(job_id) for job_id in jobs[:2]]
    assert desk.statuses(jobs) == ["processing", "completed", "processing"]


@pytest.mark.parametrize("number", range(3))
def test_of_what_is_recorded_together_an_unknown_error_costs_one(desk: Desk, number: int) -> None:
    desk.limits = replace(desk.limits, record_seconds=1000.0)
    _, jobs = desk.world.add_batch(3)
    desk.while_storing[desk.content_of(jobs[number])] = fail_unexpectedly
    with pytest.raises(ZeroDivisionError):
        desk.run(jobs)
    expected = ["completed"] * 3
    expected[number] = "processing"
    assert desk.statuses(jobs) == expected
    # Its lease runs out.
    assert desk.chunks_sent == []


def test_of_what_is_recorded_together_all_that_cannot_be_stored_is_put_back(desk: Desk) -> None:
    desk.limits = replace(desk.limits, record_seconds=1000.0)
    _, jobs = desk.world.add_batch(3)
    desk.while_storing[desk.content_of(jobs[0])] = find_no_bucket
    desk.unstorable.add(desk.content_of(jobs[1]))
    desk.run(jobs)
    assert desk.statuses(jobs) == ["processing", "processing", "completed"]
    codes = desk.rows("SELECT error_code FROM chunks WHERE status = 'pending' ORDER BY 1")
    assert [row["error_code"] for row in codes] == ["CHUNK_PROCESSING_ERROR", "OBJECT_NOT_FOUND"]
    assert len(desk.chunks_sent) == 2


def test_an_error_in_reading_waits_for_what_is_recorded_beside_it(desk: Desk) -> None:
    _, jobs = desk.world.add_batch(2)
    desk.while_reading[desk.content_of(jobs[1])] = fail_unexpectedly
    with pytest.raises(ZeroDivisionError):
        desk.run(jobs)
    assert desk.statuses(jobs) == ["completed", "processing"]


def test_an_error_in_reading_goes_on_where_recording_fails_behind_it(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.limits = replace(desk.limits, record_seconds=1000.0)
    _, jobs = desk.world.add_batch(2)

    def be_told_to_end() -> None:
        raise SystemExit

    desk.while_reading[desk.content_of(jobs[1])] = be_told_to_end
    desk.while_storing[desk.content_of(jobs[0])] = fail_unexpectedly
    with pytest.raises(SystemExit):
        desk.run(jobs)
    told = [record.exc_info for record in caplog.records if "behind another" in record.message]
    assert [info[0] for info in told if info] == [ZeroDivisionError]


def test_what_cannot_be_stored_is_put_back_beside_the_reading_of_the_next(desk: Desk) -> None:
    _, jobs = desk.world.add_batch(2)
    desk.unstorable.add(desk.content_of(jobs[0]))

    def until_put_back() -> None:
        query = "SELECT status, error_code FROM chunks WHERE job_id = %s"
        put_back = {"status": "pending", "error_code": TransientError("away").code}
        wait_for(lambda: desk.rows(query, jobs[0]) == [put_back], "it to be put back", 20)

    desk.while_reading[desk.content_of(jobs[1])] = until_put_back
    desk.run(jobs)
    assert desk.statuses(jobs) == ["processing", "completed"]
    assert len(desk.chunks_sent) == 1


def test_an_equal_document_waits_for_what_is_recorded_beside_the_reading(desk: Desk) -> None:
    _, jobs = desk.world.add_batch(3)
    for job_id in jobs:
        desk.set_content(job_id, b"the same")
    desk.run(jobs)
    assert desk.read == [b"the same"]
    assert desk.statuses(jobs) == ["completed"] * 3


def test_equal_documents_wait_for_what_is_recorded_once(desk: Desk) -> None:
    desk.limits = replace(desk.limits, record_seconds=1000.0)
    _, jobs = desk.world.add_batch(5)
    for job_id in jobs[:2] + jobs[3:]:
        desk.set_content(job_id, b"the same")
    desk.run(jobs)
    assert desk.read == [b"the same", desk.content_of(jobs[2])]
    assert desk.statuses(jobs) == ["completed"] * 5
    ends = [desk.job(job_id)["finished_at"] for job_id in jobs]
    # The first by itself, for the second to find; the others all together.
    assert ends[0] < ends[1]
    assert set(ends[1:]) == {ends[1]}


def test_a_lease_is_kept_until_the_end_is_recorded(desk: Desk, database_url: str) -> None:
    _, jobs = desk.world.add_batch(2)
    document = "SELECT FROM documents WHERE id = (SELECT document_id FROM jobs WHERE id = %s)"
    held = "SELECT FROM chunks WHERE lease_expires_at > now()"
    ran_out = Event()

    with ThreadPoolExecutor(1) as thread, psycopg.connect(database_url) as other:

        def take_long() -> None:
            # The first is being recorded, and waits for whoever removes its document.
            wait_for(lambda: _waits_for(desk, other), "the recording to wait", 20)
            desk.world.age("chunks", "lease_expires_at", timedelta(days=1))
            ran_out.set()

        desk.while_storing[desk.content_of(jobs[0])] = lambda: other.execute(
            document + " FOR UPDATE", (jobs[0],)
        )
        desk.while_reading[desk.content_of(jobs[1])] = take_long
        running = thread.submit(desk.run, jobs)
        try:
            assert ran_out.wait(20)
            # Behind the second's reading, all leases are renewed.
            wait_for(lambda: len(desk.rows(held)) == 2, "both leases", 20)
            assert desk.statuses(jobs) == ["processing", "processing"]
        finally:
            other.commit()
        running.result(timeout=20)
    assert desk.statuses(jobs) == ["completed", "completed"]


def _waits_for(desk: Desk, other: psycopg.Connection) -> bool:
    query = "SELECT FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
    return bool(desk.rows(query, other.info.backend_pid))
