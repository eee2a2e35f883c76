"""Gives a chunk back for a while, with a message of its own for when it is due."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from common import telemetry
from common.errors import LeaseLost, QuireError, QuotaError
from common.models import ChunkWork
from common.ports import Chunks, Dispatch
from common.telemetry import Hop
from functions.pipeline.chunk_telemetry import count_put_back
from functions.pipeline.hand_on import or_maintain_sends

log = logging.getLogger(__name__)

#: Well below the broker's visibility timeout, behind which it would give the message out twice.
_LONGEST_HOLD_SECONDS: Final = 200.0


def quota_delay(error: QuotaError) -> timedelta:
    """Return how long a chunk waits for the quota: a service may ask for hours."""
    return timedelta(seconds=min(error.retry_after_seconds, _LONGEST_HOLD_SECONDS))


def put_back(
    work: ChunkWork,
    error: QuireError,
    delay: timedelta,
    *,
    chunks: Chunks,
    dispatch: Dispatch,
    counted: bool,
) -> bool:
    """Have the chunk read again once `delay` has passed; False where it is another's by now.

    `counted` where it has cost one of its tries.
    """
    log.warning(
        "chunk is put back",
        extra=work.log_fields
        | {
            "code": error.code,
            "reason": error.message,
            "counted": counted,
            "wait_seconds": round(delay.total_seconds(), 1),
        },
    )
    try:
        with telemetry.span(Hop.CHUNK_PUT_BACK, seconds=delay.total_seconds()) as span:
            span.fail(error.code)
            chunks.put_back(
                work, code=error.code, message=error.message, delay=delay, counted=counted
            )
        count_put_back(error.code)
    except LeaseLost:
        log.warning("lease lost", extra=work.log_fields)
        return False
    with or_maintain_sends():
        dispatch.send_chunk_later(work.ref, delay)
    return True
