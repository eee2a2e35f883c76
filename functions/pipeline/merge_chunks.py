"""Bind a job's chunk results into the document's result, one chunk in memory at a time."""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import msgspec

from common.errors import LeaseLost, NotFound, PermanentError, TransientError
from common.lifecycle import ChunkStatus, JobStatus
from common.merging import box_rows, check_pages, shift_page
from common.models import BoxRow, ChunkRef, JobId, MergedDocument, MergeWork, StoredChunk
from common.names import merged_result, merged_text
from common.ports import Dispatch, LiveUpdates, Merges, Results
from common.results import ChunkResult, Page, PageError
from functions.pipeline.heartbeat import Heartbeat

log = logging.getLogger(__name__)


class DamagedResult(Exception):
    """A stored chunk result is gone or does not match its checksum."""

    def __init__(self, chunk: StoredChunk) -> None:
        super().__init__(f"chunk {chunk.index}")
        self.chunk = chunk


def merge_chunks(
    job_id: JobId,
    *,
    merges: Merges,
    results: Results,
    dispatch: Dispatch,
    live: LiveUpdates,
    lease: timedelta,
) -> None:
    """Claim the merge, write the result and its text, fill the boxes and end the job.

    Safe to call twice: objects carry the attempt in their name, and the row says which counts.
    A chunk whose stored result is damaged is read again, and the merge comes back after it.
    """
    work = merges.claim(job_id)
    if work is None:
        log.info("merge is done, taken or not due", extra={"job_id": str(job_id)})
        return
    live.publish(job_id)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="quire-merge-") as folder,
            Heartbeat(
                lambda: merges.renew(work), every_seconds=lease.total_seconds() / 3
            ) as heartbeat,
        ):
            chunks = merges.chunks(work)
            spool = Path(folder) / "result.json"
            text = Path(folder) / "text.txt"
            bound = _Bound(work)
            with spool.open("wb") as result_file, text.open("wb") as text_file:
                for chunk in chunks:
                    heartbeat.check()
                    bound.add(_load(chunk, results), chunk, result_file, text_file)
                bound.close(result_file)
            merged = bound.record(_store(work, spool, text, results))
            heartbeat.check()
            merges.finish(work, merged, _boxes(spool))
    except LeaseLost:
        log.warning("merge lost its lease", extra={"job_id": str(job_id)})
        return
    except DamagedResult as damage:
        log.error(
            "stored chunk result is damaged, it is read again",
            extra={"job_id": str(job_id), "chunk_index": damage.chunk.index},
        )
        reopened = ChunkRef(merges.reopen(work, damage.chunk), work.document_id, damage.chunk.index)
        try:
            dispatch.send_chunks([reopened])
        except TransientError:
            log.warning("broker is away, the chunk waits for maintain", exc_info=True)
    live.publish(job_id)


def _load(chunk: StoredChunk, results: Results) -> ChunkResult | None:
    """Return the chunk's verified result, or None for one that failed."""
    if chunk.status is ChunkStatus.FAILED:
        return None
    if chunk.result_path is None:
        raise PermanentError("A completed chunk has no result.", code="RESULT_INCONSISTENT")
    try:
        content = results.read_chunk(chunk.result_path)
    except NotFound as error:
        raise DamagedResult(chunk) from error
    if hashlib.sha256(content).hexdigest() != chunk.result_checksum:
        raise DamagedResult(chunk)
    result = msgspec.json.decode(content, type=ChunkResult)
    check_pages(result, chunk.pages)
    return result


@dataclass(slots=True)
class _Bound:
    """The result as it grows: each page is written as one line, then forgotten."""

    work: MergeWork
    pages: int = 0
    #: Code points of text so far: what the next chunk's anchors are moved by.
    length: int = 0
    confidence: float = 0.0
    errors: list[PageError] = field(default_factory=list)

    def add(
        self,
        result: ChunkResult | None,
        chunk: StoredChunk,
        result_file: BinaryIO,
        text_file: BinaryIO,
    ) -> None:
        if result is None:
            self.errors.extend(
                PageError(number, chunk.error_code or "", chunk.error_message or "")
                for number in chunk.pages
            )
            return
        for page in result.pages:
            shift_page(page, self.length)
            result_file.write(b",\n" if self.pages else b'{"pages":[\n')
            result_file.write(msgspec.json.encode(page))
            text_file.write(page.text.encode())
            self.pages += 1
            self.confidence += page.confidence * len(page.text)
        self.length += len(result.full_text)
        self.errors.extend(result.errors)

    def close(self, result_file: BinaryIO) -> None:
        if not self.pages:
            result_file.write(b'{"pages":[')
        tail = {
            "document_id": str(self.work.document_id),
            "job_id": str(self.work.job_id),
            "filename": self.work.filename,
            "source_page_count": self.work.source_page_count,
            "page_count": self.pages,
            "text_length": self.length,
            "overall_confidence": round(self.confidence / self.length, 4) if self.length else 0.0,
            "partial": bool(self.errors or self.work.warnings),
            "warnings": self.work.warnings,
            "errors": self.errors,
        }
        # The tail's opening brace becomes the comma behind the pages.
        result_file.write(b"\n]," + msgspec.json.encode(tail)[1:])

    def record(self, stored: tuple[str, str, str]) -> MergedDocument:
        path, text_path, checksum = stored
        status = JobStatus.COMPLETED
        code = message = None
        if self.errors or self.work.warnings:
            status = JobStatus.COMPLETED_WITH_ERRORS
        if not self.pages:
            status = JobStatus.FAILED
            code, message = self.errors[0].code, self.errors[0].message
        return MergedDocument(
            status=status,
            pages=self.pages,
            failed_pages=len(self.errors),
            result_path=path,
            text_path=text_path,
            checksum=checksum,
            error_code=code,
            error_message=message,
        )


def _store(work: MergeWork, spool: Path, text: Path, results: Results) -> tuple[str, str, str]:
    path = merged_result(work.document_id, work.run, work.attempt)
    text_path = merged_text(work.document_id, work.run, work.attempt)
    with spool.open("rb") as content:
        checksum = hashlib.file_digest(content, "sha256").hexdigest()
        content.seek(0)
        results.write_result(path, content, "application/json")
    with text.open("rb") as content:
        results.write_result(text_path, content, "text/plain; charset=utf-8")
    return path, text_path, checksum


def _boxes(spool: Path) -> Iterator[BoxRow]:
    """Read the pages back line by line, so that the boxes are never all in memory."""
    decoder = msgspec.json.Decoder(Page)
    with spool.open("rb") as lines:
        for line in lines:
            if line.startswith(b'{"number":'):
                yield from box_rows(decoder.decode(line.rstrip(b",\n")))
