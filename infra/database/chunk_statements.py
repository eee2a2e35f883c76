"""The statements by which workers claim, hold, finish and give back chunks."""

from __future__ import annotations

from typing import Final, LiteralString

from infra.database.result_cache import TAKE_READER

# A chunk is free when it waits and is due, or when the worker that had it fell silent.
# A paused, cancelled or finished job's chunk is never free. The job is looked at twice: who
# waited for its row decides by what is there then, and rolls back where `job` is empty.
CLAIM: Final[LiteralString] = f"""
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
                  jobs.priority, jobs.last_event, jobs.owner
    ), event AS (
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT claimed.job_id, job.last_event, 'chunk_started',
               jsonb_strip_nulls(jsonb_build_object(
                   'chunk_index', index, 'page_start', page_start, 'page_end', page_end,
                   'attempt', claimed.attempt, 'waited_seconds',
                   round(extract(epoch FROM started_at - dispatched_at), 3)))
          FROM claimed, job
    ), reader AS (
        {TAKE_READER}
    )
    SELECT extract(epoch FROM claimed.started_at - claimed.dispatched_at)::float8 AS waited,
           claimed.id, job_id, index, page_start, page_end, attempt, failures, lost_leases,
           source_bucket, source_object, source_generation, document_id, run, options,
           job.priority, result_storage_path, result_checksum, page_errors, claimed_job,
           job.owner, cache_key, reader.chunk_id AS reader
      FROM claimed LEFT JOIN job ON true LEFT JOIN reader ON true
"""  # noqa: S608 - put together of constants

# Its equal is being read by another. It waits without a message until that one has ended, and
# the look at it costs no attempt.
WAIT: Final[LiteralString] = """
    UPDATE chunks
       SET status = 'pending', lease_expires_at = NULL,
           lost_leases = lost_leases + (status = 'processing')::int,
           dispatches = 0, dispatched_at = NULL
     WHERE id = %(id)s
       AND (status = 'pending' OR (status = 'processing' AND lease_expires_at < now()))
"""

# One that is held becomes its key's reader, after what was found for it has proved damaged.
HOLD: Final[LiteralString] = f"""
    WITH claimed AS (
        SELECT chunks.* FROM chunks
         WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'processing'
           FOR UPDATE
    ), job AS (
        SELECT owner FROM jobs WHERE id = (SELECT job_id FROM claimed)
    ), reader AS (
        {TAKE_READER}
    )
    SELECT reader.chunk_id AS reader, claimed.id, claimed.cache_key, job.owner
      FROM claimed, job, reader
"""  # noqa: S608 - put together of constants

# As WAIT, for one that is held.
STAND_BACK: Final[LiteralString] = """
    UPDATE chunks
       SET status = 'pending', lease_expires_at = NULL, dispatches = 0, dispatched_at = NULL
     WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'processing'
"""

# A message is gone by a claim that came to nothing: the job stood still, and who lets it go on
# sends another. It may go on by now: a chunk that could be claimed waits for its turn as well.
DROPPED: Final[LiteralString] = """
    UPDATE chunks SET dispatches = 0, dispatched_at = NULL
     WHERE id = %(id)s AND status = 'pending' AND dispatches > 0
       AND ((source_object IS NOT NULL AND (due_at IS NULL OR due_at <= now()))
            OR EXISTS (SELECT FROM jobs WHERE jobs.id = job_id AND jobs.status <> 'processing'))
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
               error_code = %(code)s, error_message = %(message)s, is_cached = %(is_cached)s
         WHERE id = %(id)s AND attempt = %(attempt)s AND status = ANY(%(before)s)
           -- One that waits is only failed by a splitter that could not cut it.
           AND (status = 'processing' OR source_object IS NULL)
        RETURNING id, job_id, index, page_start, page_end, cache_key,
                  round(extract(epoch FROM finished_at - started_at), 3) AS seconds
    ), counted AS (
        UPDATE jobs
           SET completed_chunks = completed_chunks + (%(status)s = 'completed')::int,
               failed_chunks = failed_chunks + (%(status)s = 'failed')::int,
               completed_pages = completed_pages + %(completed_pages)s,
               failed_pages = jobs.failed_pages + %(failed_pages)s,
               cached_chunks = cached_chunks + %(is_cached)s::int,
               cached_pages = cached_pages + %(is_cached)s::int * %(completed_pages)s,
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
                  last_event, dispatches, jobs.owner, jobs.document_id,
                  completed_chunks + failed_chunks = total_chunks AS whole
    ), left_off AS (
        DELETE FROM cache_readers USING finished, counted
         WHERE cache_readers.owner = counted.owner AND cache_readers.key = finished.cache_key
           AND cache_readers.chunk_id = finished.id
        RETURNING key
    ), kept AS (
        INSERT INTO result_cache (owner, key, path, checksum, pages, document_id, expires_at)
        SELECT counted.owner, cache_key, %(path)s, %(checksum)s, page_end - page_start + 1,
               document_id, now() + %(keep)s
          FROM finished, counted, documents,
               -- The reader's row before the result's, as everywhere.
               (SELECT count(*) FROM left_off) AS first
         WHERE documents.id = document_id
           AND cache_key IS NOT NULL AND %(keep)s::interval IS NOT NULL
           AND %(status)s = 'completed' AND NOT %(is_cached)s AND %(failed_pages)s = 0
           -- The pages of a damaged file may be counted otherwise by the next who opens it.
           AND documents.warnings = '{}'
        ON CONFLICT (owner, key) DO UPDATE
           SET path = excluded.path, checksum = excluded.checksum, hits = 0,
               document_id = excluded.document_id, created_at = now(),
               expires_at = excluded.expires_at
         WHERE result_cache.expires_at <= now()
    ), events AS (
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT counted.id, last_event - whole::int, 'chunk_' || %(status)s,
               jsonb_strip_nulls(jsonb_build_object(
                   'chunk_index', index, 'page_start', page_start, 'page_end', page_end,
                   'failed_pages', %(failed_pages)s::int, 'code', %(code)s::text,
                   'message', %(message)s::text, 'seconds', seconds,
                   'cached', CASE WHEN %(is_cached)s THEN true END))
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
        RETURNING id, job_id, index, page_start, page_end, failures
    ), job AS (
        UPDATE jobs SET heartbeat_at = now(), last_event = last_event + 1
          FROM released WHERE jobs.id = job_id AND finished_at IS NULL
        RETURNING jobs.last_event
    ), left_off AS (
        DELETE FROM cache_readers USING released, job WHERE chunk_id = released.id
    )
    INSERT INTO job_events (job_id, id, kind, details)
    SELECT job_id, last_event, 'chunk_put_back',
           jsonb_build_object('chunk_index', index, 'page_start', page_start,
                              'page_end', page_end, 'failures', failures,
                              'code', %(code)s::text, 'message', %(message)s::text)
      FROM released, job
"""
