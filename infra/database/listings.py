"""What owners page through: their jobs, a job's chunks, and a document with its jobs.

Pages are cut by the position of their last row, never by counting: rows that are added meanwhile
neither repeat nor hide another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec

from common.access import Caller
from common.lifecycle import ChunkStatus, JobStatus, Stage
from common.models import ChunkView, DocumentView, JobId, JobSummary, JobView, Priority
from common.results import PageError
from infra.database.job_views import VIEW, views_of
from infra.database.ownership import OWN_JOBS, OWNED, whose
from infra.database.pool import Pool


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a list of jobs a page ended."""

    created_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs to list. What is None, or empty, does not limit."""

    #: Any of them.
    statuses: tuple[JobStatus, ...] = ()
    stage: Stage | None = None
    matter: str | None = None
    #: A part of the file's name, in any case.
    filename: str | None = None
    #: From this moment on.
    created_after: datetime | None = None
    #: Before this moment.
    created_before: datetime | None = None
    priority: Priority | None = None
    #: A batch that they are, or were, in.
    batch: UUID | None = None
    #: Only jobs that are being worked on, and have made no progress of any kind for so long.
    quiet_for: timedelta | None = None
    newest_first: bool = field(default=True, kw_only=True)


# For operators alone.
_OF_ANYBODY: Final[LiteralString] = "(%(owner)s::text IS NULL OR jobs.owner = %(owner)s)"

# A filter that is not set is a condition that the planner takes out: values are not prepared.
_FILTERED: Final[LiteralString] = """
       AND (%(statuses)s::text[] IS NULL OR jobs.status = ANY(%(statuses)s))
       AND (%(stage)s::text IS NULL OR jobs.stage = %(stage)s)
       AND (%(matter)s::text IS NULL OR jobs.matter = %(matter)s)
       AND (%(filename)s::text IS NULL OR strpos(lower(filename), lower(%(filename)s)) > 0)
       AND (%(created_after)s::timestamptz IS NULL OR jobs.created_at >= %(created_after)s)
       AND (%(created_before)s::timestamptz IS NULL OR jobs.created_at < %(created_before)s)
       AND (%(priority)s::text IS NULL OR jobs.priority = %(priority)s)
       AND (%(batch)s::uuid IS NULL
            OR jobs.id IN (SELECT job_id FROM batch_jobs WHERE batch_jobs.batch_id = %(batch)s))
       AND (%(quiet_for)s::interval IS NULL
            OR (jobs.status = 'processing' AND heartbeat_at < now() - %(quiet_for)s::interval))
