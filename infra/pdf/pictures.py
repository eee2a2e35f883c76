"""Pictures of a document's pages, drawn by processes with limits, a few at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from common.errors import Conflict, NotFound
from common.models import ObjectRef
from infra.pdf.child import Child, Died
from infra.pdf.engine import Reason, Refused
from infra.pdf.sources import Busy, Sources
from infra.settings import PicturesSettings

#: A larger file takes longer to be opened, by a second for so many bytes.
_BYTES_PER_SECOND: Final = 20_000_000
#: No picture of so many pixels has more bytes; what says otherwise is not our process any more.
_MOST_BYTES: Final = 64 << 20


class Pictures:
    """Draws pages of uploads. Built once a process; every method may be called by any thread.

    A document's pages are drawn one after the other, by a process that keeps it open; a process
    never sees two documents, so that one can't do another harm.
    """

    def __init__(
        self, folder: Path, fetch: Callable[[ObjectRef, Path], int], settings: PicturesSettings
    ) -> None:
        self._settings = settings
        self._painters = _Painters(settings)
        self._sources = Sources(
            folder,
            fetch,
            most_bytes=settings.cache_mb << 20,
            forget=self._painters.forget,
        )
        self._room = threading.BoundedSemaphore(settings.processes + settings.waiting)

    def draw(
        self, source: ObjectRef, *, size: int, page_count: int, number: int, width: int
    ) -> bytes:
        """Return the page as it is looked at, as a WebP `width` pixels wide.

        `size` is the upload's in bytes, `page_count` what was counted when it was cut; `number`
        counts from 1. Raises Conflict PICTURE_UNAVAILABLE, which says why, or TransientError
        PICTURES_BUSY.
        """
        if size > self._settings.max_document_mb << 20:
            raise _unavailable(
                f"The document has more than {self._settings.max_document_mb} MB, which is too "
                "much to draw its pages."
            )
        if not self._room.acquire(blocking=False):
            raise Busy
        try:
            end = time.monotonic() + self._settings.wait_seconds
            with self._sources.use(source, size, seconds=self._settings.wait_seconds) as path:
                left = max(0.0, end - time.monotonic())
                with self._painters.take(source, seconds=left) as painter:
                    return painter.draw(path, page_count, number, width)
        except NotFound as error:
            raise _unavailable("The uploaded file has been removed.") from error
        finally:
            self._room.release()

    def close(self) -> None:
        """End the processes."""
        self._painters.close()


class _Painter:
    """A place for one process, which has one document open or none."""

    def __init__(self, settings: PicturesSettings) -> None:
        self._settings = settings
        self._child: Child | None = None
        self._page_count = 0
        self.source: ObjectRef | None = None

    def draw(self, path: Path, page_count: int, number: int, width: int) -> bytes:
        is_old = self._child is not None
        try:
            return self._draw(path, page_count, number, width)
        except Died:
            self.close()
            if not is_old:
                raise _unreadable(number) from None
        # It may have ended of its long silence, or of an earlier page.
        try:
            return self._draw(path, page_count, number, width)
        except Died:
            self.close()
            raise _unreadable(number) from None

    def _draw(self, path: Path, page_count: int, number: int, width: int) -> bytes:
        try:
            if self._child is None:
                self._open(path)
            assert self._child is not None
            if self._page_count != page_count:
                raise _unavailable(
                    "The document is damaged, and its pages can't be told apart safely."
                )
            reply = self._child.ask(index=number - 1, width=width, seconds=self._settings.seconds)
        except Refused as refused:
            if refused.reason is Reason.PASSWORD_REQUIRED:
                raise _unavailable(
                    "The document opens only with its password, which is not kept once it is cut."
                ) from refused
            raise _unreadable(number) from refused
        if not 0 < reply["size"] <= _MOST_BYTES:
            raise Died
        return self._child.read(reply["size"])

    def _open(self, path: Path) -> None:
        memory = self._settings.memory_mb << 20
        self._child = Child("infra.pdf.painter", str(memory), str(self._settings.idle_seconds))
        self._child.await_ready()
        seconds = self._settings.seconds + path.stat().st_size / _BYTES_PER_SECOND
        try:
            self._page_count = self._child.ask(path=str(path), seconds=seconds)["page_count"]
        except Refused:
            self.close()
            raise

    def close(self) -> None:
        if self._child is not None:
            self._child.close()
        self._child = None


class _Painters:
    """The places for processes; a document gets the one that has it open, if any."""

    def __init__(self, settings: PicturesSettings) -> None:
        self._changed = threading.Condition()
        #: Those that nobody draws with, the one that was used last at the end.
        self._free = [_Painter(settings) for _ in range(settings.processes)]

    @contextmanager
    def take(self, source: ObjectRef, *, seconds: float) -> Iterator[_Painter]:
        """Give a place for the document. Raises Busy after so many seconds without a free one."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._free, seconds):
                raise Busy
            painter = next((one for one in self._free if one.source == source), self._free[0])
            self._free.remove(painter)
        try:
            if painter.source != source:
                painter.close()
                painter.source = source
            yield painter
        finally:
            with self._changed:
                self._free.append(painter)
                self._changed.notify()

    def forget(self, source: ObjectRef) -> None:
        """End the process that has this document open, which nobody draws with."""
        with self._changed:
            for painter in self._free:
                if painter.source == source:
                    painter.close()
                    painter.source = None

    def close(self) -> None:
        with self._changed:
            for painter in self._free:
                painter.close()


def _unreadable(number: int) -> Conflict:
    return _unavailable(f"Page {number} is damaged, or takes too much time or memory to be drawn.")


def _unavailable(message: str) -> Conflict:
    return Conflict(message, code="PICTURE_UNAVAILABLE")
