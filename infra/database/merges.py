"""What the merge reads and writes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final, LiteralString

from psycopg.types.json import Jsonb

from common.errors import LeaseLost
from common.lifecycle import ChunkStatus, JobStatus
from common.models import BoxRow, ChunkId, DocumentId, JobId, MergedDocument, MergeWork, StoredChunk
from common.pages import PageRange
from infra.database.pool import Pool


class PostgresMerges:
    """Jobs whose chunks are all done, until their result is whole."""

    CLAIM: Final[LiteralString] = """
        WITH claimed AS (
            UPDATE jobs
               SET attempt = attempt + 1, lease_expires_at = now() + %(lease)s,
                   heartbeat_at = now(), last_event = last_event + 1
             WHERE id = %(job_id)s AND status = 'processing' AND stage = 'merging'
               AND (lease_expires_at IS NULL OR lease_expires_at < now())
            RETURNING id, document_id, run, attempt, last_event
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
               error_code, error_message
          FROM chunks WHERE job_id = %(job_id)s ORDER BY page_start
    """

    RENEW: Final[LiteralString] = """
        UPDATE jobs SET lease_expires_at = now() + %(lease)s, heartbeat_at = now()
         WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = 'merging'
           AND status = 'processing'
    """

    FINISH: Final[LiteralString] = """
        WITH finished AS (
            UPDATE jobs
               SET status = %(status)s, result_path = %(result_path)s,
                   result_checksum = %(checksum)s, text_path = %(text_path)s,
                   error_code = %(code)s, error_message = %(message)s,
                   lease_expires_at = NULL, finished_at = now(), heartbeat_at = now(),
                   last_event = last_event + 1
             WHERE id = %(job_id)s AND attempt = %(attempt)s AND stage = 'merging'
               AND status = 'processing'
            RETURNING id, document_id, last_event, status
        ), document AS (
            UPDATE documents
               SET status = CASE WHEN %(status)s = 'failed' THEN 'failed' ELSE 'ocr_complete' END
             WHERE id = (SELECT document_id FROM finished)
        )
        INSERT INTO job_events (job_id, id, kind, details)
        SELECT id, last_event, 'job_' || status, %(details)s FROM finished
    """

    # A stored result that does not match its checksum: uncount the chunk and read it again.
    REOPEN: Final[LiteralString] = """
        WITH job AS (
            UPDATE jobs
               SET stage = 'ocr', lease_expires_at = NULL, heartbeat_at = now(),
                   completed_chunks = completed_chunks - 1,
                   completed_pages = completed_pages - chunks.page_end + chunks.page_start - 1
                                     + chunks.failed_pages,
                   failed_pages = jobs.failed_pages - chunks.failed_pages,
                   last_event = last_event + 1
              FROM chunks
             WHERE jobs.id = %(job_id)s AND jobs.attempt = %(attempt)s AND stage = 'merging'
               AND jobs.status = 'processing'
               AND chunks.job_id = jobs.id AND chunks.index = %(index)s
               AND chunks.status = 'completed'
            RETURNING jobs.id, last_event
        ), event AS (
            INSERT INTO job_events (job_id, id, kind, details)
            SELECT id, last_event, 'chunk_reopened',
                   jsonb_build_object('chunk_index', %(index)s::int, 'code', 'RESULT_DAMAGED')
              FROM job
        )
        UPDATE chunks
           SET status = 'pending', result_storage_path = NULL, result_checksum = NULL,
               failed_pages = 0, finished_at = NULL, failures = failures + 1,
               dispatches = dispatches + 1, dispatched_at = clock_timestamp()
         WHERE job_id = (SELECT id FROM job) AND index = %(index)s
        RETURNING id
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
        return MergeWork(
            job_id=JobId(row["id"]),
            document_id=DocumentId(row["document_id"]),
            run=row["run"],
            attempt=row["attempt"],
            filename=row["filename"],
            source_page_count=row["page_count"],
            warnings=tuple(row["warnings"]),
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

    def reopen(self, work: MergeWork, chunk: StoredChunk) -> ChunkId:
        """Have a chunk read again whose stored result is damaged; return whom to send."""
        values = {"job_id": work.job_id, "attempt": work.attempt, "index": chunk.index}
        with self._pool.connection() as connection:
            row = connection.execute(self.REOPEN, values).fetchone()
        if row is None:
            raise LeaseLost("Another attempt merges this document, or the job has ended.")
        return ChunkId(row["id"])

    def finish(
        self,
        work: MergeWork,
        merged: MergedDocument,
        boxes: Iterable[BoxRow],
    ) -> None:
        """Replace the document's boxes and end the job, in one transaction.

        The boxes go in by COPY, row by row as `boxes` yields them. LeaseLost, with nothing
        written, where the merge is another attempt's by now.
        """
        failed = merged.status is JobStatus.FAILED
        values = {
            "job_id": work.job_id,
            "attempt": work.attempt,
            "status": merged.status.value,
            "result_path": merged.result_path,
            "text_path": merged.text_path,
            "checksum": merged.checksum,
            "code": merged.error_code,
            "message": merged.error_message,
            "details": Jsonb(
                {"pages": merged.pages, "failed_pages": merged.failed_pages}
                | ({"code": merged.error_code, "message": merged.error_message} if failed else {})
            ),
        }
        with self._pool.connection() as connection, connection.transaction():
            # The fence first: a late merge must not even touch the rows.
            if connection.execute(self.FINISH, values).rowcount == 0:
                raise LeaseLost("Another attempt merges this document, or the job has ended.")
            connection.execute(
                "DELETE FROM bounding_boxes WHERE document_id = %s", (work.document_id,)
            )
            with (
                connection.cursor() as cursor,
                cursor.copy(
                    "COPY bounding_boxes (document_id, page, word, text, text_start, text_end,"
                    " x0, y0, x1, y1, confidence) FROM STDIN"
                ) as copy,
            ):
                for row in boxes:
                    copy.write_row((work.document_id, *row))
