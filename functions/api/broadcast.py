"""A job's or a batch's events as messages, read once for all of a process's readers."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Final
from uuid import UUID

from psycopg import OperationalError

from functions.api.followed import Found, Telling
from infra.broker.feed import RedisLiveFeed

log = logging.getLogger(__name__)

#: The newest messages are kept for readers that are a little behind; the others are in the table.
KEPT_BYTES: Final = 256 * 1024
#: What a reader is given at once, so that it does not hold much more than its socket does.
BATCH_BYTES: Final = 64 * 1024

#: Seconds until a database that did not answer is asked again.
_RETRY_SECONDS: Final = 1.0

#: Looks for events behind a number.
Look = Callable[[UUID, int | None], Awaitable[Found | None]]


class Broadcast:
    """Follows one job or batch, and keeps its newest messages for any number of readers.

    Readers keep their own place and are never waited for. Events are numbered without a gap, so
    a reader's place says whether what it needs next is here, in the table, or still to come.
    """

    def __init__(self, followed: UUID, look: Look, feed: RedisLiveFeed, telling: Telling) -> None:
        self.readers = 0
        #: The number of the newest event; None before the first look.
        self.last: int | None = None
        #: What to say behind the last event, where it has ended.
        self.end: bytes | None = None
        #: Whether nothing more will come: it is gone, or following it failed.
        self.is_over = False
        #: Set, and replaced, when there is something new.
        self.news = asyncio.Event()
        #: As it was at the newest event, or later.
        self.now = b""
        #: What to say beside the events, and how often that has changed.
        self.snapshot = b""
        self.version = 0
        self._followed = followed
        self._look = look
        self._feed = feed
        self._telling = telling
        self._kept: deque[tuple[int, bytes]] = deque()
        self._kept_bytes = 0
        self._task = asyncio.create_task(self._follow(), name=f"broadcast-{followed}")
        self._task.add_done_callback(self._is_done)

    def stop(self) -> None:
        """Stop following."""
        self._task.cancel()

    def tell(self) -> None:
        """Wake all readers."""
        news, self.news = self.news, asyncio.Event()
        news.set()

    def kept_behind(self, after: int) -> tuple[int, bytes] | None:
        """Return the next messages behind number `after` and the last one's number.

        None where they are no longer kept here.
        """
        if not self._kept or after + 1 < self._kept[0][0]:
            return None
        messages: list[bytes] = []
        size = 0
        for number, message in islice(self._kept, after + 1 - self._kept[0][0], None):
            size += len(message)
            if messages and size > BATCH_BYTES:
                break
            messages.append(message)
            after = number
        return after, b"".join(messages)

    async def _follow(self) -> None:
        async with self._feed.watch(self._followed) as changed:
            was_away = False
            while not self.is_over:
                changed.clear()
                try:
                    progress = await self._look(self._followed, self.last)
                except OperationalError as error:
                    if not was_away:
                        log.warning("the database does not answer event streams", exc_info=error)
                    was_away = True
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                was_away = False
                self._take(progress)
                if progress is not None and self.last != progress.last_event:
                    continue
                await asyncio.sleep(self._telling.pace.gap)
                await self._something(changed)

    async def _something(self, changed: asyncio.Event) -> None:
        """Wait until it may have changed, or nobody could have told."""
        pace = self._telling.pace
        try:
            async with asyncio.timeout(pace.told if self._feed.is_live else pace.alone):
                await changed.wait()
        except TimeoutError:
            return

    def _take(self, found: Found | None) -> None:
        if found is None:
            self.is_over = True
            self.tell()
            return
        before = self.last, self.end, self.version
        now = self._telling.now(found)
        if now is not None:
            self.now = now
            snapshot = self._telling.snapshot(now)
            if snapshot != self.snapshot:
                self.snapshot = snapshot
                self.version += 1
        for event in found.events:
            self._keep(event.id, self._telling.event(event, self.now))
        self.last = found.events[-1].id if found.events else found.last_event
        self.end = self._telling.end(self.now) if found.has_ended else None
        if before != (self.last, self.end, self.version):
            self.tell()

    def _keep(self, number: int, message: bytes) -> None:
        self._kept.append((number, message))
        self._kept_bytes += len(message)
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            self._kept_bytes -= len(self._kept.popleft()[1])

    def _is_done(self, task: asyncio.Task[None]) -> None:
        self.is_over = True
        self.tell()
        if not task.cancelled() and (error := task.exception()) is not None:
            # The readers' streams end, and they come back by themselves.
            log.error(
                "following a stream failed", extra={"followed": self._followed}, exc_info=error
            )
