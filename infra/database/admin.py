"""What operators ask the database: whose a job is, where chunks stand, and what waits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, LiteralString
from uuid import UUID

from common.models import ChunkId, JobId, Priority
from common.pages import PageRange
from infra.database.pool import Pool


@dataclass(frozen=True, slots=True)
class WaitingWork:
    """One priority's chunks, of jobs that are being worked on."""

    #: Cut, due, and with nobody.
    pending: int = 0
    #: Put back, and not due yet.
    due_later: int = 0
    processing: int = 0
    #: Of those that are processed: whose worker has fallen silent.
    expired_leases: int = 0
    #: Since the chunk that has waited longest could have been read; None where none waits.
    oldest_seconds: float | None = None
    #: Batches' documents that have not begun.
    documents: int = 0


@dataclass(frozen=True, slots=True)
class ChunkPlace:
    """Which pages of which job a chunk is."""

    job_id: JobId
    pages: PageRange


class PostgresAdministration:
    """Every tenant's rows: for operators only."""

    OWNER: Final[LiteralString] = "SELECT owner FROM jobs WHERE id = %(job_id)s"

    PLACES: Final[LiteralString] = """
        SELECT id, job_id, page_start, page_end FROM chunks WHERE id = ANY(%(chunk_ids)s)
    """

    WAITING: Final[LiteralString] = """
        WITH waiting AS (
            SELECT priority, count(*) AS documents FROM jobs
             WHERE batch_id IS NOT NULL AND status = 'pending' AND stage = 'received'
             GROUP BY priority
        ), read AS (
            SELECT jobs.priority,
                   count(*) FILTER (WHERE chunks.status = 'pending' AND NOT is_later) AS pending,
                   count(*) FILTER (WHERE chunks.status = 'pending' AND is_later) AS due_later,
                   count(*) FILTER (WHERE chunks.status = 'processing') AS processing,
                   count(*) FILTER (WHERE chunks.status = 'processing'
                                      AND chunks.lease_expires_at < now()) AS expired_leases,
                   extract(epoch FROM now() - min(coalesce(ready_at, chunks.dispatched_at))
                       FILTER (WHERE chunks.status = 'pending' AND NOT is_later))::float8
                       AS oldest_seconds
              FROM jobs
              JOIN chunks ON job_id = jobs.id AND chunks.status IN ('pending', 'processing')
             CROSS JOIN LATERAL (SELECT coalesce(due_at > now(), false) AS is_later) AS due
             WHERE jobs.finished_at IS NULL AND jobs.status = 'processing'
               AND source_object IS NOT NULL
             GROUP BY jobs.priority
        )
        SELECT priority, coalesce(pending, 0) AS pending, coalesce(due_later, 0) AS due_later,
               coalesce(processing, 0) AS processing,
               coalesce(expired_leases, 0) AS expired_leases, oldest_seconds,
               coalesce(documents, 0) AS documents
          FROM read FULL JOIN waiting USING (priority)
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def owner_of(self, job_id: UUID) -> str | None:
        """Return whose the job is, or None where there is no such job."""
        with self._pool.connection() as connection:
            row = connection.execute(self.OWNER, {"job_id": job_id}).fetchone()
        return None if row is None else row["owner"]

    def places(self, chunk_ids: Collection[UUID]) -> Mapping[ChunkId, ChunkPlace]:
        """Return where these chunks belong; those that are gone are left out."""
        if not chunk_ids:
            return {}
        with self._pool.connection() as connection:
            rows = connection.execute(self.PLACES, {"chunk_ids": list(chunk_ids)}).fetchall()
        return {
            ChunkId(row["id"]): ChunkPlace(
                JobId(row["job_id"]), PageRange(row["page_start"], row["page_end"])
            )
            for row in rows
        }

    def waiting(self) -> Mapping[Priority, WaitingWork]:
        """Return what waits and what is worked on, of every priority."""
        with self._pool.connection() as connection:
            rows = connection.execute(self.WAITING).fetchall()
        found = {Priority(row.pop("priority")): WaitingWork(**row) for row in rows}
        return {priority: found.get(priority, WaitingWork()) for priority in Priority}
