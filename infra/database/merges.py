"""What the merge reads and writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, LiteralString

import msgspec
from psycopg.types.json import Jsonb

from common.errors import LeaseLost
from common.lifecycle import ChunkStatus, JobStatus
from common.models import (
    ChunkId,
    ChunkRef,
    DocumentId,
    JobId,
    JobOptions,
    MergedDocument,
    MergeWork,
    ObjectRef,
    PageRow,
    Priority,
    StoredChunk,
    ToSend,
)
from common.pages import PageRange
from common.stages import PlannedStage
from infra.database import damaged_results, page_rows, warm_jobs
from infra.database.pool import Pool
from infra.database.stages import plan_anew


class PostgresMerges:
    """Jobs whose chunks are all done, until their result is whole."""

    CLAIM: Final[LiteralString] = """
        WITH claimed AS (
            UPDATE jobs
               SET attempt = attempt + 1, stalls = stalls + 1,
                   lease_expires_at = now() + %(lease)s, heartbeat_at = now(),
                   last_event = last_event + 1
             WHERE id = %(job_id)s AND status = 'processing' AND stage = 'merging'
               AND (lease_expires_at IS NULL OR lease_expires_at < now())
            RETURNING id, document_id, run, attempt, stalls, options, priority,
                      options @> '{"warm": true}' AS is_warm, last_event,
                      extract(epoch FROM clock_timestamp() - dispatched_at)::float8 AS waited
        ), event AS (
            INSERT INTO job_events (job_id, id, kind, details)
            SELECT id, last_event, 'merge_started', jsonb_build_object('attempt', attempt)
              FROM claimed
        )
        SELECT claimed.*, filename, page_count, warnings
          FROM claimed JOIN documents ON documents.id = document_id
    """

    # In the document's order, which is not the index's where a chunk had to be halved.
    CHUNKS: Final[LiteralString] = """
        SELECT index, page_start, page_end, status, result_storage_path, result_checksum,
               reopened, error_code, error_message
          FROM chunks WHERE job_id = %(job_id)s ORDER BY page_start
    """

    RENEW: Final[LiteralString] = """
        UPDATE jobs SET lease_expires_at = now() + %(lease)s, heartbeat_at = now()
         WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = 'merging'
           AND status = 'processing'
    """

    RELEASE: Final[LiteralString] = """
        UPDATE jobs
           SET lease_expires_at = now(), stalls = stalls - (NOT %(counted)s)::int
         WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = 'merging'
           AND status = 'processing'
    """

    # Others' rows are looked for by two ranges of the index: by <> every row would be read, with
    # the job's row locked.
    # A run that delivers nothing leaves an earlier run's result as it is.
    FINISH: Final[LiteralString] = """
        WITH finished AS (
            UPDATE jobs
               SET status = CASE WHEN %(first_stage)s::text IS NULL THEN %(status)s
                                 -- A batch that stands still lets nothing of it begin.
                                 WHEN EXISTS (SELECT FROM batches WHERE id = jobs.batch_id
                                                 AND batches.status = 'paused') THEN 'paused'
                                 ELSE 'processing' END,
                   stage = coalesce(%(first_stage)s, stage),
                   outcome = CASE WHEN %(first_stage)s::text IS NOT NULL THEN %(status)s END,
                   dispatches = dispatches + (%(first_stage)s::text IS NOT NULL)::int,
                   dispatched_at = CASE WHEN %(first_stage)s::text IS NULL THEN dispatched_at
                                        ELSE now() END,
                   stalls = CASE WHEN %(first_stage)s::text IS NULL THEN stalls ELSE 0 END,
                   result_path = CASE WHEN %(has_result)s THEN %(result_path)s::text
                                      ELSE result_path END,
                   result_checksum = CASE WHEN %(has_result)s THEN %(checksum)s::text
                                          ELSE result_checksum END,
                   text_path = CASE WHEN %(has_result)s THEN %(text_path)s::text
                                    ELSE text_path END,
                   error_code = %(code)s, error_message = %(message)s,
                   lease_expires_at = NULL, heartbeat_at = now(), last_event = last_event + 1,
                   finished_at = CASE WHEN %(first_stage)s::text IS NULL THEN now() END
             WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = 'merging'
               AND status = 'processing'
            RETURNING id, document_id, last_event, status, result_path,
                      options @> '{"warm": true}' AS is_warm
        ), document AS (
            UPDATE documents
               -- Another job may have delivered before, and a warm one changes nothing.
               SET status = CASE WHEN coalesce(finished.result_path, result_job::text) IS NULL
                                 THEN 'failed' ELSE 'ocr_complete' END,
                   result_job = CASE WHEN %(has_result)s THEN %(job_id)s ELSE result_job END,
                   result_attempt = CASE WHEN %(has_result)s THEN %(attempt)s
                                         ELSE result_attempt END
              FROM finished WHERE documents.id = finished.document_id AND NOT is_warm
        ), outdated_pages AS (
            DELETE FROM pages
             WHERE %(has_result)s AND document_id = (SELECT document_id FROM finished)
               AND ((job_id, attempt) < (%(job_id)s, %(attempt)s)
                    OR (job_id, attempt) > (%(job_id)s, %(attempt)s))
        ), forgotten AS (
            DELETE FROM job_passwords WHERE job_id = (SELECT id FROM finished)
        )
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT id, last_event,
               CASE WHEN %(first_stage)s::text IS NULL THEN 'job_' || status ELSE 'merged' END,
               %(details)s
          FROM finished
    """

    def __init__(self, pool: Pool, *, lease: timedelta) -> None:
        self._pool = pool
        self._lease = lease

    def claim(self, job_id: JobId) -> MergeWork | None:
        """Take the right to merge; None where it is done, taken or not yet due."""
        values = {"job_id": job_id, "lease": self._lease}
        with self._pool.connection() as connection:
            row = connection.execute(self.CLAIM, values).fetchone()
        if row is None:
            return None
        options = msgspec.convert(row["options"], JobOptions)
        return MergeWork(
            job_id=JobId(row["id"]),
            document_id=DocumentId(row["document_id"]),
            run=row["run"],
            attempt=row["attempt"],
            stalls=row["stalls"],
            filename=row["filename"],
            source_page_count=row["page_count"],
            warnings=tuple(row["warnings"]),
            outputs=options.outputs,
            stages=options.stages,
            priority=Priority(row["priority"]),
            is_warm=row["is_warm"],
            waited=row["waited"],
        )

    def chunks(self, work: MergeWork) -> list[StoredChunk]:
        """Return the job's chunks in the order of their pages."""
        with self._pool.connection() as connection:
            rows = connection.execute(self.CHUNKS, {"job_id": work.job_id}).fetchall()
        return [
            StoredChunk(
                index=row["index"],
                pages=PageRange(row["page_start"], row["page_end"]),
                status=ChunkStatus(row["status"]),
                result_path=row["result_storage_path"],
                result_checksum=row["result_checksum"],
                reopened=row["reopened"],
                error_code=row["error_code"],
                error_message=row["error_message"],
            )
            for row in rows
        ]

    def renew(self, work: MergeWork) -> bool:
        """Extend the lease; False when the merge is another's by now."""
        values = {"job_id": work.job_id, "attempt": work.attempt, "lease": self._lease}
        with self._pool.connection() as connection:
            return connection.execute(self.RENEW, values).rowcount == 1

    def reopen(self, work: MergeWork, chunk: StoredChunk) -> ToSend:
        """Have a chunk read again whose stored result is damaged; return what to send."""
        values = {"job_id": work.job_id, "attempt": work.attempt, "index": chunk.index}
        with self._pool.connection() as connection:
            row = connection.execute(damaged_results.REOPEN, values).fetchone()
        if row is None:
            raise _lost()
        if row["is_uncut"]:
            source = ObjectRef(row["bucket"], row["object"], row["generation"])
            return ToSend(dispatch=row["dispatches"], source=source)
        return ToSend(chunks=((ChunkRef(ChunkId(row["id"]), work.document_id, chunk.index), 0.0),))

    def give_up(self, work: MergeWork, chunk: StoredChunk, code: str, message: str) -> None:
        """Count a chunk as failed whose stored result stays damaged."""
        values = {
            "job_id": work.job_id,
            "attempt": work.attempt,
            "index": chunk.index,
            "code": code,
            "message": message,
        }
        with self._pool.connection() as connection:
            if connection.execute(damaged_results.GIVE_UP, values).fetchone() is None:
                raise _lost()

    def release(self, work: MergeWork, *, counted: bool) -> None:
        """End the lease early, after an error; `counted` where it may be the document's fault."""
        with self._pool.connection() as connection:
            connection.execute(self.RELEASE, {**_fence(work), "counted": counted})

    def write_pages(self, work: MergeWork, pages: Iterable[PageRow]) -> None:
        """Copy rows under this merge's attempt. They count once `finish` has said so.

        Raises LeaseLost where the document is gone.
        """
        with self._pool.connection() as connection:
            if not page_rows.write(connection, work, pages):
                raise _lost()

    def discard_pages(self, work: MergeWork) -> None:
        """Remove the rows of a merge that does not count."""
        with self._pool.connection() as connection:
            page_rows.delete(connection, work)

    def finish(
        self, work: MergeWork, merged: MergedDocument, stages: Sequence[PlannedStage] = ()
    ) -> None:
        """End the job with this merge's result and pages, or have it go through these stages.

        Raises LeaseLost where it is another's.
        """
        failed = merged.status is JobStatus.FAILED
        values = {
            **_fence(work),
            "status": merged.status.value,
            "has_result": merged.result_path is not None,
            "result_path": merged.result_path,
            "text_path": merged.text_path,
            "checksum": merged.checksum,
            "code": merged.error_code,
            "message": merged.error_message,
            "first_stage": stages[0].stage.value if stages else None,
            "details": Jsonb(
                {"pages": merged.pages, "failed_pages": merged.failed_pages}
                | ({"code": merged.error_code, "message": merged.error_message} if failed else {})
            ),
        }
        with self._pool.connection() as connection:
            if connection.execute(self.FINISH, values).rowcount == 0:
                raise _lost()
            # Of a job that is read again in part, what was made of it before goes; one that
            # delivers nothing keeps its earlier result, and so what was made of that.
            if merged.result_path is not None:
                plan_anew(connection, work.job_id, stages)

    def finish_warm(self, work: MergeWork) -> None:
        """End a job that delivers nothing as its counts say. LeaseLost where it is another's."""
        with self._pool.connection() as connection:
            if connection.execute(warm_jobs.FINISH, _fence(work)).rowcount == 0:
                raise _lost()


def _fence(work: MergeWork) -> dict[str, object]:
    return {"document_id": work.document_id, "job_id": work.job_id, "attempt": work.attempt}


def _lost() -> LeaseLost:
    return LeaseLost("Another attempt merges this document, or the job has ended.")
