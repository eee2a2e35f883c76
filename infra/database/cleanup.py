"""What ended jobs leave behind, as the clean-up finds it: each is claimed before it is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, LiteralString

from common.cleaning import Remains
from common.lifecycle import JobStatus
from common.models import DocumentId, JobId, ObjectRef
from infra.database.pool import Pool

# A job that is cancelled behind its merge has delivered what was read, and keeps it.
_ENDED_AS: Final[LiteralString] = (
    "CASE WHEN jobs.status = 'cancelled' THEN coalesce(outcome, 'cancelled') ELSE jobs.status END"
)


class PostgresCleanup:
    """Ended jobs whose remains may go, and old rows that nothing asks for.

    A claim sets `cleaned_at` under the job's row lock, which a retry takes too: one of the two
    finds the other's change and leaves the job alone.
    """

    # A completed job's chunk PDFs go at once, the rest when its time is over; a cancelled job's
    # remains all go as soon as nobody can be at work for it, and once more for what a worker that
    # was frozen has written later. Whatever can be retried waits for its own, longer time.
    CLAIM: Final[LiteralString] = f"""
        WITH due AS (
            SELECT jobs.id,
                   CASE {_ENDED_AS}
                   WHEN 'completed' THEN finished_at < now() - %(keep_intermediates)s
                   WHEN 'cancelled' THEN
                       coalesce(pieces_removed_at < now() - %(keep_intermediates)s, false)
                   ELSE finished_at < now() - %(keep_failed)s END AS is_over
              FROM jobs JOIN documents ON documents.id = document_id
             WHERE finished_at IS NOT NULL AND remains_gone_at IS NULL
               AND (cleaning_until IS NULL OR cleaning_until < now())
               AND CASE {_ENDED_AS}
                   WHEN 'completed' THEN
                       pieces_removed_at IS NULL OR finished_at < now() - %(keep_intermediates)s
                   WHEN 'cancelled' THEN
                       CASE WHEN pieces_removed_at IS NULL
                       THEN (stage NOT IN ('splitting', 'merging')
                             OR finished_at < now() - %(longest_lease)s)
                            -- Its upload may come as long as its session lives.
                            AND (generation IS NOT NULL
                                 OR jobs.created_at < now() - %(upload_deadline)s)
                            AND NOT EXISTS (SELECT FROM chunks
                                             WHERE job_id = jobs.id AND lease_expires_at > now())
                       ELSE pieces_removed_at < now() - %(keep_intermediates)s END
                   ELSE finished_at < now() - %(keep_failed)s END
             ORDER BY finished_at LIMIT %(limit)s
               FOR UPDATE OF jobs SKIP LOCKED
        )
        UPDATE jobs
           SET cleaned_at = coalesce(cleaned_at, now()), cleaning_until = now() + %(lease)s
          FROM due, documents
         WHERE jobs.id = due.id AND documents.id = document_id
        RETURNING jobs.id, document_id, run, {_ENDED_AS} AS status, is_over, result_path, text_path,
                  bucket, object, generation
    """  # noqa: S608 - put together of constants

    # Asked once the claim has committed: of two jobs that are cleaned at once, both are then seen
    # to be done for, and the document goes with either. Who has a document read ahead will have
    # it read.
    NEEDS_SOURCE: Final[LiteralString] = """
        SELECT EXISTS (SELECT FROM jobs
                        WHERE document_id = %(document_id)s
                          AND CASE WHEN id = %(job_id)s THEN options @> '{"warm": true}'
                              ELSE finished_at IS NULL OR result_path IS NOT NULL
                                   -- It can be retried.
                                   OR cleaned_at IS NULL END) AS needed
    """

    # The other job has what this one read by way of the cache, and may yet be merged.
    KEPT: Final[LiteralString] = """
        SELECT path FROM result_cache WHERE document_id = %(document_id)s
        UNION
        SELECT result_storage_path FROM chunks JOIN jobs ON jobs.id = job_id
         WHERE is_cached AND jobs.id <> %(job_id)s AND remains_gone_at IS NULL
           -- All that is in the folder: 0 comes after the slash.
           AND result_storage_path COLLATE "C" >= %(document_id)s::text || '/'
           AND result_storage_path COLLATE "C" < %(document_id)s::text || '0'
    """

    # Rows of merges that do not count; few at a time, each lot in its own transaction.
    PAGES: Final[LiteralString] = """
        DELETE FROM pages
         WHERE ctid = ANY(ARRAY(
               SELECT rows.ctid FROM pages AS rows JOIN documents ON id = document_id
                WHERE document_id = %(document_id)s AND job_id = %(job_id)s
                  AND (job_id, attempt) IS DISTINCT FROM (result_job, result_attempt)
                LIMIT %(pages)s))
    """

    CHUNKS: Final[LiteralString] = "DELETE FROM chunks WHERE job_id = %(job_id)s"

    FINISH: Final[LiteralString] = """
        UPDATE jobs
           SET cleaning_until = NULL, pieces_removed_at = now(),
               remains_gone_at = CASE WHEN %(is_over)s THEN now() END
         WHERE id = %(job_id)s AND cleaned_at IS NOT NULL
    """

    # A trigger puts each one's path into outdated_results.
    EXPIRED: Final[LiteralString] = """
        DELETE FROM result_cache
         WHERE ctid = ANY(ARRAY(SELECT ctid FROM result_cache WHERE expires_at <= now()
                                 ORDER BY owner, key LIMIT %(rows)s
                                   FOR UPDATE SKIP LOCKED))
    """

    # A plan that has found one holds its row until the plan is written, so what it needs is seen
    # here. What a job needs that is not cleaned yet stays: the one that read it, or found it.
    OUTDATED: Final[LiteralString] = """
        SELECT path FROM outdated_results
         WHERE NOT EXISTS (
               SELECT FROM chunks JOIN jobs ON jobs.id = job_id
                WHERE is_cached AND result_storage_path COLLATE "C" = path
                  AND remains_gone_at IS NULL)
           AND NOT EXISTS (
               SELECT FROM jobs JOIN chunks ON job_id = jobs.id
                WHERE jobs.document_id = outdated_results.document_id
                  AND result_storage_path = path AND remains_gone_at IS NULL)
         ORDER BY path LIMIT %(objects)s
    """

    REMOVED: Final[LiteralString] = "DELETE FROM outdated_results WHERE path = ANY(%(paths)s)"

    KEYS: Final[LiteralString] = """
        DELETE FROM idempotency_keys
         WHERE ctid = ANY(ARRAY(SELECT ctid FROM idempotency_keys
                                 WHERE created_at < now() - %(keep_keys)s LIMIT %(rows)s))
    """

    # The lines with the lowest ids are the oldest, and found without an index of their own.
    LOGS: Final[LiteralString] = """
        DELETE FROM job_logs
         WHERE id IN (SELECT id FROM job_logs ORDER BY id LIMIT %(rows)s)
           AND at < now() - %(keep_logs)s
    """

    def __init__(
        self,
        pool: Pool,
        *,
        keep_intermediates: timedelta,
        keep_failed: timedelta,
        keep_keys: timedelta,
        keep_logs: timedelta,
        upload_deadline: timedelta,
        longest_lease: timedelta,
    ) -> None:
        self._pool = pool
        self._values = {
            "keep_intermediates": keep_intermediates,
            "keep_failed": keep_failed,
            "keep_keys": keep_keys,
            "keep_logs": keep_logs,
            "upload_deadline": upload_deadline,
            "longest_lease": longest_lease,
            # A clean-up that broke off is taken up again after this.
            "lease": timedelta(minutes=5),
            "limit": 10,
            "rows": 20_000,
            "pages": 1000,
            "objects": 1000,
        }

    def claim(self) -> list[Remains]:
        """Return a few jobs whose remains may go, those that ended first; nobody else gets them."""
        with self._pool.connection() as connection:
            rows = connection.execute(self.CLAIM, self._values).fetchall()
        return [
            Remains(
                job_id=JobId(row["id"]),
                document_id=DocumentId(row["document_id"]),
                run=row["run"],
                status=JobStatus(row["status"]),
                source=ObjectRef(row["bucket"], row["object"], row["generation"]),
                result_path=row["result_path"],
                text_path=row["text_path"],
                is_over=row["is_over"],
            )
            for row in rows
        ]

    def needs_source(self, remains: Remains) -> bool:
        """Whether another job of the document has delivered, or may yet."""
        values = {"job_id": remains.job_id, "document_id": remains.document_id}
        with self._pool.connection() as connection:
            row = connection.execute(self.NEEDS_SOURCE, values).fetchone()
        return bool(row and row["needed"])

    def kept_results(self, remains: Remains) -> frozenset[str]:
        """Return which of the document's chunk results are in the cache, or another job's too."""
        values = {"job_id": remains.job_id, "document_id": remains.document_id}
        with self._pool.connection() as connection:
            rows = connection.execute(self.KEPT, values).fetchall()
        return frozenset(row["path"] for row in rows)

    def remove_rows(self, remains: Remains) -> int:
        """Remove the chunks' rows, and what merges wrote that do not count; return how many."""
        values = {"job_id": remains.job_id, "document_id": remains.document_id}
        return self._all(self.PAGES, values) + self._one(self.CHUNKS, values)

    def finish(self, remains: Remains) -> None:
        """Record that everything that may go has gone."""
        self._one(self.FINISH, {"job_id": remains.job_id, "is_over": remains.is_over})

    def forget(self) -> int:
        """Remove keys, log lines and cached results whose time is over; return how many."""
        return sum(self._all(query, {}) for query in (self.KEYS, self.LOGS, self.EXPIRED))

    def outdated_results(self) -> list[str]:
        """Return some chunk results that the cache has let go and no job needs."""
        with self._pool.connection() as connection:
            rows = connection.execute(self.OUTDATED, self._values).fetchall()
        return [row["path"] for row in rows]

    def forget_results(self, paths: Sequence[str]) -> None:
        """Record that these are removed."""
        self._one(self.REMOVED, {"paths": list(paths)})

    def _all(self, query: LiteralString, values: Mapping[str, object]) -> int:
        removed = 0
        while count := self._one(query, values):
            removed += count
        return removed

    def _one(self, query: LiteralString, values: Mapping[str, object]) -> int:
        with self._pool.connection() as connection:
            return connection.execute(query, {**self._values, **values}).rowcount
