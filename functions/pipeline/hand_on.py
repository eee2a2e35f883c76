"""Sends a job on when its count has become whole."""

from __future__ import annotations

import logging

from common.errors import TransientError
from common.models import ChunkOutcome
from common.ports import Tasks

log = logging.getLogger(__name__)


def hand_on(outcome: ChunkOutcome, tasks: Tasks) -> None:
    """Have the merge called. Only for the one finisher that was told it was the last."""
    try:
        tasks.send_merge(outcome.job_id, outcome.dispatches)
    except TransientError:
        # The job row says `merging`: maintain sends it again.
        log.warning("task queue is away, the merge waits for maintain", exc_info=True)
