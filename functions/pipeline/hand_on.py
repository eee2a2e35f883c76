"""Sends what has been recorded; what can't be sent now, maintain sends later."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from common import telemetry
from common.errors import TransientError
from common.models import ChunkOutcome, JobId, LargeDocument
from common.ports import Tasks
from common.telemetry import Hop

log = logging.getLogger(__name__)

#: Calls of functions that are ordered while a caller waits, each some milliseconds.
_SENT_AT_ONCE: Final = 100


@contextmanager
def or_maintain_sends() -> Iterator[None]:
    """Let a message go out that follows a commit, and go on where nobody takes it.

    The row says what is to be done, so a message that is lost here is only late.
    """
    try:
        yield
    except TransientError as error:
        log.warning("a message waits for maintain", extra={"code": error.code}, exc_info=True)


def send_some(
    splits: Sequence[LargeDocument],
    merges: Sequence[tuple[JobId, int]],
    tasks: Callable[[], Tasks],
) -> None:
    """Send a batch's messages while its owner waits: the first hundred, or to the first failure.

    What is left is sent by maintain. Merges go first: what they end has waited the longest.
    """
    merges = merges[:_SENT_AT_ONCE]
    with or_maintain_sends():
        for job_id, dispatch in merges:
            tasks().send_merge(job_id, dispatch)
        for split in splits[: _SENT_AT_ONCE - len(merges)]:
            tasks().send_ingest(split.source, split.dispatch, split.job_id)


def hand_on(outcome: ChunkOutcome, tasks: Tasks) -> None:
    """Have the merge called. Only for the one finisher that was told it was the last."""
    with or_maintain_sends(), telemetry.span(Hop.MERGE_DISPATCH):
        tasks.send_merge(outcome.job_id, outcome.dispatches)
