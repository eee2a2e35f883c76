"""What workers write. Every method is one transaction, and one round trip inside it.

Whoever finishes a chunk also counts it on the job's row: the row's lock makes finishers queue
there, so exactly one of them sees the count become whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, LiteralString

import msgspec
from psycopg.types.json import Jsonb

from common.errors import LeaseLost
from common.lifecycle import CHUNK_STEPS, ChunkStatus, sources_of
from common.models import (
    ChunkId,
    ChunkOutcome,
    ChunkWork,
    DocumentId,
    EarlierResult,
    JobId,
    JobOptions,
    ObjectRef,
    Priority,
)
from common.pages import PageRange
from common.results import PageError
from infra.database.pool import Pool


class PostgresChunks:
    """The chunks table as a worker sees it."""

    # A chunk is free when it waits and is due, or when the worker that had it fell silent.
    # A paused, cancelled or finished job's chunk is never free. The job is looked at twice: who
    # waited for its row decides by what is there then, and rolls back where `job` is empty.
    CLAIM: Final[LiteralString] = """
        WITH claimed AS (
            UPDATE chunks
               SET status = 'processing',
                   attempt = attempt + 1,
                   lost_leases = lost_leases + (chunks.status = 'processing')::int,
                   lease_expires_at = now() + %(lease)s,
                   started_at = clock_timestamp(),
                   due_at = NULL
             WHERE id = %(id)s
               AND source_object IS NOT NULL
               AND ((status = ANY(%(from)s) AND (due_at IS NULL OR due_at <= now()))
                    OR (status = 'processing' AND lease_expires_at < now()))
               AND EXISTS (SELECT FROM jobs WHERE jobs.id = job_id AND jobs.status = 'processing')
            RETURNING *
        ), job AS (
            UPDATE jobs
               SET heartbeat_at = now(), reading_since = coalesce(reading_since, now()),
                   last_event = last_event + 1
              FROM claimed WHERE jobs.id = claimed.job_id AND jobs.status = 'processing'
            RETURNING jobs.id AS claimed_job, jobs.document_id, jobs.run, jobs.options,
                      jobs.priority, jobs.last_event
        ), event AS (
            INSERT INTO job_events (job_id, id, kind, details)
            SELECT claimed.job_id, job.last_event, 'chunk_started',
                   jsonb_build_object('chunk_index', index, 'page_start', page_start,
                                      'page_end', page_end, 'attempt', claimed.attempt)
              FROM claimed, job
        )
        SELECT claimed.id, job_id, index, page_start, page_end, attempt, failures, lost_leases,
               source_bucket, source_object, source_generation, document_id, run, options,
               priority, result_storage_path, result_checksum, page_errors, claimed_job
          FROM claimed LEFT JOIN job ON true
    """

    # A message that came while the job stood still is gone now; who lets it go on sends another.
    DROPPED: Final[LiteralString] = """
        UPDATE chunks SET dispatches = 0, dispatched_at = NULL
         WHERE id = %(id)s AND status = 'pending' AND dispatches > 0
           AND EXISTS (SELECT FROM jobs WHERE jobs.id = job_id AND jobs.status <> 'processing')
    """

    RENEW: Final[LiteralString] = """
        UPDATE chunks SET lease_expires_at = now() + %(lease)s
         WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'processing'
           AND EXISTS (SELECT FROM jobs WHERE jobs.id = job_id
                                          AND jobs.status IN ('processing', 'paused'))
    """

    # `counted` is empty where the job was cancelled meanwhile: then the whole is rolled back.
    FINISH: Final[LiteralString] = """
        WITH finished AS (
            UPDATE chunks
               SET status = %(status)s, lease_expires_at = NULL, finished_at = clock_timestamp(),
                   result_storage_path = %(path)s, result_checksum = %(checksum)s,
                   failed_pages = %(failed_pages)s, page_errors = %(page_errors)s,
                   error_code = %(code)s, error_message = %(message)s
             WHERE id = %(id)s AND attempt = %(attempt)s AND status = ANY(%(before)s)
               -- One that waits is only failed by a splitter that could not cut it.
               AND (status = 'processing' OR source_object IS NULL)
            RETURNING job_id, index, page_start, page_end
        ), counted AS (
            UPDATE jobs
               SET completed_chunks = completed_chunks + (%(status)s = 'completed')::int,
                   failed_chunks = failed_chunks + (%(status)s = 'failed')::int,
                   completed_pages = completed_pages + %(completed_pages)s,
                   failed_pages = jobs.failed_pages + %(failed_pages)s,
                   stage = CASE WHEN completed_chunks + failed_chunks + 1 = total_chunks
                                THEN 'merging' ELSE stage END,
                   dispatches = dispatches
                       + (completed_chunks + failed_chunks + 1 = total_chunks
                          AND jobs.status = 'processing')::int,
                   stalls = CASE WHEN completed_chunks + failed_chunks + 1 = total_chunks
                                 THEN 0 ELSE stalls END,
                   dispatched_at = CASE WHEN completed_chunks + failed_chunks + 1 = total_chunks
                                        THEN now() ELSE dispatched_at END,
                   lease_expires_at = CASE
                       WHEN completed_chunks + failed_chunks + 1 = total_chunks
                       THEN NULL ELSE jobs.lease_expires_at END,
                   heartbeat_at = now(),
                   last_event = last_event + 1
                       + (completed_chunks + failed_chunks + 1 = total_chunks)::int
              FROM finished
             WHERE jobs.id = finished.job_id AND jobs.status IN ('processing', 'paused')
            RETURNING jobs.id, jobs.status, completed_chunks, failed_chunks, total_chunks,
                      last_event, dispatches,
                      completed_chunks + failed_chunks = total_chunks AS whole
        ), events AS (
            INSERT INTO job_events (job_id, id, kind, details)
            SELECT counted.id, last_event - whole::int, 'chunk_' || %(status)s,
                   jsonb_strip_nulls(jsonb_build_object(
                       'chunk_index', index, 'page_start', page_start, 'page_end', page_end,
                       'failed_pages', %(failed_pages)s::int, 'code', %(code)s::text,
                       'message', %(message)s::text))
              FROM counted, finished
            UNION ALL
            SELECT id, last_event, 'merging', '{}' FROM counted WHERE whole
        )
        SELECT finished.job_id, counted.id IS NOT NULL AS is_counted, dispatches,
               coalesce(whole AND counted.status = 'processing', false) AS was_last
          FROM finished LEFT JOIN counted ON true
    """

    PUT_BACK: Final[LiteralString] = """
        WITH released AS (
            UPDATE chunks
               SET status = 'pending', lease_expires_at = NULL,
                   failures = failures + %(counted)s::int,
                   due_at = now() + %(delay)s,
                   -- A message of its own: that it waits says nothing about the ones before.
                   dispatches = 1, dispatched_at = clock_timestamp(),
                   error_code = %(code)s, error_message = %(message)s
             WHERE id = %(id)s AND attempt = %(attempt)s AND status = ANY(%(from)s)
            RETURNING job_id, index, page_start, page_end, failures
        ), job AS (
            UPDATE jobs SET heartbeat_at = now(), last_event = last_event + 1
              FROM released WHERE jobs.id = job_id AND finished_at IS NULL
            RETURNING jobs.last_event
        )
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT job_id, last_event, 'chunk_put_back',
               jsonb_build_object('chunk_index', index, 'page_start', page_start,
                                  'page_end', page_end, 'failures', failures,
                                  'code', %(code)s::text, 'message', %(message)s::text)
          FROM released, job
    """

    def __init__(self, pool: Pool, *, lease: timedelta) -> None:
        self._pool = pool
        self._lease = lease

    def claim(self, chunk_id: ChunkId) -> ChunkWork | None:
        """Take the right to read this chunk; None where it is done, taken, held or not due."""
        values = {
            "id": chunk_id,
            "lease": self._lease,
            "from": sources_of(CHUNK_STEPS, ChunkStatus.PROCESSING),
        }
        with self._pool.connection() as connection:
            row = connection.execute(self.CLAIM, values).fetchone()
            if row is not None and row["claimed_job"] is None:
                connection.rollback()
                row = None
            if row is None:
                connection.execute(self.DROPPED, values)
                return None
        return ChunkWork(
            id=ChunkId(row["id"]),
            job_id=JobId(row["job_id"]),
            document_id=DocumentId(row["document_id"]),
            index=row["index"],
            pages=PageRange(row["page_start"], row["page_end"]),
            source=ObjectRef(row["source_bucket"], row["source_object"], row["source_generation"]),
            run=row["run"],
            attempt=row["attempt"],
            failures=row["failures"],
            lost_leases=row["lost_leases"],
            options=msgspec.convert(row["options"], JobOptions),
            priority=Priority(row["priority"]),
            earlier=_earlier(row),
        )

    def is_held(self, chunk_id: ChunkId) -> bool:
        """Whether a worker's lease on the chunk is running."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT status = 'processing' AND lease_expires_at >= now() AS held"
                "  FROM chunks WHERE id = %s",
                (chunk_id,),
            ).fetchone()
        return bool(row and row["held"])

    def renew(self, work: ChunkWork) -> bool:
        """Extend the lease; False when the chunk is another's, or the job was cancelled."""
        values = {"id": work.id, "attempt": work.attempt, "lease": self._lease}
        with self._pool.connection() as connection:
            return connection.execute(self.RENEW, values).rowcount == 1

    def complete(
        self, work: ChunkWork, *, path: str, checksum: str, errors: Sequence[PageError] = ()
    ) -> ChunkOutcome:
        """Record the stored result and count it. LeaseLost where the attempt is not ours."""
        return self._finish(
            id=work.id,
            attempt=work.attempt,
            before=[ChunkStatus.PROCESSING.value],
            status=ChunkStatus.COMPLETED.value,
            path=path,
            checksum=checksum,
            completed_pages=len(work.pages) - len(errors),
            failed_pages=len(errors),
            page_errors=Jsonb(msgspec.to_builtins(errors)),
            code=None,
            message=None,
        )

    def fail(self, work: ChunkWork, code: str, message: str) -> ChunkOutcome:
        """Record that no page of the chunk could be read, and count it."""
        return self._fail(
            work.id, work.attempt, ChunkStatus.PROCESSING, len(work.pages), code, message
        )

    def fail_uncut(
        self, chunk_id: ChunkId, pages: PageRange, code: str, message: str
    ) -> ChunkOutcome:
        """Record that a chunk could not even be cut, and count it."""
        return self._fail(chunk_id, 0, ChunkStatus.PENDING, len(pages), code, message)

    def _fail(
        self,
        chunk_id: ChunkId,
        attempt: int,
        before: ChunkStatus,
        pages: int,
        code: str,
        message: str,
    ) -> ChunkOutcome:
        return self._finish(
            id=chunk_id,
            attempt=attempt,
            before=[before.value],
            status=ChunkStatus.FAILED.value,
            path=None,
            checksum=None,
            completed_pages=0,
            failed_pages=pages,
            page_errors=Jsonb([]),
            code=code,
            message=message,
        )

    def _finish(self, **values: object) -> ChunkOutcome:
        with self._pool.connection() as connection, connection.transaction():
            row = connection.execute(self.FINISH, values).fetchone()
            if row is None or not row["is_counted"]:
                raise LeaseLost("Another attempt owns the chunk, or its job was cancelled.")
        return ChunkOutcome(
            job_id=JobId(row["job_id"]), was_last=row["was_last"], dispatches=row["dispatches"]
        )

    def put_back(
        self, work: ChunkWork, *, code: str, message: str, delay: timedelta, counted: bool
    ) -> None:
        """Give the chunk back until `delay` has passed; `counted` where it cost a try."""
        values = {
            "id": work.id,
            "attempt": work.attempt,
            "from": [ChunkStatus.PROCESSING.value],
            "delay": delay,
            "counted": counted,
            "code": code,
            "message": message,
        }
        with self._pool.connection() as connection:
            if connection.execute(self.PUT_BACK, values).rowcount == 0:
                raise LeaseLost("Another attempt owns the chunk.")


def _earlier(row: dict[str, Any]) -> EarlierResult | None:
    if row["result_storage_path"] is None:
        return None
    errors = msgspec.convert(row["page_errors"], tuple[PageError, ...])
    return EarlierResult(row["result_storage_path"], row["result_checksum"], errors)
