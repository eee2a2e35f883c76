"""Streams of events: as many readers as there are, one look at the table for what they follow."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final
from uuid import UUID

from anyio import CapacityLimiter, to_thread
from psycopg import OperationalError

from functions.api.broadcast import Broadcast
from functions.api.followed import Found, JobTelling, Looks, Telling
from functions.api.messages import HEARTBEAT, encoded_retry
from infra.broker.feed import RedisLiveFeed
from infra.settings import StreamSettings

log = logging.getLogger(__name__)

#: Looks of all streams at the same time. The others' threads and connections stay theirs.
_LOOKS: Final = 2
#: Events of one look.
_PAGE: Final = 100
#: Milliseconds after which a reader whose stream broke off comes back. Spread, since all of a
#: process's readers lose their streams at the same moment.
_RETRY: Final = (1000, 3000)


class EventStreams:
    """All streams of one process, of jobs or of batches. Made and used within its event loop."""

    def __init__(
        self,
        progress: Looks,
        feed: RedisLiveFeed,
        settings: StreamSettings,
        telling: Telling | None = None,
    ) -> None:
        self._progress = progress
        self._feed = feed
        self._settings = settings
        self._telling: Telling = telling or JobTelling()
        self._broadcasts: dict[UUID, Broadcast] = {}
        self._limiter = CapacityLimiter(_LOOKS)
        self._is_ending = False

    @property
    def is_ending(self) -> bool:
        """Whether the process is to stop: nothing should be waited for any longer."""
        return self._is_ending

    def end(self) -> None:
        """End all streams, and every one that is begun from now on. The process is to stop."""
        self._is_ending = True
        for broadcast in self._broadcasts.values():
            broadcast.tell()
        self._feed.wake_all()

    async def read(self, followed: UUID, after: int) -> AsyncGenerator[bytes, None]:
        """Yield the messages behind number `after`, each once and in order.

        Ends behind the end of what is followed; when the longest time for a stream is over; when
        the process stops; and where it is no longer there. Only in the first case the last message
        is `end`: otherwise the reader comes back.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._settings.longest_seconds
        version = 0
        async with self._joined(followed) as broadcast:
            yield encoded_retry(random.randint(*_RETRY))  # noqa: S311 - jitter, not a secret
            if after and await self._is_unknown(broadcast, followed, after):
                after = 0
            while not (broadcast.is_over or self._is_ending):
                # Taken first: what is told from here on is heard.
                news = broadcast.news
                if version != broadcast.version:
                    version = broadcast.version
                    yield broadcast.snapshot
                    continue
                if broadcast.last is not None and after < broadcast.last:
                    after, content = await self._behind(broadcast, followed, after)
                    yield content
                    continue
                if broadcast.end is not None and after == broadcast.last:
                    yield broadcast.end
                    return
                left = ends_at - loop.time()
                if left <= 0:
                    return
                try:
                    async with asyncio.timeout(min(left, self._settings.heartbeat_seconds)):
                        await news.wait()
                except TimeoutError:
                    yield HEARTBEAT

    @asynccontextmanager
    async def _joined(self, followed: UUID) -> AsyncIterator[Broadcast]:
        broadcast = self._broadcasts.get(followed)
        if broadcast is None or broadcast.is_over:
            broadcast = Broadcast(followed, self._look, self._feed, self._telling)
            self._broadcasts[followed] = broadcast
        broadcast.readers += 1
        try:
            yield broadcast
        finally:
            broadcast.readers -= 1
            if not broadcast.readers:
                broadcast.stop()
                if self._broadcasts.get(followed) is broadcast:
                    del self._broadcasts[followed]

    async def _look(self, followed: UUID, after: int | None) -> Found | None:
        look = partial(self._progress.look, followed, after=after, limit=_PAGE)
        found: Found | None = await to_thread.run_sync(
            look, abandon_on_cancel=True, limiter=self._limiter
        )
        return found

    async def _is_unknown(self, broadcast: Broadcast, followed: UUID, after: int) -> bool:
        """Whether no event has the number that a reader says it has seen.

        Another process may have told it of one that is not known here yet.
        """
        if broadcast.last is not None and after <= broadcast.last:
            return False
        try:
            progress = await self._look(followed, after)
        except OperationalError:
            return False
        return progress is not None and progress.last_event < after

    async def _behind(self, broadcast: Broadcast, followed: UUID, after: int) -> tuple[int, bytes]:
        """Return the next messages behind number `after`, and the last one's number."""
        kept = broadcast.kept_behind(after)
        if kept is not None:
            return kept
        try:
            progress = await self._look(followed, after)
        except OperationalError:
            log.warning("the database does not answer a reader that is behind", exc_info=True)
            await asyncio.sleep(1)
            return after, HEARTBEAT
        if progress is None or not progress.events:
            return broadcast.last or after, HEARTBEAT
        # It is told as it is now, which is how its newest message told it.
        messages = [self._telling.event(event, broadcast.now) for event in progress.events]
        return progress.events[-1].id, b"".join(messages)
