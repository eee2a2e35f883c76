"""The baseline: a Celery group of a task a document under a chord, and documents' states in Redis.

It has Quire's own adapters and makes the same objects and rows, in the cheapest way of its shape: a
state is a hash that is written in one round trip, rows are one transaction a document, nothing is
kept for a cache, and nothing but the messages says what is still to be done.

Run as `celery -A tests.bench.plan_shape worker`.
"""

from __future__ import annotations

import io
import os
import time
from functools import cache
from hashlib import sha256
from itertools import chain
from typing import Any, Final
from uuid import UUID

from celery import Celery, chord
from redis import Redis

from common.lifecycle import ChunkStatus
from common.merging import box_rows, page_row
from common.models import (
    ChunkId,
    ChunkWork,
    DocumentId,
    JobId,
    JobOptions,
    MergeWork,
    ObjectRef,
    StoredChunk,
)
from common.names import merged_result, merged_text
from common.pages import PageRange
from functions.pipeline.bound_result import BoundResult
from functions.pipeline.whole_result import chunk_of
from infra.database import page_rows
from infra.ocr.document_ai import DocumentAiEngine
from tests.bench.plan_batches import beside
from tests.bench.stand_ins import REQUEST_MS, bench_application

_STATE_SECONDS: Final = 24 * 3600
_MOST_PAGES: Final = 25

quire = bench_application()
_url = beside(quire.settings.redis_url.get_secret_value())
celery = Celery("plan", broker=_url, backend=_url)
celery.conf.update(task_serializer="json", accept_content=["json"], worker_hijack_root_logger=False)
_redis = Redis.from_url(_url)


@cache
def _engine() -> Any:
    """Return the service itself: this shape has no bucket of calls to ask before."""
    if REQUEST_MS in os.environ:
        return quire.engine
    return DocumentAiEngine(quire.settings.document_ai)


FINISH: Final = """
    WITH finished AS (
        UPDATE jobs
           SET status = 'completed', stage = 'merging', attempt = 1, total_chunks = 1,
               completed_chunks = 1, total_pages = %(pages)s, completed_pages = %(pages)s,
               result_path = %(path)s, result_checksum = %(checksum)s, text_path = %(text_path)s,
               started_at = now(), finished_at = now()
         WHERE id = %(job_id)s
    )
    UPDATE documents SET status = 'ocr_complete', page_count = %(pages)s, result_job = %(job_id)s,
                         result_attempt = 1
     WHERE id = %(document_id)s
"""


def set_state(document_id: str, **fields: Any) -> None:
    """Write a document's state, in one round trip."""
    mapping: dict[Any, Any] = {**fields, "updated_at": time.time()}
    with _redis.pipeline(transaction=False) as pipe:
        pipe.hset(f"document:{document_id}", mapping=mapping)
        pipe.expire(f"document:{document_id}", _STATE_SECONDS)
        pipe.execute()


@celery.task(name="plan.process_document")  # type: ignore[untyped-decorator]
def process_document(job_id: str, document_id: str, source: list[Any]) -> dict[str, Any]:
    """Download, count, read, store, record."""
    set_state(document_id, status="downloading", progress=10)
    content = quire.uploads.read_chunk(ObjectRef(*source))
    set_state(document_id, status="counting", progress=20)
    pages = quire.whole_pdfs.count_pages(content, most=_MOST_PAGES)
    assert pages is not None
    set_state(document_id, status="reading", progress=30, pages=pages)
    read = _engine().read(content, languages=())
    set_state(document_id, status="storing", progress=70)
    job, document = JobId(UUID(job_id)), DocumentId(UUID(document_id))
    work = ChunkWork(
        id=ChunkId(job),
        job_id=job,
        document_id=document,
        index=0,
        pages=PageRange(1, pages),
        source=ObjectRef(*source),
        run=1,
        attempt=1,
        failures=0,
        lost_leases=0,
        options=JobOptions(),
    )
    merge = MergeWork(job, document, 1, 1, 0, "page.pdf", pages, ())
    chunk = chunk_of(work, read)
    result, text = io.BytesIO(), io.BytesIO()
    bound = BoundResult(merge)
    stored = StoredChunk(0, work.pages, ChunkStatus.COMPLETED, None, None, 0, None, None)
    bound.add(chunk, stored, result, text)
    bound.close(result)
    values = {
        "job_id": job,
        "document_id": document,
        "pages": pages,
        "path": merged_result(document, 1, 1),
        "text_path": merged_text(document, 1, 1),
        "checksum": sha256(result.getbuffer()).hexdigest(),
    }
    quire.results.write_small(str(values["path"]), result.getvalue(), "application/json")
    quire.results.write_small(
        str(values["text_path"]), text.getvalue(), "text/plain; charset=utf-8"
    )
    set_state(document_id, status="recording", progress=90)
    with quire._pool.connection() as connection:
        page_rows.write(
            connection,
            merge,
            map(page_row, chunk.pages),
            chain.from_iterable(map(box_rows, chunk.pages)),
        )
        connection.execute(FINISH, values)
    set_state(document_id, status="completed", progress=100)
    return {"document_id": document_id, "pages": pages, "result_path": values["path"]}


@celery.task(name="plan.finish_batch")  # type: ignore[untyped-decorator]
def finish_batch(documents: list[dict[str, Any]], batch_id: str) -> None:
    """The chord's end: the batch's own state."""
    pages = sum(each["pages"] for each in documents)
    _redis.hset(f"batch:{batch_id}", mapping={"documents": len(documents), "pages": pages})


@celery.task(name="plan.start_batch", ignore_result=True)  # type: ignore[untyped-decorator]
def start_batch(batch_id: str, jobs: list[list[Any]]) -> None:
    """Send a task a document, under a chord."""
    chord([process_document.s(*job) for job in jobs])(finish_batch.s(batch_id))
