"""What an owner does to a job: pause, resume, cancel, retry. Each is one transaction.

The job's row is locked first. Chunk rows that somebody else holds are skipped, never waited for:
a worker that finishes a chunk holds its row and waits for the job's, and then decides by what it
finds there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, LiteralString

from psycopg import Connection

from common.access import Caller
from common.controls import HOPELESS, PAUSABLE, RETRIABLE
from common.lifecycle import AFTER_OCR, Stage
from common.models import ChunkId, ChunkRef, DocumentId, JobId, ObjectRef, Priority, ToSend
from infra.database.credits import reserve
from infra.database.ownership import OWN_JOBS, whose
from infra.database.pool import Pool
from infra.database.steering import cancelling, pausing, prioritizing, resuming

#: The caller's job of this id.
_OWN_JOB: Final[LiteralString] = f"jobs.id = %(job_id)s AND {OWN_JOBS}"


class PostgresControls:
    """Jobs as their owners steer them."""

    PAUSE: Final[LiteralString] = pausing(_OWN_JOB)
    RESUME: Final[LiteralString] = resuming(_OWN_JOB)
    CANCEL: Final[LiteralString] = cancelling(_OWN_JOB)
    PRIORITIZE: Final[LiteralString] = prioritizing(_OWN_JOB)

    OWN: Final[LiteralString] = f"SELECT FROM jobs WHERE {_OWN_JOB}"

    # In the order in which everybody locks: a job's chunks are moved by its own change.
    LOCK_CHUNKS: Final[LiteralString] = """
        SELECT FROM chunks
         WHERE job_id = %(job_id)s AND status IN ('pending', 'processing')
         ORDER BY id FOR UPDATE
    """

    # What nobody holds, has been cut, and has no message in the broker any more: it never had one,
    # a worker dropped it while the job stood still (see chunks.DROPPED), or it is lost by now. It
    # waits for its turn, but for what is not due yet or was left by a worker that fell silent.
    # The others' messages still wait in the broker; a second one each would only fill it.
    FREE_CHUNKS: Final[LiteralString] = """
        WITH free AS (
            SELECT id, status = 'processing' OR coalesce(due_at > now(), false) AS is_sent
              FROM chunks
             WHERE job_id = %(job_id)s AND source_object IS NOT NULL
               AND ((status = 'pending' AND (dispatched_at IS NULL
                                             OR dispatched_at < now() - %(resend_after)s))
                    OR (status = 'processing' AND lease_expires_at < now()))
             ORDER BY index FOR UPDATE SKIP LOCKED
        ), freed AS (
            UPDATE chunks
               SET dispatches = is_sent::int,
                   dispatched_at = CASE WHEN is_sent THEN clock_timestamp() END
              FROM free WHERE chunks.id = free.id
            RETURNING chunks.id, index, is_sent,
                      greatest(0, extract(epoch FROM due_at - now()))::float8 AS wait
        )
        SELECT * FROM freed WHERE is_sent
    """

    RETRIABLE_JOB: Final[LiteralString] = f"""
        SELECT jobs.id, document_id, jobs.owner, priority, retries, total_chunks, bucket, object,
               generation,
               -- A failed job had all its credits given back; one with errors, for what failed.
               CASE WHEN jobs.status = 'failed' THEN total_pages - credits_settled - cached_pages
                    ELSE failed_pages END AS unpaid_pages
          FROM jobs JOIN documents ON documents.id = document_id
         WHERE jobs.id = %(job_id)s AND {OWN_JOBS}
           AND jobs.status = ANY(%(statuses)s) AND cleaned_at IS NULL
           AND generation IS NOT NULL
           AND (jobs.status = 'failed' OR failed_pages > 0)
           AND (error_code IS NULL OR error_code <> ALL(%(hopeless)s))
           FOR UPDATE OF jobs
    """  # noqa: S608 - put together of constants

    # A chunk that lacks only some pages keeps what it has, and is read for the rest. One that
    # was under work when the job failed waits again.
    REOPEN: Final[LiteralString] = """
        WITH picked AS (
            SELECT id, status, failed_pages FROM chunks
             WHERE job_id = %(job_id)s
               AND (status IN ('failed', 'processing')
                    OR (status = 'completed' AND failed_pages > 0))
               FOR UPDATE SKIP LOCKED
        ), reopened AS (
            UPDATE chunks
               SET status = 'pending', lease_expires_at = NULL, due_at = NULL,
                   finished_at = NULL, failures = 0, lost_leases = 0, reopened = 0,
                   failed_pages = 0, error_code = NULL, error_message = NULL,
                   dispatches = 0, dispatched_at = NULL
              FROM picked WHERE chunks.id = picked.id
            RETURNING picked.status AS before, page_end - page_start + 1 AS pages,
                      -- What was counted: of a chunk that was under work, nothing.
                      CASE WHEN picked.status = 'processing' THEN 0
                           ELSE picked.failed_pages END AS failed_pages
        )
        SELECT count(*) FILTER (WHERE before = 'failed') AS failed_chunks,
               count(*) FILTER (WHERE before = 'completed') AS completed_chunks,
               coalesce(sum(failed_pages), 0)::int AS failed_pages,
               coalesce(sum(pages - failed_pages)
                        FILTER (WHERE before = 'completed'), 0)::int AS completed_pages
          FROM reopened
    """

    REMAINING: Final[LiteralString] = """
        SELECT coalesce(bool_or(source_object IS NULL AND status = 'pending'), false) AS uncut,
               coalesce(bool_or(status IN ('pending', 'processing')), false) AS unread
          FROM chunks WHERE job_id = %(job_id)s
    """

    RETRY: Final[LiteralString] = """
        WITH retried AS (
            UPDATE jobs
               SET status = 'processing', stage = %(stage)s, finished_at = NULL,
                   retries = retries + 1, stalls = 0, heartbeat_at = now(),
                   error_code = NULL, error_message = NULL, reading_since = NULL, outcome = NULL,
                   completed_chunks = completed_chunks - %(completed_chunks)s,
                   failed_chunks = failed_chunks - %(failed_chunks)s,
                   completed_pages = completed_pages - %(completed_pages)s,
                   failed_pages = failed_pages - %(failed_pages)s,
                   reading_from = completed_chunks + failed_chunks
                                  - %(completed_chunks)s - %(failed_chunks)s,
                   lease_expires_at = CASE WHEN %(stage)s = 'splitting' THEN now() END,
                   dispatches = dispatches + (%(stage)s <> 'ocr')::int, dispatched_at = now(),
                   last_event = last_event + 1
             WHERE id = %(job_id)s
            RETURNING id, document_id, dispatches, last_event,
                      options @> '{"warm": true}' AS is_warm
        ), document AS (
            UPDATE documents SET status = 'processing'
             WHERE id = (SELECT document_id FROM retried WHERE NOT is_warm)
        ), password AS (
            INSERT INTO job_passwords (job_id, password)
            SELECT id, %(password)s::text FROM retried WHERE %(password)s::text IS NOT NULL
            ON CONFLICT (job_id) DO UPDATE SET password = excluded.password
        ), event AS (
            INSERT INTO job_events (job_id, id, kind, details)
            SELECT id, last_event, 'job_retried',
                   jsonb_build_object('failed_pages', %(failed_pages)s::int)
              FROM retried
        )
        SELECT dispatches FROM retried
    """

    def __init__(
        self,
        pool: Pool,
        *,
        credits_enabled: bool = False,
        resend_after: timedelta = timedelta(minutes=1),
    ) -> None:
        self._pool = pool
        self._credits_enabled = credits_enabled
        self._resend_after = resend_after

    def pause(self, job_id: JobId, caller: Caller) -> bool:
        """Let no more chunks start; False where the job is not in a state to be paused."""
        values = _named(job_id, caller) | {"stages": [stage.value for stage in PAUSABLE]}
        with self._pool.connection() as connection:
            return connection.execute(self.PAUSE, values).rowcount == 1

    def resume(self, job_id: JobId, caller: Caller) -> ToSend | None:
        """Let a paused job go on, and return what to send; None where it isn't paused."""
        with self._pool.connection() as connection:
            job = connection.execute(self.RESUME, _named(job_id, caller)).fetchone()
            if job is None:
                return None
            return self._to_send(connection, job, job["stage"], job["dispatches"])

    def cancel(self, job_id: JobId, caller: Caller) -> bool:
        """End the job; False where it has ended already."""
        with self._pool.connection() as connection:
            return connection.execute(self.CANCEL, _named(job_id, caller)).rowcount == 1

    def prioritize(self, job_id: JobId, caller: Caller, priority: Priority) -> bool:
        """Give the job another priority; False where it has that already, or has ended."""
        values = _named(job_id, caller) | {"priority": priority.value}
        with self._pool.connection() as connection:
            if connection.execute(self.OWN, values).fetchone() is None:
                return False
            connection.execute(self.LOCK_CHUNKS, values)
            return connection.execute(self.PRIORITIZE, values).rowcount == 1

    def retry(self, job_id: JobId, caller: Caller, *, password: str | None = None) -> ToSend | None:
        """Have read again what failed, and return what to send; None where nothing can be.

        Raises InsufficientCredits where the owner can't pay for it.
        """
        values = _named(job_id, caller)
        statuses = {
            "statuses": [status.value for status in RETRIABLE],
            "hopeless": sorted(HOPELESS),
        }
        with self._pool.connection() as connection:
            job = connection.execute(self.RETRIABLE_JOB, values | statuses).fetchone()
            if job is None:
                return None
            reopened = connection.execute(self.REOPEN, values).fetchone()
            remaining = connection.execute(self.REMAINING, values).fetchone()
            assert reopened is not None
            assert remaining is not None
            if remaining["uncut"] or not job["total_chunks"]:
                stage = "splitting"
            else:
                stage = "ocr" if remaining["unread"] else "merging"
            changes = {"stage": stage, "password": password}
            # The account before the batches, which the job's change tells: as what ends a job does.
            if self._credits_enabled and job["unpaid_pages"]:
                reserve(
                    connection,
                    owner=job["owner"],
                    job_id=job_id,
                    attempt=job["retries"] + 1,
                    pages=job["unpaid_pages"],
                )
            row = connection.execute(self.RETRY, values | reopened | changes).fetchone()
            assert row is not None
            return self._to_send(connection, job, stage, row["dispatches"])

    def _to_send(
        self, connection: Connection[Any], job: dict[str, Any], stage: str, dispatches: int
    ) -> ToSend:
        values = {"job_id": job["id"], "resend_after": self._resend_after}
        free = connection.execute(self.FREE_CHUNKS, values).fetchall()
        document, priority = DocumentId(job["document_id"]), Priority(job["priority"])
        splits = stage == "splitting"
        return ToSend(
            chunks=tuple(
                (
                    ChunkRef(ChunkId(chunk["id"]), document, chunk["index"], priority),
                    chunk["wait"] or 0.0,
                )
                for chunk in sorted(free, key=lambda chunk: chunk["index"])
            ),
            dispatch=None if stage == "ocr" else dispatches,
            source=ObjectRef(job["bucket"], job["object"], job["generation"]) if splits else None,
            stage=Stage(stage) if stage in AFTER_OCR else None,
            priority=priority,
        )


def _named(job_id: JobId, caller: Caller) -> dict[str, Any]:
    return {"job_id": job_id, **whose(caller)}
