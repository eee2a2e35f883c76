"""Live updates: a nudge by Redis to look at a job; what there is to see is in Postgres."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

#: One channel for all jobs and batches: a process subscribes once, whatever its readers watch.
CHANNEL: Final = "quire:jobs"


class RedisLiveUpdates:
    """Publishes which job or batch has changed."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def publish(self, changed: UUID) -> None:
        """Say that it has changed. Never raises: whoever watches looks anyway, later."""
        self.publish_all([changed])

    def publish_all(self, changed: Iterable[UUID]) -> None:
        """Say that each of them has changed, in one round trip. Never raises either."""
        updates = self._redis.pipeline(transaction=False)
        for each in changed:
            updates.publish(CHANNEL, str(each))
        try:
            updates.execute()
        except RedisError:
            log.warning("live updates were lost", exc_info=True)
