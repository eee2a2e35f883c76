"""The statements of the stages after OCR. The job's row is locked first, then its stage's."""

from __future__ import annotations

from typing import Final, LiteralString

CLAIM: Final[LiteralString] = """
    WITH claimed AS (
        UPDATE jobs
           SET attempt = attempt + 1, stalls = stalls + 1,
               lease_expires_at = now() + %(lease)s, heartbeat_at = now()
         WHERE id = %(job_id)s AND status = 'processing' AND stage = %(stage)s
           AND (lease_expires_at IS NULL OR lease_expires_at < now())
           AND EXISTS (SELECT FROM job_stages
                        WHERE job_id = jobs.id AND job_stages.stage = jobs.stage
                          AND job_stages.status IN ('pending', 'processing')
                          AND (due_at IS NULL OR due_at <= now()))
        RETURNING *
    ), taken AS (
        UPDATE job_stages
           SET status = 'processing', attempts = attempts + 1, due_at = NULL, resent = 0,
               started_at = coalesce(started_at, now()),
               -- What lay behind the last checkpoint is done again.
               repeated = repeated + least(in_work, coalesce(total - done, in_work)),
               in_work = %(interval)s
         WHERE job_id = (SELECT id FROM claimed) AND stage = %(stage)s
        RETURNING job_stages.*
    )
    SELECT claimed.id, document_id, claimed.attempt, stalls, priority, options, result_path,
           result_checksum, completed_pages, cursor, taken.attempts, taken.failures, bucket,
           object, generation, filename
      FROM claimed JOIN documents ON documents.id = document_id CROSS JOIN taken
"""

STARTED: Final[LiteralString] = """
    WITH told AS (
        UPDATE jobs SET last_event = last_event + 1 WHERE id = %(job_id)s
        RETURNING id, last_event
    )
    INSERT INTO job_events (job_id, id, kind, details)
    SELECT id, last_event, 'stage_started', jsonb_build_object('stage', %(stage)s::text) FROM told
"""

RENEW: Final[LiteralString] = """
    UPDATE jobs SET lease_expires_at = now() + %(lease)s, heartbeat_at = now()
     WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = %(stage)s
       AND status IN ('processing', 'paused') AND lease_expires_at IS NOT NULL
"""

# A paused job lets its holder write this checkpoint, and takes the lease with it.
HOLD: Final[LiteralString] = """
    UPDATE jobs
       SET lease_expires_at = CASE WHEN status = 'processing' THEN now() + %(lease)s END,
           heartbeat_at = now(), stalls = 0
     WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = %(stage)s
       AND status IN ('processing', 'paused') AND lease_expires_at IS NOT NULL
    RETURNING status, document_id, priority
"""

CHECKPOINT: Final[LiteralString] = """
    UPDATE job_stages
       SET cursor = %(cursor)s, done = %(done)s, total = %(total)s, checkpoints = checkpoints + 1,
           seconds = seconds + %(seconds)s, failures = 0,
           in_work = CASE WHEN %(is_paused)s THEN 0 ELSE in_work END
     WHERE job_id = %(job_id)s AND stage = %(stage)s
"""

PUBLISH: Final[LiteralString] = """
    INSERT INTO passage_vectors (job_id, document_id, position, embedding)
    SELECT job_id, document_id, position, embedding FROM passage_embeddings
     WHERE job_id = %(job_id)s AND position BETWEEN %(first)s AND %(last)s
     ORDER BY position
"""

LEAVE: Final[LiteralString] = """
    WITH left_off AS (
        UPDATE jobs
           SET lease_expires_at = NULL, stalls = greatest(0, stalls - (NOT %(counted)s)::int),
               dispatches = dispatches + 1, dispatched_at = now()
         WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = %(stage)s
           AND status IN ('processing', 'paused') AND lease_expires_at IS NOT NULL
        RETURNING id, status, priority
    ), stage AS (
        UPDATE job_stages SET in_work = CASE WHEN %(is_clean)s THEN 0 ELSE in_work END
         WHERE job_id = (SELECT id FROM left_off) AND stage = %(stage)s
    )
    SELECT status, priority FROM left_off
"""

FAILURES: Final[LiteralString] = """
    SELECT failures FROM job_stages WHERE job_id = %(job_id)s AND stage = %(stage)s
"""

# What has been computed since the last checkpoint is lost, and counted at the next claim.
PUT_BACK: Final[LiteralString] = """
    WITH put_back AS (
        UPDATE jobs
           SET lease_expires_at = NULL, dispatches = dispatches + 1,
               dispatched_at = now() + %(delay)s
         WHERE id = %(job_id)s
        RETURNING id
    )
    UPDATE job_stages
       SET failures = failures + %(counted)s::int, due_at = now() + %(delay)s
     WHERE job_id = (SELECT id FROM put_back) AND stage = %(stage)s
"""

END_STAGE: Final[LiteralString] = """
    UPDATE job_stages
       SET status = %(status)s, finished_at = now(), in_work = 0, seconds = seconds + %(seconds)s,
           done = CASE WHEN %(status)s = 'completed' THEN coalesce(total, done) ELSE done END,
           total = CASE WHEN %(status)s = 'completed' THEN coalesce(total, done) ELSE total END,
           error_code = %(code)s, error_message = %(message)s
     WHERE job_id = %(job_id)s AND stage = %(stage)s
    RETURNING done, seconds
"""

