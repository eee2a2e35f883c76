"""Small documents that are not that simple, that fail, or that were read before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from common.errors import (
    MisconfiguredError,
    NotFound,
    PermanentError,
    QuireError,
    QuotaError,
    TransientError,
)
from common.models import JobId
from functions.pipeline.whole_documents import Pace
from tests.contract.small_fixtures import Desk
from tests.world import World


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def set_options(desk: Desk, job_id: JobId, options: str) -> None:
    desk.rows("UPDATE jobs SET options = %s WHERE id = %s RETURNING id", options, job_id)


@pytest.mark.parametrize(
    "options", ['{"pages": "1"}', '{"chunk_pages": 31}', '{"warm": true}', '{"chunk_pages": 1}']
)
def test_what_was_asked_for_may_need_the_splitter(desk: Desk, options: str) -> None:
    _, jobs = desk.world.add_batch(3)
    set_options(desk, jobs[1], options)
    desk.pages[desk.content_of(jobs[1])] = 2
    desk.run(jobs)
    assert desk.statuses(jobs) == ["completed", "processing", "completed"]
    [(source, dispatch, job_id)] = desk.ingests
    assert (source, dispatch, job_id) == (desk.world.source_of(jobs[1]), 1, jobs[1])
    work = desk.world.claim_split_of(jobs[1])
    assert work is not None
    # Nothing was wrong with it yet.
    assert (work.attempt, work.stalls) == (2, 1)


@pytest.mark.parametrize(
    "content",
    [
        b"x" * 1001,
        NotFound("gone", code="OBJECT_NOT_FOUND"),
        TransientError("away"),
        MisconfiguredError("refused"),
    ],
    ids=["too large for a call", "gone", "away", "refused"],
)
def test_what_cannot_be_had_goes_the_ordinary_way_alone(
    desk: Desk, content: bytes | Exception
) -> None:
    _, jobs = desk.world.add_batch(3)
    desk.set_content(jobs[0], content)
    desk.run(jobs)
    assert desk.statuses(jobs) == ["processing", "completed", "completed"]
    assert [job_id for _, _, job_id in desk.ingests] == [jobs[0]]


@pytest.mark.parametrize("pages", [None, 26], ids=["not sound", "too many pages"])
def test_what_cannot_be_sent_as_it_is_goes_the_ordinary_way_alone(
    desk: Desk, pages: int | None
) -> None:
    _, jobs = desk.world.add_batch(3)
    desk.pages[desk.content_of(jobs[2])] = pages
    desk.run(jobs)
    assert desk.statuses(jobs) == ["completed", "completed", "processing"]
    assert [job_id for _, _, job_id in desk.ingests] == [jobs[2]]


def test_a_file_that_is_not_the_one_that_was_announced_is_left_to_the_splitter(desk: Desk) -> None:
    _, [job_id] = desk.world.add_batch(1)
    desk.rows("UPDATE documents SET sha256 = 'another' RETURNING id")
    desk.run([job_id])
    assert desk.read == []
    assert len(desk.ingests) == 1


@pytest.mark.parametrize(
    ("error", "failures", "seconds"),
    [
        (TransientError("away"), 1, (1.0, 2.0)),
        (QuotaError("slow down", retry_after_seconds=30.0), 0, (30.0, 30.0)),
        (PermanentError("no", code="PAGE_UNREADABLE"), 0, (0.0, 0.0)),
    ],
    ids=["transient", "quota", "permanent"],
)
def test_a_document_that_fails_goes_on_as_a_chunk_and_harms_no_other(
    desk: Desk, error: QuireError, failures: int, seconds: tuple[float, float]
) -> None:
    desk.pace = Pace(0.001)
    _, jobs = desk.world.add_batch(8)

    def fail() -> None:
        raise error

    desk.while_reading[desk.content_of(jobs[3])] = fail
    desk.run(jobs)
    others = [job_id for job_id in jobs if job_id != jobs[3]]
    assert desk.statuses(others) == ["completed"] * 7
    [chunk] = desk.rows("SELECT * FROM chunks WHERE job_id = %s", jobs[3])
    assert (chunk["status"], chunk["failures"]) == ("pending", failures)
    [(sent, delay)] = desk.chunks_sent
    assert sent.id == chunk["id"]
    assert seconds[0] <= delay.total_seconds() <= seconds[1]
    assert desk.kinds(jobs[3])[-2:] == ["chunk_started", "chunk_put_back"]
    desk.world.age("chunks", "due_at", timedelta(minutes=2), id=chunk["id"])
    work = desk.world.chunks.claim(chunk["id"])
    assert work is not None
    assert work.source == desk.world.source_of(jobs[3])


def test_a_store_that_is_away_costs_a_try_of_what_was_read(desk: Desk) -> None:
    _, jobs = desk.world.add_batch(2)
    desk.unstorable.add(desk.content_of(jobs[0]))
    desk.run(jobs)
    assert desk.statuses(jobs) == ["processing", "completed"]
    [chunk] = desk.rows("SELECT * FROM chunks WHERE job_id = %s", jobs[0])
    assert (chunk["status"], chunk["failures"], chunk["error_code"]) == (
        *("pending", 1),
        TransientError("away").code,
    )


def same(desk: Desk, jobs: list[JobId], content: bytes = b"the same") -> None:
    for job_id in jobs:
        desk.set_content(job_id, content)


@pytest.mark.parametrize("pace", [0.001, 1000.0], ids=["together", "one by one"])
def test_equal_documents_of_a_message_are_read_once(desk: Desk, pace: float) -> None:
    desk.pace = Pace(pace)
    batch_id, jobs = desk.world.add_batch(6)
    same(desk, jobs[:2], b"one")
    same(desk, jobs[2:5], b"two")
    desk.run(jobs)
    assert sorted(desk.read) == sorted([b"one", b"two", desk.content_of(jobs[5])])
    assert desk.statuses(jobs) == ["completed"] * 6
    assert desk.world.one("SELECT sum(cached_pages) AS found FROM jobs") == {"found": 3}
    assert desk.world.one("SELECT status FROM batches WHERE id = %s", batch_id) == {
        "status": "completed"
    }
    found = desk.job(jobs[4])
    assert (found["cached_chunks"], found["completed_pages"]) == (1, 1)
    assert desk.rows("SELECT FROM cache_readers") == []
    assert b"two" in desk.stored[f"results/{found['result_path']}"]


def test_a_document_that_was_read_before_is_found(desk: Desk) -> None:
    desk.pace = Pace(0.001)
    _, first = desk.world.add_batch(2)
    _, second = desk.world.add_batch(2)
    for one, two in zip(first, second, strict=True):
        same(desk, [two], desk.content_of(one))
    desk.run(first)
    desk.run(second)
    assert len(desk.read) == 2
    chunks = [desk.rows("SELECT * FROM chunks WHERE job_id = %s", job_id)[0] for job_id in second]
    assert [chunk["is_cached"] for chunk in chunks] == [True, True]
    assert {row["hits"] for row in desk.rows("SELECT hits FROM result_cache")} == {1}
    # What its rows name is the other's.
    earlier = desk.rows("SELECT * FROM chunks WHERE job_id = %s", first[0])[0]
    assert chunks[0]["result_storage_path"] == earlier["result_storage_path"]


def test_who_wants_no_cache_gets_none(desk: Desk) -> None:
    _, jobs = desk.world.add_batch(2)
    same(desk, jobs)
    for job_id in jobs:
        set_options(desk, job_id, '{"cache": false}')
    desk.run(jobs)
    assert len(desk.read) == 2
    assert desk.rows("SELECT FROM result_cache") == []


def test_owners_share_nothing(desk: Desk) -> None:
    desk.pace = Pace(0.001)
    _, alices = desk.world.add_batch(1, owner="alice")
    _, bobs = desk.world.add_batch(1, owner="bob")
    same(desk, [*alices, *bobs])
    desk.run([*alices, *bobs])
    assert len(desk.read) == 2


def test_a_cached_result_that_is_damaged_is_read_again(desk: Desk) -> None:
    _, first = desk.world.add_batch(1)
    _, second = desk.world.add_batch(1)
    same(desk, [*first, *second])
    desk.run(first)
    [path] = [row["path"] for row in desk.rows("SELECT path FROM result_cache")]
    desk.stored[f"ocr-chunks/{path}"] = b"{}"
    desk.run(second)
    assert len(desk.read) == 2
    assert desk.statuses(second) == ["completed"]
    assert desk.job(second[0])["cached_pages"] == 0
    [kept] = desk.rows("SELECT path FROM result_cache")
    assert kept["path"] != path


def test_what_another_worker_reads_is_waited_for(desk: Desk) -> None:
    _, first = desk.world.add_batch(1)
    _, second = desk.world.add_batch(2)
    same(desk, [*first, second[0]])
    desk.while_reading[b"the same"] = lambda: Desk(
        desk.world, contents=desk.contents, stored=desk.stored
    ).run(second)
    desk.run(first)
    assert desk.read == [b"the same"]
    assert desk.statuses([*first, *second]) == ["completed", "processing", "completed"]
    assert desk.kinds(second[0]) == [
        *("job_created", "splitting", "planned", "chunks_dispatched", "split"),
    ]
    [waiting] = desk.world.turns.give(something_new=True).chunks
    work = desk.world.chunks.claim(waiting.id)
    assert work is not None
    assert work.attempt == 1
    assert work.cached is not None


def test_nothing_is_kept_where_the_cache_is_off(desk: Desk) -> None:
    desk.limits = replace(desk.limits, engine=None)
    _, jobs = desk.world.add_batch(2)
    same(desk, jobs)
    desk.run(jobs)
    assert len(desk.read) == 2
    assert desk.rows("SELECT FROM result_cache") == []