"""


class PostgresListings:
    """Lists as their owners see them. What is another owner's is not in them."""

    NEWEST: Final[LiteralString] = (
        _FILTERED
        + """
       AND (%(at)s::timestamptz IS NULL OR (jobs.created_at, jobs.id) < (%(at)s, %(id)s::uuid))
     ORDER BY jobs.created_at DESC, jobs.id DESC LIMIT %(limit)s
    """
    )

    OLDEST: Final[LiteralString] = (
        _FILTERED
        + """
       AND (%(at)s::timestamptz IS NULL OR (jobs.created_at, jobs.id) > (%(at)s, %(id)s::uuid))
     ORDER BY jobs.created_at, jobs.id LIMIT %(limit)s
    """
    )

    # No row where the job is not the caller's; a row without a chunk where it has none.
    CHUNKS: Final[LiteralString] = f"""
        SELECT chunks.id, index, page_start, page_end, chunks.status, chunks.attempt, failures,
               chunks.started_at, chunks.finished_at, chunks.error_code, chunks.error_message,
               chunks.failed_pages, page_errors,
               extract(epoch FROM CASE chunks.status
                   WHEN 'processing' THEN now() - chunks.started_at
                   WHEN 'pending' THEN NULL
                   ELSE chunks.finished_at - chunks.started_at END)::float8 AS seconds
          FROM jobs LEFT JOIN LATERAL (
               SELECT * FROM chunks
                WHERE job_id = jobs.id AND page_start > %(after)s
                  AND (%(status)s::text IS NULL OR chunks.status = %(status)s)
                ORDER BY page_start LIMIT %(limit)s) AS chunks ON true
         WHERE jobs.id = %(job_id)s AND {OWN_JOBS}
         ORDER BY page_start
    """  # noqa: S608 - put together of constants

    DOCUMENT: Final[LiteralString] = f"""
        SELECT id, filename, matter, size, sha256, page_count, status, warnings, created_at
          FROM documents
         WHERE id = %(document_id)s AND {OWNED}
    """  # noqa: S608 - put together of constants

    JOBS: Final[LiteralString] = """
        SELECT id, status, created_at FROM jobs
         WHERE document_id = %(document_id)s ORDER BY run DESC LIMIT 100
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def jobs(
        self, caller: Caller, wanted: JobFilter, *, after: Position | None = None, limit: int
    ) -> list[JobView]:
        """Return the caller's jobs behind `after`, in the filter's order."""
        return self._jobs(OWN_JOBS, whose(caller), wanted, after, limit)

    def jobs_of_anybody(
        self,
        wanted: JobFilter,
        *,
        owner: str | None = None,
        after: Position | None = None,
        limit: int,
    ) -> list[JobView]:
        """Return every tenant's jobs, or one owner's: for operators only."""
        return self._jobs(_OF_ANYBODY, {"owner": owner}, wanted, after, limit)

    def _jobs(
        self,
        condition: LiteralString,
        owner: Mapping[str, object],
        wanted: JobFilter,
        after: Position | None,
        limit: int,
    ) -> list[JobView]:
        values: dict[str, Any] = {
            **owner,
            "statuses": [status.value for status in wanted.statuses] or None,
            "stage": wanted.stage and wanted.stage.value,
            "matter": wanted.matter,
            "filename": wanted.filename,
            "created_after": wanted.created_after,
            "created_before": wanted.created_before,
            "priority": wanted.priority and wanted.priority.value,
            "quiet_for": wanted.quiet_for,
            "batch": wanted.batch,
            "at": after and after.created_at,
            "id": after and after.id,
            "limit": limit,
        }
        rest = self.NEWEST if wanted.newest_first else self.OLDEST
        query = VIEW + " WHERE " + condition + rest
        with self._pool.connection() as connection:
            return views_of(connection, connection.execute(query, values).fetchall())

    def chunks(
        self,
        job_id: UUID,
        caller: Caller,
        *,
        status: ChunkStatus | None = None,
        after: int = 0,
        limit: int,
    ) -> list[ChunkView] | None:
        """Return the chunks that begin behind page `after`, in the order of their pages.

        None where there is no such job for this caller.
        """
        values = {
            "job_id": job_id,
            **whose(caller),
            "status": status and status.value,
            "after": after,
            "limit": limit,
        }
        with self._pool.connection() as connection:
            rows = connection.execute(self.CHUNKS, values).fetchall()
        if not rows:
            return None
        return [_chunk(row) for row in rows if row["id"] is not None]

    def document(self, document_id: UUID, caller: Caller) -> DocumentView | None:
        """Return the document and its newest 100 jobs; None where it is not this caller's."""
        values = {"document_id": document_id, **whose(caller)}
        with self._pool.connection() as connection:
            row = connection.execute(self.DOCUMENT, values).fetchone()
            if row is None:
                return None
            jobs = connection.execute(self.JOBS, values).fetchall()
        return DocumentView(
            **{**row, "warnings": tuple(row["warnings"])},
            jobs=tuple(
                JobSummary(JobId(job["id"]), JobStatus(job["status"]), job["created_at"])
                for job in jobs
            ),
        )


def _chunk(row: dict[str, Any]) -> ChunkView:
    return ChunkView(
        index=row["index"],
        page_start=row["page_start"],
        page_end=row["page_end"],
        status=ChunkStatus(row["status"]),
        attempt=row["attempt"],
        failures=row["failures"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        seconds=row["seconds"],
        error_code=row["error_code"],
        error_message=row["error_message"],
        failed_pages=row["failed_pages"],
        page_errors=tuple(msgspec.convert(row["page_errors"], list[PageError])),
    )
