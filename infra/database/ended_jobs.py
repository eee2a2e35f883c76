"""Jobs that have ended, as the trace of each tells its whole way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, LiteralString
from uuid import UUID

from common.telemetry import EndedJob
from infra.database.outages import translated
from infra.database.pool import Pool

_TOLD: Final = ("status", "priority", "run", "retries", "chunks", "pages", "failed_pages")


class PostgresEndedJobs:
    """What is asked about jobs right after their end: once for all that ended together."""

    ENDED: Final[LiteralString] = """
        SELECT id, extract(epoch FROM clock_timestamp() - created_at)::float8 AS created_ago,
               extract(epoch FROM clock_timestamp() - finished_at)::float8 AS finished_ago,
               -- Only these have gone on after an end.
               CASE WHEN retries > 0 OR outcome IS NOT NULL THEN (
                   SELECT extract(epoch FROM clock_timestamp() - max(at))::float8 FROM job_events
                    WHERE job_id = jobs.id AND kind IN ('job_retried', 'job_extended')
                   ) END AS retried_ago,
               status, priority, run, retries, total_chunks AS chunks, completed_pages AS pages,
               failed_pages, error_code
          FROM jobs WHERE id = ANY(%(ids)s) AND finished_at IS NOT NULL
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def find(self, ids: Sequence[UUID]) -> list[EndedJob]:
        """Return those of them that have ended. TransientError where the database is away."""
        with translated(), self._pool.connection() as connection:
            rows = connection.execute(self.ENDED, {"ids": list(ids)}).fetchall()
        return [
            EndedJob(
                job_id=row["id"],
                status=row["status"],
                created_ago=row["created_ago"],
                finished_ago=row["finished_ago"],
                retried_ago=row["retried_ago"],
                error_code=row["error_code"],
                attributes={name: row[name] for name in _TOLD},
            )
            for row in rows
        ]
