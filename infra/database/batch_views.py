"""Batches as their owners see them: counted from their jobs whenever somebody looks."""

from __future__ import annotations

from typing import Any, Final, LiteralString
from uuid import UUID

from common.access import Caller
from common.batches import (
    PACE_SECONDS,
    BatchDocument,
    BatchId,
    BatchSummary,
    BatchView,
    Purpose,
    failures_of,
)
from common.lifecycle import BatchStatus, JobStatus, Stage
from common.models import DocumentId, JobId, Priority
from infra.database.batch_statements import COLUMNS, COUNTED
from infra.database.listings import Position
from infra.database.ownership import OWN_JOBS, OWNED, whose
from infra.database.pool import Pool


class PostgresBatches:
    """Batches by their owner. However many are looked at, it is one statement."""

    FIND: Final[LiteralString] = (
        f"WITH asked AS (SELECT {COLUMNS} FROM batches WHERE id = %(batch_id)s AND {OWNED})"  # noqa: S608 - put together of constants
        + COUNTED
    )

    LIST: Final[LiteralString] = (
        f"""
        WITH asked AS (
            SELECT {COLUMNS} FROM batches
             WHERE {OWNED}
               AND (%(statuses)s::text[] IS NULL OR status = ANY(%(statuses)s))
               AND (%(at)s::timestamptz IS NULL OR (created_at, id) < (%(at)s, %(id)s::uuid))
             ORDER BY created_at DESC, id DESC LIMIT %(limit)s
        )
        """  # noqa: S608 - put together of constants
        + COUNTED
        + " ORDER BY created_at DESC, id DESC"
    )

    # What one batch has not ended is kept in its row, under the lock by which its last job is
    # known; what its documents are doing is counted.
    SUMMARY: Final[LiteralString] = f"""
        SELECT count(*) FILTER (WHERE finished_at IS NULL)::int AS active,
               count(*) FILTER (WHERE finished_at IS NOT NULL
                                  AND status IN ('completed', 'completed_with_errors'))::int
                   AS completed,
               count(*) FILTER (WHERE finished_at IS NOT NULL
                                  AND status IN ('failed', 'cancelled'))::int AS failed,
               1 - sum(unfinished) FILTER (WHERE finished_at IS NULL)::float8
                   / nullif(sum(total) FILTER (WHERE finished_at IS NULL), 0) AS completion_rate,
               (SELECT count(*) FROM jobs
                 WHERE {OWN_JOBS} AND batch_id IS NOT NULL AND finished_at IS NULL
                   AND status = 'processing')::int AS documents_processing,
               (SELECT count(*) FROM jobs
                 WHERE {OWN_JOBS} AND batch_id IS NOT NULL AND finished_at IS NULL
                   AND status <> 'processing')::int AS documents_waiting
          FROM batches WHERE {OWNED}
    """  # noqa: S608 - put together of constants

    # No row where the batch is not the caller's; a row without a position where none fits.
    DOCUMENTS: Final[LiteralString] = f"""
        SELECT found.*
          FROM batches LEFT JOIN LATERAL (
               SELECT position, document_id, job_id, filename, jobs.status, stage, total_pages,
                      completed_pages, failed_pages, cached_pages, error_code, error_message,
                      result_path IS NOT NULL AS has_result
                 FROM batch_jobs
                 JOIN jobs ON jobs.id = job_id
                 JOIN documents ON documents.id = document_id
                WHERE batch_jobs.batch_id = batches.id AND position > %(after)s AND {OWN_JOBS}
                  AND (%(statuses)s::text[] IS NULL OR jobs.status = ANY(%(statuses)s))
                ORDER BY position LIMIT %(limit)s) AS found ON true
         WHERE batches.id = %(batch_id)s AND {OWNED}
         ORDER BY position
    """  # noqa: S608 - put together of constants

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def find(self, batch_id: UUID, caller: Caller) -> BatchView | None:
        """Return the batch, or None where there is none for this caller."""
        values = {"batch_id": batch_id, "pace_seconds": PACE_SECONDS, **whose(caller)}
        with self._pool.connection() as connection:
            row = connection.execute(self.FIND, values).fetchone()
        return batch_view(row) if row is not None else None

    def page(
        self,
        caller: Caller,
        *,
        statuses: tuple[BatchStatus, ...] = (),
        after: Position | None = None,
        limit: int,
    ) -> list[BatchView]:
        """Return the caller's batches behind `after`, the newest first."""
        values = {
            **whose(caller),
            "pace_seconds": PACE_SECONDS,
            "statuses": [status.value for status in statuses] or None,
            "at": after and after.created_at,
            "id": after and after.id,
            "limit": limit,
        }
        with self._pool.connection() as connection:
            return [batch_view(row) for row in connection.execute(self.LIST, values)]

    def summary(self, caller: Caller) -> BatchSummary:
        """Return all of the caller's batches in a few numbers."""
        with self._pool.connection() as connection:
            row = connection.execute(self.SUMMARY, whose(caller)).fetchone()
        assert row is not None
        return BatchSummary(**row)

    def documents(
        self,
        batch_id: UUID,
        caller: Caller,
        *,
        statuses: tuple[JobStatus, ...] = (),
        after: int = 0,
        limit: int,
    ) -> list[BatchDocument] | None:
        """Return the batch's documents behind position `after`, in the manifest's order.

        None where there is no such batch for this caller.
        """
        values = {
            "batch_id": batch_id,
            **whose(caller),
            "statuses": [status.value for status in statuses] or None,
            "after": after,
            "limit": limit,
        }
        with self._pool.connection() as connection:
            rows = connection.execute(self.DOCUMENTS, values).fetchall()
        if not rows:
            return None
        return [_document(row) for row in rows if row["position"] is not None]


