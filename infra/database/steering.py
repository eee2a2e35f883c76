"""What steering does to jobs, to one or to a whole batch's: the same statement, about other rows.

`which` says about which jobs of whom; they are named `jobs` in it, or not at all.
"""

from __future__ import annotations

from typing import LiteralString


def pausing(which: LiteralString) -> LiteralString:
    """Return the statement that lets no more chunks start, of jobs in one of `stages`.

    A stage after OCR goes on to its next checkpoint.
    """
    return f"""
        WITH paused AS (
            UPDATE jobs
               SET status = 'paused', reading_since = NULL, last_event = last_event + 1
             WHERE {which}
               AND status = 'processing' AND stage = ANY(%(stages)s)
            RETURNING id, last_event
        )
        INSERT INTO job_events (job_id, id, kind) SELECT id, last_event, 'job_paused' FROM paused
    """  # noqa: S608 - put together of constants


def resuming(which: LiteralString) -> LiteralString:
    """Return the statement that lets paused jobs go on, and says what each is at.

    A split that was under way may be claimed at once; a merge that became due meanwhile too.
    """
    return f"""
        WITH resumed AS (
            UPDATE jobs
               SET status = 'processing', heartbeat_at = now(), stalls = 0,
                   reading_from = completed_chunks + failed_chunks,
                   lease_expires_at = CASE
                       WHEN stage = 'splitting' THEN now()
                       -- Whoever has not come to a checkpoint since the pause goes on.
                       WHEN stage <> 'merging' AND stage <> 'ocr' THEN lease_expires_at END,
                   dispatches = dispatches + (stage <> 'ocr')::int,
                   dispatched_at = CASE WHEN stage <> 'ocr' THEN now() ELSE dispatched_at END,
                   last_event = last_event + 1
              FROM documents
             WHERE {which}
               AND jobs.status = 'paused' AND documents.id = document_id
            RETURNING jobs.id, document_id, stage, dispatches, priority, last_event,
                      bucket, object, generation
        ), event AS (
            INSERT INTO job_events (job_id, id, kind)
            SELECT id, last_event, 'job_resumed' FROM resumed
        )
        SELECT * FROM resumed
    """  # noqa: S608 - put together of constants


def cancelling(which: LiteralString) -> LiteralString:
    """Return the statement that ends jobs which have not ended, and says which.

    Running work finds out by its next look: nothing that it finishes counts any more. What only
    fills the cache says nothing about its document.
    """
    return f"""
        WITH cancelled AS (
            UPDATE jobs
               SET status = 'cancelled', finished_at = now(), lease_expires_at = NULL,
                   reading_since = NULL, last_event = last_event + 1
             WHERE {which}
               AND finished_at IS NULL
            RETURNING id, document_id, last_event, completed_chunks, total_chunks,
                      options @> '{{"warm": true}}' AS is_warm
        ), document AS (
            UPDATE documents
               SET status = CASE WHEN result_job IS NULL THEN 'cancelled' ELSE 'ocr_complete' END
             WHERE id IN (SELECT document_id FROM cancelled WHERE NOT is_warm)
        ), forgotten AS (
            DELETE FROM job_passwords WHERE job_id IN (SELECT id FROM cancelled)
        )
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT id, last_event, 'job_cancelled',
               jsonb_build_object('completed_chunks', completed_chunks,
                                  'total_chunks', total_chunks)
          FROM cancelled
        RETURNING job_id
    """  # noqa: S608 - put together of constants


def prioritizing(which: LiteralString) -> LiteralString:
    """Return the statement that gives jobs another `priority`; a trigger moves their chunks."""
    return f"""
        WITH moved AS (
            UPDATE jobs SET priority = %(priority)s, last_event = last_event + 1
             WHERE {which}
               AND finished_at IS NULL AND priority <> %(priority)s
            RETURNING id, last_event
        )
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT id, last_event, 'priority_changed',
               jsonb_build_object('priority', %(priority)s::text)
          FROM moved
    """  # noqa: S608 - put together of constants
