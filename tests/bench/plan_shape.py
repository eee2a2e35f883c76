"""The baselines: a Celery group under a chord for a batch, and documents' states in Redis.

Three ways of one shape. *As drawn*, a document of one page goes the way of every other: its PDF is
cut into chunks, then the batch's group has a task a chunk, which is read under its lock and stored
with its checksum; whoever counts a document's last chunk off in Redis reads back what was stored,
verifies it and merges it. *Folded*, the group has a task a document that does all of this. *Short*,
that task has Quire's own short way: it sends the upload as it is and stores the result at once.

All have Quire's own adapters, in the cheapest way there is: PDFs are cut in the worker itself, a
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
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID

import msgspec
from celery import Celery, chord
from redis import Redis

from common.lifecycle import ChunkStatus
from common.merging import page_row
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
from common.names import chunk_pdf, chunk_result, merged_result, merged_text
from common.pages import PageRange
from common.results import ChunkResult
from functions.pipeline.bound_result import BoundResult
from functions.pipeline.whole_result import chunk_of
from infra.database import page_rows
from infra.ocr.document_ai import DocumentAiEngine
from infra.pdf.in_place import InPlace
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
def process_document(
    job_id: str, document_id: str, source: list[Any], is_short: bool
) -> dict[str, Any] | None:
    """Download, count or cut, read, store, record."""
    if not is_short:
        return _read_and_merge(_cut(job_id, document_id, source))
    content = _download(document_id, source)
    pages = quire.whole_pdfs.count_pages(content, most=_MOST_PAGES)
    assert pages is not None
    work = _work(job_id, document_id, source, pages)
    set_state(document_id, status="reading", progress=30, pages=pages)
    return _bind(work, chunk_of(work, _engine().read(content, languages=())))


@celery.task(name="plan.cut_document")  # type: ignore[untyped-decorator]
def cut_document(job_id: str, document_id: str, source: list[Any]) -> list[Any]:
    """Cut a document; return its only chunk."""
    work = _cut(job_id, document_id, source)
    ref = work.source
    return [job_id, document_id, [ref.bucket, ref.name, ref.generation], len(work.pages)]


@celery.task(name="plan.read_chunk")  # type: ignore[untyped-decorator]
def read_chunk(
    job_id: str, document_id: str, source: list[Any], pages: int
) -> dict[str, Any] | None:
    """Read a chunk; of a document's last one, return the document."""
    return _read_and_merge(_work(job_id, document_id, source, pages))


def _download(document_id: str, source: list[Any]) -> bytes:
    set_state(document_id, status="downloading", progress=10)
    content = quire.uploads.read_chunk(ObjectRef(*source))
    set_state(document_id, status="counting", progress=20)
    return content


def _cut(job_id: str, document_id: str, source: list[Any]) -> ChunkWork:
    """Cut the document into its only chunk, and put that into the bucket."""
    content = _download(document_id, source)
    with TemporaryDirectory() as folder:
        whole, chunk = Path(folder, "document.pdf"), Path(folder, "chunk.pdf")
        whole.write_bytes(content)
        pdf = InPlace(whole, None)
        pdf.cut(1, pdf.page_count, chunk)
        ref = quire.uploads.put_chunk(chunk_pdf(JobId(UUID(job_id)), 0, 1), chunk)
    set_state(document_id, status="reading", progress=30, pages=pdf.page_count, waiting=1)
    return _work(job_id, document_id, [ref.bucket, ref.name, ref.generation], pdf.page_count)


def _read_and_merge(work: ChunkWork) -> dict[str, Any] | None:
    """Read a chunk under its lock and store the result; merge the document after its last."""
    document_id = str(work.document_id)
    name = chunk_result(work.document_id, work.index, work.run, work.attempt)
    lock = _redis.lock(f"plan_lock:{document_id}:0", timeout=120)
    assert lock.acquire(blocking=False)
    try:
        content = quire.uploads.read_chunk(work.source)
        written = msgspec.json.encode(chunk_of(work, _engine().read(content, languages=())))
        checksum = sha256(written).hexdigest()
        quire.results.write_chunk(name, written)
        set_state(document_id, status="merging", progress=60, chunks=1, checksum=checksum)
    finally:
        lock.release()
    if _redis.hincrby(f"document:{document_id}", "waiting", -1):
        return None
    read = quire.results.read_chunk(name)
    assert sha256(read).hexdigest() == checksum
    return _bind(work, msgspec.json.decode(read, type=ChunkResult))


def _bind(work: ChunkWork, chunk: ChunkResult) -> dict[str, Any]:
    """Store the document's result and its rows."""
    document_id = str(work.document_id)
    set_state(document_id, status="storing", progress=70)
    merge = MergeWork(work.job_id, work.document_id, 1, 1, 0, "page.pdf", len(work.pages), ())
    result, text = io.BytesIO(), io.BytesIO()
    bound = BoundResult(merge)
    stored = StoredChunk(0, work.pages, ChunkStatus.COMPLETED, None, None, 0, None, None)
    bound.add(chunk, stored, result, text)
    bound.close(result)
    values = {
        "job_id": work.job_id,
        "document_id": work.document_id,
        "pages": len(work.pages),
        "path": merged_result(work.document_id, 1, 1),
        "text_path": merged_text(work.document_id, 1, 1),
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
            [page_row(page, with_words=True) for page in chunk.pages],
        )
        connection.execute(FINISH, values)
    set_state(document_id, status="completed", progress=100)
    return {"document_id": document_id, "pages": values["pages"], "result_path": values["path"]}


def _work(job_id: str, document_id: str, source: list[Any], pages: int) -> ChunkWork:
    return ChunkWork(
        id=ChunkId(UUID(job_id)),
        job_id=JobId(UUID(job_id)),
        document_id=DocumentId(UUID(document_id)),
        index=0,
        pages=PageRange(1, pages),
        source=ObjectRef(*source),
        run=1,
        attempt=1,
        failures=0,
        lost_leases=0,
        options=JobOptions(),
    )


@celery.task(name="plan.finish_batch")  # type: ignore[untyped-decorator]
def finish_batch(documents: list[dict[str, Any]], batch_id: str) -> None:
    """The chord's end: the batch's own state."""
    pages = sum(each["pages"] for each in documents)
    _redis.hset(f"batch:{batch_id}", mapping={"documents": len(documents), "pages": pages})


@celery.task(name="plan.read_batch", ignore_result=True)  # type: ignore[untyped-decorator]
def read_batch(chunks: list[list[Any]], batch_id: str) -> None:
    """Send a task a chunk, under a chord."""
    chord([read_chunk.s(*each) for each in chunks])(finish_batch.s(batch_id))


@celery.task(name="plan.start_batch", ignore_result=True)  # type: ignore[untyped-decorator]
def start_batch(batch_id: str, jobs: list[list[Any]], way: str) -> None:
    """Send a task a document, under a chord."""
    if way == "drawn":
        chord([cut_document.s(*job) for job in jobs])(read_batch.s(batch_id))
    else:
        is_short = way == "short"
        chord([process_document.s(*job, is_short) for job in jobs])(finish_batch.s(batch_id))
