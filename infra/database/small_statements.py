"""How small documents are claimed and begun. Each statement is for several at once."""

from __future__ import annotations

from typing import Final, LiteralString

# Whose batch is paused or has been cancelled is not begun. What nobody may begin twice is skipped
# where somebody is at it.
CLAIM: Final[LiteralString] = """
    WITH free AS (
        SELECT jobs.id FROM jobs
         WHERE jobs.id = ANY(%(ids)s) AND jobs.status = 'pending' AND stage = 'received'
           AND NOT EXISTS (SELECT FROM batches
                            WHERE batches.id = jobs.batch_id
                              AND batches.status NOT IN ('pending', 'processing'))
         ORDER BY jobs.id FOR UPDATE OF jobs SKIP LOCKED
    ), claimed AS (
        UPDATE jobs
           SET status = 'processing', stage = 'splitting', attempt = attempt + 1,
               stalls = stalls + 1, lease_expires_at = now() + %(lease)s, heartbeat_at = now(),
               started_at = coalesce(started_at, now()), last_event = last_event + 1
          FROM documents
         WHERE jobs.id IN (SELECT id FROM free) AND documents.id = document_id
           AND generation IS NOT NULL
        RETURNING jobs.id, document_id, jobs.owner, filename, bucket, object, generation, sha256,
                  run, attempt, options, priority, batch_position, last_event,
                  options @> '{"warm": true}' AS is_warm
    ), document AS (
        UPDATE documents SET status = 'processing'
         WHERE id IN (SELECT document_id FROM claimed WHERE NOT is_warm)
    ), event AS (
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT id, last_event, 'splitting', jsonb_build_object('attempt', attempt) FROM claimed
    )
    SELECT claimed.*,
           EXISTS (SELECT FROM job_passwords WHERE job_id = claimed.id) AS has_password
      FROM claimed ORDER BY batch_position, id
"""

# Their message is gone now: it came while their batch stood still, or while somebody held them to
# steer or recover them. They wait for their turn again. A transaction of its own, which waits for
# whoever holds them without holding what was claimed.
DROPPED: Final[LiteralString] = """
    UPDATE jobs SET dispatched_at = NULL, sent_as = NULL
     WHERE id IN (SELECT jobs.id FROM jobs JOIN documents ON documents.id = document_id
                   WHERE jobs.id = ANY(%(ids)s) AND jobs.status = 'pending' AND stage = 'received'
                     AND jobs.dispatched_at IS NOT NULL AND batch_id IS NOT NULL
                     -- Before it has landed, turn after turn would be dropped.
                     AND generation IS NOT NULL
                   ORDER BY jobs.id FOR NO KEY UPDATE OF jobs)
"""

# What the splitter writes for a document of one chunk, but for the cutting: the chunk's source is
# the document itself. One that `waits` is for any worker, by its turn.
BEGIN: Final[LiteralString] = """
    WITH given AS (
        SELECT * FROM unnest(%(jobs)s::uuid[], %(attempts)s::int[], %(chunks)s::uuid[],
                             %(pages)s::int[], %(sizes)s::bigint[], %(sha256s)s::text[],
                             %(keys)s::text[], %(waits)s::bool[])
             AS given (job_id, attempt, chunk_id, pages, size, sha256, cache_key, waits)
    ), locked AS (
        SELECT id FROM jobs WHERE id = ANY(%(jobs)s) ORDER BY id FOR NO KEY UPDATE
    ), begun AS (
        UPDATE jobs
           SET stage = 'ocr', stalls = 0, total_chunks = 1, total_pages = given.pages,
               lease_expires_at = NULL, heartbeat_at = now(),
               reading_since = CASE WHEN waits THEN reading_since
                                    ELSE coalesce(reading_since, now()) END,
               last_event = last_event + CASE WHEN waits THEN 2 ELSE 4 END
          FROM given, locked
         WHERE locked.id = given.job_id AND jobs.id = given.job_id
           AND jobs.attempt = given.attempt AND stage = 'splitting'
           AND jobs.status = 'processing' AND total_chunks = 0
           AND NOT EXISTS (SELECT FROM batches
                            WHERE batches.id = jobs.batch_id
                              AND batches.status NOT IN ('pending', 'processing'))
        RETURNING jobs.id AS job_id, document_id, jobs.owner, retries, credits_reserved, last_event,
                  jobs.dispatched_at, given.chunk_id, given.pages, given.size, given.sha256,
                  given.cache_key, given.waits
    ), document AS (
        UPDATE documents
           SET page_count = pages, size = begun.size, warnings = '{}',
               sha256 = coalesce(documents.sha256, begun.sha256)
          FROM begun WHERE documents.id = document_id
    ), chunk AS (
        INSERT INTO chunks (id, job_id, index, page_start, page_end, source_bucket, source_object,
                            source_generation, cache_key, status, attempt, lease_expires_at,
                            dispatches, dispatched_at, started_at)
        SELECT chunk_id, job_id, 0, 1, pages, bucket, object, generation, cache_key,
               CASE WHEN waits THEN 'pending' ELSE 'processing' END, (NOT waits)::int,
               CASE WHEN NOT waits THEN now() + %(lease)s END, (NOT waits)::int,
               CASE WHEN NOT waits THEN clock_timestamp() END,
               CASE WHEN NOT waits THEN clock_timestamp() END
          FROM begun JOIN documents ON documents.id = document_id
    ), events AS (
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT job_id, last_event - CASE WHEN waits THEN 2 ELSE 4 END + number, kind, details
          FROM begun, LATERAL (
               VALUES (1, 'planned', jsonb_build_object('chunks', 1, 'pages', pages)),
                      (2, CASE WHEN waits THEN 'split' ELSE 'chunks_dispatched' END,
                       CASE WHEN waits THEN '{}' ELSE '{"indexes": [0]}'::jsonb END),
                      (3, 'split', '{}'),
                      (4, 'chunk_started',
                       jsonb_strip_nulls(jsonb_build_object(
                           'chunk_index', 0, 'page_start', 1, 'page_end', pages, 'attempt', 1,
                           'waited_seconds',
                           round(extract(epoch FROM clock_timestamp() - dispatched_at), 3))))
               ) AS step (number, kind, details)
         WHERE number <= CASE WHEN waits THEN 2 ELSE 4 END
    )
    SELECT job_id, owner, retries, credits_reserved, pages FROM begun
"""

