"""Reads pages in child processes: as many at a time as there are, each within time and memory."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from common.results import Page
from infra.local.ocr_engine.errors import (
    CRASHED,
    OUT_OF_MEMORY,
    TIMED_OUT,
    EncryptedPdf,
    EngineError,
    PageUnreadable,
    UnreadablePdf,
)
from infra.local.ocr_engine.messages import (
    Count,
    Counted,
    Failed,
    File,
    Forget,
    PageRead,
    Read,
    Reply,
    Trouble,
    Warm,
)
from infra.local.ocr_engine.process import Child, ChildDied, ChildTimedOut

log = logging.getLogger(__name__)

#: Of loading the default language.
_WARM_SECONDS = 60.0


class EnginePool:
    """Child processes that read pages, started when first needed and replaced when they die.

    Calls share the children page by page, in the order in which the pages were asked for, so
    that a long call does not keep a short one waiting. Belongs to one event loop.
    """

    def __init__(
        self,
        processes: int,
        *,
        page_timeout_seconds: float = 60,
        memory_limit_mb: int = 1024,
    ) -> None:
        self._page_timeout = page_timeout_seconds
        self._memory_limit_mb = memory_limit_mb
        self._slots = [_Slot() for _ in range(processes)]
        self._idle: asyncio.LifoQueue[_Slot] = asyncio.LifoQueue()
        for slot in self._slots:
            self._idle.put_nowait(slot)
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """The process ids of the children that run."""
        return [slot.child.pid for slot in self._slots if slot.child and slot.child.alive]

    async def read(
        self, pdf: bytes, indexes: Sequence[int], languages: Sequence[str], *, own_text: bool = True
    ) -> list[Page]:
        """Return the pages at `indexes` (from 0), in that order.

        `languages` are BCP-47 hints; without `own_text` every page is recognized, as it looks.
        Raises PageUnreadable for the first page that could not be read; no further page is begun
        after it. Raises UnreadablePdf or EncryptedPdf for a file that can't be opened.
        """
        outcomes = await self._read(pdf, indexes, languages, own_text=own_text, stop_early=True)
        pages = [outcome for outcome in outcomes if isinstance(outcome, Page)]
        for outcome in outcomes:
            if isinstance(outcome, PageUnreadable):
                raise outcome
        return pages

    async def read_each(
        self, pdf: bytes, indexes: Sequence[int], languages: Sequence[str]
    ) -> list[Page | PageUnreadable]:
        """Return for each of `indexes` its page, or why it could not be read.

        Raises UnreadablePdf or EncryptedPdf for a file that can't be opened.
        """
        outcomes = await self._read(pdf, indexes, languages, own_text=True, stop_early=False)
        return [outcome for outcome in outcomes if outcome is not None]

    async def page_count(self, pdf: bytes) -> int:
        """Return how many pages the file says it has. Raises UnreadablePdf or EncryptedPdf."""
        with shared(pdf) as file:
            try:
                async with self._child() as child:
                    child.files.add(file)
                    reply = await child.ask(Count(file), self._page_timeout)
            except (ChildDied, ChildTimedOut) as error:
                raise UnreadablePdf("The file is too damaged to count its pages.") from error
            finally:
                self._forget(file)
        if isinstance(reply, Counted):
            return reply.pages
        raise _error(reply, 0)

    async def warm(self) -> None:
        """Start every child that does not run and have it load the default language."""

        async def warm_one() -> None:
            async with self._child() as child:
                await child.ask(Warm(), _WARM_SECONDS)
                # Whoever is warm waits for the others, or it would be warmed in their place.
                await together.wait()

        together = asyncio.Barrier(len(self._slots))
        async with asyncio.TaskGroup() as group:
            for _ in self._slots:
                group.create_task(warm_one())

    async def close(self) -> None:
        """End the children. Calls still under way fail."""
        self._closed = True
        await asyncio.gather(*(slot.child.kill() for slot in self._slots if slot.child))

    async def _read(
        self,
        pdf: bytes,
        indexes: Sequence[int],
        languages: Sequence[str],
        *,
        own_text: bool,
        stop_early: bool,
    ) -> list[Page | PageUnreadable | None]:
        outcomes: list[Page | PageUnreadable | None] = [None] * len(indexes)
        waiting = iter(list(enumerate(indexes)))
        failed = False

        async def lane(file: File) -> None:
            nonlocal failed
            for place, index in waiting:
                if failed and stop_early:
                    return
                try:
                    outcomes[place] = await self._page(
                        Read(file, index, tuple(languages), own_text)
                    )
                except PageUnreadable as error:
                    outcomes[place] = error
                    failed = True

        lanes = min(len(self._slots), len(indexes))
        with shared(pdf) as file:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(lanes):
                        group.create_task(lane(file))
            except ExceptionGroup as errors:
                # The lanes share one file: what one says of it all would say.
                raise errors.exceptions[0] from None
            finally:
                self._forget(file)
        return outcomes

    async def _page(self, request: Read) -> Page:
        """Read one page; where it ends a child that had read others, once more in a fresh one.

        So a page is not blamed for what those before it left behind.
        """
        file, index = request.file, request.index
        reason = CRASHED
        for fresh in (False, True):
            try:
                async with self._child(fresh=fresh) as child:
                    first = child.fresh
                    child.files.add(file)
                    reply = await child.ask(request, self._page_timeout)
            except ChildTimedOut as error:
                raise PageUnreadable(index, TIMED_OUT) from error
            except ChildDied:
                reason = CRASHED
            else:
                if isinstance(reply, PageRead):
                    return reply.page
                error_seen = _error(reply, index)
                if not (isinstance(reply, Failed) and reply.trouble is Trouble.MEMORY):
                    raise error_seen
                reason = OUT_OF_MEMORY
            if first:
                break
        raise PageUnreadable(index, reason)

    @asynccontextmanager
    async def _child(self, *, fresh: bool = False) -> AsyncIterator[Child]:
        """Hold a child, started if need be; with `fresh`, one that has read nothing yet."""
        slot = await self._idle.get()
        try:
            self._refuse_if_closed()
            if slot.child is not None and (
                not slot.child.alive or (fresh and not slot.child.fresh)
            ):
                await slot.child.kill()
                slot.child = None
            if slot.child is None:
                slot.child = await Child.start(self._memory_limit_mb)
                try:
                    self._refuse_if_closed()
                except EngineError:
                    await slot.child.kill()
                    raise
            yield slot.child
        finally:
            self._idle.put_nowait(slot)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise EngineError("The engine is closed.")

    def _forget(self, file: File) -> None:
        for slot in self._slots:
            if slot.child is not None and file in slot.child.files:
                slot.child.files.discard(file)
                slot.child.tell(Forget(file))


class _Slot:
    """A place for one child."""

    def __init__(self) -> None:
        self.child: Child | None = None


def _error(reply: Reply, index: int) -> EngineError:
    assert isinstance(reply, Failed), reply
    match reply.trouble:
        case Trouble.ENCRYPTED:
            return EncryptedPdf(reply.reason)
        case Trouble.UNREADABLE:
            return UnreadablePdf(reply.reason)
        case Trouble.UNKNOWN:
            log.error("the engine failed on a page", extra={"traceback": reply.reason})
            return PageUnreadable(index, CRASHED)
        case _:
            return PageUnreadable(index, reply.reason)


_numbers = itertools.count()


@contextmanager
def shared(pdf: bytes) -> Iterator[File]:
    """Lay bytes where the children can open them by path.

    Where the system lets one process open another's nameless file nothing is left behind
    whatever happens to this one.
    """
    if sys.platform == "linux":
        with tempfile.TemporaryFile(prefix="quire-") as file:
            file.write(pdf)
            file.flush()
            yield File(next(_numbers), f"/proc/{os.getpid()}/fd/{file.fileno()}")
    else:
        with tempfile.NamedTemporaryFile(prefix="quire-", suffix=".pdf") as file:
            file.write(pdf)
            file.flush()
            yield File(next(_numbers), file.name)
