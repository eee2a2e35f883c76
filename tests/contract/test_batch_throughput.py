"""Batches' throughput on real Postgres: which pages and documents fall into which stretch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from common.access import Caller
from common.batch_throughput import MOST_POINTS, USUAL_POINTS, Bucket, Throughput
from infra.database.batch_throughput import PostgresThroughput
from infra.database.pool import Pool
from tests.world import World

ALICE, BOB = Caller("alice"), Caller("bob")
BEGAN = datetime(2026, 11, 22, 9, 0, 20, tzinfo=UTC)


@pytest.fixture
def throughput(pool: Pool) -> PostgresThroughput:
    return PostgresThroughput(pool)


class History:
    """A batch of whose past a test says what it was."""

    def __init__(self, world: World, *, documents: int = 2, lasted: timedelta) -> None:
        self.pool = world.pool
        batch_id, jobs = world.add_batch(documents)
        self.id: UUID = batch_id
        self.jobs = list(jobs)
        self._execute(
            "UPDATE batches SET created_at = %s, started_at = %s, finished_at = %s, unfinished = 0,"
            " status = 'completed' WHERE id = %s",
            *(BEGAN, BEGAN, BEGAN + lasted, batch_id),
        )

    def chunk(self, job: int, after: float, first: int, last: int, **details: object) -> None:
        """Have a chunk of a job completed so many seconds after the batch began."""
        told = {"chunk_index": first, "page_start": first, "page_end": last, "failed_pages": 0}
        self._execute(
            "INSERT INTO job_events (job_id, id, kind, at, details)"
            " SELECT %s, count(*) + 1, 'chunk_completed', %s, %s FROM job_events WHERE job_id = %s",
            self.jobs[job],
            BEGAN + timedelta(seconds=after),
            Jsonb({**told, **details}),
            self.jobs[job],
        )

    def document(self, job: int, after: float, kind: str = "document_completed") -> None:
        """Have a document end."""
        self._execute(
            "INSERT INTO batch_events (batch_id, id, kind, job_id, at)"
            " SELECT %s, count(*) + 1, %s, %s, %s FROM batch_events WHERE batch_id = %s",
            *(self.id, kind, self.jobs[job], BEGAN + timedelta(seconds=after), self.id),
        )

    def _execute(self, query: str, *values: object) -> None:
        with self.pool.connection() as connection:
            connection.execute(query, values)


def _told(series: Throughput | None) -> list[tuple[str, int, int, int]]:
    assert series is not None
    return [
        (f"{each.at.astimezone(UTC):%H:%M:%S}", each.pages, each.cached_pages, each.documents)
        for each in series.stretches
    ]


def test_what_is_read_falls_into_even_stretches_and_none_is_left_out(
    world: World, throughput: PostgresThroughput
) -> None:
    history = History(world, lasted=timedelta(seconds=190))
    history.chunk(0, 5, 1, 25)
    history.chunk(0, 39.9, 26, 50, failed_pages=5)
    history.chunk(1, 40, 1, 10, cached=True)
    history.document(0, 41)
    # What goes on has not ended.
    history.document(0, 50, "document_retried")
    history.document(0, 51, "document_extended")
    history.document(1, 189, "document_failed")
    series = throughput.series(history.id, ALICE, narrowest=Bucket.MINUTE)
    assert _told(series) == [
        ("09:00:00", 45, 0, 0),
        ("09:01:00", 10, 10, 1),
        ("09:02:00", 0, 0, 0),
        ("09:03:00", 0, 0, 1),
    ]
    assert series is not None
    assert (series.seconds, series.since) == (60, BEGAN)
    assert series.until == BEGAN + timedelta(seconds=190)


def test_pages_that_are_read_again_are_counted_once(
    world: World, throughput: PostgresThroughput
) -> None:
    history = History(world, lasted=timedelta(seconds=100))
    history.chunk(0, 1, 1, 25, failed_pages=3)
    history.chunk(0, 80, 1, 25)
    # The same pages of another document are others.
    history.chunk(1, 80, 1, 25)
    series = throughput.series(history.id, ALICE, narrowest=Bucket.MINUTE)
    assert [pages for _, pages, _, _ in _told(series)] == [22, 28, 0]


def test_a_recovery_has_what_was_read_in_its_own_time(
    world: World, throughput: PostgresThroughput
) -> None:
    history = History(world, documents=1, lasted=timedelta(seconds=50))
    recovery = History(world, documents=1, lasted=timedelta(seconds=50))
    with world.pool.connection() as connection:
        connection.execute(
            "INSERT INTO batch_jobs (batch_id, position, job_id) VALUES (%s, 2, %s)",
            (recovery.id, history.jobs[0]),
        )
    history.chunk(0, -100, 1, 25, failed_pages=2)
    history.chunk(0, 10, 1, 25)
    series = throughput.series(recovery.id, ALICE, narrowest=Bucket.MINUTE)
    assert sum(pages for _, pages, _, _ in _told(series)) == 2


def test_the_stretches_are_as_long_as_the_batch_needs(
    world: World, throughput: PostgresThroughput
) -> None:
    widths = {}
    for name, lasted in {
        "20 s": timedelta(seconds=20),
        "6 min": timedelta(minutes=5, seconds=50),
        "1 h": timedelta(minutes=58),
        "3 weeks": timedelta(weeks=3),
        "10 years": timedelta(days=3653),
    }.items():
        history = History(world, documents=1, lasted=lasted)
        series = throughput.series(history.id, ALICE)
        assert series is not None
        widths[name] = series.seconds
        assert len(series.stretches) <= USUAL_POINTS or series.seconds == Bucket.WEEK.seconds
        narrow = throughput.series(history.id, ALICE, narrowest=Bucket.SECOND)
        assert narrow is not None
        assert len(narrow.stretches) <= MOST_POINTS
    assert widths == {"20 s": 1, "6 min": 5, "1 h": 60, "3 weeks": 43200, "10 years": 604800}


def test_a_batch_that_runs_is_told_to_this_moment(
    world: World, throughput: PostgresThroughput
) -> None:
    batch_id, _ = world.add_batch(1)
    series = throughput.series(batch_id, ALICE)
    assert series is not None
    assert [stretch.pages for stretch in series.stretches][-1] == 0
    assert series.until >= series.since


def test_anothers_batch_has_no_series(world: World, throughput: PostgresThroughput) -> None:
    batch_id, _ = world.add_batch(1)
    assert throughput.series(batch_id, BOB) is None
    assert throughput.series(batch_id, Caller("alice", ("another",))) is None
