"""What is kept of a document that was read whole: its chunk's result, the document's, its rows."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextvars import copy_context
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from common.errors import PermanentError
from common.lifecycle import ChunkStatus
from common.merging import mean_confidence, number_pages, page_row, shift_page
from common.models import ChunkWork, MergeWork, PageRow, StoredChunk
from common.names import chunk_result, merged_result, merged_text
from common.results import ChunkResult, Page
from common.small_documents import Begun, ReadDocument, WholeResults
from functions.pipeline.bound_result import BoundResult


@dataclass(frozen=True, slots=True)
class Storing:
    """A document that was read, with what is on its way into the store."""

    begun: Begun
    chunk_path: str
    chunk_checksum: str
    result_path: str
    checksum: str
    text_path: str | None
    pages: Sequence[PageRow]
    uploads: Sequence[Future[None]]
    began: float
    ended: float

    @property
    def work(self) -> ChunkWork:
        """Its chunk."""
        return self.begun.work

    @property
    def log_fields(self) -> dict[str, object]:
        """What is said of it once it is recorded."""
        return self.work.log_fields | {
            "pages": str(self.work.pages),
            "cached": self.work.cached is not None,
            "seconds": round(self.ended - self.began, 3),
        }

    def wait(self) -> None:
        """Return once all is stored.

        Raises TransientError, PermanentError or NotFound where it is not.
        """
        for upload in self.uploads:
            upload.result()

    def as_read(self) -> ReadDocument:
        """Return what is recorded of it now."""
        now = time.monotonic()
        return ReadDocument(
            begun=self.begun,
            chunk_path=self.chunk_path,
            chunk_checksum=self.chunk_checksum,
            result_path=self.result_path,
            checksum=self.checksum,
            text_path=self.text_path,
            began_ago=now - self.began,
            ended_ago=now - self.ended,
            pages=self.pages,
        )


def chunk_of(work: ChunkWork, pages: list[Page]) -> ChunkResult:
    """Return the result of the document's only chunk. Raises PermanentError where pages lack."""
    if len(pages) != len(work.pages):
        raise PermanentError(
            f"{len(pages)} pages came back for {len(work.pages)}.", code="PAGES_MISSING"
        )
    number_pages(pages, work.pages.start)
    # Offsets begin at the first page, whatever the engine began with.
    if start := pages[0].start:
        for page in pages:
            shift_page(page, -start)
    return ChunkResult(
        document_id=str(work.document_id),
        chunk_index=work.index,
        page_start=work.pages.start,
        page_end=work.pages.end,
        page_count=len(pages),
        overall_confidence=mean_confidence(pages),
        full_text="".join(page.text for page in pages),
        pages=pages,
    )


def bind(
    begun: Begun, chunk: ChunkResult, results: WholeResults, pool: Executor, began: float
) -> Storing:
    """Make of a chunk's result what the merge would, and have all of it stored.

    `began` is when reading did, by the monotonic clock.
    """
    work, document = begun.work, begun.document
    merge = MergeWork(
        job_id=work.job_id,
        document_id=work.document_id,
        run=work.run,
        attempt=document.attempt,
        stalls=0,
        filename=document.filename,
        source_page_count=len(work.pages),
        warnings=(),
        outputs=work.options.outputs,
    )
    uploads: list[Future[None]] = []

    def store(write: Callable[..., None], *arguments: object) -> None:
        uploads.append(pool.submit(copy_context().run, write, *arguments))

    # Of one chunk the pages are the same in both results: they are written once.
    pages = [msgspec.json.encode(page) for page in chunk.pages]
    if work.cached is None:
        written = [msgspec.Raw(page) for page in pages]
        content = msgspec.json.encode(msgspec.structs.replace(chunk, pages=written))
        chunk_path = chunk_result(work.document_id, work.index, work.run, work.attempt)
        chunk_checksum = sha256(content).hexdigest()
        store(results.write_chunk, chunk_path, content)
    else:
        chunk_path, chunk_checksum = work.cached.path, work.cached.checksum
    result, text = io.BytesIO(), io.BytesIO()
    bound = BoundResult(merge)
    bound.add(chunk, _stored(work, chunk_path), result, text, encoded=pages)
    bound.close(result)
    result_path = merged_result(work.document_id, work.run, merge.attempt)
    store(results.write_small, result_path, result.getvalue(), "application/json")
    text_path = None
    if "text" in merge.outputs:
        text_path = merged_text(work.document_id, work.run, merge.attempt)
        store(results.write_small, text_path, text.getvalue(), "text/plain; charset=utf-8")
    return Storing(
        begun=begun,
        chunk_path=chunk_path,
        chunk_checksum=chunk_checksum,
        result_path=result_path,
        checksum=sha256(result.getbuffer()).hexdigest(),
        text_path=text_path,
        pages=[page_row(page, with_words="boxes" in merge.outputs) for page in chunk.pages],
        uploads=uploads,
        began=began,
        ended=time.monotonic(),
    )


def _stored(work: ChunkWork, path: str) -> StoredChunk:
    return StoredChunk(
        index=work.index,
        pages=work.pages,
        status=ChunkStatus.COMPLETED,
        result_path=path,
        result_checksum=None,
        reopened=0,
        error_code=None,
        error_message=None,
    )
