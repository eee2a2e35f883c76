"""Sends what has been recorded; what can't be sent now, maintain sends later."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from common import telemetry
from common.errors import TransientError
from common.models import ChunkOutcome
from common.ports import Tasks
from common.telemetry import Hop

log = logging.getLogger(__name__)


@contextmanager
def or_maintain_sends() -> Iterator[None]:
    """Let a message go out that follows a commit, and go on where nobody takes it.

    The row says what is to be done, so a message that is lost here is only late.
    """
    try:
        yield
    except TransientError as error:
        log.warning("a message waits for maintain", extra={"code": error.code}, exc_info=True)


def hand_on(outcome: ChunkOutcome, tasks: Tasks) -> None:
    """Have the merge called. Only for the one finisher that was told it was the last."""
    with or_maintain_sends(), telemetry.span(Hop.MERGE_DISPATCH):
        tasks.send_merge(outcome.job_id, outcome.dispatches)
