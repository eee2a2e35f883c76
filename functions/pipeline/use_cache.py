"""Completes a chunk with what an equal one was read as, once that has proved to be sound."""

from __future__ import annotations

import logging

import msgspec

from common.errors import PermanentError
from common.merging import check_pages
from common.models import CachedResult, ChunkOutcome, ChunkWork
from common.ports import Chunks, Results
from common.results import ChunkResult
from functions.pipeline.stored_chunk import sound_content

log = logging.getLogger(__name__)


def use_cache(
    work: ChunkWork, *, chunks: Chunks, results: Results
) -> ChunkOutcome | ChunkWork | None:
    """Return what completing the chunk from the cache did, or the work where it is to be read.

    None where it waits for an equal chunk that another worker has begun to read meanwhile. A
    result that is gone, or is not what it was, is evicted and read anew. Raises LeaseLost, and
    TransientError where the results' store is away.
    """
    while work.cached is not None:
        if sound_result(work.cached, work, results):
            outcome = chunks.complete_cached(work)
            log.info(
                "chunk is found in the cache", extra=work.log_fields | {"pages": str(work.pages)}
            )
            return outcome
        log.error("a cached result is damaged, it is read again", extra=work.log_fields)
        left = chunks.evict(work)
        if left is None:
            log.info("an equal chunk is being read", extra=work.log_fields)
            return None
        work = left
    return work


def sound_result(cached: CachedResult, work: ChunkWork, results: Results) -> ChunkResult | None:
    """Return what was read, or None where it is gone, or is not what it was."""
    content = sound_content(cached.path, cached.checksum, results)
    if content is None:
        return None
    result = msgspec.json.decode(content, type=ChunkResult)
    try:
        # By construction: the key has the range. Anything else would shift other pages' text.
        check_pages(result, work.pages)
    except PermanentError:
        return None
    return None if result.errors else result
