"""The statements by which turns are given out. `parts` is how many parts a message has."""

from __future__ import annotations

from typing import Final, LiteralString

# What waits and what is in flight, as their indexes have it (0013_turns.sql).
_WAITING_CHUNK: Final[LiteralString] = """
    chunks.status = 'pending' AND source_object IS NOT NULL AND chunks.dispatched_at IS NULL
    AND NOT chunks.stands
"""
_WAITING_JOB: Final[LiteralString] = """
    jobs.status = 'pending' AND stage = 'received' AND jobs.batch_id IS NOT NULL
    AND jobs.dispatched_at IS NULL
"""
_CHUNK_IN_FLIGHT: Final[LiteralString] = """
    NOT chunks.stands
    AND (chunks.status = 'processing'
         OR (chunks.status = 'pending' AND chunks.dispatched_at IS NOT NULL))
"""
_JOB_IN_FLIGHT: Final[LiteralString] = """
    jobs.batch_id IS NOT NULL
    AND ((jobs.status = 'pending' AND jobs.dispatched_at IS NOT NULL)
         OR (jobs.status = 'processing' AND stage = 'splitting'))
"""
# What a worker reads as it is. Less than the whole has to be cut, and what only fills the cache is
# never bound: that begins with a split, however small it is.
_IS_SMALL: Final[LiteralString] = """
    (size <= %(small)s AND NOT jobs.options ?| '{warm,pages}')
"""
# A chunk that may start now. One whose equal is being read waits for it.
_READY: Final[LiteralString] = """
    (due_at IS NULL OR due_at <= now()) AND jobs.status = 'processing'
    AND (cache_key IS NULL OR NOT EXISTS (
         SELECT FROM cache_readers
           JOIN chunks AS reader ON reader.id = cache_readers.chunk_id
           JOIN jobs AS readers_job ON readers_job.id = reader.job_id
          WHERE cache_readers.owner = chunks.owner AND cache_readers.key = chunks.cache_key
            AND reader.id <> chunks.id AND reader.status = 'processing'
            AND reader.lease_expires_at >= now()
            AND readers_job.status IN ('processing', 'paused')))
"""

LOCK: Final[LiteralString] = "SELECT high_sent, normal_sent FROM turns FOR UPDATE"

SENT: Final[LiteralString] = """
    UPDATE turns SET high_sent = %(high)s, normal_sent = %(normal)s
     WHERE (high_sent, normal_sent) <> (%(high)s, %(normal)s)
"""

PROMOTION: Final[LiteralString] = """
    UPDATE turns SET promotions = promotions + 1 RETURNING promotions
"""

# Asked at every chunk's start, so it looks at no more rows than it must: does anything wait, and
# has its priority at most half a window in the broker? The order keeps to the index: where nothing
# of a priority waits, going through the table would find that out last.
LEVEL: Final[LiteralString] = f"""
    WITH waiting AS (
        SELECT classes.priority
          FROM unnest('{{high,normal,low}}'::text[]) AS classes (priority)
         WHERE (SELECT true FROM chunks
                 WHERE chunks.priority = classes.priority AND {_WAITING_CHUNK}
                 ORDER BY owner, lane, index LIMIT 1)
            OR (SELECT true FROM jobs
                 WHERE jobs.priority = classes.priority AND {_WAITING_JOB}
                 ORDER BY owner, batch_id, batch_position LIMIT 1)
    )
    SELECT EXISTS (SELECT FROM waiting) AS waits,
           EXISTS (SELECT FROM waiting
                    WHERE %(parts)s * (
                              SELECT count(*) FROM (
                                  SELECT FROM chunks
                                   WHERE chunks.priority = waiting.priority
                                     AND NOT chunks.stands
                                     AND chunks.status = 'pending'
                                     AND chunks.dispatched_at IS NOT NULL
                                     AND (due_at IS NULL OR due_at < now() + interval '10 s')
                                   LIMIT %(low)s + 1) AS queued)
                          + (SELECT count(*) FROM (
                                  SELECT FROM jobs JOIN batches ON batches.id = batch_id
                                   WHERE jobs.priority = waiting.priority
                                     AND batches.status IN ('pending', 'processing')
                                     AND jobs.status = 'pending'
                                     AND jobs.dispatched_at IS NOT NULL
                                   LIMIT %(low)s * %(parts)s + 1) AS begun)
                          <= %(low)s * %(parts)s) AS has_room
"""  # noqa: S608 - put together of constants

