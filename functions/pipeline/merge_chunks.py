"""Bind a job's chunk results into the document's result, one chunk in memory at a time."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec

from common import telemetry
from common.bound_pages import read_pages
from common.errors import LeaseLost, PermanentError, TransientError
from common.lifecycle import ChunkStatus, JobStatus
from common.log_context import logging_for
from common.merging import check_pages, count_words, page_row
from common.models import JobId, MergedDocument, MergeWork, StoredChunk
from common.names import merged_result, merged_text
from common.ports import Dispatch, LiveUpdates, Merges, Results, Tasks
from common.results import ChunkResult, Page
from common.stages import PlannedStage, StageRef
from common.telemetry import Hop, Laps
from functions.pipeline.bound_result import BoundResult
from functions.pipeline.hand_on import or_maintain_sends
from functions.pipeline.heartbeat import Heartbeat
from functions.pipeline.stalls import refuse_if_stalled
from functions.pipeline.stored_chunk import sound_content
from functions.scratch import scratch_folder

log = logging.getLogger(__name__)


#: A result that is damaged so often is not worth another paid call.
_MAX_REOPENED = 2
#: Words of the pages that are in memory at once (30 MB), and go in one transaction.
_WORDS_AT_ONCE = 30_000


class _DamagedResult(Exception):
    """A stored chunk result is gone or does not match its checksum."""


def merge_chunks(
    job_id: JobId,
    *,
    merges: Merges,
    results: Results,
    dispatch: Dispatch,
    tasks: Tasks,
    live: LiveUpdates,
    lease: timedelta,
    plan_stages: Callable[[MergeWork], Sequence[PlannedStage]] = lambda work: (),
) -> None:
    """Claim the merge, write the result, its text and the pages, and end the job.

    Or hand it on to the stages that `plan_stages` says.

    Safe to call twice: objects and rows carry the attempt, and the row says which counts.
    A chunk whose stored result is damaged is read again, and the merge comes back after it.
    A permanent error ends the job with its code; any other gives the lease back and is raised.
    """
    laps = Laps()
    work = merges.claim(job_id)
    if work is None:
        log.info("merge is done, taken or not due", extra={"job_id": str(job_id)})
        return
    laps.lap(Hop.MERGE_CLAIM)
    telemetry.waited(Hop.MERGE_WAIT, job_id, work.waited, laps)
    with (
        logging_for(job_id, attempt=work.attempt),
        telemetry.job_span(Hop.MERGE, job_id, laps, attempt=work.attempt) as span,
    ):
        live.publish(job_id)
        try:
            refuse_if_stalled(work.stalls)
            if work.is_warm:
                _end_warm(work, merges)
            else:
                with (
                    scratch_folder("merge") as folder,
                    Heartbeat(
                        lambda: merges.renew(work), every_seconds=lease.total_seconds() / 3
                    ) as heartbeat,
                ):
                    _bind(work, folder, heartbeat, merges, results, dispatch, tasks, plan_stages)
        except LeaseLost:
            log.warning("merge lost its lease", extra={"job_id": str(job_id)})
            merges.discard_pages(work)
            return
        except PermanentError as error:
            log.error("merge failed", extra={"code": error.code, "reason": error.message})
            span.fail(error.code)
            _fail(work, error, merges)
        except BaseException as error:
            merges.release(work, counted=not isinstance(error, TransientError))
            raise
        live.publish(job_id)


def _end_warm(work: MergeWork, merges: Merges) -> None:
    """What was read is in the cache: there is nothing to bind, and nothing to deliver."""
    merges.finish_warm(work)
    telemetry.job_ended(work.job_id)
    log.info("document is in the cache", extra={"job_id": str(work.job_id)})


def _bind(
    work: MergeWork,
    folder: Path,
    heartbeat: Heartbeat,
    merges: Merges,
    results: Results,
    dispatch: Dispatch,
    tasks: Tasks,
    plan_stages: Callable[[MergeWork], Sequence[PlannedStage]],
) -> None:
    began = time.monotonic()
    spool, text = folder / "result.json", folder / "text.txt"
    bound = BoundResult(work)
    with (
        telemetry.span(Hop.MERGE_LOAD),
        spool.open("wb") as result_file,
        text.open("wb") as text_file,
    ):
        for chunk in merges.chunks(work):
            heartbeat.check()
            try:
                result = _load(chunk, results)
            except _DamagedResult:
                if chunk.reopened < _MAX_REOPENED:
                    _read_again(work, chunk, merges, dispatch, tasks)
                    return
                code, message = "RESULT_DAMAGED", "The stored result of these pages is damaged."
                merges.give_up(work, chunk, code, message)
                bound.fail(chunk, code, message)
            else:
                bound.add(result, chunk, result_file, text_file)
        bound.close(result_file)
    # Of a document without a readable page there is nothing to deliver but the reasons.
    with telemetry.span(Hop.MERGE_STORE):
        stored = _store(work, spool, text, results) if bound.pages else (None, None, None)
    merged = bound.record(stored)
    with_words = "boxes" in work.outputs
    with telemetry.span(Hop.MERGE_PAGES, pages=merged.pages), spool.open("rb") as lines:
        for pages in _batches(read_pages(lines), _WORDS_AT_ONCE):
            heartbeat.check()
            merges.write_pages(work, (page_row(page, with_words=with_words) for page in pages))
    with telemetry.span(Hop.MERGE_FINISH):
        # Without a readable page there is nothing to go on with.
        stages = plan_stages(work) if bound.pages else ()
        merges.finish(work, merged, stages)
    if stages:
        with or_maintain_sends():
            dispatch.send_stage(StageRef(work.job_id, stages[0].stage, work.priority))
    else:
        telemetry.job_ended(work.job_id)
    log.info(
        "result is bound",
        extra={
            "status": merged.status.value,
            "pages": merged.pages,
            "failed_pages": merged.failed_pages,
            "seconds": round(time.monotonic() - began, 2),
        },
    )


def _read_again(
    work: MergeWork, chunk: StoredChunk, merges: Merges, dispatch: Dispatch, tasks: Tasks
) -> None:
    log.error(
        "stored chunk result is damaged, it is read again",
        extra={"job_id": str(work.job_id), "chunk_index": chunk.index},
    )
    to_send = merges.reopen(work, chunk)
    with or_maintain_sends():
        if to_send.source is not None and to_send.dispatch is not None:
            tasks.send_ingest(to_send.source, to_send.dispatch, work.job_id)
        else:
            dispatch.send_chunks([ref for ref, _ in to_send.chunks])


def _fail(work: MergeWork, error: PermanentError, merges: Merges) -> None:
    failed = MergedDocument(
        status=JobStatus.FAILED,
        pages=0,
        failed_pages=0,
        result_path=None,
        text_path=None,
        checksum=None,
        error_code=error.code,
        error_message=error.message,
    )
    try:
        merges.finish(work, failed)
        telemetry.job_ended(work.job_id)
    except LeaseLost:
        log.warning("merge lost its lease", extra={"job_id": str(work.job_id)})
    merges.discard_pages(work)


def _load(chunk: StoredChunk, results: Results) -> ChunkResult | None:
    """Return the chunk's verified result, or None for one that failed."""
    if chunk.status is ChunkStatus.FAILED:
        return None
    if chunk.result_path is None:
        raise PermanentError("A completed chunk has no result.", code="RESULT_INCONSISTENT")
    content = sound_content(chunk.result_path, chunk.result_checksum, results)
    if content is None:
        raise _DamagedResult
    result = msgspec.json.decode(content, type=ChunkResult)
    check_pages(result, chunk.pages)
    return result


def _store(
    work: MergeWork, spool: Path, text: Path, results: Results
) -> tuple[str, str | None, str]:
    path = merged_result(work.document_id, work.run, work.attempt)
    with spool.open("rb") as content:
        checksum = hashlib.file_digest(content, "sha256").hexdigest()
        content.seek(0)
        results.write_result(path, content, "application/json")
    if "text" not in work.outputs:
        return path, None, checksum
    text_path = merged_text(work.document_id, work.run, work.attempt)
    with text.open("rb") as content:
        results.write_result(text_path, content, "text/plain; charset=utf-8")
    return path, text_path, checksum


def _batches(pages: Iterator[Page], most_words: int) -> Iterator[list[Page]]:
    """Yield pages in batches of about so many words; a page is never divided."""
    batch: list[Page] = []
    words = 0
    for page in pages:
        batch.append(page)
        words += count_words(page)
        if words >= most_words:
            yield batch
            batch, words = [], 0
    if batch:
        yield batch
