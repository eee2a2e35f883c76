"""Jobs that have ended, as the trace of each tells its whole way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, LiteralString
from uuid import UUID

from infra.database.pool import Pool


class PostgresEndedJobs:
    """What is asked of jobs right after their end, once for all that ended together."""

    ENDED: Final[LiteralString] = """
        SELECT id AS job_id,
               extract(epoch FROM clock_timestamp() - created_at)::float8 AS created_ago,
               extract(epoch FROM clock_timestamp() - finished_at)::float8 AS finished_ago,
               CASE WHEN retries > 0 THEN (
                   SELECT extract(epoch FROM clock_timestamp() - max(at))::float8 FROM job_events
                    WHERE job_id = jobs.id AND kind = 'job_retried') END AS retried_ago,
               status, priority, run, retries, total_chunks, completed_pages, failed_pages,
               cached_pages, error_code
          FROM jobs WHERE id = ANY(%(ids)s) AND finished_at IS NOT NULL
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def find(self, ids: Sequence[UUID]) -> list[dict[str, object]]:
        """Return a row for each of them that has ended."""
        with self._pool.connection() as connection:
            return connection.execute(self.ENDED, {"ids": list(ids)}).fetchall()