# Distinct lanes are found by skipping from one to the next along the index, however much waits in
# each. A chunk that is put back for long is in nobody's way, nor is what stands still: a message of
# it that is still there is dropped by whoever takes it, and one that is lost would stay for ever.
LANES: Final[LiteralString] = f"""
    WITH RECURSIVE chunk_lanes AS (
        (SELECT priority, owner, lane FROM chunks WHERE {_WAITING_CHUNK}
          ORDER BY priority, owner, lane LIMIT 1)
        UNION ALL
        SELECT next.* FROM chunk_lanes CROSS JOIN LATERAL (
            SELECT priority, owner, lane FROM chunks
             WHERE {_WAITING_CHUNK}
               AND (priority, owner, lane)
                   > (chunk_lanes.priority, chunk_lanes.owner, chunk_lanes.lane)
             ORDER BY priority, owner, lane LIMIT 1) AS next
    ), job_lanes AS (
        (SELECT priority, owner, batch_id FROM jobs WHERE {_WAITING_JOB}
          ORDER BY priority, owner, batch_id LIMIT 1)
        UNION ALL
        SELECT next.* FROM job_lanes CROSS JOIN LATERAL (
            SELECT priority, owner, batch_id FROM jobs
             WHERE {_WAITING_JOB}
               AND (priority, owner, batch_id)
                   > (job_lanes.priority, job_lanes.owner, job_lanes.batch_id)
             ORDER BY priority, owner, batch_id LIMIT 1) AS next
    ), in_flight AS (
        SELECT chunks.priority, chunks.owner, lane, 0 AS waiting_chunks, 0 AS waiting_documents,
               count(*) FILTER (WHERE status = 'pending') * %(parts)s AS queued,
               count(*) FILTER (WHERE status = 'processing'
                                  AND lease_expires_at >= now()) * %(parts)s AS processing
          FROM chunks
         WHERE {_CHUNK_IN_FLIGHT} AND (due_at IS NULL OR due_at < now() + interval '10 s')
         GROUP BY chunks.priority, chunks.owner, lane
        UNION ALL
        SELECT jobs.priority, jobs.owner, jobs.batch_id, 0, 0,
               coalesce(sum(parts) FILTER (
                   WHERE jobs.status = 'pending'
                     AND batches.status IN ('pending', 'processing')), 0),
               coalesce(sum(parts) FILTER (WHERE jobs.status = 'processing'), 0)
          FROM jobs JOIN documents ON documents.id = document_id
          JOIN batches ON batches.id = batch_id
         CROSS JOIN LATERAL (SELECT CASE WHEN {_IS_SMALL} THEN 1 ELSE %(parts)s END) AS
                    share (parts)
         WHERE {_JOB_IN_FLIGHT}
         GROUP BY jobs.priority, jobs.owner, jobs.batch_id
    ), all_work AS (
        SELECT * FROM in_flight
        UNION ALL
        SELECT priority, owner, lane, %(parts)s * (
                   SELECT count(*) FROM (
                       SELECT FROM chunks JOIN jobs ON jobs.id = job_id
                        WHERE chunks.priority = chunk_lanes.priority
                          AND chunks.owner = chunk_lanes.owner
                          AND chunks.lane = chunk_lanes.lane AND {_WAITING_CHUNK} AND {_READY}
                        LIMIT %(most)s + (SELECT coalesce(sum(processing), 0) / %(parts)s
                                            FROM in_flight)) AS ready),
               0, 0, 0
          FROM chunk_lanes
        UNION ALL
        SELECT job_lanes.priority, job_lanes.owner, job_lanes.batch_id, 0, (
                   SELECT coalesce(sum(CASE WHEN {_IS_SMALL} THEN 1 ELSE %(parts)s END), 0)
                     FROM (SELECT document_id, options FROM jobs
                            WHERE jobs.priority = job_lanes.priority
                              AND jobs.owner = job_lanes.owner
                              AND jobs.batch_id = job_lanes.batch_id AND {_WAITING_JOB}
                            LIMIT %(most)s * %(parts)s
                                  + (SELECT coalesce(sum(processing), 0) FROM in_flight)) AS jobs
                     JOIN documents ON documents.id = document_id),
               0, 0
          FROM job_lanes JOIN batches ON batches.id = job_lanes.batch_id
         WHERE batches.status IN ('pending', 'processing')
    )
    SELECT priority, owner, lane, sum(waiting_chunks)::int AS waiting_chunks,
           sum(waiting_documents)::int AS waiting_documents, sum(queued)::int AS queued,
           sum(processing)::int AS processing
      FROM all_work GROUP BY priority, owner, lane
"""  # noqa: S608 - put together of constants

