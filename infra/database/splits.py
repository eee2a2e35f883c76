"""What the splitter writes. Every method is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, LiteralString

from psycopg import Connection

from common.caching import PlanOutcome, ReadingKeys
from common.errors import LeaseLost
from common.lifecycle import ChunkStatus
from common.models import ChunkId, ChunkOutcome, ObjectRef, PlannedChunk, SplitWork
from common.pages import PageRange
from infra.database.credits import reserve
from infra.database.pool import Pool


class PostgresSplits:
    """Jobs on their way from a claimed upload to cut and dispatched chunks."""

    PLAN: Final[LiteralString] = """
        WITH planned AS (
            UPDATE jobs
               SET total_chunks = %(chunks)s, total_pages = %(pages)s, heartbeat_at = now(),
                   last_event = last_event + 1
             WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = 'splitting'
               AND status = 'processing' AND total_chunks = 0
            RETURNING id, document_id, last_event
        ), document AS (
            UPDATE documents
               SET page_count = %(page_count)s, size = %(size)s, warnings = %(warnings)s,
                   sha256 = coalesce(sha256, %(sha256)s)
             WHERE id = (SELECT document_id FROM planned)
        )
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT id, last_event, 'planned',
               jsonb_build_object('chunks', %(chunks)s::int, 'pages', %(pages)s::int)
          FROM planned
    """

    RESERVED: Final[LiteralString] = """
        SELECT owner, credits_reserved, retries FROM jobs WHERE id = %(job_id)s
    """

    # Of what was read before nothing is left to do. All keys are looked up at once, and what is
    # found is locked, by key, until this commits: the clean-up then sees that it is needed.
    ADD_CHUNKS: Final[LiteralString] = """
        WITH plan AS (
            SELECT * FROM unnest(%(indexes)s::int[], %(starts)s::int[], %(ends)s::int[],
                                 %(keys)s::text[]) AS plan (index, page_start, page_end, key)
        ), found AS (
            SELECT owner, key, path, checksum FROM result_cache
             WHERE owner = %(owner)s AND key = ANY(%(keys)s::text[]) AND expires_at > now()
             ORDER BY key FOR NO KEY UPDATE
        ), hits AS (
            UPDATE result_cache SET hits = hits + 1 FROM found
             WHERE result_cache.owner = found.owner AND result_cache.key = found.key
        )
        INSERT INTO chunks (id, job_id, index, page_start, page_end, cache_key, is_cached, status,
                            result_storage_path, result_checksum, finished_at)
        SELECT gen_random_uuid(), %(job_id)s, index, page_start, page_end, key, path IS NOT NULL,
               CASE WHEN path IS NULL THEN 'pending' ELSE 'completed' END, path, checksum,
               CASE WHEN path IS NOT NULL THEN clock_timestamp() END
          FROM plan LEFT JOIN found USING (key)
        RETURNING page_end - page_start + 1 AS pages, is_cached
    """

    # What was found counts as a worker's result would. Where that is all, the merge is due.
    COUNT_FOUND: Final[LiteralString] = """
        WITH found AS (
            SELECT index, page_start, page_end, row_number() OVER (ORDER BY index) AS place
              FROM chunks WHERE job_id = %(job_id)s AND is_cached
        ), counted AS (
            UPDATE jobs
               SET completed_chunks = %(found)s, completed_pages = %(found_pages)s,
                   cached_chunks = %(found)s, cached_pages = %(found_pages)s,
                   -- The pace is that of what has yet to be read.
                   reading_from = %(found)s,
                   last_event = last_event + %(found)s + (%(found)s = total_chunks)::int,
                   stage = CASE WHEN %(found)s = total_chunks THEN 'merging' ELSE stage END,
                   dispatches = dispatches + (%(found)s = total_chunks)::int,
                   dispatched_at = CASE WHEN %(found)s = total_chunks THEN now()
                                        ELSE dispatched_at END,
                   stalls = CASE WHEN %(found)s = total_chunks THEN 0 ELSE stalls END,
                   lease_expires_at = CASE WHEN %(found)s = total_chunks THEN NULL
                                           ELSE lease_expires_at END
             WHERE id = %(job_id)s
            RETURNING last_event, dispatches, %(found)s = total_chunks AS whole
        ), events AS (
            INSERT INTO job_events (job_id, id, kind, details)
            SELECT %(job_id)s, last_event - whole::int - %(found)s + place, 'chunk_completed',
                   jsonb_build_object('chunk_index', index, 'page_start', page_start,
                                      'page_end', page_end, 'failed_pages', 0, 'cached', true)
              FROM counted, found
            UNION ALL
            SELECT %(job_id)s, last_event, 'merging', '{}' FROM counted WHERE whole
        )
        SELECT whole, dispatches FROM counted
    """

    PLANNED: Final[LiteralString] = """
        SELECT id, index, page_start, page_end, status, source_bucket, source_object,
               source_generation, dispatches
          FROM chunks WHERE job_id = %(job_id)s ORDER BY index
    """

    # A chunk that turned out too large for one call gives its second half to a new one.
    HALVE: Final[LiteralString] = """
        WITH job AS (
            UPDATE jobs SET total_chunks = total_chunks + 1
             WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = 'splitting'
               AND status = 'processing'
            RETURNING id, total_chunks - 1 AS index
        ), first AS (
            UPDATE chunks SET page_end = %(middle)s, cache_key = %(first_key)s
             WHERE id = %(chunk_id)s AND source_object IS NULL AND EXISTS (SELECT FROM job)
        )
        INSERT INTO chunks (id, job_id, index, page_start, page_end, cache_key)
        SELECT gen_random_uuid(), id, index, %(middle)s + 1, %(end)s, %(second_key)s FROM job
        RETURNING id, index
    """

    # The source makes the chunk claimable: it waits for its turn once this has committed.
    # Cutting may have brought damage to light: the merge must know of it before it can begin.
    DISPATCHED: Final[LiteralString] = """
        WITH job AS (
            UPDATE jobs
               SET lease_expires_at = now() + %(lease)s, heartbeat_at = now(), stalls = 0,
                   last_event = last_event + 1
             WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = 'splitting'
               AND status = 'processing'
            RETURNING id, last_event
        ), event AS (
            INSERT INTO job_events (job_id, id, kind, details)
            SELECT id, last_event, 'chunks_dispatched',
                   jsonb_build_object('indexes', %(indexes)s::int[])
              FROM job
        ), document AS (
            UPDATE documents SET warnings = %(warnings)s
             WHERE id = %(document_id)s AND warnings <> %(warnings)s AND EXISTS (SELECT FROM job)
        )
        UPDATE chunks
           SET source_bucket = cut.bucket, source_object = cut.object,
               source_generation = cut.generation, ready_at = clock_timestamp()
          FROM unnest(%(ids)s::uuid[], %(buckets)s::text[], %(objects)s::text[],
                      %(generations)s::bigint[]) AS cut (id, bucket, object, generation)
         WHERE chunks.id = cut.id AND EXISTS (SELECT FROM job)
    """

    RENEW: Final[LiteralString] = """
        UPDATE jobs SET lease_expires_at = now() + %(lease)s
         WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = 'splitting'
           AND status = 'processing'
    """

    # Who comes next need not wait for a lease whose holder knows that it has failed.
    RELEASE: Final[LiteralString] = """
        UPDATE jobs
           SET lease_expires_at = now(), stalls = stalls - (NOT %(counted)s)::int
         WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = 'splitting'
           AND status = 'processing'
    """

    # No row is no harm: the last chunk may have moved the job to merging already. The password
    # stays for what was found in the cache: the merge looks at it, and may want it cut after all.
    FINISH: Final[LiteralString] = """
        WITH finished AS (
            UPDATE jobs
               SET stage = 'ocr', stalls = 0, lease_expires_at = NULL, last_event = last_event + 1
             WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = 'splitting'
               AND status IN ('processing', 'paused')
            RETURNING id, last_event
        ), forgotten AS (
            DELETE FROM job_passwords
             WHERE job_id = (SELECT id FROM finished)
               AND NOT EXISTS (SELECT FROM chunks WHERE chunks.job_id = job_passwords.job_id
                                                    AND is_cached AND source_object IS NULL)
        )
        INSERT INTO job_events (job_id, id, kind) SELECT id, last_event, 'split' FROM finished
    """

    FAIL: Final[LiteralString] = """
        WITH failed AS (
            UPDATE jobs
               SET status = 'failed', error_code = %(code)s, error_message = %(message)s,
                   lease_expires_at = NULL, finished_at = now(), heartbeat_at = now(),
                   last_event = last_event + 1
             WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = 'splitting'
               AND status = 'processing'
            RETURNING id, document_id, last_event, options @> '{"warm": true}' AS is_warm
        ), document AS (
            UPDATE documents SET status = 'failed'
             WHERE id = (SELECT document_id FROM failed WHERE NOT is_warm) AND result_job IS NULL
        ), forgotten AS (
            DELETE FROM job_passwords WHERE job_id = (SELECT id FROM failed)
        )
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT id, last_event, 'job_failed',
               jsonb_build_object('code', %(code)s::text, 'message', %(message)s::text)
          FROM failed
    """

    def __init__(self, pool: Pool, *, lease: timedelta, credits_enabled: bool = False) -> None:
        self._pool = pool
        self._lease = lease
        self._credits_enabled = credits_enabled

    def plan(
        self,
        work: SplitWork,
        *,
        page_count: int,
        size: int,
        warnings: Sequence[str],
        chunks: Sequence[PageRange],
        keys: Sequence[str] | None = None,
        sha256: str | None = None,
    ) -> PlanOutcome:
        """Write all chunk rows at once, so that the total is known before the first cut.

        Chunks whose key is in the cache are completed by this, and where all are, the merge in
        the outcome is to be sent. `keys` has one for each chunk, or is None for a job that does
        without the cache. `sha256` is the file's, kept where the document has none.

        Reserves the credits of the pages to be read where that was not done when the job was
        made. Raises InsufficientCredits, and nothing is written.
        """
        values = {
            "job_id": work.job_id,
            "attempt": work.attempt,
            "page_count": page_count,
            "size": size,
            "sha256": sha256,
            "owner": work.owner,
            "warnings": list(warnings),
            "chunks": len(chunks),
            "pages": sum(len(pages) for pages in chunks),
            "indexes": list(range(len(chunks))),
            "starts": [pages.start for pages in chunks],
            "ends": [pages.end for pages in chunks],
            "keys": [None] * len(chunks) if keys is None else list(keys),
        }
        with self._pool.connection() as connection:
            if connection.execute(self.PLAN, values).rowcount == 0:
                raise LeaseLost("Another attempt is splitting this document.")
            rows = connection.execute(self.ADD_CHUNKS, values).fetchall()
            outcome = self._count_found(connection, work, rows)
            unread = sum(row["pages"] for row in rows if not row["is_cached"])
            if self._credits_enabled and unread:
                self._reserve(connection, work, unread)
        return outcome

    def _count_found(
        self, connection: Connection[Any], work: SplitWork, rows: Sequence[dict[str, Any]]
    ) -> PlanOutcome:
        found = [row["pages"] for row in rows if row["is_cached"]]
        if not found:
            return PlanOutcome()
        values = {"job_id": work.job_id, "found": len(found), "found_pages": sum(found)}
        row = connection.execute(self.COUNT_FOUND, values).fetchone()
        assert row is not None
        merge = ChunkOutcome(job_id=work.job_id, was_last=True, dispatches=row["dispatches"])
        return PlanOutcome(len(found), sum(found), merge if row["whole"] else None)

    def _reserve(self, connection: Connection[Any], work: SplitWork, pages: int) -> None:
        job = connection.execute(self.RESERVED, {"job_id": work.job_id}).fetchone()
        if job is not None and not job["credits_reserved"]:
            reserve(
                connection,
                owner=job["owner"],
                job_id=work.job_id,
                attempt=job["retries"],
                pages=pages,
            )

    def planned(self, work: SplitWork) -> list[PlannedChunk]:
        """Return the chunk rows in order of their index."""
        with self._pool.connection() as connection:
            rows = connection.execute(self.PLANNED, {"job_id": work.job_id}).fetchall()
        return [
            PlannedChunk(
                id=ChunkId(row["id"]),
                index=row["index"],
                pages=PageRange(row["page_start"], row["page_end"]),
                source=ObjectRef(
                    row["source_bucket"], row["source_object"], row["source_generation"]
                )
                if row["source_object"]
                else None,
                status=ChunkStatus(row["status"]),
            )
            for row in rows
        ]

    def halve(
        self, work: SplitWork, chunk: PlannedChunk, keys: ReadingKeys | None = None
    ) -> tuple[PlannedChunk, PlannedChunk]:
        """Give the second half of an uncut chunk's pages to a new chunk. Each gets its own key."""
        first, second = chunk.pages.halves()
        values = {
            "job_id": work.job_id,
            "attempt": work.attempt,
            "chunk_id": chunk.id,
            "middle": first.end,
            "end": second.end,
            "first_key": keys.key(first) if keys else None,
            "second_key": keys.key(second) if keys else None,
        }
        with self._pool.connection() as connection:
            row = connection.execute(self.HALVE, values).fetchone()
        if row is None:
            raise LeaseLost("Another attempt is splitting this document.")
        return (
            PlannedChunk(chunk.id, chunk.index, first, None, chunk.status),
            PlannedChunk(ChunkId(row["id"]), row["index"], second, None, chunk.status),
        )

    def dispatched(
        self,
        work: SplitWork,
        cut: Sequence[tuple[PlannedChunk, ObjectRef]],
        warnings: Sequence[str] = (),
    ) -> None:
        """Record where a wave's PDFs are; it waits for its turn once this has returned."""
        values = {
            "job_id": work.job_id,
            "document_id": work.document_id,
            "attempt": work.attempt,
            "warnings": list(warnings),
            "lease": self._lease,
            "indexes": [chunk.index for chunk, _ in cut],
            "ids": [chunk.id for chunk, _ in cut],
            "buckets": [source.bucket for _, source in cut],
            "objects": [source.name for _, source in cut],
            "generations": [source.generation for _, source in cut],
        }
        with self._pool.connection() as connection:
            if connection.execute(self.DISPATCHED, values).rowcount == 0:
                raise LeaseLost("Another attempt is splitting this document.")

    def renew(self, work: SplitWork) -> bool:
        """Extend the lease; False when it is another's by now."""
        values = {"job_id": work.job_id, "attempt": work.attempt, "lease": self._lease}
        with self._pool.connection() as connection:
            return connection.execute(self.RENEW, values).rowcount == 1

    def release(self, work: SplitWork, *, counted: bool) -> None:
        """End the lease early, after an error; `counted` where it may be the document's fault."""
        values = {"job_id": work.job_id, "attempt": work.attempt, "counted": counted}
        with self._pool.connection() as connection:
            connection.execute(self.RELEASE, values)

    def finish(self, work: SplitWork) -> None:
        """Record that every chunk is cut and dispatched."""
        with self._pool.connection() as connection:
            connection.execute(self.FINISH, {"job_id": work.job_id, "attempt": work.attempt})

    def fail(self, work: SplitWork, code: str, message: str) -> None:
        """End the job: this document can't be split."""
        values = {
            "job_id": work.job_id,
            "attempt": work.attempt,
            "code": code,
            "message": message,
        }
        with self._pool.connection() as connection:
            connection.execute(self.FAIL, values)
