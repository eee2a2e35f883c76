"""Read one chunk: lock, claim, read, store, count, and hand on to the merge if it was the last."""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import msgspec

from common import telemetry
from common.errors import (
    LeaseLost,
    NotFound,
    PermanentError,
    QuireError,
    QuotaError,
    TransientError,
)
from common.log_context import logging_for
from common.merging import fill_in
from common.models import ChunkOutcome, ChunkRef, ChunkWork
from common.names import chunk_result
from common.pages import ranges_of
from common.ports import (
    ChunkLocks,
    Chunks,
    Dispatch,
    LiveUpdates,
    OcrEngine,
    PdfCutter,
    Results,
    Tasks,
    Uploads,
)
from common.results import ChunkResult
from common.telemetry import Hop, Laps
from functions.pipeline.bisect_pages import read_or_bisect
from functions.pipeline.chunk_telemetry import (
    count_ended,
    count_looked_up,
    traced,
)
from functions.pipeline.give_turns import GiveTurns
from functions.pipeline.hand_on import hand_on
from functions.pipeline.heartbeat import Heartbeat
from functions.pipeline.put_back import put_back, quota_delay
from functions.pipeline.stored_chunk import sound_content
from functions.pipeline.use_cache import use_cache

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """What is done about errors that may pass."""

    max_tries: int
    max_lost_leases: int
    base: timedelta
    longest: timedelta

    def delay(self, failures: int) -> timedelta:
        """Return the wait before the next try: doubling, with full jitter above half."""
        whole: timedelta = min(self.base * 2.0**failures, self.longest)
        return whole * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


def process_chunk(
    ref: ChunkRef,
    *,
    chunks: Chunks,
    locks: ChunkLocks,
    uploads: Uploads,
    engine: Callable[[], OcrEngine],
    cutter: Callable[[], PdfCutter],
    results: Results,
    dispatch: Dispatch,
    tasks: Tasks,
    give_turns: GiveTurns,
    live: LiveUpdates,
    retries: RetryPolicy,
    lease: timedelta,
) -> None:
    """Claim the chunk, read its pages and count it.

    Safe to run twice at once: the lock makes the second cheap, the fencing token makes it
    harmless, and exactly one finisher of a job's chunks is told that it was the last. `engine`
    and `cutter` are built when they are first needed.
    """
    laps = Laps()
    with ExitStack() as about:
        with locks.acquire(ref) as is_ours:
            laps.lap(Hop.CHUNK_LOCK)
            # A lock may outlive its holder by its whole time to live; the row knows better.
            if not is_ours and chunks.is_held(ref.id):
                log.info("chunk is being read elsewhere", extra={"chunk_id": str(ref.id)})
                return
            work = chunks.claim(ref.id)
            laps.lap(Hop.CHUNK_CLAIM)
            if work is None:
                log.info("chunk is done, taken, held or not due", extra={"chunk_id": str(ref.id)})
                # Its message is out of the broker, so there is room for another.
                give_turns()
                return
            about.enter_context(
                logging_for(work.job_id, chunk_index=work.index, attempt=work.attempt)
            )
            heartbeat = about.enter_context(
                Heartbeat(partial(chunks.renew, work), every_seconds=lease.total_seconds() / 3)
            )
            give_turns()
            laps.lap(Hop.CHUNK_TURNS)
            about.enter_context(traced(work, laps))
            if work.cache_key is not None:
                # However this one ends, its equals have waited for that.
                about.callback(give_turns)
            live.publish(work.job_id)
            outcome: ChunkOutcome | None
            try:
                with telemetry.span(Hop.CHUNK_CACHE):
                    found = use_cache(work, chunks=chunks, results=results)
                count_looked_up(work, is_hit=not isinstance(found, ChunkWork | None))
                if isinstance(found, ChunkWork):
                    outcome = _read_and_record(
                        found, chunks, uploads, engine, cutter, results, retries, heartbeat
                    )
                else:
                    outcome = found
            except LeaseLost:
                log.warning("lease lost", extra=work.log_fields)
                return
            except QuotaError as error:
                delay = quota_delay(error)
                put_back(work, error, delay, chunks=chunks, dispatch=dispatch, counted=False)
                live.publish(work.job_id)
                return
            except TransientError as error:
                if work.failures + 1 < retries.max_tries:
                    delay = retries.delay(work.failures)
                    put_back(work, error, delay, chunks=chunks, dispatch=dispatch, counted=True)
                    live.publish(work.job_id)
                    return
                outcome = _fail(work, error, chunks)
            except (PermanentError, NotFound) as error:
                outcome = _fail(work, error, chunks)
        if outcome is None:
            return
        live.publish(work.job_id)
        if outcome.was_last:
            hand_on(outcome, tasks)


