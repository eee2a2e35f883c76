"""What failed in a batch is read again: record it, then send what may start now."""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import UUID

from common.ports import Tasks
from common.recovery import Recovered
from functions.pipeline.hand_on import or_maintain_sends, send_some

log = logging.getLogger(__name__)


def recover_batch(
    origin: UUID,
    *,
    record: Callable[[], Recovered],
    give_turns: Callable[[], None],
    tasks: Callable[[], Tasks],
    tell: Callable[[UUID], None],
) -> UUID:
    """Make the recovery that `record` writes, have it begin, and return its batch's id.

    Raises what `record` does, and then nothing has changed. What can't be sent is sent by
    maintain: everything that is to be done stands in the database.
    """
    made = record()
    log.info(
        "what failed in a batch is read again",
        extra={
            "batch_id": str(made.batch_id),
            "origin_id": str(origin),
            "retried": made.retried,
            "rerun": made.rerun,
            "skipped": made.skipped,
        },
    )
    with or_maintain_sends():
        give_turns()
    send_some(made.splits, made.merges, tasks)
    tell(origin)
    tell(made.batch_id)
    return made.batch_id