# What follows is about those of them that have a key: as infra.database.result_cache does it for
# one chunk, each statement behind the locks of the one before it. Says whether each is its reader.
TAKE_READERS: Final[LiteralString] = """
    INSERT INTO cache_readers (owner, key, chunk_id)
    SELECT owner, cache_key, id FROM chunks
     WHERE id = ANY(%(chunks)s) AND cache_key IS NOT NULL AND status = 'processing'
     ORDER BY owner, cache_key
    ON CONFLICT (owner, key) DO UPDATE SET owner = excluded.owner
    RETURNING chunk_id = ANY(%(chunks)s) AS is_ours
"""
# Only where one is another's.
TAKE_OVER: Final[LiteralString] = """
    UPDATE cache_readers SET chunk_id = mine.id
      FROM chunks AS mine
     WHERE mine.id = ANY(%(chunks)s) AND mine.status = 'processing'
       AND cache_readers.owner = mine.owner AND cache_readers.key = mine.cache_key
       AND cache_readers.chunk_id <> mine.id
       AND NOT EXISTS (
           SELECT FROM chunks JOIN jobs ON jobs.id = job_id
            WHERE chunks.id = cache_readers.chunk_id
              AND chunks.status = 'processing' AND chunks.lease_expires_at >= now()
              AND jobs.status IN ('processing', 'paused'))
"""
FIND: Final[LiteralString] = """
    SELECT id, path, checksum
      FROM chunks JOIN result_cache ON result_cache.owner = chunks.owner AND key = cache_key
     WHERE id = ANY(%(chunks)s) AND status = 'processing' AND expires_at > now()
     ORDER BY result_cache.owner, key FOR NO KEY UPDATE OF result_cache
"""
# Only where something was found. It needs no reader.
COUNT_HITS: Final[LiteralString] = """
    WITH found AS (
        SELECT owner, cache_key, id FROM chunks WHERE id = ANY(%(found)s)
    ), hits AS (
        UPDATE result_cache SET hits = hits + 1 FROM found
         WHERE result_cache.owner = found.owner AND key = cache_key
    )
    DELETE FROM cache_readers USING found
     WHERE cache_readers.owner = found.owner AND key = cache_key AND chunk_id = found.id
"""
# An equal one is being read by another worker. It waits without a message until that has ended, and
# has not been started: nobody has seen what this transaction wrote.
STAND_BACK: Final[LiteralString] = """
    WITH chunk AS (
        UPDATE chunks
           SET status = 'pending', attempt = 0, lease_expires_at = NULL, started_at = NULL,
               dispatches = 0, dispatched_at = NULL
         WHERE id = ANY(%(chunks)s) AND status = 'processing' AND cache_key IS NOT NULL
           AND EXISTS (SELECT FROM cache_readers
                        WHERE cache_readers.owner = chunks.owner AND key = cache_key
                          AND chunk_id <> chunks.id)
           AND id <> ALL(%(found)s)
        RETURNING id, job_id
    ), job AS (
        UPDATE jobs SET last_event = last_event - 1
          FROM chunk WHERE jobs.id = job_id
        RETURNING jobs.id, last_event
    ), event AS (
        DELETE FROM job_events USING job
         WHERE job_events.job_id = job.id AND job_events.id = last_event + 1
    )
    SELECT job_id FROM chunk
"""

RENEW_JOBS: Final[LiteralString] = """
    WITH waiting AS (
        SELECT id
          FROM unnest(%(jobs)s::uuid[], %(attempts)s::int[]) AS given (job_id, attempt)
          JOIN jobs ON jobs.id = given.job_id AND jobs.attempt = given.attempt
         WHERE stage = 'splitting' AND status = 'processing'
         ORDER BY id FOR NO KEY UPDATE OF jobs
    )
    UPDATE jobs SET lease_expires_at = now() + %(lease)s
     WHERE id IN (SELECT id FROM waiting)
    RETURNING id AS job_id
"""
RENEW_CHUNKS: Final[LiteralString] = """
    WITH reading AS (
        SELECT chunks.id
          FROM unnest(%(jobs)s::uuid[], %(attempts)s::int[]) AS given (job_id, attempt)
          JOIN jobs ON jobs.id = given.job_id AND jobs.attempt = given.attempt
          JOIN chunks ON chunks.job_id = jobs.id
         WHERE index = 0 AND chunks.attempt = 1 AND chunks.status = 'processing'
           AND jobs.status IN ('processing', 'paused')
         ORDER BY chunks.id FOR UPDATE OF chunks
    )
    UPDATE chunks SET lease_expires_at = now() + %(lease)s
     WHERE id IN (SELECT id FROM reading)
    RETURNING job_id
"""

# The next attempt need not wait for a lease whose holder has given it up.
HAND_ON: Final[LiteralString] = """
    UPDATE jobs
       SET lease_expires_at = now(), stalls = stalls - 1, dispatches = dispatches + 1,
           dispatched_at = now()
     WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = 'splitting'
       AND status = 'processing'
    RETURNING dispatches
"""
