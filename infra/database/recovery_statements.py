"""What a recovery asks and writes: as many statements for 10,000 documents as for one.

Locks are taken in the order in which everybody takes them: jobs by their ids, credits,
documents and batches by their ids. Chunk rows that somebody holds are skipped, as a retry does.
"""

from __future__ import annotations

from typing import Final, LiteralString

from infra.database.ownership import OWN_JOBS, OWNED

ORIGIN: Final[LiteralString] = f"""
    SELECT id, owner, priority, finished_at FROM batches WHERE id = %(origin)s AND {OWNED}
"""  # noqa: S608 - put together of constants

# Whoever waited here for another recovery finds the job under way, and leaves it alone.
LOCK: Final[LiteralString] = f"""
    SELECT jobs.id FROM batch_jobs JOIN jobs ON jobs.id = job_id
     WHERE batch_jobs.batch_id = %(origin)s AND {OWN_JOBS} AND jobs.status = ANY(%(statuses)s)
     ORDER BY jobs.id FOR UPDATE OF jobs
"""  # noqa: S608 - put together of constants

_FAILED: Final[LiteralString] = (
    "(chunks.status = 'failed' OR (chunks.status = 'completed' AND chunks.failed_pages > 0))"
)
# Without codes all are taken. A chunk of which one page may pass is read for all that it lacks.
_TAKEN: Final[LiteralString] = """
    (%(codes)s::text[] IS NULL
     OR CASE chunks.status
        WHEN 'failed' THEN chunks.error_code = ANY(%(codes)s)
        ELSE EXISTS (SELECT FROM jsonb_array_elements(page_errors) AS error
                      WHERE error ->> 'code' = ANY(%(codes)s)) END)
"""

# A job of which no page was read, although all were tried, has failed by its chunks' causes and
# not by its own. One in whose place another recovery has put a new job is in the batch no more.
JOBS: Final[LiteralString] = f"""
    WITH parts AS (
        SELECT job_id, count(*) FILTER (WHERE {_TAKEN}) AS taken,
               bool_and(coalesce(error_code = ANY(%(refused)s), false)) AS is_hopeless
          FROM chunks WHERE job_id = ANY(%(ids)s) AND {_FAILED} GROUP BY job_id
    )
    SELECT jobs.id, document_id, filename, object, generation IS NOT NULL AS has_landed,
           cleaned_at IS NOT NULL AS is_cleaned,
           result_path IS NOT NULL OR result_job IS NOT NULL AS has_result,
           jobs.failed_pages,
           CASE WHEN jobs.status = 'failed'
                     AND NOT (stage = 'merging' AND jobs.failed_pages = total_pages)
                THEN jobs.error_code END AS code,
           jobs.error_message AS message,
           coalesce(taken, 0) AS taken,
           jobs.status = 'failed' AND coalesce(is_hopeless, false) AS is_hopeless
      FROM batch_jobs
      JOIN jobs ON jobs.id = batch_jobs.job_id
      JOIN documents ON documents.id = document_id
      LEFT JOIN parts ON parts.job_id = jobs.id
     WHERE batch_jobs.batch_id = %(origin)s AND jobs.id = ANY(%(ids)s)
     ORDER BY position
"""  # noqa: S608 - put together of constants

# What stays as it is. In a job that is not read again that is all that failed.
LEFT: Final[LiteralString] = f"""
    WITH parts AS (
        SELECT chunks.* FROM chunks
         WHERE job_id = ANY(%(ids)s) AND {_FAILED}
           AND NOT (job_id = ANY(%(chosen)s) AND {_TAKEN})
    )
    SELECT job_id, page_start AS first, page_end AS last, error_code AS code,
           coalesce(error_message, '') AS message
      FROM parts WHERE status = 'failed'
     UNION ALL
    SELECT job_id, (error ->> 'number')::int, (error ->> 'number')::int, error ->> 'code',
           coalesce(error ->> 'message', '')
      FROM parts CROSS JOIN jsonb_array_elements(page_errors) AS error
     WHERE status = 'completed'
     ORDER BY job_id, first
"""  # noqa: S608 - put together of constants

# A chunk that lacks only some pages keeps what it has. One that was under work when its job failed
# waits again.
REOPEN: Final[LiteralString] = f"""
    WITH picked AS (
        SELECT id FROM chunks
         WHERE job_id = ANY(%(retried)s)
           AND (status = 'processing' OR ({_FAILED} AND {_TAKEN}))
           FOR UPDATE SKIP LOCKED
    )
    UPDATE chunks
       SET status = 'pending', lease_expires_at = NULL, due_at = NULL, finished_at = NULL,
           failures = 0, lost_leases = 0, reopened = 0, failed_pages = 0,
           error_code = NULL, error_message = NULL, dispatches = 0, dispatched_at = NULL,
           sent_as = NULL,
           ready_at = CASE WHEN source_object IS NOT NULL THEN clock_timestamp() END
      FROM picked WHERE chunks.id = picked.id
"""  # noqa: S608 - put together of constants

