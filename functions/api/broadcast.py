"""One job's events as messages, read from the table once for all of a process's readers."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Final
from uuid import UUID

from psycopg import OperationalError

from functions.api.messages import encoded_end, encoded_event, encoded_job
from infra.broker.feed import RedisLiveFeed
from infra.database.progress import Progress

log = logging.getLogger(__name__)

#: The newest messages are kept for readers that are a little behind; the others are in the table.
KEPT_BYTES: Final = 256 * 1024
#: What a reader is given at once, so that it does not hold much more than its socket does.
BATCH_BYTES: Final = 64 * 1024

#: Seconds between two looks at the table in a burst of changes.
_GAP_SECONDS: Final = 0.05
#: Seconds between looks when nobody says that something changed: while Redis does tell, in which
#: case only a lost message is waited for, and while it does not.
_LOOK_SECONDS: Final = 5.0
_LOOK_ALONE_SECONDS: Final = 1.0
#: Seconds until a database that did not answer is asked again.
_RETRY_SECONDS: Final = 1.0

#: Looks for a job's events behind a number, as PostgresProgress does.
Look = Callable[[UUID, int | None], Awaitable[Progress | None]]


class Broadcast:
    """Follows one job, and keeps its newest messages for any number of readers.

    Readers keep their own place and are never waited for. Events are numbered without a gap, so
    a reader's place says whether what it needs next is here, in the table, or still to come.
    """

    def __init__(self, job_id: UUID, look: Look, feed: RedisLiveFeed) -> None:
        self.readers = 0
        #: The number of the newest event; None before the first look.
        self.last: int | None = None
        #: What to say behind the last event, where the job has ended.
        self.end: bytes | None = None
        #: Whether nothing more will come: the job is gone, or following it failed.
        self.is_over = False
        #: Set, and replaced, when there is something new.
        self.news = asyncio.Event()
        #: The job as it was at the newest event.
        self.job = b""
        self._job_id = job_id
        self._look = look
        self._feed = feed
        self._kept: deque[tuple[int, bytes]] = deque()
        self._kept_bytes = 0
        self._task = asyncio.create_task(self._follow(), name=f"broadcast-{job_id}")
        self._task.add_done_callback(self._followed)

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
        async with self._feed.watch(self._job_id) as changed:
            was_away = False
            while not self.is_over:
                changed.clear()
                try:
                    progress = await self._look(self._job_id, self.last)
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
                await asyncio.sleep(_GAP_SECONDS)
                await self._something(changed)

    async def _something(self, changed: asyncio.Event) -> None:
        """Wait until the job may have changed, or nobody could have told."""
        try:
            async with asyncio.timeout(
                _LOOK_SECONDS if self._feed.is_live else _LOOK_ALONE_SECONDS
            ):
                await changed.wait()
        except TimeoutError:
            return

    def _take(self, progress: Progress | None) -> None:
        if progress is None:
            self.is_over = True
            self.tell()
            return
        before = self.last, self.end
        if progress.job is not None:
            self.job = encoded_job(progress.job)
        for event in progress.events:
            self._keep(event.id, encoded_event(event, self.job))
        self.last = progress.events[-1].id if progress.events else progress.last_event
        self.end = encoded_end(self.job) if progress.has_ended else None
        if before != (self.last, self.end):
            self.tell()

    def _keep(self, number: int, message: bytes) -> None:
        self._kept.append((number, message))
        self._kept_bytes += len(message)
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            self._kept_bytes -= len(self._kept.popleft()[1])

    def _followed(self, task: asyncio.Task[None]) -> None:
        self.is_over = True
        self.tell()
        if not task.cancelled() and (error := task.exception()) is not None:
            # The readers' streams end, and they come back by themselves.
            log.error("following a job failed", extra={"job_id": self._job_id}, exc_info=error)
