"""A batch's documents are read into the cache ahead: record it, then send what may start now."""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import UUID

from common.errors import Conflict
from functions.pipeline.hand_on import or_maintain_sends

log = logging.getLogger(__name__)


def warm_batch(
    origin: UUID,
    *,
    record: Callable[[], UUID],
    give_turns: Callable[[], None],
    has_cache: bool,
) -> UUID:
    """Make the warm batch that `record` writes, have it begin, and return its id.

    Raises Conflict where this deployment keeps no cache, and what `record` does; then nothing has
    changed.
    """
    if not has_cache:
        raise Conflict(
            "This deployment keeps nothing of what it reads, so there is nothing to read ahead "
            "for. Its operator can switch the cache on.",
            code="CACHE_DISABLED",
        )
    made = record()
    log.info("a batch is read ahead", extra={"batch_id": str(made), "origin_id": str(origin)})
    with or_maintain_sends():
        give_turns()
    return made