_WANTED: Final[LiteralString] = """
    unnest(%(priorities)s::text[], %(owners)s::text[], %(lanes)s::uuid[], %(amounts)s::int[])
    AS wanted (priority, owner, lane, amount)
"""

# All jobs' first chunks before any's second: a long document doesn't hold up a short one.
TAKE_CHUNKS: Final[LiteralString] = f"""
    WITH taken AS (
        SELECT ready.id FROM {_WANTED} CROSS JOIN LATERAL (
            SELECT chunks.id FROM chunks JOIN jobs ON jobs.id = job_id
             WHERE chunks.priority = wanted.priority AND chunks.owner = wanted.owner
               AND chunks.lane = wanted.lane AND {_WAITING_CHUNK} AND {_READY}
             ORDER BY chunks.index LIMIT wanted.amount
               FOR UPDATE OF chunks SKIP LOCKED) AS ready
    )
    UPDATE chunks SET dispatches = chunks.dispatches + 1, dispatched_at = clock_timestamp()
      FROM taken, jobs
     WHERE chunks.id = taken.id AND jobs.id = job_id
    RETURNING chunks.id, job_id, document_id, index, chunks.priority, chunks.owner, lane
"""  # noqa: S608 - put together of constants

# In the manifest's order, until their parts fill what the lane was given; at least one.
TAKE_DOCUMENTS: Final[LiteralString] = f"""
    WITH taken AS (
        SELECT counted.id, counted.is_small FROM {_WANTED} CROSS JOIN LATERAL (
            SELECT id, is_small,
                   sum(CASE WHEN is_small THEN 1 ELSE %(parts)s END)
                       OVER (ORDER BY batch_position)
                   - CASE WHEN is_small THEN 1 ELSE %(parts)s END AS before
              FROM (SELECT jobs.id, batch_position, {_IS_SMALL} AS is_small
                      FROM jobs JOIN documents ON documents.id = document_id
                     WHERE jobs.priority = wanted.priority AND jobs.owner = wanted.owner
                       AND jobs.batch_id = wanted.lane AND {_WAITING_JOB}
                     ORDER BY batch_position LIMIT wanted.amount
                       FOR UPDATE OF jobs SKIP LOCKED) AS ready) AS counted
         WHERE before < wanted.amount
    )
    UPDATE jobs SET dispatches = jobs.dispatches + 1, dispatched_at = now()
      FROM taken, documents
     WHERE jobs.id = taken.id AND documents.id = document_id
    RETURNING jobs.id, jobs.priority, jobs.owner, batch_id, batch_position, jobs.dispatches,
              bucket, object, generation, is_small
"""  # noqa: S608 - put together of constants

# What lies in the broker first, the oldest; then what waits here. What was helped and did not get
# through is helped again.
PROMOTE_CHUNKS: Final[LiteralString] = f"""
    WITH queued AS (
        SELECT chunks.id, 0 AS place FROM chunks JOIN jobs ON jobs.id = job_id
         WHERE chunks.priority = %(priority)s AND chunks.status = 'pending'
           AND chunks.dispatched_at IS NOT NULL AND (
               chunks.sent_as IS NULL OR (chunks.sent_as = 'normal' AND %(ahead)s = 'high')
               OR chunks.dispatched_at < now() - interval '1 minute')
           AND (due_at IS NULL OR due_at <= now()) AND jobs.status = 'processing'
         ORDER BY chunks.dispatched_at LIMIT %(places)s FOR UPDATE OF chunks SKIP LOCKED
    ), waiting AS (
        SELECT chunks.id, 1 AS place FROM chunks JOIN jobs ON jobs.id = job_id
         WHERE chunks.priority = %(priority)s AND {_WAITING_CHUNK} AND {_READY}
         ORDER BY chunks.owner, chunks.lane, chunks.index LIMIT %(places)s
           FOR UPDATE OF chunks SKIP LOCKED
    ), helped AS (
        SELECT id FROM (SELECT * FROM queued UNION ALL SELECT * FROM waiting) AS found
         ORDER BY place LIMIT %(places)s
    )
    UPDATE chunks
       SET sent_as = %(ahead)s, dispatches = chunks.dispatches + 1,
           dispatched_at = clock_timestamp()
      FROM helped, jobs WHERE chunks.id = helped.id AND jobs.id = job_id
    RETURNING chunks.id, document_id, index
"""  # noqa: S608 - put together of constants

