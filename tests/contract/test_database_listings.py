"""Lists of jobs and chunks on real Postgres: in order, without a gap, and only the caller's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import uuid4

import pytest
from psycopg import Cursor
from psycopg.rows import DictRow

from common.access import Caller
from common.lifecycle import ChunkStatus, JobStatus, Stage
from common.models import DocumentId, JobId, JobOptions, JobView, ObjectRef
from infra.database.listings import JobFilter, Position, PostgresListings
from infra.database.pool import Pool, open_pool
from infra.settings import DatabaseSettings
from tests.world import World

ALICE, BOB = Caller("alice"), Caller("bob")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def listings(pool: Pool) -> PostgresListings:
    return PostgresListings(pool)


def test_jobs_are_paged_through_without_repeating_or_missing_one_while_others_are_added(
    world: World, listings: PostgresListings
) -> None:
    # Two at a time have the same moment: then their ids decide.
    made = [_job(world, at=NOON + timedelta(seconds=number // 2)) for number in range(7)]
    seen: list[JobId] = []
    for page in _pages(listings, JobFilter(), size=2):
        seen += [job.id for job in page]
        _job(world, at=NOON + timedelta(minutes=1))
        _job(world, at=NOON + timedelta(seconds=1))
    newer = [job_id for job_id in seen if job_id not in made]
    assert len(seen) == len(set(seen))
    assert {job_id for job_id in seen if job_id not in newer} == set(made)
    ordered = [job.created_at for job in _views(listings, JobFilter())]
    assert ordered == sorted(ordered, reverse=True)


def test_the_oldest_come_first_where_that_is_asked_for(
    world: World, listings: PostgresListings
) -> None:
    made = [_job(world, at=NOON + timedelta(seconds=number)) for number in range(5)]
    wanted = JobFilter(newest_first=False)
    pages = [[job.id for job in page] for page in _pages(listings, wanted, size=2)]
    assert pages == [made[:2], made[2:4], made[4:]]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (JobFilter(), "red.pdf Green.pdf blue.pdf"),
        (JobFilter(statuses=(JobStatus.PENDING,)), "red.pdf Green.pdf blue.pdf"),
        (JobFilter(statuses=(JobStatus.FAILED, JobStatus.PAUSED)), ""),
        (JobFilter(stage=Stage.RECEIVED), "red.pdf Green.pdf blue.pdf"),
        (JobFilter(stage=Stage.OCR), ""),
        (JobFilter(matter="m1"), "red.pdf blue.pdf"),
        (JobFilter(matter="m"), ""),
        (JobFilter(filename="gREEN"), "Green.pdf"),
        (JobFilter(filename="%"), ""),
        (JobFilter(filename=".pdf", matter="m2"), "Green.pdf"),
        (JobFilter(created_after=NOON), "red.pdf Green.pdf"),
        (JobFilter(created_before=NOON), "blue.pdf"),
        (JobFilter(created_after=NOON, created_before=NOON), ""),
    ],
)
def test_a_filter_leaves_only_what_it_names(
    world: World, listings: PostgresListings, wanted: JobFilter, names: str
) -> None:
    _job(world, at=NOON + timedelta(seconds=1), name="red.pdf", matter="m1")
    _job(world, at=NOON, name="Green.pdf", matter="m2")
    _job(world, at=NOON - timedelta(seconds=1), name="blue.pdf", matter="m1")
    _job(world, at=NOON, owner="bob", name="red.pdf", matter="m1")
    assert [job.filename for job in _views(listings, wanted)] == names.split()
    oldest = replace(wanted, newest_first=False)
    assert [job.filename for job in _views(listings, oldest)] == names.split()[::-1]


def test_a_caller_sees_only_their_own_jobs_and_only_of_their_matters(
    world: World, listings: PostgresListings
) -> None:
    for matter in ("m1", "m2", None):
        _job(world, matter=matter)
    _job(world, owner="bob", matter="m1")

    def matters(caller: Caller) -> set[str | None]:
        return {job.matter for job in listings.jobs(caller, JobFilter(), limit=9)}

    assert matters(ALICE) == {"m1", "m2", None}
    assert matters(Caller("alice", ("m1",))) == {"m1"}
    assert matters(Caller("alice", ("m2", "m3"))) == {"m2"}
    assert matters(Caller("alice", ())) == set()
    assert matters(BOB) == {"m1"}
    assert len(listings.jobs_of_anybody(JobFilter(), limit=9)) == 4
    assert len(listings.jobs_of_anybody(JobFilter(), owner="bob", limit=9)) == 1


def test_a_page_of_jobs_is_read_by_three_statements_however_long_it_is(
    world: World, database_url: str
) -> None:
    for _ in range(5):
        _, chunks = world.add_job(3)
        work = world.chunks.claim(chunks[1])
        assert work is not None
        world.chunks.fail(work, "TASK_TIMEOUT", "Document AI timeout")
    said: list[object] = []

    class Noting(Cursor[DictRow]):
        def execute(self, query: Any, *rest: Any, **options: Any) -> Self:
            said.append(query)
            return super().execute(query, *rest, **options)

    with open_pool(DatabaseSettings(url=database_url, max_connections=1)) as pool:
        with pool.connection() as connection:
            connection.cursor_factory = Noting
        said.clear()
        jobs = PostgresListings(pool).jobs(ALICE, JobFilter(), limit=100)
        assert len(jobs) == 5
        assert all(len(job.chunk_errors) == 1 for job in jobs)
        # One of them is the pool's look whether the connection lives.
        assert len(said) <= 4


def test_chunks_come_in_the_order_of_their_pages_with_what_became_of_them(
    world: World, listings: PostgresListings
) -> None:
    job_id, chunks = world.add_job(4)
    world.finish_chunk(chunks[0])
    failing = world.chunks.claim(chunks[1])
    running = world.chunks.claim(chunks[2])
    assert failing is not None
    assert running is not None
    world.chunks.fail(failing, "TASK_TIMEOUT", "Document AI timeout")
    done, failed, held, waiting = listings.chunks(job_id, ALICE, limit=9) or []
    assert (done.index, done.page_start, done.page_end) == (0, 1, 2)
    assert (done.status, failed.status, held.status, waiting.status) == (
        ChunkStatus.COMPLETED,
        ChunkStatus.FAILED,
        ChunkStatus.PROCESSING,
        ChunkStatus.PENDING,
    )
    assert (failed.error_code, failed.error_message) == ("TASK_TIMEOUT", "Document AI timeout")
    assert (done.error_code, waiting.seconds, waiting.started_at) == (None, None, None)
    assert all((chunk.seconds or 0) >= 0 for chunk in (done, failed, held))
    assert held.seconds is not None
    job = world.jobs.find(job_id, ALICE)
    assert job is not None
    assert (job.processing_chunks, job.current_chunk) == (1, 2)


def test_chunks_are_cut_into_pages_and_filtered_by_state(
    world: World, listings: PostgresListings
) -> None:
    job_id, chunks = world.add_job(5)
    world.finish_chunk(chunks[3])
    first = listings.chunks(job_id, ALICE, limit=2) or []
    second = listings.chunks(job_id, ALICE, after=first[-1].page_start, limit=9) or []
    assert [chunk.index for chunk in first + second] == [0, 1, 2, 3, 4]
    done = listings.chunks(job_id, ALICE, status=ChunkStatus.COMPLETED, limit=9) or []
    assert [chunk.index for chunk in done] == [3]


def test_chunks_of_a_job_that_is_not_the_callers_are_not_there(
    world: World, listings: PostgresListings
) -> None:
    job_id, _ = world.add_job(1)
    without_chunks = _job(world, matter="m1")
    assert listings.chunks(without_chunks, ALICE, limit=9) == []
    assert listings.chunks(job_id, BOB, limit=9) is None
    assert listings.chunks(job_id, Caller("alice", ("m1",)), limit=9) is None
    assert listings.chunks(without_chunks, Caller("alice", ("m1",)), limit=9) == []
    assert listings.chunks(uuid4(), ALICE, limit=9) is None


def test_a_document_is_shown_with_its_jobs_to_its_owner_alone(
    world: World, listings: PostgresListings
) -> None:
    job_id = _job(world, matter="m1", name="book.pdf")
    job = world.jobs.find(job_id, ALICE)
    assert job is not None
    document = listings.document(job.document_id, Caller("alice", ("m1",)))
    assert document is not None
    assert (document.filename, document.matter, document.size) == ("book.pdf", "m1", 9)
    assert [(each.id, each.status) for each in document.jobs] == [(job_id, JobStatus.PENDING)]
    assert listings.document(job.document_id, BOB) is None
    assert listings.document(job.document_id, Caller("alice", ("m2",))) is None
    assert listings.document(uuid4(), ALICE) is None


def _pages(listings: PostgresListings, wanted: JobFilter, *, size: int) -> Iterator[list[JobView]]:
    after = None
    while page := listings.jobs(ALICE, wanted, after=after, limit=size):
        yield page
        after = Position(page[-1].created_at, page[-1].id)


def _views(listings: PostgresListings, wanted: JobFilter) -> list[JobView]:
    return listings.jobs(ALICE, wanted, limit=100)


def _job(
    world: World,
    *,
    owner: str = "alice",
    name: str = "book.pdf",
    matter: str | None = None,
    at: datetime = NOON,
) -> JobId:
    job_id, document_id = JobId(uuid4()), DocumentId(uuid4())
    world.jobs.create(
        job_id=job_id,
        document_id=document_id,
        owner=owner,
        filename=name,
        source=ObjectRef("uploads", f"documents/{document_id}/source.pdf"),
        size=9,
        options=JobOptions(),
        password=None,
        matter=matter,
    )
    world.one("UPDATE jobs SET created_at = %s WHERE id = %s RETURNING id", at, job_id)
    return job_id