def _read_and_record(
    work: ChunkWork,
    chunks: Chunks,
    uploads: Uploads,
    engine: Callable[[], OcrEngine],
    cutter: Callable[[], PdfCutter],
    results: Results,
    retries: RetryPolicy,
    heartbeat: Heartbeat,
) -> ChunkOutcome:
    if work.lost_leases >= retries.max_lost_leases:
        raise PermanentError(
            f"{work.lost_leases} workers fell silent while reading these pages.",
            code="TASK_TIMEOUT",
        )
    if work.lost_leases:
        log.warning("a worker before fell silent over this chunk", extra=work.log_fields)
    began = time.monotonic()
    with telemetry.span(Hop.CHUNK_SOURCE):
        pdf = uploads.read_chunk(work.source)
    earlier = _earlier(work, results)
    missing = ranges_of(error.number for error in earlier.errors) if earlier else ()
    result = read_or_bisect(
        work, pdf, engine=engine(), cutter=cutter, between=heartbeat.check, only=missing
    )
    if earlier:
        result = fill_in(earlier, result)
    # Reading took its time: a job that was cancelled meanwhile gets no more objects.
    heartbeat.confirm()
    content = msgspec.json.encode(result)
    path = chunk_result(work.document_id, work.index, work.run, work.attempt)
    with telemetry.span(Hop.CHUNK_STORE, bytes=len(content)):
        results.write_chunk(path, content)
    with telemetry.span(Hop.CHUNK_RECORD):
        outcome = chunks.complete(
            work,
            path=path,
            checksum=hashlib.sha256(content).hexdigest(),
            errors=result.errors,
        )
    failed = len(result.errors)
    count_ended("completed", pages=len(work.pages) - failed, failed=failed)
    log.info(
        "chunk is read",
        extra=work.log_fields
        | {
            "pages": str(work.pages),
            "failed_pages": len(result.errors),
            "seconds": round(time.monotonic() - began, 2),
            "try": work.failures + 1,
        },
    )
    return outcome


def _earlier(work: ChunkWork, results: Results) -> ChunkResult | None:
    """Return what an earlier run read of the chunk; None where nothing, or nothing sound."""
    if work.earlier is None:
        return None
    content = sound_content(work.earlier.path, work.earlier.checksum, results)
    if content is None:
        log.warning("an earlier result is damaged, all is read again", extra=work.log_fields)
        return None
    return msgspec.json.decode(content, type=ChunkResult)


def _fail(work: ChunkWork, error: QuireError, chunks: Chunks) -> ChunkOutcome | None:
    log.error("chunk failed", extra=work.log_fields | {"code": error.code, "reason": error.message})
    try:
        if work.earlier is not None:
            # The pages that were read before stay read.
            kept = work.earlier
            return chunks.complete(work, path=kept.path, checksum=kept.checksum, errors=kept.errors)
        outcome = chunks.fail(work, error.code, error.message)
    except LeaseLost:
        log.warning("lease lost", extra=work.log_fields)
        return None
    count_ended("failed", pages=0, failed=len(work.pages))
    return outcome
