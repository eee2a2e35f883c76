"""What maintain asks about the backlog, and the looks that it had at it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, LiteralString

from common.scaling import Decision, Load, Look
from infra.database.pool import Pool

#: Longer than any look back that the rule asks for.
_LOOKS: Final = timedelta(hours=1)


class PostgresBacklog:
    """Chunks and stages that wait and that workers are at, and one worker pool's looks."""

    # What a live worker holds is being read, also for a job that was paused meanwhile. What
    # waits counts once it is due, or will be by the next look; what a split is cutting will be
    # there by then, too. A message that is sent again moves `dispatched_at`, so a chunk may have
    # waited up to twice as long as it seems.
    LOAD: Final[LiteralString] = """
        WITH backlog AS (
            SELECT coalesce(sum(page_end - page_start + 1) FILTER (WHERE waits), 0)::bigint
                       AS waiting_pages,
                   count(*) FILTER (WHERE is_held)::int AS processing,
                   coalesce(sum(page_end - page_start + 1) FILTER (WHERE is_held), 0)::bigint
                       AS processing_pages,
                   greatest(0, extract(epoch FROM now() - min(since) FILTER (WHERE waits)))::float8
                       AS oldest_seconds
              FROM jobs
              JOIN chunks ON job_id = jobs.id AND chunks.status IN ('pending', 'processing')
             CROSS JOIN LATERAL (
                 SELECT chunks.status = 'processing' AND chunks.lease_expires_at >= now()
                            AS is_held) AS held
             CROSS JOIN LATERAL (
                 SELECT NOT is_held AND jobs.status = 'processing'
                            AND (due_at IS NULL OR due_at <= now() + %(soon)s)
                            AND (source_object IS NOT NULL OR jobs.lease_expires_at >= now())
                            AS waits,
                        coalesce(due_at, chunks.lease_expires_at, chunks.dispatched_at,
                                 chunks.ready_at) AS since) AS waiting
             WHERE jobs.finished_at IS NULL AND jobs.status IN ('processing', 'paused')
        ), stages_backlog AS (
            -- Only stages after OCR have such a row. They take about a twentieth of what reading
            -- the same pages takes.
            SELECT coalesce(sum(pages) FILTER (WHERE waits), 0)::bigint AS waiting_pages,
                   count(*) FILTER (WHERE is_held)::int AS processing,
                   coalesce(sum(pages) FILTER (WHERE is_held), 0)::bigint AS processing_pages,
                   greatest(0, extract(epoch FROM now() - min(since) FILTER (WHERE waits)))::float8
                       AS oldest_seconds
              FROM jobs
              JOIN job_stages ON job_id = jobs.id AND job_stages.stage = jobs.stage
             CROSS JOIN LATERAL (
                 SELECT lease_expires_at IS NOT NULL AND lease_expires_at >= now() AS is_held,
                        greatest(1, completed_pages / 20) AS pages) AS held
             CROSS JOIN LATERAL (
                 SELECT NOT is_held AND jobs.status = 'processing'
                            AND (due_at IS NULL OR due_at <= now() + %(soon)s) AS waits,
                        coalesce(due_at, lease_expires_at, dispatched_at) AS since) AS waiting
             WHERE jobs.finished_at IS NULL AND jobs.status IN ('processing', 'paused')
        ), batches_backlog AS (
            -- What has not been looked into has as many pages as its bytes let expect.
            SELECT coalesce(sum(coalesce(page_count, 1 + size / %(page_bytes)s)), 0)::bigint
                       AS pages
              FROM jobs JOIN documents ON documents.id = document_id
              JOIN batches ON batches.id = batch_id
             WHERE jobs.status = 'pending' AND stage = 'received'
               AND batches.status IN ('pending', 'processing')
        ), newest AS (
            SELECT page_end - page_start + 1 AS pages, finished_at - started_at AS took
              FROM chunks
             WHERE status = 'completed' AND finished_at > now() - %(of_late)s
             ORDER BY finished_at DESC LIMIT %(newest)s
        ), read AS (
            SELECT count(*)::int AS read_chunks, coalesce(sum(pages), 0)::int AS read_pages,
                   coalesce(extract(epoch FROM sum(took)), 0)::float8 AS read_seconds
              FROM newest WHERE took >= interval '0'
        )
        SELECT backlog.waiting_pages + stages_backlog.waiting_pages + batches_backlog.pages
                   AS waiting_pages,
               backlog.processing + stages_backlog.processing AS processing,
               backlog.processing_pages + stages_backlog.processing_pages AS processing_pages,
               greatest(0, backlog.oldest_seconds, stages_backlog.oldest_seconds)
                   AS oldest_seconds,
               read_chunks, read_pages, read_seconds
          FROM backlog, stages_backlog, batches_backlog, read
    """

    LOOKS: Final[LiteralString] = """
        SELECT extract(epoch FROM clock_timestamp() - at)::float8 AS seconds_ago, enough
          FROM worker_scaling WHERE pool = %(pool)s AND at > now() - %(looks)s
    """

    # Changes are kept as long as logs are, looks that changed nothing only while they count.
    RECORD: Final[LiteralString] = """
        WITH old AS (
            DELETE FROM worker_scaling
             WHERE at < now() - CASE WHEN wanted IS DISTINCT FROM current THEN %(keep)s
                                     ELSE %(looks)s END
        )
        INSERT INTO worker_scaling (pool, waiting_pages, processing, oldest_seconds,
                                    seconds_per_page, enough, current, wanted)
        VALUES (%(pool)s, %(waiting_pages)s, %(processing)s, %(oldest_seconds)s,
                %(seconds_per_page)s, %(enough)s, %(current)s, %(wanted)s)
    """

    def __init__(self, pool: Pool, *, worker_pool: str, keep: timedelta) -> None:
        self._pool = pool
        self._values = {
            "pool": worker_pool,
            "keep": max(keep, _LOOKS),
            "looks": _LOOKS,
            "soon": timedelta(minutes=1),
            "of_late": timedelta(minutes=30),
            "newest": 500,
            # Of scanned pages; text has less, and is over sooner.
            "page_bytes": 150_000,
        }

    def load(self) -> Load:
        """Return what there is for workers to do, of all tenants."""
        with self._pool.connection() as connection:
            row = connection.execute(self.LOAD, self._values).fetchone()
        assert row is not None
        return Load(**row)

    def looks(self) -> list[Look]:
        """Return the last hour's looks."""
        with self._pool.connection() as connection:
            rows = connection.execute(self.LOOKS, self._values).fetchall()
        return [Look(row["seconds_ago"], row["enough"]) for row in rows]

    def record(self, load: Load, current: int | None, decision: Decision) -> None:
        """Keep what was seen and decided, and forget what is too old to count."""
        values = {
            "waiting_pages": load.waiting_pages,
            "processing": load.processing,
            "oldest_seconds": load.oldest_seconds,
            "seconds_per_page": load.seconds_per_page,
            "enough": decision.enough,
            "current": current,
            "wanted": decision.wanted,
        }
        with self._pool.connection() as connection:
            connection.execute(self.RECORD, self._values | values)
