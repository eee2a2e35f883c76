"""Cut a landed PDF into chunks and send each to the workers while the rest is still cut.

The source is opened once. Rows for all chunks are written before the first cut, so progress has
its total from the start and a split that crashed goes on where it stopped.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import file_digest
from pathlib import Path
from threading import Semaphore

from common import telemetry
from common.caching import ReadingKeys
from common.chunking import plan_chunks
from common.errors import (
    InsufficientCredits,
    LeaseLost,
    NotFound,
    PermanentError,
    QuireError,
    TransientError,
)
from common.lifecycle import ChunkStatus
from common.log_context import logging_for
from common.models import JobId, ObjectRef, PlannedChunk, SplitWork
from common.names import chunk_pdf, is_promised
from common.pages import PageRange, parse_page_selection
from common.ports import (
    Arrivals,
    Chunks,
    LiveUpdates,
    OpenPdf,
    PdfCutter,
    Splits,
    Tasks,
    Uploads,
)
from common.telemetry import Hop, Laps
from functions.pipeline.give_turns import GiveTurns
from functions.pipeline.hand_on import hand_on
from functions.pipeline.heartbeat import Heartbeat
from functions.pipeline.stalls import refuse_if_stalled
from functions.scratch import scratch_folder

log = logging.getLogger(__name__)

#: Chunk PDFs on their way to the bucket at once; each waits on the network, not on the CPU.
_UPLOADS_AT_ONCE = 4

_Uploading = tuple[PlannedChunk, Future[ObjectRef]]


@dataclass(frozen=True, slots=True)
class ChunkLimits:
    """How a document is cut and read, whoever sent it."""

    #: The deployment's default, in pages.
    pages: int
    #: What one OCR call takes.
    max_pages: int
    max_bytes: int
    #: What one document may have. All of it lies on this function's disk, which is memory.
    document_pages: int = 20_000
    document_bytes: int = 2_000_000_000
    #: What the OCR engine is, for the cache's keys; None where nothing is kept.
    engine: str | None = None


def split_document(
    source: ObjectRef,
    *,
    owner: str,
    filename: str,
    arrivals: Arrivals,
    splits: Splits,
    uploads: Uploads,
    cutter: PdfCutter,
    chunks: Chunks,
    give_turns: GiveTurns,
    tasks: Tasks,
    live: LiveUpdates,
    limits: ChunkLimits,
    lease: timedelta,
    job_id: JobId | None = None,
) -> JobId | None:
    """Claim the document at `source`, cut it and dispatch its chunks. Return whose job it was.

    Of a document that has several jobs `job_id` names the one to begin.

    Safe to call twice: the second finds the job claimed or cut. A permanent error ends the job
    with its code; any other gives the lease back and is raised, so that the event is delivered
    again. A document at which attempt after attempt ends without progress is given up.
    """
    laps = Laps()
    work = arrivals.claim(
        source,
        owner=owner,
        filename=filename,
        promised=is_promised(source.name),
        job_id=job_id,
    )
    if work is None:
        log.info("upload is split or being split", extra={"object": source.name})
        return None
    laps.lap(Hop.INGEST_CLAIM)
    telemetry.waited(Hop.INGEST_WAIT, work.job_id, work.waited, laps)
    with (
        logging_for(work.job_id, attempt=work.attempt),
        telemetry.job_span(Hop.INGEST, work.job_id, laps, attempt=work.attempt) as span,
    ):
        live.publish(work.job_id)
        try:
            with (
                scratch_folder("split") as folder,
                Heartbeat(
                    lambda: splits.renew(work), every_seconds=lease.total_seconds() / 3
                ) as heartbeat,
            ):
                split = _Split(
                    work,
                    folder,
                    heartbeat,
                    splits,
                    uploads,
                    cutter,
                    chunks,
                    give_turns,
                    tasks,
                    live,
                    limits,
                )
                refuse_if_stalled(work.stalls)
                split.run()
        except (PermanentError, NotFound, InsufficientCredits) as error:
            log.error(
                "document can't be split",
                extra={"code": error.code, "reason": error.message},
            )
            splits.fail(work, error.code, error.message)
            span.fail(error.code)
            telemetry.job_ended(work.job_id)
        except LeaseLost:
            log.warning("split lost its lease", extra={"job_id": str(work.job_id)})
        except BaseException as error:
            splits.release(work, counted=not isinstance(error, TransientError))
            raise
        live.publish(work.job_id)
    return work.job_id


@dataclass(slots=True)
class _Split:
    work: SplitWork
    folder: Path
    heartbeat: Heartbeat
    splits: Splits
    uploads: Uploads
    cutter: PdfCutter
    chunks: Chunks
    give_turns: GiveTurns
    tasks: Tasks
    live: LiveUpdates
    limits: ChunkLimits
    room: Semaphore = field(default_factory=lambda: Semaphore(2 * _UPLOADS_AT_ONCE))
    #: None where the job does without the cache.
    keys: ReadingKeys | None = None

    def run(self) -> None:
        began = time.monotonic()
        # An earlier attempt may have cut everything and only not said so.
        if self.work.planned_pages is None or self._waiting():
            self._cut_source()
        self.splits.finish(self.work)
        log.info(
            "document is split",
            extra={"seconds": round(time.monotonic() - began, 2)},
        )

    def _cut_source(self) -> None:
        path = self.folder / "source.pdf"
        with self.cutter.standby() as cutter:
            with telemetry.span(Hop.INGEST_DOWNLOAD) as span:
                size = self.uploads.download(
                    self.work.source, path, max_bytes=self.limits.document_bytes
                )
                span.note(bytes=size)
            with ThreadPoolExecutor(1, "sha256") as beside:
                # Opening a large file takes as long as this, and waits for no core of its own.
                hashing = beside.submit(_sha256, path)
                if self.work.sha256 is not None and self.work.planned_pages is None:
                    self._check_content(hashing.result())
                with cutter.open(path, self.work.password) as pdf:
                    content = hashing.result()
                    self.keys = self._keys(pdf, content)
                    if self.work.planned_pages is None:
                        self._plan(pdf, size, content)
                    elif self.work.planned_pages != pdf.page_count:
                        # Another engine than before reads this damaged file now, and its numbers
                        # mean other pages. The next attempt may have the first one again.
                        raise QuireError(
                            f"{pdf.page_count} pages were found where {self.work.planned_pages} "
                            "had been planned.",
                            code="UNREADABLE_PDF",
                        )
                    self._cut_and_send(pdf, self._waiting())

    def _check_content(self, found: str) -> None:
        """Refuse a file that is not the one that was announced."""
        if found != self.work.sha256:
            raise PermanentError(
                "The file that arrived is not the one that was announced: its SHA-256 is "
                "another. Send it again.",
                code="UPLOAD_DAMAGED",
            )

    def _keys(self, pdf: OpenPdf, content: str) -> ReadingKeys | None:
        # Of a damaged file the next who opens it may count other pages.
        if not self.work.options.cache or self.limits.engine is None or pdf.warnings:
            return None
        return ReadingKeys(
            content=content,
            page_count=pdf.page_count,
            engine=self.limits.engine,
            languages=self.work.options.languages,
        )

    def _waiting(self) -> list[PlannedChunk]:
        return [
            chunk
            for chunk in self.splits.planned(self.work)
            if chunk.source is None and chunk.status is ChunkStatus.PENDING
        ]

    def _plan(self, pdf: OpenPdf, size: int, content: str) -> None:
        options = self.work.options
        if pdf.page_count > self.limits.document_pages:
            raise PermanentError(
                f"This PDF has {pdf.page_count:,} pages, and {self.limits.document_pages:,} are "
                "taken at once. Split it, and send the parts.",
                code="TOO_MANY_PAGES",
            )
        pages = options.chunk_pages or self.limits.pages
        if pages > self.limits.max_pages:
            raise PermanentError(
                f"A chunk of {pages} pages can't be read: one call takes "
                f"{self.limits.max_pages}. Choose fewer pages a chunk.",
                code="CHUNK_TOO_LARGE",
            )
        try:
            selection = (
                parse_page_selection(options.pages, pdf.page_count)
                if options.pages
                else [PageRange(1, pdf.page_count)]
            )
        except QuireError as error:
            raise PermanentError(error.message, code=error.code) from error
        planned = plan_chunks(
            selection,
            size=pages,
            average_page_bytes=size / pdf.page_count,
            max_bytes=self.limits.max_bytes,
        )
        with telemetry.span(Hop.INGEST_PLAN, page_count=pdf.page_count, chunks=len(planned)):
            outcome = self.splits.plan(
                self.work,
                page_count=pdf.page_count,
                size=size,
                warnings=pdf.warnings,
                chunks=planned,
                keys=self.keys.keys(planned) if self.keys else None,
                sha256=content,
            )
        log.info(
            "document is planned",
            extra={
                "page_count": pdf.page_count,
                "pages": sum(len(each) for each in planned),
                "chunks": len(planned),
                "cached_chunks": outcome.cached_chunks,
                "cached_pages": outcome.cached_pages,
                "bytes": size,
                "warnings": list(pdf.warnings),
            },
        )
        self.live.publish(self.work.job_id)
        if outcome.merge is not None:
            hand_on(outcome.merge, self.tasks)

    def _cut_and_send(self, pdf: OpenPdf, chunks: Sequence[PlannedChunk]) -> None:
        """Cut here, upload beside, and send in waves that grow: the first is a single chunk."""
        with ThreadPoolExecutor(_UPLOADS_AT_ONCE, "upload") as pool:
            wave: list[_Uploading] = []
            wave_size = 1
            for chunk, path in self._cut(pdf, chunks):
                wave.append((chunk, pool.submit(copy_context().run, self._upload, chunk, path)))
                if len(wave) >= wave_size:
                    self._send(wave, pdf.warnings)
                    wave, wave_size = [], min(wave_size * 2, 32)
            if wave:
                self._send(wave, pdf.warnings)

    def _cut(
        self, pdf: OpenPdf, chunks: Sequence[PlannedChunk]
    ) -> Iterator[tuple[PlannedChunk, Path]]:
        stack = list(reversed(chunks))
        while stack:
            self.heartbeat.check()
            chunk = stack.pop()
            path = self.folder / f"{chunk.index}.pdf"
            # A function's disk is its memory: only so many cut chunks lie there at once.
            self.room.acquire()
            try:
                with telemetry.span(Hop.INGEST_CUT, chunk_index=chunk.index):
                    too_large = pdf.cut(chunk.pages, path) > self.limits.max_bytes
                problem = None
            except PermanentError as error:
                too_large, problem = False, error
            # A single page above the limit is sent as it is: OCR refuses it, and the error
            # then stands at that page alone.
            if problem is None and (not too_large or len(chunk.pages) == 1):
                yield chunk, path
                continue
            path.unlink(missing_ok=True)
            self.room.release()
            if len(chunk.pages) > 1:
                stack.extend(reversed(self.splits.halve(self.work, chunk, self.keys)))
            elif problem is not None:
                self._fail_page(chunk, problem)

    def _fail_page(self, chunk: PlannedChunk, error: PermanentError) -> None:
        """A page that can't be cut does not fail the document: it is counted and named."""
        log.warning(
            "page can't be cut",
            extra={
                "page": chunk.pages.start,
                "chunk_index": chunk.index,
                "code": error.code,
                "reason": error.message,
            },
        )
        outcome = self.chunks.fail_uncut(chunk.id, chunk.pages, error.code, error.message)
        if outcome.was_last:
            hand_on(outcome, self.tasks)

    def _upload(self, chunk: PlannedChunk, path: Path) -> ObjectRef:
        try:
            name = chunk_pdf(self.work.job_id, chunk.index, self.work.attempt)
            with telemetry.span(Hop.INGEST_UPLOAD, chunk_index=chunk.index):
                return self.uploads.put_chunk(name, path)
        finally:
            path.unlink()
            self.room.release()

    def _send(self, wave: Sequence[_Uploading], warnings: Sequence[str]) -> None:
        cut = [(chunk, uploading.result()) for chunk, uploading in wave]
        with telemetry.span(Hop.INGEST_DISPATCH, chunks=len(cut)):
            self.splits.dispatched(self.work, cut, warnings)
            self.give_turns(something_new=True)
        self.live.publish(self.work.job_id)


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()