SKIP: Final[LiteralString] = """
    UPDATE job_stages
       SET status = 'skipped', finished_at = now(), error_code = %(code)s,
           error_message = %(message)s
     WHERE job_id = %(job_id)s AND stage = ANY(%(dependents)s)
       AND status IN ('pending', 'processing')
"""

REMOVE_ROWS: Final[LiteralString] = "SELECT delete_stage_rows(%(job_id)s, %(stages)s)"

NEXT: Final[LiteralString] = """
    SELECT stage FROM job_stages
     WHERE job_id = %(job_id)s AND status IN ('pending', 'processing')
     ORDER BY place LIMIT 1
"""

# What ends is told with what it took.
HAND_ON: Final[LiteralString] = """
    WITH handed_on AS (
        UPDATE jobs
           SET stage = %(next)s, lease_expires_at = NULL, stalls = 0, dispatches = dispatches + 1,
               dispatched_at = now(), last_event = last_event + 1
         WHERE id = %(job_id)s
        RETURNING id, last_event
    )
    INSERT INTO job_events (job_id, id, kind, details)
    SELECT id, last_event, %(kind)s, %(details)s FROM handed_on
"""

END_JOB: Final[LiteralString] = """
    WITH trouble AS (
        SELECT error_code, error_message FROM job_stages
         WHERE job_id = %(job_id)s AND status = 'failed' ORDER BY place LIMIT 1
    ), finished AS (
        UPDATE jobs
           SET status = CASE WHEN EXISTS (SELECT FROM trouble) THEN 'completed_with_errors'
                             ELSE coalesce(outcome, 'completed') END,
               error_code = (SELECT error_code FROM trouble),
               error_message = (SELECT error_message FROM trouble),
               lease_expires_at = NULL, finished_at = now(), heartbeat_at = now(), stalls = 0,
               last_event = last_event + 2
         WHERE id = %(job_id)s
        RETURNING id, document_id, run, last_event, status, completed_pages, failed_pages
    ), searched AS (
        -- Not by an earlier run that is extended, where a later one has passages.
        UPDATE documents SET search_job = finished.id FROM finished
         WHERE documents.id = document_id
           AND EXISTS (SELECT FROM job_stages WHERE job_id = finished.id AND stage = 'passages'
                          AND status = 'completed')
           AND NOT EXISTS (SELECT FROM jobs AS later JOIN job_stages ON job_id = later.id
                            WHERE later.document_id = finished.document_id
                              AND later.run > finished.run AND job_stages.stage = 'passages'
                              AND job_stages.status = 'completed')
    )
    INSERT INTO job_events (job_id, id, kind, details)
    SELECT id, last_event - 1, %(kind)s, %(details)s FROM finished
    UNION ALL
    SELECT id, last_event, 'job_' || status,
           jsonb_build_object('pages', completed_pages, 'failed_pages', failed_pages)
      FROM finished
"""

# Rows that are not searched any more: those of the document's other jobs that have ended.
OUTDATED: Final[LiteralString] = """
    SELECT jobs.id FROM jobs JOIN documents ON documents.id = document_id
     WHERE documents.search_job = %(job_id)s AND jobs.id <> %(job_id)s
       AND finished_at IS NOT NULL
       AND EXISTS (SELECT FROM job_stages WHERE job_id = jobs.id)
     -- One that is steered just now is not waited for: who retries or extends it may wait for us.
     ORDER BY jobs.id FOR NO KEY UPDATE OF jobs SKIP LOCKED
"""

# ── what a job is to go through ────────────────────────────────────────────────────────────────

FORGET: Final[LiteralString] = """
    DELETE FROM job_stages WHERE job_id = %(job_id)s AND stage = ANY(%(stages)s)
"""

PLAN: Final[LiteralString] = """
    INSERT INTO job_stages (job_id, stage, place, version)
    SELECT %(job_id)s, stage, array_position(%(all)s::text[], stage), version
      FROM unnest(%(stages)s::text[], %(versions)s::text[]) AS planned (stage, version)
"""

OF_JOB: Final[LiteralString] = """
    SELECT jobs.id, jobs.status, jobs.stage, priority, options, outcome, result_path, cleaned_at
      FROM jobs WHERE id = %(job_id)s AND {owned} FOR NO KEY UPDATE
"""

MADE: Final[LiteralString] = """
    SELECT stage, version, status FROM job_stages WHERE job_id = %(job_id)s
"""

EXTEND: Final[LiteralString] = """
    WITH extended AS (
        UPDATE jobs
           SET outcome = coalesce(outcome, status), stage = %(first)s,
               status = CASE WHEN EXISTS (SELECT FROM batches WHERE id = jobs.batch_id
                                             AND batches.status = 'paused') THEN 'paused'
                             ELSE 'processing' END,
               finished_at = NULL, stalls = 0,
               error_code = NULL, error_message = NULL, lease_expires_at = NULL,
               heartbeat_at = now(), dispatches = dispatches + 1, dispatched_at = now(),
               options = options || %(options)s, last_event = last_event + 1
         WHERE id = %(job_id)s
        RETURNING id, last_event
    )
    INSERT INTO job_events (job_id, id, kind, details)
    SELECT id, last_event, 'job_extended', %(details)s FROM extended
"""

VIEWS: Final[LiteralString] = """
    SELECT * FROM job_stages WHERE job_id = ANY(%(job_ids)s) ORDER BY job_id, place
"""
