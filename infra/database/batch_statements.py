"""How batches are counted: the one statement by which every view of them is made."""

from __future__ import annotations

from typing import Final, LiteralString

#: What is taken from a batch's row. `skipped` may be long, and is not.
COLUMNS: Final[LiteralString] = """
    id, owner, matter, name, purpose, status, priority, webhook_url, origin_id, strategy,
    jsonb_array_length(skipped) AS skipped, total, last_event, created_at, started_at,
    finished_at, resumed_at
"""

# Behind a statement called `asked` that picks the batches. One statement is one snapshot: what it
# counts is what all transactions so far have made of the jobs, and adds up to the total.
# Each batch's jobs are gone through once. Those that ended with errors are named, so that only
# their chunks are asked for what went wrong on which page; chunks of long ago have been removed.
# What is read in the last minutes is found by its time, once for all batches.
COUNTED: Final[LiteralString] = """
    , paced AS (
        SELECT id AS batch_id,
               greatest(coalesce(resumed_at, started_at), started_at,
                        now() - make_interval(secs => %(pace_seconds)s)) AS since
          FROM asked
         WHERE status = 'processing' AND finished_at IS NULL AND started_at IS NOT NULL
    ), counted AS (
        SELECT asked.id AS batch_id, jobs.status,
               CASE WHEN jobs.status = 'failed' THEN error_code END AS code,
               min(error_message) AS message,
               count(*)::int AS jobs,
               coalesce(sum(total_pages), 0)::int AS total_pages,
               coalesce(sum(completed_pages), 0)::int AS completed_pages,
               coalesce(sum(failed_pages), 0)::int AS failed_pages,
               coalesce(sum(completed_chunks), 0)::int AS completed_chunks,
               coalesce(sum(cached_chunks), 0)::int AS cached_chunks,
               coalesce(sum(cached_pages), 0)::int AS cached_pages,
               count(*) FILTER (WHERE total_pages > 0)::int AS opened,
               count(*) FILTER (WHERE total_pages = 0 AND jobs.finished_at IS NULL)::int
                   AS unopened,
               coalesce(sum(total_pages - completed_pages - failed_pages)
                        FILTER (WHERE jobs.finished_at IS NULL), 0)::int AS unread_pages,
               coalesce(sum((completed_pages + failed_pages)::float8 / total_pages)
                        FILTER (WHERE total_pages > 0 AND jobs.finished_at IS NULL), 0)::float8
                   AS begun,
               count(*) FILTER (WHERE jobs.finished_at > since)::int AS recent,
               array_agg(jobs.id) FILTER (WHERE jobs.status = 'completed_with_errors') AS partly
          FROM asked
          JOIN batch_jobs ON batch_jobs.batch_id = asked.id
          JOIN jobs ON jobs.id = job_id
          LEFT JOIN paced ON paced.batch_id = asked.id
         GROUP BY asked.id, jobs.status, code
    ), missing AS (
        SELECT batch_id, part.job_id, causes.*
          FROM counted
         CROSS JOIN unnest(partly) AS part (job_id)
         CROSS JOIN LATERAL (
               SELECT error_code AS code, error_message AS message,
                      page_end - page_start + 1 AS pages
                 FROM chunks WHERE job_id = part.job_id AND status = 'failed'
                UNION ALL
               SELECT error ->> 'code', error ->> 'message', 1
                 FROM chunks CROSS JOIN jsonb_array_elements(page_errors) AS error
                WHERE job_id = part.job_id AND status = 'completed' AND failed_pages > 0
                UNION ALL
               SELECT CASE WHEN failed_pages > 0 THEN 'PAGES_FAILED'
                           WHEN error_code IS NOT NULL THEN 'STAGE_FAILED' ELSE 'FILE_DAMAGED' END,
                      CASE WHEN failed_pages > 0 THEN 'Some pages could not be read.'
                           WHEN error_code IS NOT NULL THEN error_message
                           ELSE 'Every page was read; it is the file itself that is damaged.' END,
                      failed_pages
                 FROM jobs
                WHERE id = part.job_id
                  AND NOT EXISTS (SELECT FROM chunks
                                   WHERE job_id = part.job_id
                                     AND (status = 'failed' OR chunks.failed_pages > 0))
               ) AS causes
    ), causes AS (
        SELECT batch_id, code, count(DISTINCT job_id)::int AS documents,
               sum(pages)::int AS pages, min(message) AS message
          FROM missing GROUP BY batch_id, code
    ), recent AS (
        SELECT batch_id, sum(page_end - page_start + 1 - failed_pages)::int AS pages
          FROM chunks
          JOIN batch_jobs USING (job_id)
          JOIN paced USING (batch_id)
         WHERE status = 'completed' AND chunks.finished_at > since
           AND chunks.finished_at > now() - make_interval(secs => %(pace_seconds)s)
         GROUP BY batch_id
    )
    SELECT asked.*, now() AS now,
           (SELECT jsonb_agg(to_jsonb(counted) - 'partly') FROM counted
             WHERE batch_id = asked.id) AS groups,
           (SELECT jsonb_agg(to_jsonb(causes)) FROM causes
             WHERE batch_id = asked.id) AS causes,
           coalesce((SELECT pages FROM recent WHERE batch_id = asked.id), 0) AS recent_pages,
           coalesce((SELECT extract(epoch FROM now() - since)::float8 FROM paced
                      WHERE batch_id = asked.id), 0) AS recent_seconds,
           (SELECT array_agg(recovery.id ORDER BY recovery.created_at, recovery.id)
              FROM batches AS recovery
             WHERE recovery.origin_id = asked.id AND recovery.purpose = 'recovery') AS recoveries
      FROM asked
"""