# Only what is small: a large document begins beside the broker, by Cloud Tasks.
PROMOTE_JOBS: Final[LiteralString] = f"""
    WITH queued AS (
        SELECT jobs.id, 0 AS place FROM jobs
          JOIN documents ON documents.id = document_id
          JOIN batches ON batches.id = batch_id
         WHERE jobs.priority = %(priority)s AND batch_id IS NOT NULL
           AND jobs.status = 'pending' AND jobs.dispatched_at IS NOT NULL
           AND (jobs.sent_as IS NULL OR (jobs.sent_as = 'normal' AND %(ahead)s = 'high')
                OR jobs.dispatched_at < now() - interval '1 minute')
           AND {_IS_SMALL} AND batches.status IN ('pending', 'processing')
         ORDER BY jobs.dispatched_at LIMIT %(places)s FOR UPDATE OF jobs SKIP LOCKED
    ), waiting AS (
        SELECT jobs.id, 1 AS place FROM jobs
          JOIN documents ON documents.id = document_id
          JOIN batches ON batches.id = batch_id
         WHERE jobs.priority = %(priority)s AND {_WAITING_JOB} AND {_IS_SMALL}
           AND batches.status IN ('pending', 'processing')
         ORDER BY jobs.owner, batch_id, batch_position LIMIT %(places)s
           FOR UPDATE OF jobs SKIP LOCKED
    ), helped AS (
        SELECT id FROM (SELECT * FROM queued UNION ALL SELECT * FROM waiting) AS found
         ORDER BY place LIMIT %(places)s
    )
    UPDATE jobs SET sent_as = %(ahead)s, dispatches = dispatches + 1, dispatched_at = now()
      FROM helped WHERE jobs.id = helped.id
    RETURNING jobs.id
"""  # noqa: S608 - put together of constants

# What has lain in the broker for a while, the oldest first. In Redis it may lie behind a list that
# never empties.
RENEW_CHUNKS: Final[LiteralString] = f"""
    WITH oldest AS (
        SELECT chunks.id FROM chunks
         WHERE chunks.priority = %(priority)s AND {_CHUNK_IN_FLIGHT}
           AND chunks.status = 'pending' AND (due_at IS NULL OR due_at <= now())
           AND chunks.dispatched_at < now() - interval '5 seconds'
         ORDER BY chunks.dispatched_at LIMIT %(places)s FOR UPDATE OF chunks SKIP LOCKED
    )
    UPDATE chunks SET dispatches = chunks.dispatches + 1, dispatched_at = clock_timestamp()
      FROM oldest, jobs WHERE chunks.id = oldest.id AND jobs.id = job_id
    RETURNING chunks.id, document_id, index
"""  # noqa: S608 - put together of constants

RENEW_JOBS: Final[LiteralString] = f"""
    WITH oldest AS (
        SELECT jobs.id FROM jobs
          JOIN documents ON documents.id = document_id
          JOIN batches ON batches.id = batch_id
         WHERE jobs.priority = %(priority)s AND jobs.status = 'pending'
           AND batch_id IS NOT NULL AND {_IS_SMALL}
           AND batches.status IN ('pending', 'processing')
           AND jobs.dispatched_at < now() - interval '5 seconds'
         ORDER BY jobs.dispatched_at LIMIT %(places)s FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE jobs SET dispatches = dispatches + 1, dispatched_at = now()
      FROM oldest WHERE jobs.id = oldest.id
    RETURNING jobs.id
"""  # noqa: S608 - put together of constants
