"""Figures by time and totals, counted by Postgres itself from jobs' audit trails."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families
from psycopg.types.json import Jsonb

from common.access import Caller
from common.errors import InvalidRequest
from common.metrics import BucketSize, Figures, Period, Spread
from functions.api.exposition import exposition
from infra.database.metric_totals import PostgresMetricTotals
from infra.database.metrics import PostgresMetrics
from infra.database.pool import Pool

TEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HOUR = Period.asked(TEN, TEN + timedelta(hours=1), BucketSize.MINUTE)


class Trail:
    """A job's audit trail, written as the use cases write it."""

    def __init__(self, pool: Pool, *, owner: str = "alice", matter: str | None = None) -> None:
        self._pool = pool
        self.job_id = uuid4()
        self._last = 0
        document_id = uuid4()
        with pool.connection() as connection:
            connection.execute(
                "INSERT INTO documents (id, owner, matter, filename, bucket, object)"
                " VALUES (%s, %s, %s, 'a.pdf', 'uploads', %s)",
                (document_id, owner, matter, str(document_id)),
            )
            connection.execute(
                "INSERT INTO jobs (id, document_id, owner, matter, created_at)"
                " VALUES (%s, %s, %s, %s, %s)",
                (self.job_id, document_id, owner, matter, TEN - timedelta(days=3)),
            )

    def add(self, kind: str, at: datetime, **details: Any) -> Trail:
        """Write the next event."""
        self._last += 1
        with self._pool.connection() as connection:
            connection.execute(
                "INSERT INTO job_events (job_id, id, kind, at, details)"
                " VALUES (%s, %s, %s, %s, %s)",
                (self.job_id, self._last, kind, at, Jsonb(details)),
            )
        return self

    def chunk(self, index: int, at: datetime, **details: Any) -> Trail:
        """Write that a chunk of ten pages was completed."""
        pages = {"page_start": index * 10 + 1, "page_end": index * 10 + 10}
        return self.add("chunk_completed", at, chunk_index=index, **{**pages, **details})

    def end(self, at: datetime) -> None:
        """Have the job be completed."""
        with self._pool.connection() as connection:
            connection.execute(
                "UPDATE jobs SET status = 'completed', finished_at = %s WHERE id = %s",
                (at, self.job_id),
            )


def minute(number: int, second: float = 0) -> datetime:
    return TEN + timedelta(minutes=number, seconds=second)


@pytest.fixture
def metrics(pool: Pool) -> PostgresMetrics:
    return PostgresMetrics(pool)


@pytest.fixture
def totals(pool: Pool) -> PostgresMetricTotals:
    return PostgresMetricTotals(pool)


def test_what_was_done_is_counted_in_its_own_minute(pool: Pool, metrics: PostgresMetrics) -> None:
    trail = Trail(pool)
    trail.add("job_created", minute(1)).add("chunk_started", minute(2), waited_seconds=3)
    trail.chunk(0, minute(2, 59.9), seconds=10, failed_pages=2)
    trail.chunk(1, minute(3), cached=True, failed_pages=0, seconds=0.01)
    trail.add("chunk_put_back", minute(3), code="QUOTA_EXCEEDED")
    trail.add("chunk_failed", minute(4), code="OCR_REFUSED", failed_pages=10, seconds=20,
              page_start=21, page_end=30)  # fmt: skip
    trail.add("merge_started", minute(5)).add("job_completed_with_errors", minute(5, 2.5))

    series = metrics.series(Caller("alice"), HOUR)

    assert series.buckets == {
        minute(1): Figures(jobs_created=1),
        minute(2): Figures(
            pages_read=8,
            pages_failed=2,
            chunks_completed=1,
            chunk_seconds=Spread(10, 10),
            queue_seconds=Spread(3, 3),
        ),
        minute(3): Figures(
            pages_cached=10,
            chunks_completed=1,
            chunks_cached=1,
            chunks_put_back=1,
            retries={"QUOTA_EXCEEDED": 1},
        ),
        minute(4): Figures(
            pages_failed=10,
            chunks_failed=1,
            failures={"OCR_REFUSED": 1},
            chunk_seconds=Spread(20, 20),
        ),
        minute(5): Figures(jobs_completed_with_errors=1, merge_seconds=Spread(2.5, 2.5)),
    }
    assert series.total == Figures(
        jobs_created=1,
        jobs_completed_with_errors=1,
        pages_read=8,
        pages_cached=10,
        pages_failed=12,
        chunks_completed=2,
        chunks_cached=1,
        chunks_failed=1,
        chunks_put_back=1,
        failures={"OCR_REFUSED": 1},
        retries={"QUOTA_EXCEEDED": 1},
        chunk_seconds=Spread(15, 19.5),
        queue_seconds=Spread(3, 3),
        merge_seconds=Spread(2.5, 2.5),
    )


