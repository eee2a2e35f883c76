"""An owner's figures by time, counted from the audit trail of their jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, LiteralString

from psycopg.errors import QueryCanceled

from common.access import Caller
from common.errors import TransientError
from common.metrics import Figures, Period, Series, Spread
from infra.database.ownership import OWN_JOBS, whose
from infra.database.pool import Pool

#: Milliseconds that one question may take: an owner with millions of events asks for less.
_PATIENCE: Final = 10_000

_COUNTS: Final = (
    *("jobs_created", "jobs_completed", "jobs_completed_with_errors", "jobs_failed"),
    *("jobs_cancelled", "pages_read", "pages_cached", "pages_failed", "chunks_completed"),
    *("chunks_cached", "chunks_failed", "chunks_put_back"),
)


class PostgresMetrics:
    """What owners ask about a stretch of time."""

    # A job's events all lie between its making and its end, so jobs that ended before, or were
    # made after, are not even looked into. How long a merge took stands in two events.
    SERIES: Final[LiteralString] = f"""
        WITH happened AS (
            SELECT date_bin(%(size)s, event.at, %(start)s) AS bucket, kind,
                   details ->> 'code' AS code,
                   coalesce((details ->> 'cached')::bool, false) AS is_cached,
                   (details ->> 'page_end')::int - (details ->> 'page_start')::int + 1 AS pages,
                   coalesce((details ->> 'failed_pages')::int, 0) AS failed,
                   (details ->> 'seconds')::float8 AS seconds,
                   (details ->> 'waited_seconds')::float8 AS waited,
                   extract(epoch FROM event.at - merge_started)::float8 AS merged
              FROM jobs
              JOIN job_events AS event ON event.job_id = jobs.id
              LEFT JOIN LATERAL (
                   SELECT CASE kind WHEN 'merge_started' THEN at END AS merge_started
                     FROM job_events AS earlier
                    WHERE earlier.job_id = event.job_id AND earlier.id < event.id
                      AND earlier.kind IN ('merge_started', 'merged')
                    ORDER BY earlier.id DESC LIMIT 1
                   ) AS merge
                ON event.kind IN ('merged', 'job_completed', 'job_completed_with_errors')
             WHERE {OWN_JOBS}
               AND jobs.created_at < %(end)s
               AND (jobs.finished_at IS NULL
                    -- By the transaction's clock, a little before its event's.
                    OR jobs.finished_at >= %(start)s - interval '1 minute')
               AND event.at >= %(start)s AND event.at < %(end)s
        ), caused AS (
            SELECT bucket, kind, code, count(*) AS times FROM happened
             WHERE kind IN ('chunk_failed', 'chunk_put_back') AND code IS NOT NULL
             GROUP BY GROUPING SETS ((bucket, kind, code), (kind, code))
        ), causes AS (
            SELECT bucket,
                   jsonb_object_agg(code, times) FILTER (WHERE kind = 'chunk_failed') AS failures,
                   jsonb_object_agg(code, times) FILTER (WHERE kind = 'chunk_put_back') AS retries
              FROM caused GROUP BY bucket
        ), counted AS (
            SELECT bucket,
                   count(*) FILTER (WHERE kind = 'job_created') AS jobs_created,
                   count(*) FILTER (WHERE kind = 'job_completed') AS jobs_completed,
                   count(*) FILTER (WHERE kind = 'job_completed_with_errors')
                       AS jobs_completed_with_errors,
                   count(*) FILTER (WHERE kind = 'job_failed') AS jobs_failed,
                   count(*) FILTER (WHERE kind = 'job_cancelled') AS jobs_cancelled,
                   coalesce(sum(pages - failed) FILTER (
                       WHERE kind = 'chunk_completed' AND NOT is_cached), 0) AS pages_read,
                   coalesce(sum(pages) FILTER (WHERE kind = 'chunk_completed' AND is_cached), 0)
                       AS pages_cached,
                   coalesce(sum(failed) FILTER (
                       WHERE kind IN ('chunk_completed', 'chunk_failed')), 0) AS pages_failed,
                   count(*) FILTER (WHERE kind = 'chunk_completed') AS chunks_completed,
                   count(*) FILTER (WHERE kind = 'chunk_completed' AND is_cached) AS chunks_cached,
                   count(*) FILTER (WHERE kind = 'chunk_failed') AS chunks_failed,
                   count(*) FILTER (WHERE kind = 'chunk_put_back') AS chunks_put_back,
                   percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY seconds)
                       FILTER (WHERE NOT is_cached) AS chunk_seconds,
                   percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY waited)
                       AS queue_seconds,
                   percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY merged)
                       AS merge_seconds
              FROM happened GROUP BY GROUPING SETS ((bucket), ())
        )
        SELECT counted.*,
               coalesce(failures, '{{}}') AS failures, coalesce(retries, '{{}}') AS retries
          FROM counted LEFT JOIN causes ON causes.bucket IS NOT DISTINCT FROM counted.bucket
    """  # noqa: S608 - put together of constants

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def series(self, caller: Caller, period: Period) -> Series:
        """Return the caller's figures. TransientError where there are too many to be counted."""
        values = {
            **whose(caller),
            "start": period.start,
            "end": period.end,
            "size": timedelta(seconds=period.bucket.seconds),
        }
        try:
            with self._pool.connection() as connection, connection.transaction():
                connection.execute(f"SET LOCAL statement_timeout = {_PATIENCE}")
                rows = connection.execute(self.SERIES, values).fetchall()
        except QueryCanceled as error:
            raise TransientError(
                "Too much happened in this time to be counted at once. Ask for a shorter time.",
                code="METRICS_TOO_MANY",
            ) from error
        found = {row["bucket"]: _figures(row) for row in rows}
        total = found.pop(None, Figures())
        return Series(period, total, found)


def _figures(row: Mapping[str, Any]) -> Figures:
    return Figures(
        failures=row["failures"],
        retries=row["retries"],
        chunk_seconds=_spread(row["chunk_seconds"]),
        queue_seconds=_spread(row["queue_seconds"]),
        merge_seconds=_spread(row["merge_seconds"]),
        **{name: row[name] for name in _COUNTS},
    )


def _spread(measured: list[float | None] | None) -> Spread | None:
    if measured is None or measured[0] is None or measured[1] is None:
        return None
    return Spread(round(measured[0], 3), round(measured[1], 3))