# Of a failed job everything was given back that had not been settled; of one with errors, what
# failed. What is left alone is not paid for, nor what the cache had.
RESERVE: Final[LiteralString] = """
    WITH left_alone AS (
        SELECT job_id, sum(failed_pages)::int AS pages FROM chunks
         WHERE job_id = ANY(%(retried)s) AND status IN ('completed', 'failed') GROUP BY job_id
    ), asked AS (
        SELECT jobs.id, owner, retries + 1 AS round,
               CASE WHEN status = 'failed' THEN total_pages - credits_settled - cached_pages
                    ELSE failed_pages END - coalesce(left_alone.pages, 0) AS pages
          FROM jobs LEFT JOIN left_alone ON job_id = jobs.id
         WHERE jobs.id = ANY(%(retried)s)
    ), owed AS (
        SELECT owner, sum(pages)::int AS pages FROM asked WHERE pages > 0 GROUP BY owner
    ), paid AS (
        UPDATE credit_accounts
           SET available = available - owed.pages, reserved = reserved + owed.pages
          FROM owed
         WHERE credit_accounts.owner = owed.owner AND available >= owed.pages
        RETURNING credit_accounts.owner
    ), entry AS (
        INSERT INTO credit_ledger (owner, kind, available_change, reserved_change, job_id, round)
        SELECT owner, 'reserved', -pages, pages, asked.id, round
          FROM asked JOIN paid USING (owner) WHERE pages > 0
    ), marked AS (
        UPDATE jobs SET credits_reserved = asked.pages
          FROM asked JOIN paid USING (owner) WHERE jobs.id = asked.id AND asked.pages > 0
    )
    SELECT coalesce(sum(pages), 0)::int AS pages, count(*) = (SELECT count(*) FROM paid) AS is_paid
      FROM owed
"""

LOCK_DOCUMENTS: Final[LiteralString] = """
    SELECT id FROM documents
     WHERE id IN (SELECT document_id FROM jobs WHERE id = ANY(%(all)s))
     ORDER BY id FOR NO KEY UPDATE
"""

# The triggers that count take each job's batches one after the other; taken here first, all of
# them are taken in one order.
LOCK_BATCHES: Final[LiteralString] = """
    SELECT id FROM batches
     WHERE id IN (SELECT batch_id FROM batch_jobs WHERE job_id = ANY(%(all)s))
     ORDER BY id FOR UPDATE
"""

# Its jobs come behind it: what counts as unfinished here is not counted by their change.
ADD_BATCH: Final[LiteralString] = """
    WITH recovery AS (
        INSERT INTO batches (id, owner, matter, name, purpose, status, priority, options,
                             webhook_url, origin_id, strategy, skipped, total, unfinished,
                             last_event)
        SELECT %(batch_id)s, owner, matter, name, 'recovery', 'pending', %(priority)s, options,
               webhook_url, id, %(strategy)s, %(skipped)s, %(total)s, %(total)s, 1
          FROM batches WHERE id = %(origin)s
        RETURNING id
    )
    INSERT INTO batch_events (batch_id, id, kind, details)
    SELECT id, 1, 'batch_created',
           jsonb_build_object('total', %(total)s::int, 'origin_id', %(origin)s::uuid)
      FROM recovery
"""