def test_every_bucket_is_there_and_the_period_s_end_is_not_in_it(
    pool: Pool, metrics: PostgresMetrics
) -> None:
    Trail(pool).chunk(0, minute(0)).chunk(1, minute(59, 59.999)).chunk(2, minute(60))
    every = metrics.series(Caller("alice"), HOUR).every()
    assert [start for start, _ in every] == [minute(number) for number in range(60)]
    assert [figures.pages_read for _, figures in every] == [10, *[0] * 58, 10]


def test_nobody_sees_another_s_figures_nor_those_of_another_matter(
    pool: Pool, metrics: PostgresMetrics
) -> None:
    Trail(pool, owner="alice", matter="m1").chunk(0, minute(1))
    Trail(pool, owner="alice", matter="m2").chunk(0, minute(1)).chunk(1, minute(1))
    Trail(pool, owner="bob").chunk(0, minute(1)).chunk(1, minute(1)).chunk(2, minute(1))

    def seen(caller: Caller) -> int:
        return metrics.series(caller, HOUR).total.chunks_completed

    assert seen(Caller("alice")) == 3
    assert seen(Caller("alice", matters=("m1",))) == 1
    assert seen(Caller("alice", matters=())) == 0
    assert seen(Caller("bob")) == 3
    assert seen(Caller("carol")) == 0


def test_a_job_that_ended_in_the_period_s_first_moment_is_in_it(
    pool: Pool, metrics: PostgresMetrics
) -> None:
    trail = Trail(pool)
    trail.add("job_completed", minute(0, 0.001))
    trail.end(TEN - timedelta(milliseconds=1))
    assert metrics.series(Caller("alice"), HOUR).total.jobs_completed == 1


def test_a_period_is_rounded_to_whole_buckets() -> None:
    period = Period.asked(minute(1, 30), minute(2, 0.5), BucketSize.MINUTE)
    assert (period.start, period.end) == (minute(1), minute(3))
    day = Period.asked(minute(1), minute(2), BucketSize.DAY)
    assert (day.start.hour, day.end - day.start) == (0, timedelta(days=1))


def test_a_day_s_minutes_are_answered_and_one_more_is_not() -> None:
    day = timedelta(days=1)
    assert Period.asked(TEN, TEN + day, BucketSize.MINUTE).end == TEN + day
    # Also from the middle of a minute on, which makes a bucket more.
    half = timedelta(seconds=30)
    assert Period.asked(TEN + half, TEN + half + day, BucketSize.MINUTE).start == TEN
    with pytest.raises(InvalidRequest, match=r"1,441 buckets.*bucket=5m") as refused:
        Period.asked(TEN, TEN + day + timedelta(seconds=1), BucketSize.MINUTE)
    assert refused.value.code == "TOO_MANY_BUCKETS"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (TEN, TEN),
        (TEN, TEN - timedelta(hours=1)),
        (datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
        (datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC) + timedelta(1)),
        (None, datetime.min.replace(tzinfo=UTC)),
    ],
)
def test_what_is_no_stretch_of_time_is_refused(start: datetime | None, end: datetime) -> None:
    with pytest.raises(InvalidRequest) as refused:
        Period.asked(start, end, BucketSize.DAY)
    assert refused.value.code == "INVALID_PERIOD"


def shown(totals: PostgresMetricTotals) -> dict[tuple[str, str], float]:
    return {(sample.name, sample.label): sample.value for sample in totals.totals()}


def counted_from(pool: Pool, moment: datetime) -> None:
    with pool.connection() as connection:
        connection.execute("UPDATE metrics_counted SET counted_to = %s", (moment,))


def busy(pool: Pool, at: datetime) -> None:
    trail = Trail(pool)
    trail.add("job_created", at).add("chunk_started", at, waited_seconds=2)
    trail.chunk(0, at, seconds=10, failed_pages=1).chunk(1, at, cached=True, seconds=0.1)
    trail.add("chunk_put_back", at, code="OCR_UNAVAILABLE")
    trail.add("chunk_failed", at, code="OCR_REFUSED", page_start=1, page_end=4, failed_pages=4)
    trail.add("merge_started", at).add("job_completed", at + timedelta(seconds=3))


