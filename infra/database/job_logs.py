"""Jobs' own log lines: written by every process, read by the job's owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from common.access import Caller
from infra.database.ownership import OWNED, whose
from infra.database.pool import Pool
from infra.log_lines import LogLine

_LEVELS: Final = ("INFO", "WARNING", "ERROR", "CRITICAL")

#: Seconds to wait for a connection: a log line is not worth more.
_CONNECT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as its owner reads it."""

    id: int
    at: datetime
    level: str
    logger: str
    message: str
    chunk_index: int | None
    attempt: int | None
    fields: dict[str, Any]


class PostgresJobLogs:
    """The lines of all jobs."""

    # Many lines in one statement, and nobody waits for the disk: what a crash of the server
    # takes is a fraction of a second. A job that is gone takes its lines along. The number of
    # the transaction is drawn before the first id, and readers go by that order.
    WRITE: Final[LiteralString] = """
        WITH quick AS MATERIALIZED (
            SELECT set_config('synchronous_commit', 'off', true), pg_current_xact_id() AS number
        ), told AS (
            SELECT * FROM unnest(
                %(job_ids)s::uuid[], %(times)s::timestamptz[], %(levels)s::text[],
                %(loggers)s::text[], %(messages)s::text[], %(indexes)s::int[],
                %(attempts)s::int[], %(fields)s::jsonb[]) WITH ORDINALITY
            AS line (job_id, at, level, logger, message, chunk_index, attempt, fields, place)
        )
        INSERT INTO job_logs (job_id, at, level, logger, message, chunk_index, attempt, fields,
                              written_by)
        SELECT job_id, at, level, logger, message, chunk_index, told.attempt, fields, number
          FROM quick, told JOIN jobs ON jobs.id = job_id
         ORDER BY place
    """

    # Lines whose transaction began behind one that is still open are held back: it may have
    # drawn a smaller id, and a reader that pages by id would never see that line. Not for ever:
    # somebody else's transaction may be open for hours.
    READ: Final[LiteralString] = f"""
        SELECT job_logs.id, at, level, logger, message, chunk_index, job_logs.attempt, fields
          FROM job_logs JOIN jobs ON jobs.id = job_id
         WHERE job_id = %(job_id)s AND job_logs.id > %(after)s AND level = ANY(%(levels)s)
           AND {OWNED}
           AND (written_by < pg_snapshot_xmin(pg_current_snapshot())
                OR at < now() - interval '1 minute')
         ORDER BY job_logs.id LIMIT %(limit)s
    """  # noqa: S608 - put together of constants

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def write(self, lines: Sequence[LogLine]) -> None:
        """Write the lines in their order. Raises psycopg.Error where the database is away."""
        values = {
            "job_ids": [line.job_id for line in lines],
            "times": [line.at for line in lines],
            "levels": [line.level for line in lines],
            "loggers": [line.logger for line in lines],
            "messages": [line.message for line in lines],
            "indexes": [line.chunk_index for line in lines],
            "attempts": [line.attempt for line in lines],
            "fields": [Jsonb(line.fields) for line in lines],
        }
        with self._pool.connection(timeout=_CONNECT_SECONDS) as connection:
            connection.execute(self.WRITE, values)

    def read(
        self, job_id: UUID, caller: Caller, *, after: int, limit: int, least_level: str = "INFO"
    ) -> list[StoredLine]:
        """Return the job's lines behind id `after`, from this level on, in order."""
        values = {
            "job_id": job_id,
            **whose(caller),
            "after": after,
            "limit": limit,
            "levels": list(_LEVELS[_LEVELS.index(least_level) :]),
        }
        with self._pool.connection() as connection:
            rows = connection.execute(self.READ, values).fetchall()
        return [StoredLine(**row) for row in rows]
