"""What was read of a batch when: counted from its jobs' and its own audit trail."""

from __future__ import annotations

from typing import Final, LiteralString
from uuid import UUID

from common.access import Caller
from common.batch_throughput import (
    MOST_POINTS,
    USUAL_POINTS,
    Bucket,
    Stretch,
    Throughput,
)
from infra.database.ownership import OWNED, whose
from infra.database.pool import Pool


class PostgresThroughput:
    """Batches' series by their owner."""

    # A chunk that is read once more, since pages of it had failed, brings only those: what it had
    # brought before is taken off. The stretches are even in UTC, and none is left out. A recovered
    # job's events from before its recovery are another batch's. The batch is asked for by its id
    # also where it has been found, and job by job: so no other batch's rows are gone through.
    SERIES: Final[LiteralString] = f"""
        WITH batch AS (
            SELECT id, created_at,
                   coalesce(started_at, created_at) AS since,
                   greatest(coalesce(finished_at, now()), started_at, created_at) AS until
              FROM batches WHERE id = %(batch_id)s AND {OWNED}
        ), width AS (
            SELECT make_interval(secs => coalesce(
                       (SELECT min(width) FROM unnest(%(widths)s::int[]) AS width
                         WHERE width >= %(narrowest)s
                           AND extract(epoch FROM until - since) / width < %(most)s - 1),
                       %(widest)s)) AS width
              FROM batch
        ), chunk AS (
            SELECT event.*
              FROM batch
              JOIN batch_jobs ON batch_jobs.batch_id = %(batch_id)s
             CROSS JOIN LATERAL (
                   SELECT at, coalesce((details ->> 'cached')::bool, false) AS is_cached,
                          good - coalesce(lag(good) OVER (
                              PARTITION BY details ->> 'chunk_index' ORDER BY id), 0) AS pages
                     FROM job_events
                    CROSS JOIN LATERAL (
                          SELECT (details ->> 'page_end')::int - (details ->> 'page_start')::int + 1
                                 - coalesce((details ->> 'failed_pages')::int, 0) AS good
                          ) AS counted
                    WHERE job_id = batch_jobs.job_id AND kind = 'chunk_completed') AS event
        ), happened AS (
            SELECT at, greatest(pages, 0) AS pages,
                   CASE WHEN is_cached THEN greatest(pages, 0) ELSE 0 END AS cached, 0 AS documents
              FROM chunk, batch WHERE at >= created_at
             UNION ALL
            SELECT at, 0, 0, 1 FROM batch JOIN batch_events ON batch_id = %(batch_id)s
             WHERE kind LIKE 'document\\_%%'
               AND kind NOT IN ('document_retried', 'document_extended')
        ), summed AS (
            SELECT date_bin(width, greatest(at, since), '2000-01-01Z') AS at,
                   sum(pages)::int AS pages, sum(cached)::int AS cached,
                   sum(documents)::int AS documents
              FROM happened, batch, width WHERE happened.at <= until + width GROUP BY 1
        )
        SELECT stretch.at, since, until, extract(epoch FROM width)::int AS seconds,
               coalesce(pages, 0) AS pages, coalesce(cached, 0) AS cached,
               coalesce(documents, 0) AS documents
          FROM batch, width,
               generate_series(date_bin(width, since, '2000-01-01Z'), until, width) AS stretch (at)
          LEFT JOIN summed ON summed.at = stretch.at
         ORDER BY stretch.at
    """  # noqa: S608 - put together of constants

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def series(
        self, batch_id: UUID, caller: Caller, *, narrowest: Bucket | None = None
    ) -> Throughput | None:
        """Return the batch's series, or None where there is no such batch for this caller.

        Its stretches are `narrowest` at least, and longer where these would be too many.
        """
        values = {
            "batch_id": batch_id,
            **whose(caller),
            "widths": [bucket.seconds for bucket in Bucket],
            "narrowest": narrowest.seconds if narrowest else 1,
            "most": USUAL_POINTS if narrowest is None else MOST_POINTS,
            "widest": Bucket.WEEK.seconds,
        }
        with self._pool.connection() as connection:
            rows = connection.execute(self.SERIES, values).fetchall()
        if not rows:
            return None
        return Throughput(
            seconds=rows[0]["seconds"],
            since=rows[0]["since"],
            until=rows[0]["until"],
            stretches=[
                Stretch(row["at"], row["pages"], row["cached"], row["documents"]) for row in rows
            ],
        )
