"""Small documents: several are claimed, begun, read and recorded together, and each is its own."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from common.models import JobId
from functions.pipeline.whole_documents import Pace
from infra.database.credits import PostgresCredits
from tests.contract.small_fixtures import Desk
from tests.world import World


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


ORDINARY = [
    *("job_created", "splitting", "planned", "chunks_dispatched", "split", "chunk_started"),
    *("chunk_completed", "merging", "merge_started", "job_completed"),
]


def batch(desk: Desk, batch_id: UUID) -> dict[str, Any]:
    return desk.world.one("SELECT * FROM batches WHERE id = %s", batch_id)


@pytest.mark.parametrize("pace", [0.001, 1000.0], ids=["together", "one by one"])
def test_documents_are_read_whole_and_their_batch_ends(desk: Desk, pace: float) -> None:
    desk.pace = Pace(pace)
    batch_id, jobs = desk.world.add_batch(3)
    desk.run(jobs)
    assert desk.read == [desk.content_of(job_id) for job_id in jobs]
    assert desk.statuses(jobs) == ["completed"] * 3
    for job_id in jobs:
        assert desk.kinds(job_id) == ORDINARY
        job = desk.job(job_id)
        assert (job["total_chunks"], job["completed_chunks"], job["completed_pages"]) == (1, 1, 1)
        assert job["lease_expires_at"] is None
    ended = batch(desk, batch_id)
    assert (ended["status"], ended["unfinished"]) == ("completed", 0)
    assert desk.ingests == desk.merges == desk.chunks_sent == []


def test_what_is_stored_is_what_the_rows_say(desk: Desk) -> None:
    _, [job_id] = desk.world.add_batch(1)
    desk.run([job_id])
    job = desk.job(job_id)
    result = desk.stored[f"results/{job['result_path']}"]
    assert hashlib.sha256(result).hexdigest() == job["result_checksum"]
    text = desk.content_of(job_id).decode()
    assert json.loads(result)["pages"][0]["text"] == text
    assert desk.stored[f"results/{job['text_path']}"].decode() == text
    chunk = desk.world.one("SELECT * FROM chunks WHERE job_id = %s", job_id)
    stored = desk.stored[f"ocr-chunks/{chunk['result_storage_path']}"]
    assert hashlib.sha256(stored).hexdigest() == chunk["result_checksum"]
    assert chunk["status"] == "completed"
    document = desk.world.one("SELECT * FROM documents")
    assert (document["status"], document["result_job"]) == ("ocr_complete", job_id)
    assert document["result_attempt"] == job["attempt"] == 1
    assert document["sha256"] == hashlib.sha256(desk.content_of(job_id)).hexdigest()
    [words] = desk.rows("SELECT page, text FROM bounding_boxes WHERE job_id = %s", job_id)
    [row] = desk.rows("SELECT number, text FROM pages WHERE job_id = %s", job_id)
    assert words == {"page": 1, "text": text}
    assert row == {"number": 1, "text": text}


def test_a_message_that_comes_twice_is_read_once(desk: Desk) -> None:
    _, jobs = desk.world.add_batch(2)
    desk.run(jobs)
    desk.run(jobs)
    assert len(desk.read) == 2
    assert desk.kinds(jobs[0]) == ORDINARY


def test_a_message_that_two_workers_have_is_read_once(desk: Desk) -> None:
    _, jobs = desk.world.add_batch(8)
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda _: desk.run(jobs), range(4)))
    assert sorted(desk.read) == sorted(desk.content_of(job_id) for job_id in jobs)
    assert desk.statuses(jobs) == ["completed"] * 8


def test_many_workers_end_documents_of_many_batches_at_once(desk: Desk) -> None:
    desk.pace = Pace(0.001)
    batches = [desk.world.add_batch(16) for _ in range(4)]
    # Each message holds documents of every batch, in an order of its own.
    messages = [
        [jobs[number] for _, jobs in (batches[turn:] + batches[:turn])]
        for number in range(16)
        for turn in [number % 4]
    ]
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(desk.run, messages))
    for batch_id, jobs in batches:
        ended = batch(desk, batch_id)
        assert (ended["status"], ended["unfinished"]) == ("completed", 0)
        events = desk.rows("SELECT id, kind FROM batch_events WHERE batch_id = %s", batch_id)
        assert len(events) == ended["last_event"] == 1 + len(jobs) + 1
        assert [event["kind"] for event in events].count("batch_completed") == 1


def test_a_paused_batch_is_not_begun_and_waits_for_its_turn(desk: Desk) -> None:
    _, jobs = desk.world.add_batch(2, paused=True)
    desk.rows("UPDATE jobs SET dispatched_at = now(), dispatches = 1 RETURNING id")
    desk.run(jobs)
    assert desk.read == []
    assert [desk.job(job_id)["dispatched_at"] for job_id in jobs] == [None, None]
    assert desk.statuses(jobs) == ["pending", "pending"]


@pytest.mark.parametrize("status", ["paused", "cancelled"])
def test_what_stops_a_batch_stops_it_between_two_documents(desk: Desk, status: str) -> None:
    batch_id, jobs = desk.world.add_batch(4)

    def stop() -> None:
        desk.rows("UPDATE batches SET status = %s WHERE id = %s RETURNING id", status, batch_id)

    desk.while_reading[desk.content_of(jobs[1])] = stop
    desk.run(jobs)
    assert desk.read == [desk.content_of(job_id) for job_id in jobs[:2]]
    assert desk.statuses(jobs) == ["completed", "completed", "processing", "processing"]


def test_a_job_that_is_paused_while_it_is_read_keeps_what_was_read(desk: Desk) -> None:
    _, [job_id] = desk.world.add_batch(1)
    desk.while_reading[desk.content_of(job_id)] = lambda: desk.rows(
        "UPDATE jobs SET status = 'paused' RETURNING id"
    )
    desk.run([job_id])
    job = desk.job(job_id)
    assert (job["status"], job["stage"], job["completed_chunks"]) == ("paused", "merging", 1)


def test_a_job_that_is_cancelled_while_it_is_read_gets_no_result(desk: Desk) -> None:
    _, [job_id] = desk.world.add_batch(1)
    desk.while_reading[desk.content_of(job_id)] = lambda: desk.rows(
        "UPDATE jobs SET status = 'cancelled', finished_at = now(), lease_expires_at = NULL"
        " RETURNING id"
    )
    desk.run([job_id])
    assert desk.job(job_id)["result_path"] is None
    assert desk.rows("SELECT FROM pages") == desk.rows("SELECT FROM bounding_boxes") == []


@pytest.mark.parametrize("is_done", [True, False], ids=["read by another", "being read"])
def test_a_worker_that_was_taken_for_dead_changes_nothing_any_more(
    desk: Desk, is_done: bool
) -> None:
    _, jobs = desk.world.add_batch(2)
    taken = desk.content_of(jobs[0])

    def fall_silent() -> None:
        desk.rows("UPDATE chunks SET lease_expires_at = now() - interval '1s' RETURNING id")
        [chunk] = desk.rows("SELECT id FROM chunks WHERE job_id = %s", jobs[0])
        work = desk.world.chunks.claim(chunk["id"])
        assert work is not None
        assert work.attempt == 2
        assert work.source == desk.world.source_of(jobs[0])
        if is_done:
            desk.world.chunks.complete(work, path="other", checksum="other")

    desk.while_reading[taken] = fall_silent
    desk.run(jobs)
    [chunk] = desk.rows("SELECT * FROM chunks WHERE job_id = %s", jobs[0])
    assert (chunk["result_storage_path"], chunk["attempt"]) == ("other" if is_done else None, 2)
    assert desk.statuses(jobs) == ["processing", "completed"]


def test_an_unknown_error_costs_one_document_and_keeps_what_was_read(desk: Desk) -> None:
    desk.pace = Pace(0.001)
    _, jobs = desk.world.add_batch(3)

    def fail() -> None:
        raise ZeroDivisionError

    desk.while_reading[desk.content_of(jobs[1])] = fail
    with pytest.raises(ZeroDivisionError):
        desk.run(jobs)
    assert desk.statuses(jobs) == ["completed", "processing", "processing"]


def test_what_a_killed_worker_leaves_goes_on_by_the_ordinary_way(desk: Desk, world: World) -> None:
    _, jobs = world.add_batch(2)
    desk.small.claim(jobs)
    before = desk.rows("SELECT * FROM jobs")
    assert {row["stage"] for row in before} == {"splitting"}
    world.age(
        "jobs", "lease_expires_at", 2 * (before[0]["lease_expires_at"] - before[0]["heartbeat_at"])
    )
    assert {each.job_id for each in world.upkeep.stopped_jobs()} == set(jobs)
    work = world.claim_split_of(jobs[0])
    assert work is not None
    assert work.attempt == 2


def test_documents_that_take_long_leave_the_others_to_other_workers(desk: Desk) -> None:
    desk.limits = replace(desk.limits, seconds=-1.0)
    _, jobs = desk.world.add_batch(2)
    desk.run(jobs)
    assert desk.read == []
    assert {row["status"] for row in desk.rows("SELECT status FROM chunks")} == {"pending"}
    assert desk.kinds(jobs[0]) == ["job_created", "splitting", "planned", "split"]
    given = desk.world.turns.give(something_new=True)
    assert len(given.chunks) == 2
    work = desk.world.chunks.claim(given.chunks[0].id)
    assert work is not None
    assert (work.attempt, work.source.bucket) == (1, "uploads")


def test_credits_are_reserved_and_settled_for_each(desk: Desk) -> None:
    desk.credits = True
    account = PostgresCredits(desk.world.pool)
    account.grant("alice", 10)
    _, jobs = desk.world.add_batch(3)
    desk.run(jobs)
    assert desk.statuses(jobs) == ["completed"] * 3
    left = account.account("alice")
    assert (left.available, left.reserved) == (7, 0)


def test_what_credits_do_not_cover_is_refused_by_the_ordinary_way(desk: Desk) -> None:
    desk.credits, desk.pace = True, Pace(0.001)
    account = PostgresCredits(desk.world.pool)
    account.grant("alice", 2)
    _, jobs = desk.world.add_batch(3)
    desk.run(jobs)
    assert desk.statuses(jobs) == ["completed", "completed", "processing"]
    assert [job_id for _, _, job_id in desk.ingests] == [jobs[2]]
    assert account.account("alice").available == 0


def test_what_is_found_in_the_cache_takes_no_credits(desk: Desk) -> None:
    desk.credits = True
    account = PostgresCredits(desk.world.pool)
    account.grant("alice", 1)
    _, [first] = desk.world.add_batch(1)
    desk.run([first])
    assert account.account("alice").available == 0
    _, [equal] = desk.world.add_batch(1)
    desk.set_content(equal, desk.content_of(first))
    desk.run([equal])
    assert desk.statuses([equal]) == ["completed"]
    assert desk.rows("SELECT cached_pages FROM jobs WHERE id = %s", equal) == [{"cached_pages": 1}]
    assert len(desk.read) == 1


def test_owners_servers_are_told(desk: Desk) -> None:
    _, jobs = desk.world.add_batch(2)
    desk.rows(
        "UPDATE jobs SET webhook_url = 'https://a.example' WHERE id = %s RETURNING id", jobs[1]
    )
    desk.run(jobs)
    assert desk.announced == [jobs[1]]
    assert [row["job_id"] for row in desk.rows("SELECT job_id FROM webhook_deliveries")] == [
        jobs[1]
    ]


@pytest.mark.parametrize("pace", [0.001, 1000.0], ids=["together", "one by one"])
def test_a_batchs_end_is_told_by_whoever_reads_its_last_document(desk: Desk, pace: float) -> None:
    desk.pace = Pace(pace)
    batch_id, jobs = desk.world.add_batch(3, webhook_url="https://a.example")
    desk.run(jobs[:2])
    assert desk.announced == []
    desk.run(jobs[2:])
    assert desk.announced == [jobs[2]]
    [delivery] = desk.rows("SELECT batch_id, event FROM webhook_deliveries")
    assert delivery == {"batch_id": batch_id, "event": "batch.completed"}


def test_a_batch_that_ends_by_several_documents_at_once_is_told_of_once(desk: Desk) -> None:
    desk.pace = Pace(0.001)
    _, jobs = desk.world.add_batch(3, webhook_url="https://a.example")
    desk.run(jobs)
    assert len(desk.announced) == 1


def test_a_second_run_of_a_document_replaces_its_pages(desk: Desk) -> None:
    _, [first] = desk.world.add_batch(1)
    desk.run([first])
    again = JobId(UUID(int=7))
    [document] = desk.rows("SELECT id FROM documents")
    desk.rows(
        "INSERT INTO jobs (id, document_id, owner, run, options, last_event)"
        " VALUES (%s, %s, 'alice', 2, '{\"cache\": false}', 1) RETURNING id",
        again,
        document["id"],
    )
    desk.run([again])
    assert desk.rows("SELECT DISTINCT job_id FROM pages") == [{"job_id": again}]
    assert desk.rows("SELECT DISTINCT job_id FROM bounding_boxes") == [{"job_id": again}]
    assert len(desk.read) == 2
