"""Every tenant's totals and what there is at this moment: for operators, as Prometheus asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, LiteralString

from common.models import Priority
from infra.database.pool import Pool

#: Seconds without progress after which a job at work counts as stranded. Maintain sends again
#: what stopped long before.
STRANDED_AFTER: Final = 600


@dataclass(frozen=True, slots=True)
class Sample:
    """One number, by its name and label."""

    name: str
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class UnfinishedJobs:
    """Jobs of one status that have not ended."""

    status: str
    jobs: int
    stranded: int


@dataclass(frozen=True, slots=True)
class UnfinishedChunks:
    """Chunks of one priority that have not ended, of jobs that are at work."""

    priority: Priority
    #: Cut, due, and with nobody; sent or waiting for their turn.
    waiting: int
    #: Put back, and not due yet.
    due_later: int
    processing: int
    #: Of those: whose worker has fallen silent.
    expired: int
    waiting_pages: int
    #: Since the message of the chunk that has waited longest was sent.
    oldest_seconds: float


class PostgresMetricTotals:
    """Totals that only grow: what was counted, and the events since."""

    _TALLY: Final[LiteralString] = """
        SELECT name, coalesce(label, '') AS label, sum(value)::float8 AS value
          FROM job_events AS event
         CROSS JOIN LATERAL (
               SELECT coalesce((details ->> 'cached')::bool, false) AS is_cached,
                      coalesce((details ->> 'failed_pages')::int, 0) AS failed,
                      (details ->> 'page_end')::int - (details ->> 'page_start')::int + 1 AS pages,
                      (details ->> 'seconds')::float8 AS seconds,
                      (details ->> 'waited_seconds')::float8 AS waited) AS told
         CROSS JOIN LATERAL (
               SELECT 'jobs', substr(kind, 5), 1::float8
                WHERE kind IN ('job_created', 'job_completed', 'job_completed_with_errors',
                               'job_failed', 'job_cancelled')
                UNION ALL
               SELECT 'chunks', CASE WHEN is_cached THEN 'cached' ELSE substr(kind, 7) END, 1
                WHERE kind IN ('chunk_completed', 'chunk_failed', 'chunk_put_back')
                UNION ALL
               SELECT 'pages', CASE WHEN is_cached THEN 'cached' ELSE 'read' END, pages - failed
                WHERE kind = 'chunk_completed'
                UNION ALL
               SELECT 'pages', 'failed', failed
                WHERE kind IN ('chunk_completed', 'chunk_failed') AND failed > 0
                UNION ALL
               SELECT 'retries', details ->> 'code', 1 WHERE kind = 'chunk_put_back'
                UNION ALL
               SELECT 'failures', details ->> 'code', 1 WHERE kind = 'chunk_failed'
                UNION ALL
               SELECT measured.* FROM (
                   VALUES ('chunk_seconds', 'sum', seconds), ('chunk_seconds', 'count', 1)
                   ) AS measured WHERE seconds IS NOT NULL AND NOT is_cached
                UNION ALL
               SELECT measured.* FROM (
                   VALUES ('queue_seconds', 'sum', waited), ('queue_seconds', 'count', 1)
                   ) AS measured WHERE waited IS NOT NULL
                UNION ALL
               SELECT 'merge_seconds', part,
                      CASE part WHEN 'sum' THEN extract(epoch FROM event.at - merge_started)
                                ELSE 1 END
                 FROM (SELECT at AS merge_started, earlier.kind AS before
                         FROM job_events AS earlier
                        WHERE earlier.job_id = event.job_id AND earlier.id < event.id
                          AND earlier.kind IN ('merge_started', 'merged')
                        ORDER BY earlier.id DESC LIMIT 1) AS merge,
                      (VALUES ('sum'), ('count')) AS parts (part)
                WHERE event.kind IN ('merged', 'job_completed', 'job_completed_with_errors')
                  -- Behind stages after OCR a job's end is not its merge's.
                  AND before = 'merge_started'
               ) AS counted (name, label, value)
    """

    COUNTED: Final[LiteralString] = """
        SELECT counted_to AS start,
               least(now() - interval '2 minutes', counted_to + interval '6 hours') AS until
          FROM metrics_counted FOR UPDATE
    """

    COUNT: Final[LiteralString] = f"""
        WITH tally AS (
            {_TALLY} WHERE event.at >= %(start)s AND event.at < %(until)s GROUP BY 1, 2
        ), counted AS (
            UPDATE metrics_counted SET counted_to = %(until)s
        )
        INSERT INTO metric_totals (name, label, value) SELECT name, label, value FROM tally
        ON CONFLICT (name, label) DO UPDATE SET value = metric_totals.value + excluded.value
    """  # noqa: S608 - put together of constants

    TOTALS: Final[LiteralString] = f"""
        SELECT name, label, sum(value)::float8 AS value FROM (
            SELECT name, label, value FROM metric_totals
             UNION ALL
            ({_TALLY} WHERE event.at >= (SELECT counted_to FROM metrics_counted) GROUP BY 1, 2)
        ) AS parts GROUP BY name, label ORDER BY name, label
    """  # noqa: S608 - put together of constants

    JOBS: Final[LiteralString] = """
        SELECT status, count(*)::int AS jobs,
               count(*) FILTER (WHERE status = 'processing'
                                  AND heartbeat_at < now() - %(stranded)s * interval '1 second'
                               )::int AS stranded
          FROM jobs WHERE finished_at IS NULL GROUP BY status
    """

    CHUNKS: Final[LiteralString] = """
        SELECT jobs.priority,
               count(*) FILTER (WHERE chunks.status = 'pending' AND NOT is_later)::int AS waiting,
               count(*) FILTER (WHERE chunks.status = 'pending' AND is_later)::int AS due_later,
               count(*) FILTER (WHERE chunks.status = 'processing')::int AS processing,
               count(*) FILTER (WHERE chunks.status = 'processing'
                                  AND chunks.lease_expires_at < now())::int AS expired,
               coalesce(sum(page_end - page_start + 1) FILTER (
                   WHERE chunks.status = 'pending' AND NOT is_later), 0)::int AS waiting_pages,
               greatest(0, coalesce(extract(epoch FROM now() - min(chunks.dispatched_at) FILTER (
                   WHERE chunks.status = 'pending' AND NOT is_later)), 0))::float8
                   AS oldest_seconds
          FROM jobs
          JOIN chunks ON job_id = jobs.id AND chunks.status IN ('pending', 'processing')
         CROSS JOIN LATERAL (SELECT coalesce(due_at > now(), false) AS is_later) AS due
         WHERE jobs.finished_at IS NULL AND jobs.status = 'processing'
           AND source_object IS NOT NULL
         GROUP BY jobs.priority
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def count(self) -> None:
        """Add what has happened, up to two minutes ago, to the totals. Safe to run at any time."""
        with self._pool.connection() as connection, connection.transaction():
            span = connection.execute(self.COUNTED).fetchone()
            if span is not None and span["start"] < span["until"]:
                connection.execute(self.COUNT, span)

    def totals(self) -> list[Sample]:
        """Return all totals, exact at this moment."""
        with self._pool.connection() as connection:
            return [Sample(**row) for row in connection.execute(self.TOTALS)]

    def unfinished_jobs(self) -> list[UnfinishedJobs]:
        """Return what has not ended, by status."""
        with self._pool.connection() as connection:
            rows: Iterable[dict[str, object]] = connection.execute(
                self.JOBS, {"stranded": STRANDED_AFTER}
            )
            return [UnfinishedJobs(**row) for row in rows]  # type: ignore[arg-type]

    def stranded(self) -> int:
        """Return how many jobs at work have made no progress for long."""
        return sum(each.stranded for each in self.unfinished_jobs())

    def unfinished_chunks(self) -> list[UnfinishedChunks]:
        """Return what waits and what is read, by priority."""
        with self._pool.connection() as connection:
            rows = connection.execute(self.CHUNKS).fetchall()
        return [UnfinishedChunks(**{**row, "priority": Priority(row["priority"])}) for row in rows]