# Counts are what the chunks are now. A job that was never planned waits for its turn, like any
# other of a batch; one that was is split further, read or bound.
RETRY: Final[LiteralString] = """
    WITH counted AS (
        SELECT job_id,
               count(*) FILTER (WHERE status = 'completed') AS completed_chunks,
               count(*) FILTER (WHERE status = 'failed') AS failed_chunks,
               coalesce(sum(page_end - page_start + 1 - failed_pages)
                        FILTER (WHERE status = 'completed'), 0) AS completed_pages,
               coalesce(sum(failed_pages)
                        FILTER (WHERE status IN ('completed', 'failed')), 0) AS failed_pages,
               bool_or(source_object IS NULL AND status = 'pending') AS uncut,
               bool_or(status IN ('pending', 'processing')) AS unread
          FROM chunks WHERE job_id = ANY(%(retried)s) GROUP BY job_id
    ), before AS (
        SELECT jobs.id, document_id, jobs.failed_pages AS failed_before,
               coalesce(counted.completed_chunks, 0) AS completed_chunks,
               coalesce(counted.failed_chunks, 0) AS failed_chunks,
               coalesce(counted.completed_pages, 0) AS completed_pages,
               coalesce(counted.failed_pages, 0) AS failed_pages,
               CASE WHEN job_id IS NULL THEN 'received' WHEN uncut THEN 'splitting'
                    WHEN unread THEN 'ocr' ELSE 'merging' END AS next,
               coalesce((options ->> 'warm')::boolean, false) AS is_warm
          FROM jobs LEFT JOIN counted ON job_id = jobs.id
         WHERE jobs.id = ANY(%(retried)s)
    ), retried AS (
        UPDATE jobs
           SET status = CASE next WHEN 'received' THEN 'pending' ELSE 'processing' END,
               stage = next, finished_at = NULL, retries = retries + 1, stalls = 0,
               heartbeat_at = now(), error_code = NULL, error_message = NULL,
               reading_since = NULL, outcome = NULL, sent_as = NULL,
               completed_chunks = before.completed_chunks, failed_chunks = before.failed_chunks,
               completed_pages = before.completed_pages, failed_pages = before.failed_pages,
               reading_from = before.completed_chunks + before.failed_chunks,
               lease_expires_at = CASE WHEN next = 'splitting' THEN now() END,
               dispatches = dispatches + (next IN ('splitting', 'merging'))::int,
               dispatched_at = CASE WHEN next <> 'received' THEN now() END,
               priority = %(priority)s, batch_id = %(batch_id)s, last_event = last_event + 1
          FROM before WHERE jobs.id = before.id
        RETURNING jobs.id, jobs.document_id, next, dispatches, last_event, is_warm,
                  failed_before - before.failed_pages AS failed_pages
    ), document AS (
        UPDATE documents
           SET status = CASE WHEN next <> 'received' THEN 'processing'
                             WHEN result_job IS NULL THEN 'pending' ELSE documents.status END
          FROM retried
         WHERE documents.id = retried.document_id AND NOT is_warm
    ), event AS (
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT id, last_event, 'job_retried',
               jsonb_build_object('failed_pages', failed_pages, 'batch_id', %(batch_id)s::uuid)
          FROM retried
    )
    SELECT retried.id, next, dispatches, bucket, object, generation
      FROM retried JOIN documents ON documents.id = document_id
     WHERE next IN ('splitting', 'merging')
     ORDER BY retried.id
"""

# A new job takes its old one's line, in every batch that had it: there, too, it is to be ended.
RERUN: Final[LiteralString] = """
    WITH fresh AS (
        SELECT * FROM unnest(%(rerun)s::uuid[], %(fresh)s::uuid[]) AS fresh (old_id, id)
    ), last AS (
        SELECT document_id, max(run) AS run FROM jobs
         WHERE document_id IN (SELECT document_id FROM jobs WHERE id = ANY(%(rerun)s))
         GROUP BY document_id
    ), made AS (
        INSERT INTO jobs (id, document_id, owner, matter, run, priority, options, webhook_url,
                          batch_id, batch_position, last_event)
        SELECT fresh.id, document_id, owner, matter,
               last.run + row_number() OVER (PARTITION BY document_id ORDER BY old.id),
               %(priority)s, options, webhook_url, %(batch_id)s, batch_position, 1
          FROM fresh JOIN jobs AS old ON old.id = old_id JOIN last USING (document_id)
        RETURNING id, document_id
    ), event AS (
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT fresh.id, 1, 'job_created', jsonb_build_object('instead_of', old_id) FROM fresh
    ), moved AS (
        UPDATE batch_jobs SET job_id = fresh.id FROM fresh WHERE batch_jobs.job_id = old_id
        RETURNING batch_id, batch_jobs.job_id
    ), numbered AS (
        SELECT batch_id, job_id, document_id,
               row_number() OVER (PARTITION BY batch_id ORDER BY job_id) AS place
          FROM moved JOIN made ON made.id = job_id
    ), grown AS (
        SELECT batch_id, count(*)::int AS jobs FROM moved GROUP BY batch_id
    ), counted AS (
        UPDATE batches
           SET unfinished = unfinished + jobs, last_event = last_event + jobs, finished_at = NULL,
               status = CASE WHEN finished_at IS NOT NULL THEN 'processing' ELSE status END
          FROM grown WHERE batches.id = grown.batch_id
        RETURNING batches.id, last_event - jobs AS before
    )
    INSERT INTO batch_events (batch_id, id, kind, job_id, details)
    SELECT batch_id, before + place, 'document_retried', job_id,
           jsonb_build_object('document_id', document_id)
      FROM numbered JOIN counted ON counted.id = batch_id
"""

# At the lines that the jobs have in the original.
ADD_JOBS: Final[LiteralString] = """
    WITH added AS (
        INSERT INTO batch_jobs (batch_id, position, job_id)
        SELECT %(batch_id)s, position, job_id FROM batch_jobs
         WHERE batch_id = %(origin)s AND job_id = ANY(%(all)s)
        RETURNING job_id
    )
    UPDATE batches SET status = 'processing', started_at = now()
     WHERE id = %(batch_id)s
       AND EXISTS (SELECT FROM jobs WHERE id = ANY(%(all)s) AND status = 'processing')
"""