BUSY = {
    ("chunk_seconds", "count"): 1,
    ("chunk_seconds", "sum"): 10,
    ("chunks", "cached"): 1,
    ("chunks", "completed"): 1,
    ("chunks", "failed"): 1,
    ("chunks", "put_back"): 1,
    ("failures", "OCR_REFUSED"): 1,
    ("jobs", "completed"): 1,
    ("jobs", "created"): 1,
    ("merge_seconds", "count"): 1,
    ("merge_seconds", "sum"): 3,
    ("pages", "cached"): 10,
    ("pages", "failed"): 5,
    ("pages", "read"): 9,
    ("queue_seconds", "count"): 1,
    ("queue_seconds", "sum"): 2,
    ("retries", "OCR_UNAVAILABLE"): 1,
}


def test_totals_are_the_same_before_and_after_they_are_counted(
    pool: Pool, totals: PostgresMetricTotals
) -> None:
    now = datetime.now(UTC)
    counted_from(pool, now - timedelta(hours=3))
    busy(pool, now - timedelta(hours=1))
    assert shown(totals) == BUSY
    totals.count()
    assert shown(totals) == BUSY
    # Younger than what is counted for good.
    busy(pool, now)
    assert shown(totals) == {name: 2 * value for name, value in BUSY.items()}
    totals.count()
    assert shown(totals) == {name: 2 * value for name, value in BUSY.items()}


def test_two_that_count_at_once_count_once(pool: Pool, totals: PostgresMetricTotals) -> None:
    now = datetime.now(UTC)
    counted_from(pool, now - timedelta(hours=3))
    busy(pool, now - timedelta(hours=1))
    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(totals.count) for _ in range(24)]:
            done.result()
    assert shown(totals) == BUSY


def test_a_long_absence_is_made_good_a_part_at_a_time(
    pool: Pool, totals: PostgresMetricTotals
) -> None:
    now = datetime.now(UTC)
    counted_from(pool, now - timedelta(hours=15))
    for hours in (14, 8, 1):
        busy(pool, now - timedelta(hours=hours))
    expected = {name: 3 * value for name, value in BUSY.items()}
    for _ in range(4):
        assert shown(totals) == expected
        totals.count()
    with pool.connection() as connection:
        row = connection.execute("SELECT counted_to FROM metrics_counted").fetchone()
    assert row is not None
    assert now - row["counted_to"] < timedelta(minutes=3)


def test_what_prometheus_reads_has_help_type_and_the_names_that_dashboards_know(
    pool: Pool, totals: PostgresMetricTotals
) -> None:
    counted_from(pool, datetime.now(UTC) - timedelta(hours=3))
    busy(pool, datetime.now(UTC) - timedelta(hours=1))
    text, kind = exposition(totals, "text/plain")
    assert kind.startswith("text/plain; version=")
    families = {each.name: each for each in text_string_to_metric_families(text.decode())}
    assert {name: each.type for name, each in families.items()} == {
        "quire_unfinished_jobs": "gauge",
        "quire_unfinished_chunks": "gauge",
        "quire_jobs": "counter",
        "quire_chunks": "counter",
        "quire_pages": "counter",
        "quire_chunk_retries": "counter",
        "quire_chunk_failures": "counter",
        "quire_cache_hits": "counter",
        "quire_chunk_seconds": "summary",
        "quire_queue_seconds": "summary",
        "quire_merge_seconds": "summary",
        "quire_jobs_stranded": "gauge",
        "quire_queue_pages": "gauge",
        "quire_queue_oldest_seconds": "gauge",
    }
    assert all(each.documentation for each in families.values())
    [pending] = families["quire_unfinished_jobs"].samples
    assert (pending.labels, pending.value) == ({"status": "pending"}, 1)


def test_a_scraper_that_prefers_openmetrics_gets_it(totals: PostgresMetricTotals) -> None:
    text, kind = exposition(totals, "application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert list(openmetrics_families(text.decode()))  # type: ignore[no-untyped-call]


def test_jobs_without_progress_for_ten_minutes_are_stranded(
    pool: Pool, totals: PostgresMetricTotals
) -> None:
    for minutes in (1, 9, 11):
        trail = Trail(pool)
        with pool.connection() as connection:
            connection.execute(
                "UPDATE jobs SET status = 'processing', heartbeat_at = now() - %s WHERE id = %s",
                (timedelta(minutes=minutes), trail.job_id),
            )
    [found] = totals.unfinished_jobs()
    assert asdict(found) == {"status": "processing", "jobs": 3, "stranded": 1}
