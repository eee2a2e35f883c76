"""What maintain looks for: work that stopped. It goes by lack of progress, never by age."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, LiteralString

from common.lifecycle import Stage
from common.models import ChunkId, ChunkRef, DocumentId, JobId, ObjectRef, Priority, Stranded
from infra.database.pool import Pool

#: A form's file is stored at once, or when the same request is sent again: nobody waits longer
#: to do that, and the job holds its owner's credits.
FORM_DEADLINE: Final = timedelta(hours=1)


class PostgresUpkeep:
    """Finds what stopped and marks it as sent again; the caller sends after commit.

    Each method takes rows under SKIP LOCKED, so two maintains at once share the work.
    """

    # A chunk nobody holds whose message should have been acted upon by now: its worker fell
    # silent, or it waits, is due, and neither it nor its job has moved for a while. The wait
    # doubles with every message, so a long but healthy queue isn't flooded with copies. With an
    # empty broker there is no queue to wait in: what was sent is lost.
    CHUNKS: Final[LiteralString] = """
        WITH stopped AS (
            SELECT chunks.id
              FROM chunks JOIN jobs ON jobs.id = job_id
             WHERE jobs.status = 'processing' AND source_object IS NOT NULL
               AND ((chunks.status = 'processing' AND chunks.lease_expires_at < now()
                     -- Not sent since it ran out, or that message too is lost.
                     AND (chunks.dispatched_at IS NULL
                          OR chunks.dispatched_at < chunks.lease_expires_at
                          OR chunks.dispatched_at < now() - %(resend_after)s))
                    OR (chunks.status = 'pending'
                        AND (due_at IS NULL OR due_at <= now())
                        -- One that was never sent waits for its turn.
                        AND (chunks.dispatched_at
                             < now() - CASE WHEN %(broker_is_empty)s THEN %(grace)s
                                            ELSE %(resend_after)s
                                                 * power(2, least(chunks.dispatches - 1, 6)) END)
                        AND (%(broker_is_empty)s OR heartbeat_at < now() - %(resend_after)s)))
             ORDER BY job_id, index LIMIT %(limit)s
               FOR UPDATE OF chunks SKIP LOCKED
        )
        UPDATE chunks SET dispatches = chunks.dispatches + 1, dispatched_at = clock_timestamp()
          FROM jobs
         WHERE chunks.id IN (SELECT id FROM stopped) AND jobs.id = job_id
        RETURNING chunks.id, document_id, index, jobs.priority
    """

    # Chunks whose job goes on, and whose row somebody held when that was told to the others.
    GOING_ON: Final[LiteralString] = """
        UPDATE chunks SET stands = false
         WHERE id IN (SELECT chunks.id FROM chunks JOIN jobs ON jobs.id = job_id
                       WHERE chunks.stands AND chunks.status = 'pending'
                         AND jobs.status = 'processing'
                         FOR UPDATE OF chunks SKIP LOCKED)
    """

    # A split, merge or later stage whose holder fell silent, or whose message was never acted upon.
    # Stages after OCR wait in the workers' queue, as chunks do, and with the same pauses.
    JOBS: Final[LiteralString] = """
        WITH stopped AS (
            SELECT jobs.id, stage FROM jobs
             WHERE status = 'processing' AND stage NOT IN ('received', 'ocr')
               AND ((lease_expires_at < now()
                     AND (dispatched_at IS NULL OR dispatched_at < lease_expires_at
                          OR dispatched_at < now() - %(resend_after)s))
                    OR (lease_expires_at IS NULL
                        AND (dispatched_at IS NULL
                             OR dispatched_at
                                < now() - %(resend_after)s
                                          * power(2, least(3, coalesce((
                                      SELECT resent FROM job_stages
                                       WHERE job_id = jobs.id AND job_stages.stage = jobs.stage
                                  ), 0))))))
             ORDER BY dispatched_at NULLS FIRST LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        ), counted AS (
            UPDATE job_stages SET resent = resent + 1 FROM stopped
             WHERE job_id = stopped.id AND job_stages.stage = stopped.stage
        )
        UPDATE jobs SET dispatches = dispatches + 1, dispatched_at = now()
          FROM documents
         WHERE jobs.id IN (SELECT id FROM stopped) AND documents.id = document_id
        RETURNING jobs.id, stage, priority, dispatches, bucket, object, generation
    """

    # Documents of batches whose message nobody has acted upon: they wait for their turn again.
    DOCUMENTS: Final[LiteralString] = """
        UPDATE jobs SET dispatched_at = NULL, sent_as = NULL
         WHERE id IN (
               SELECT id FROM jobs
                WHERE batch_id IS NOT NULL AND status = 'pending'
                  AND dispatched_at
                      < now() - CASE WHEN %(broker_is_empty)s THEN %(grace)s
                                     ELSE %(resend_after)s
                                          * power(2, least(dispatches - 1, 6)) END
                LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    """

    # Jobs that wait for an upload, or whose upload's event was lost: the caller looks whether
    # the object is there.
    AWAITED: Final[LiteralString] = """
        WITH waiting AS (
            SELECT jobs.id FROM jobs
             WHERE status = 'pending' AND stage = 'received' AND batch_id IS NULL
               AND coalesce(dispatched_at, created_at)
                   < now() - %(resend_after)s * power(2, least(dispatches, 10))
             ORDER BY coalesce(dispatched_at, created_at)
             LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        )
        UPDATE jobs SET dispatches = dispatches + 1, dispatched_at = now()
          FROM documents
         WHERE jobs.id IN (SELECT id FROM waiting) AND documents.id = document_id
        RETURNING jobs.id, stage, priority, dispatches, bucket, object, generation
    """

    _MISSING: Final[LiteralString] = """
        WITH expired AS (
            UPDATE jobs
               SET status = 'failed', finished_at = now(), error_code = 'UPLOAD_MISSING',
                   error_message = 'The upload did not arrive in time. Send the document again.',
                   last_event = last_event + 1
              FROM documents
             WHERE documents.id = document_id AND generation IS NULL
               AND jobs.status = 'pending'
    """

    _GIVEN_UP: Final[LiteralString] = """
            RETURNING jobs.id, document_id, last_event, error_code, error_message
        ), document AS (
            UPDATE documents SET status = 'failed'
             WHERE id IN (SELECT document_id FROM expired)
        ), forgotten AS (
            DELETE FROM job_passwords WHERE job_id IN (SELECT id FROM expired)
        )
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT id, last_event, 'job_failed',
               jsonb_build_object('code', error_code, 'message', error_message) FROM expired
    """

    # An upload that never came: the session that was promised for it has ended by now.
    EXPIRE: Final[LiteralString] = (
        _MISSING + "AND jobs.created_at < now() - %(upload_deadline)s" + _GIVEN_UP
    )

    # One that the API was to store, and is not there.
    EXPIRE_FORM: Final[LiteralString] = (
        _MISSING
        + """
               AND jobs.id = %(job_id)s AND sent_by = 'form'
               AND jobs.created_at < now() - %(form_deadline)s
    """
        + _GIVEN_UP
    )

    def __init__(self, pool: Pool, *, resend_after: timedelta, upload_deadline: timedelta) -> None:
        self._pool = pool
        self._values = {
            "resend_after": resend_after,
            "grace": min(resend_after, timedelta(seconds=5)),
            "upload_deadline": upload_deadline,
            "form_deadline": FORM_DEADLINE,
            "limit": 1000,
        }

    def stopped_chunks(self, *, broker_is_empty: bool) -> list[ChunkRef]:
        """Return chunks whose message is to be sent again."""
        values = self._values | {"broker_is_empty": broker_is_empty}
        with self._pool.connection() as connection:
            connection.execute(self.GOING_ON)
            rows = connection.execute(self.CHUNKS, values).fetchall()
        return [
            ChunkRef(
                ChunkId(row["id"]),
                DocumentId(row["document_id"]),
                row["index"],
                Priority(row["priority"]),
            )
            for row in rows
        ]

    def stopped_documents(self, *, broker_is_empty: bool) -> int:
        """Have batches' documents wait for their turn again whose message is lost."""
        values = self._values | {"broker_is_empty": broker_is_empty}
        with self._pool.connection() as connection:
            return connection.execute(self.DOCUMENTS, values).rowcount

    def stopped_jobs(self) -> list[Stranded]:
        """Return splits, merges and later stages to be sent again."""
        return self._stranded(self.JOBS)

    def awaited_uploads(self) -> list[Stranded]:
        """Return jobs whose upload may have landed unseen."""
        return self._stranded(self.AWAITED)

    def expire_uploads(self) -> int:
        """Fail the jobs whose upload never came; return how many."""
        with self._pool.connection() as connection:
            return connection.execute(self.EXPIRE, self._values).rowcount

    def expire_form(self, job_id: JobId) -> bool:
        """Fail the job if the API was to store its file, an hour ago; return whether it did.

        For jobs whose upload is not there: where only its event is lost, it is still to be read.
        """
        with self._pool.connection() as connection:
            values = self._values | {"job_id": job_id}
            return connection.execute(self.EXPIRE_FORM, values).rowcount > 0

    def _stranded(self, query: LiteralString) -> list[Stranded]:
        with self._pool.connection() as connection:
            rows = connection.execute(query, self._values).fetchall()
        return [
            Stranded(
                job_id=JobId(row["id"]),
                stage=Stage(row["stage"]),
                priority=Priority(row["priority"]),
                dispatch=row["dispatches"],
                source=ObjectRef(row["bucket"], row["object"], row["generation"]),
            )
            for row in rows
        ]
