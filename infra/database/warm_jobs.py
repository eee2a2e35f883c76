"""Jobs that only fill the cache: they change nothing of their document, not even its status."""

from __future__ import annotations

from typing import Final, LiteralString

#: Of a job's row.
IS_WARM: Final[LiteralString] = "options @> '{\"warm\": true}'"

#: Ends one whose chunks are all done, as its counts say. The fence is the merge's.
FINISH: Final[LiteralString] = """
    WITH finished AS (
        UPDATE jobs
           SET status = CASE WHEN failed_pages = 0 THEN 'completed'
                             WHEN completed_pages > 0 THEN 'completed_with_errors'
                             ELSE 'failed' END,
               error_code = CASE WHEN completed_pages = 0 THEN coalesce(
                   (SELECT error_code FROM chunks WHERE job_id = jobs.id AND status = 'failed'
                     ORDER BY page_start LIMIT 1), 'PROCESSING_ERROR') END,
               error_message = CASE WHEN completed_pages = 0 THEN
                   (SELECT error_message FROM chunks WHERE job_id = jobs.id AND status = 'failed'
                     ORDER BY page_start LIMIT 1) END,
               lease_expires_at = NULL, finished_at = now(), heartbeat_at = now(),
               last_event = last_event + 1
         WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = 'merging'
           AND status = 'processing'
        RETURNING id, last_event, status, completed_pages, failed_pages, error_code, error_message
    ), forgotten AS (
        DELETE FROM job_passwords WHERE job_id = (SELECT id FROM finished)
    )
    INSERT INTO job_events (job_id, id, kind, details)
    SELECT id, last_event, 'job_' || status,
           jsonb_strip_nulls(jsonb_build_object(
               'pages', completed_pages, 'failed_pages', failed_pages,
               'code', error_code, 'message', error_message))
      FROM finished
"""
