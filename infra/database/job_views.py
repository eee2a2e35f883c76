"""Jobs as they are shown: one statement for the jobs, one each for their chunks' and pages' errors.

However many jobs are looked at, the number of statements is the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.rows import DictRow

from common.lifecycle import JobStatus, Stage
from common.models import ChunkError, DocumentId, JobId, JobView, Priority
from common.results import PageError
from infra.database.stages import views_of as stages_of

# The chunk under work with the lowest pages is where a reader would say that the job is. An
# ended job has none, and its chunks are not looked at.
VIEW: Final[LiteralString] = """
    SELECT jobs.*, filename, page_count, warnings, generation IS NOT NULL AS has_landed,
           now() AS now, index AS current_chunk, page_start AS current_page_start,
           page_end AS current_page_end, coalesce(processing_chunks, 0) AS processing_chunks
      FROM jobs JOIN documents ON documents.id = document_id
      LEFT JOIN LATERAL (
           SELECT index, page_start, page_end, count(*) OVER () AS processing_chunks FROM chunks
            WHERE job_id = jobs.id AND chunks.status = 'processing'
              AND jobs.finished_at IS NULL
            ORDER BY page_start LIMIT 1) AS current ON true
"""

CHUNK_ERRORS: Final[LiteralString] = """
    SELECT asked.job_id, errors.*
      FROM unnest(%(job_ids)s::uuid[]) AS asked (job_id)
     CROSS JOIN LATERAL (
           SELECT index, page_start, page_end, status, error_code, error_message
             FROM chunks
            WHERE chunks.job_id = asked.job_id AND error_code IS NOT NULL
              AND (status = 'failed' OR failures > 0)
              AND status <> 'completed'
            ORDER BY page_start LIMIT 100) AS errors
"""

PAGE_ERRORS: Final[LiteralString] = """
    SELECT asked.job_id, errors.error
      FROM unnest(%(job_ids)s::uuid[]) AS asked (job_id)
     CROSS JOIN LATERAL (
           SELECT jsonb_array_elements(page_errors) AS error
             FROM chunks
            WHERE chunks.job_id = asked.job_id AND status = 'completed' AND failed_pages > 0
            ORDER BY page_start LIMIT 100) AS errors
"""


def views_of(connection: Connection[DictRow], rows: Sequence[DictRow]) -> list[JobView]:
    """Return what VIEW's rows say, with the first 100 errors of each job's chunks and pages."""
    if not rows:
        return []
    chunks: defaultdict[UUID, list[ChunkError]] = defaultdict(list)
    pages: defaultdict[UUID, list[PageError]] = defaultdict(list)
    asked = {"job_ids": [row["id"] for row in rows]}
    for found in connection.execute(CHUNK_ERRORS, asked):
        chunks[found["job_id"]].append(_chunk_error(found))
    # Asked for only where there are some: a stream of events looks here at every change.
    failed = {"job_ids": [row["id"] for row in rows if row["failed_pages"]]}
    if failed["job_ids"]:
        for found in connection.execute(PAGE_ERRORS, failed):
            pages[found["job_id"]].append(msgspec.convert(found["error"], PageError))
    # Likewise: those that go through stages after OCR say so.
    refined = [row["id"] for row in rows if row["outcome"] is not None]
    stages = stages_of(connection, refined) if refined else {}
    return [
        replace(
            _view(row, chunks[row["id"]], pages[row["id"]]), stages=tuple(stages.get(row["id"], ()))
        )
        for row in rows
    ]


def _chunk_error(row: dict[str, Any]) -> ChunkError:
    return ChunkError(
        index=row["index"],
        page_start=row["page_start"],
        page_end=row["page_end"],
        code=row["error_code"],
        message=row["error_message"],
        final=row["status"] == "failed",
    )


def _view(
    row: dict[str, Any], chunk_errors: list[ChunkError], page_errors: list[PageError]
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
        processing_chunks=row["processing_chunks"],
        completed_chunks=row["completed_chunks"],
        failed_chunks=row["failed_chunks"],
        total_pages=row["total_pages"],
        completed_pages=row["completed_pages"],
        failed_pages=row["failed_pages"],
        cached_chunks=row["cached_chunks"],
        cached_pages=row["cached_pages"],
        batch_id=row["batch_id"],
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
        webhook_url=row["webhook_url"],
        result_path=row["result_path"],
        text_path=row["text_path"],
        chunk_errors=tuple(chunk_errors),
        page_errors=tuple(page_errors),
    )
