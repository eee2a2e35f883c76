"""What the API asks and tells: documents and jobs, always by owner."""

from __future__ import annotations

from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from common.access import Caller
from common.lifecycle import JobStatus, Stage
from common.models import (
    ChunkError,
    DocumentId,
    JobEvent,
    JobId,
    JobOptions,
    JobView,
    ObjectRef,
    Priority,
)
from common.results import PageError
from infra.database.pool import Pool


class PostgresJobs:
    """Jobs as their owners see them. A job of another owner is not there."""

    CREATE: Final[LiteralString] = """
        WITH document AS (
            INSERT INTO documents (id, owner, filename, bucket, object, size)
            VALUES (%(document_id)s, %(owner)s, %(filename)s, %(bucket)s, %(object)s, %(size)s)
            RETURNING id
        ), job AS (
            INSERT INTO jobs (id, document_id, owner, options, last_event)
            SELECT %(job_id)s, id, %(owner)s, %(options)s, 1 FROM document
            RETURNING id
        ), event AS (
            INSERT INTO job_events (job_id, id, kind) SELECT id, 1, 'job_created' FROM job
        )
        INSERT INTO job_passwords (job_id, password)
        SELECT id, %(password)s::text FROM job WHERE %(password)s::text IS NOT NULL
    """

    # The chunk under work with the lowest pages is where a reader would say that the job is.
    VIEW: Final[LiteralString] = """
        SELECT jobs.*, filename, page_count, warnings, generation IS NOT NULL AS has_landed,
               now() AS now, index AS current_chunk, page_start AS current_page_start,
               page_end AS current_page_end
          FROM jobs JOIN documents ON documents.id = document_id
          LEFT JOIN LATERAL (
               SELECT index, page_start, page_end FROM chunks
                WHERE job_id = jobs.id AND chunks.status = 'processing'
                  AND jobs.finished_at IS NULL
                ORDER BY page_start LIMIT 1) AS current ON true
    """

    FIND: Final[LiteralString] = (
        VIEW
        + """
         WHERE jobs.id = %(job_id)s AND jobs.owner = %(owner)s
           AND (%(matters)s::text[] IS NULL OR jobs.matter = ANY(%(matters)s))
    """
    )

    CHUNK_ERRORS: Final[LiteralString] = """
        SELECT index, page_start, page_end, status, error_code, error_message
          FROM chunks
         WHERE job_id = %(job_id)s AND error_code IS NOT NULL
           AND (status = 'failed' OR failures > 0)
           AND status <> 'completed'
         ORDER BY page_start LIMIT 100
    """

    PAGE_ERRORS: Final[LiteralString] = """
        SELECT jsonb_array_elements(page_errors) AS error
          FROM chunks
         WHERE job_id = %(job_id)s AND status = 'completed' AND failed_pages > 0
         ORDER BY page_start LIMIT 100
    """

    EVENTS: Final[LiteralString] = """
        SELECT job_events.* FROM job_events JOIN jobs ON jobs.id = job_id
         WHERE job_id = %(job_id)s AND owner = %(owner)s AND job_events.id > %(after)s
           AND (%(matters)s::text[] IS NULL OR matter = ANY(%(matters)s))
         ORDER BY job_events.id LIMIT %(limit)s
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def create(
        self,
        *,
        job_id: JobId,
        document_id: DocumentId,
        owner: str,
        filename: str,
        source: ObjectRef,
        size: int,
        options: JobOptions,
        password: str | None,
    ) -> None:
        """Write a document whose upload is awaited, and its job."""
        values = {
            "job_id": job_id,
            "document_id": document_id,
            "owner": owner,
            "filename": filename,
            "bucket": source.bucket,
            "object": source.name,
            "size": size,
            "options": Jsonb(msgspec.to_builtins(options)),
            "password": password,
        }
        with self._pool.connection() as connection:
            connection.execute(self.CREATE, values)

    def discard(self, document_id: DocumentId) -> None:
        """Forget a document whose upload could not even begin."""
        with self._pool.connection() as connection:
            connection.execute(
                "DELETE FROM documents WHERE id = %s AND generation IS NULL", (document_id,)
            )

    def find(self, job_id: UUID, caller: Caller) -> JobView | None:
        """Return the job, or None where there is none for this caller."""
        values = {"job_id": job_id, "owner": caller.owner, "matters": caller.limited_to}
        with self._pool.connection() as connection:
            row = connection.execute(self.FIND, values).fetchone()
            if row is None:
                return None
            chunks = connection.execute(self.CHUNK_ERRORS, {"job_id": job_id}).fetchall()
            # Asked for only where there are some: a stream of events looks here at every change.
            pages = (
                connection.execute(self.PAGE_ERRORS, {"job_id": job_id}).fetchall()
                if row["failed_pages"]
                else []
            )
        return _view(row, chunks, [msgspec.convert(page["error"], PageError) for page in pages])

    def events(
        self, job_id: UUID, caller: Caller, *, after: int = 0, limit: int = 500
    ) -> list[JobEvent]:
        """Return the job's events behind number `after`, in order."""
        values = {
            "job_id": job_id,
            "owner": caller.owner,
            "matters": caller.limited_to,
            "after": after,
            "limit": limit,
        }
        with self._pool.connection() as connection:
            rows = connection.execute(self.EVENTS, values).fetchall()
        return [
            JobEvent(row["id"], JobId(row["job_id"]), row["kind"], row["at"], row["details"])
            for row in rows
        ]

    def ping(self) -> None:
        """Raise psycopg.Error where the database does not answer."""
        with self._pool.connection(timeout=2) as connection:
            connection.execute("SELECT 1")


def _view(
    row: dict[str, Any], errors: list[dict[str, Any]], page_errors: list[PageError]
) -> JobView:
    return JobView(
        id=JobId(row["id"]),
        document_id=DocumentId(row["document_id"]),
        owner=row["owner"],
        matter=row["matter"],
        filename=row["filename"],
        priority=Priority(row["priority"]),
        has_landed=row["has_landed"],
        retries=row["retries"],
        status=JobStatus(row["status"]),
        stage=Stage(row["stage"]),
        page_count=row["page_count"],
        warnings=tuple(row["warnings"]),
        total_chunks=row["total_chunks"],
        completed_chunks=row["completed_chunks"],
        failed_chunks=row["failed_chunks"],
        total_pages=row["total_pages"],
        completed_pages=row["completed_pages"],
        failed_pages=row["failed_pages"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        heartbeat_at=row["heartbeat_at"],
        cleaned_at=row["cleaned_at"],
        reading_since=row["reading_since"],
        reading_from=row["reading_from"],
        now=row["now"],
        current_chunk=row["current_chunk"],
        current_page_start=row["current_page_start"],
        current_page_end=row["current_page_end"],
        error_code=row["error_code"],
        error_message=row["error_message"],
        result_path=row["result_path"],
        text_path=row["text_path"],
        chunk_errors=tuple(
            ChunkError(
                index=error["index"],
                page_start=error["page_start"],
                page_end=error["page_end"],
                code=error["error_code"],
                message=error["error_message"],
                final=error["status"] == "failed",
            )
            for error in errors
        ),
        page_errors=tuple(page_errors),
    )
