"""What a merge does about a chunk whose stored result is damaged: read it again, or give it up."""

from __future__ import annotations

from typing import Final, LiteralString

# A stored result that does not match its checksum: uncount the chunk and read it again. One
# that came from the cache has never been cut, so the job goes back to its splitter. Nobody is
# given the damaged result any more.
REOPEN: Final[LiteralString] = """
    WITH job AS (
        UPDATE jobs
           SET stage = CASE WHEN source_object IS NULL THEN 'splitting' ELSE 'ocr' END,
               lease_expires_at = CASE WHEN source_object IS NULL THEN now() END,
               dispatches = jobs.dispatches + (source_object IS NULL)::int,
               dispatched_at = CASE WHEN source_object IS NULL THEN now()
                                    ELSE jobs.dispatched_at END,
               heartbeat_at = now(),
               completed_chunks = completed_chunks - 1,
               completed_pages = completed_pages - chunks.page_end + chunks.page_start - 1
                                 + chunks.failed_pages,
               failed_pages = jobs.failed_pages - chunks.failed_pages,
               cached_chunks = cached_chunks - is_cached::int,
               cached_pages = cached_pages
                              - is_cached::int * (chunks.page_end - chunks.page_start + 1),
               last_event = last_event + 1
          FROM chunks
         WHERE jobs.id = %(job_id)s AND jobs.attempt = %(attempt)s AND stage = 'merging'
           AND jobs.status = 'processing'
           AND chunks.job_id = jobs.id AND chunks.index = %(index)s
           AND chunks.status = 'completed'
        RETURNING jobs.id, jobs.document_id, jobs.owner, jobs.dispatches, last_event,
                  source_object IS NULL AS is_uncut, cache_key, result_storage_path
    ), event AS (
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT id, last_event, 'chunk_reopened',
               jsonb_build_object('chunk_index', %(index)s::int, 'code', 'RESULT_DAMAGED')
          FROM job
    ), evicted AS (
        DELETE FROM result_cache USING job
         WHERE result_cache.owner = job.owner AND key = cache_key
           AND path = result_storage_path
    ), reopened AS (
        UPDATE chunks
           SET status = 'pending', result_storage_path = NULL, result_checksum = NULL,
               is_cached = false, failed_pages = 0, page_errors = '[]', finished_at = NULL,
               failures = 0, lost_leases = 0, reopened = reopened + 1,
               dispatches = (NOT is_uncut)::int,
               dispatched_at = CASE WHEN NOT is_uncut THEN clock_timestamp() END
          FROM job
         WHERE job_id = job.id AND index = %(index)s
        RETURNING chunks.id
    )
    SELECT reopened.id, is_uncut, dispatches, bucket, object, generation
      FROM reopened, job JOIN documents ON documents.id = document_id
"""

# One that was read again and again, and is damaged still: counted as failed instead.
GIVE_UP: Final[LiteralString] = """
    WITH job AS (
        UPDATE jobs
           SET completed_chunks = completed_chunks - 1, failed_chunks = failed_chunks + 1,
               completed_pages = completed_pages - chunks.page_end + chunks.page_start - 1
                                 + chunks.failed_pages,
               failed_pages = jobs.failed_pages - chunks.failed_pages
                              + chunks.page_end - chunks.page_start + 1,
               cached_chunks = cached_chunks - is_cached::int,
               cached_pages = cached_pages
                              - is_cached::int * (chunks.page_end - chunks.page_start + 1),
               last_event = last_event + 1
          FROM chunks
         WHERE jobs.id = %(job_id)s AND jobs.attempt = %(attempt)s AND stage = 'merging'
           AND jobs.status = 'processing'
           AND chunks.job_id = jobs.id AND chunks.index = %(index)s
           AND chunks.status = 'completed'
        RETURNING jobs.id, last_event
    ), event AS (
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT id, last_event, 'chunk_failed',
               jsonb_build_object('chunk_index', %(index)s::int, 'code', %(code)s::text)
          FROM job
    )
    UPDATE chunks
       SET status = 'failed', error_code = %(code)s, error_message = %(message)s,
           is_cached = false, failed_pages = page_end - page_start + 1, page_errors = '[]'
     WHERE job_id = (SELECT id FROM job) AND index = %(index)s
    RETURNING id
"""
