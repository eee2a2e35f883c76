"""What reading a chunk says about itself: its stretch of the job's trace, and what it counts."""

from __future__ import annotations

from contextlib import AbstractContextManager

from common import telemetry
from common.models import ChunkWork
from common.telemetry import Hop, Laps, Measure


def traced(work: ChunkWork, laps: Laps) -> AbstractContextManager[telemetry.Span]:
    """Have what follows be this chunk's stretch of its job's way, the laps before it as well."""
    telemetry.waited(Hop.CHUNK_WAIT, work.job_id, work.waited, laps, chunk_index=work.index)
    if work.waited is not None:
        telemetry.add(Measure.QUEUE_SECONDS, work.waited, priority=work.priority.value)
    return telemetry.job_span(
        Hop.CHUNK,
        work.job_id,
        laps,
        chunk_index=work.index,
        page_start=work.pages.start,
        page_end=work.pages.end,
        attempt=work.attempt,
        priority=work.priority.value,
    )


def count_looked_up(work: ChunkWork, *, is_hit: bool) -> None:
    """Count whether the cache had what was looked for."""
    if work.cache_key is None:
        return
    telemetry.add(Measure.CACHE_LOOKUPS, outcome="hit" if is_hit else "miss")
    if is_hit:
        telemetry.add(Measure.CHUNKS, outcome="completed")
        telemetry.add(Measure.PAGES, len(work.pages), outcome="cached")


def count_ended(outcome: str, *, pages: int, failed: int) -> None:
    """Count a chunk that is `completed` or `failed`, and its pages."""
    telemetry.add(Measure.CHUNKS, outcome=outcome)
    if pages:
        telemetry.add(Measure.PAGES, pages, outcome="read")
    if failed:
        telemetry.add(Measure.PAGES, failed, outcome="failed")


def count_put_back(code: str) -> None:
    """Count a chunk that is read again later, by the cause."""
    telemetry.add(Measure.CHUNKS, outcome="put_back")
    telemetry.add(Measure.RETRIES, code=code)