def batch_view(row: dict[str, Any]) -> BatchView:
    """Return what a row of COUNTED says."""
    groups: list[dict[str, Any]] = row["groups"] or []
    jobs = dict.fromkeys(JobStatus, 0)
    for group in groups:
        jobs[JobStatus(group["status"])] += group["jobs"]

    def added(name: str) -> int:
        return sum(group[name] for group in groups)

    causes = [
        (group["code"], group["jobs"], group["total_pages"], group["message"] or "")
        for group in groups
        if group["code"] is not None
    ] + [
        (cause["code"], cause["documents"], cause["pages"], cause["message"] or "")
        for cause in row["causes"] or ()
    ]
    return BatchView(
        id=BatchId(row["id"]),
        owner=row["owner"],
        matter=row["matter"],
        name=row["name"],
        purpose=Purpose(row["purpose"]),
        status=BatchStatus(row["status"]),
        priority=Priority(row["priority"]),
        total=row["total"],
        jobs=jobs,
        total_pages=added("total_pages"),
        completed_pages=added("completed_pages"),
        failed_pages=added("failed_pages"),
        completed_chunks=added("completed_chunks"),
        cached_chunks=added("cached_chunks"),
        cached_pages=added("cached_pages"),
        opened=added("opened"),
        unopened=added("unopened"),
        unread_pages=added("unread_pages"),
        begun=sum(group["begun"] for group in groups),
        recent_documents=added("recent"),
        recent_pages=row["recent_pages"],
        recent_seconds=row["recent_seconds"],
        failures=failures_of(causes),
        webhook_url=row["webhook_url"],
        origin_id=row["origin_id"] and BatchId(row["origin_id"]),
        strategy=row["strategy"],
        recoveries=tuple(BatchId(each) for each in row["recoveries"] or ()),
        skipped=row["skipped"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        now=row["now"],
    )


def _document(row: dict[str, Any]) -> BatchDocument:
    return BatchDocument(
        position=row["position"],
        document_id=DocumentId(row["document_id"]),
        job_id=JobId(row["job_id"]),
        filename=row["filename"],
        status=JobStatus(row["status"]),
        stage=Stage(row["stage"]),
        total_pages=row["total_pages"],
        completed_pages=row["completed_pages"],
        failed_pages=row["failed_pages"],
        cached_pages=row["cached_pages"],
        error_code=row["error_code"],
        error_message=row["error_message"],
        has_result=row["has_result"],
    )
