"""Live updates: a nudge by Redis to look at a job; what there is to see is in Postgres."""

from __future__ import annotations

import logging
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
        try:
            self._redis.publish(CHANNEL, str(changed))
        except RedisError:
            log.warning("a live update was lost", exc_info=True)
