"""Hears the live updates: one subscription a process, fanned out to whoever watches a job."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from infra.broker.live import CHANNEL

log = logging.getLogger(__name__)


class RedisLiveFeed:
    """Wakes watchers of a job when it may have changed.

    A wake-up is only a hint, and one may be missed while Redis is away: watchers look at the
    table after every wake-up and, now and then, without one; more often while not `is_live`.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._watchers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._reader: asyncio.Task[None] | None = None
        self._is_live = False

    @property
    def is_live(self) -> bool:
        """Whether the subscription stands, as far as is known."""
        return self._is_live

    @asynccontextmanager
    async def watch(self, job_id: UUID) -> AsyncIterator[asyncio.Event]:
        """Give an event that is set whenever the job may have changed; the watcher clears it."""
        changed = asyncio.Event()
        key = str(job_id)
        self._watchers[key].add(changed)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read(), name="live-feed")
        try:
            yield changed
        finally:
            self._watchers[key].discard(changed)
            if not self._watchers[key]:
                del self._watchers[key]

    def wake_all(self) -> None:
        """Have every watcher look."""
        for watchers in self._watchers.values():
            for changed in watchers:
                changed.set()

    async def _read(self) -> None:
        while self._watchers:
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                log.warning(
                    "live updates are away, watchers read the table", extra={"reason": str(error)}
                )
                await asyncio.sleep(1)
            finally:
                self._is_live = False

    async def _listen(self) -> None:
        async with (
            Redis.from_url(
                self._url,
                socket_connect_timeout=5,
                # A connection that broke without a word would keep its watchers waiting.
                socket_keepalive=True,
                health_check_interval=15,
                # The client's own would reconnect in silence; watchers must know of it.
                retry=Retry(NoBackoff(), 0),
            ) as redis,
            redis.pubsub() as channel,
        ):
            await channel.subscribe(CHANNEL)
            while self._watchers:
                message = await channel.get_message(timeout=5.0)
                if message is None:
                    continue
                if message["type"] == "subscribe":
                    # What was published before the subscription stood was missed: look once.
                    self._is_live = True
                    self.wake_all()
                elif message["type"] == "message":
                    self._wake(message["data"].decode())

    def _wake(self, key: str) -> None:
        for changed in self._watchers.get(key, ()):
            changed.set()
