"""How small documents end. Each statement is for several at once, and they come in this order."""

from __future__ import annotations

from typing import Final, LiteralString

# Held until the rows are written, so that no document can go meanwhile.
LOCK_DOCUMENTS: Final[LiteralString] = """
    SELECT FROM documents WHERE id = ANY(%(documents)s) ORDER BY id FOR KEY SHARE
"""
LOCK_CHUNKS: Final[LiteralString] = """
    SELECT job_id
      FROM chunks JOIN unnest(%(chunks)s::uuid[], %(attempts)s::int[]) AS given (id, attempt)
                    ON given.id = chunks.id
     WHERE chunks.attempt = given.attempt AND status = 'processing'
     ORDER BY chunks.id FOR UPDATE OF chunks
"""
LOCK_JOBS: Final[LiteralString] = """
    SELECT id FROM jobs
     WHERE id = ANY(%(jobs)s) AND status = 'processing' AND stage = 'ocr'
     ORDER BY id FOR NO KEY UPDATE
"""

# What was read is kept for equal chunks, and whoever waits for it may go on.
LEAVE_OFF: Final[LiteralString] = """
    WITH ours AS (
        SELECT owner, key FROM cache_readers WHERE chunk_id = ANY(%(chunks)s)
         ORDER BY owner, key FOR UPDATE
    )
    DELETE FROM cache_readers USING ours
     WHERE cache_readers.owner = ours.owner AND cache_readers.key = ours.key
"""
KEEP: Final[LiteralString] = """
    INSERT INTO result_cache (owner, key, path, checksum, pages, document_id, expires_at)
    SELECT owner, cache_key, path, checksum, page_end, document_id, now() + %(keep)s
      FROM unnest(%(chunks)s::uuid[], %(chunk_paths)s::text[], %(chunk_checksums)s::text[],
                  %(document_ids)s::uuid[], %(cached)s::bool[])
           AS given (chunk_id, path, checksum, document_id, is_cached)
      JOIN chunks ON chunks.id = chunk_id
     WHERE cache_key IS NOT NULL AND NOT given.is_cached
     ORDER BY owner, cache_key
    ON CONFLICT (owner, key) DO UPDATE
       SET path = excluded.path, checksum = excluded.checksum, hits = 0,
           document_id = excluded.document_id, created_at = now(), expires_at = excluded.expires_at
     WHERE result_cache.expires_at <= now()
"""

LOCK_ACCOUNTS: Final[LiteralString] = """
    SELECT FROM credit_accounts
     WHERE owner IN (SELECT owner FROM jobs WHERE id = ANY(%(jobs)s) AND credits_reserved > 0)
     ORDER BY owner FOR NO KEY UPDATE
"""
# As a merge's end has it: behind the account, before the batches. Not sooner, as whoever cancels a
# job holds that first and then writes the document.
TAKE_DOCUMENTS: Final[LiteralString] = """
    SELECT FROM documents WHERE id = ANY(%(document_ids)s) ORDER BY id FOR NO KEY UPDATE
"""
LOCK_BATCHES: Final[LiteralString] = """
    SELECT webhook_url IS NOT NULL AS is_told FROM batches
     WHERE id IN (SELECT batch_id FROM batch_jobs WHERE job_id = ANY(%(jobs)s))
     ORDER BY id FOR NO KEY UPDATE
"""

# By two ranges of the index, as the merge does it.
OUTDATED: Final[LiteralString] = """
    WITH counted AS (
        SELECT id AS job_id, document_id, attempt FROM jobs
         WHERE id = ANY(%(jobs)s) AND document_id = ANY(%(again)s)
    )
    DELETE FROM pages AS old USING counted AS new
     WHERE old.document_id = new.document_id
       AND ((old.job_id, old.attempt) < (new.job_id, new.attempt)
            OR (old.job_id, old.attempt) > (new.job_id, new.attempt))
"""

# A chunk's end, the merge's beginning and the job's end in one.
RECORD: Final[LiteralString] = """
    WITH given AS (
        SELECT * FROM unnest(%(jobs)s::uuid[], %(chunks)s::uuid[], %(chunk_paths)s::text[],
                             %(chunk_checksums)s::text[], %(paths)s::text[], %(checksums)s::text[],
                             %(text_paths)s::text[], %(began)s::float8[], %(ended)s::float8[],
                             %(cached)s::bool[])
             AS given (job_id, chunk_id, chunk_path, chunk_checksum, path, checksum, text_path,
                       began, ended, is_cached)
    ), chunk AS (
        UPDATE chunks
           SET status = 'completed', lease_expires_at = NULL,
               started_at = clock_timestamp() - make_interval(secs => began),
               finished_at = clock_timestamp() - make_interval(secs => ended),
               result_storage_path = chunk_path, result_checksum = chunk_checksum,
               is_cached = given.is_cached
          FROM given WHERE chunks.id = chunk_id
    ), finished AS (
        UPDATE jobs
           SET status = 'completed', stage = 'merging', completed_chunks = 1,
               completed_pages = total_pages,
               cached_chunks = is_cached::int,
               cached_pages = CASE WHEN is_cached THEN total_pages ELSE 0 END,
               result_path = path, result_checksum = checksum, text_path = given.text_path,
               error_code = NULL, error_message = NULL, lease_expires_at = NULL,
               finished_at = now(), heartbeat_at = now(), last_event = last_event + 4
          FROM given WHERE jobs.id = job_id
        RETURNING jobs.id, document_id, attempt, last_event, total_pages, given.is_cached,
                  began - ended AS seconds, webhook_url IS NOT NULL AS is_told
    ), document AS (
        UPDATE documents
           SET status = 'ocr_complete', result_job = finished.id, result_attempt = attempt
          FROM finished WHERE documents.id = document_id
    ), events AS (
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT finished.id, last_event - 4 + number, kind, details
          FROM finished, LATERAL (
               VALUES (1, 'chunk_completed',
                       jsonb_strip_nulls(jsonb_build_object(
                           'chunk_index', 0, 'page_start', 1, 'page_end', total_pages,
                           'failed_pages', 0, 'seconds', round(seconds::numeric, 3),
                           'cached', CASE WHEN is_cached THEN true END))),
                      (2, 'merging', '{}'),
                      (3, 'merge_started', jsonb_build_object('attempt', attempt)),
                      (4, 'job_completed',
                       jsonb_build_object('pages', total_pages, 'failed_pages', 0))
               ) AS step (number, kind, details)
    )
    SELECT id, is_told FROM finished
"""

# Deliveries are written by triggers, at their statement's end, so they are looked for behind it:
# only where a job or its batch wants one. Of a batch's jobs any may bring its delivery on its way.
TO_ANNOUNCE: Final[LiteralString] = """
    SELECT job_id FROM webhook_deliveries
     WHERE job_id = ANY(%(jobs)s) AND status = 'pending' AND dispatches = 0
     UNION
    (SELECT DISTINCT ON (ended.batch_id) batch_jobs.job_id
       FROM batch_jobs JOIN webhook_deliveries AS ended USING (batch_id)
      WHERE batch_jobs.job_id = ANY(%(jobs)s)
        AND ended.status = 'pending' AND dispatches = 0
      ORDER BY ended.batch_id, batch_jobs.job_id)
"""
