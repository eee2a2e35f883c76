"""Uploads on this process's disk, for drawing their pages: each fetched once, and not too many."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from common.errors import TransientError
from common.models import ObjectRef


class Busy(TransientError):
    """Too much is asked for at once."""

    default_code = "PICTURES_BUSY"

    def __init__(self) -> None:
        super().__init__("Too many pictures are asked for at once. Try again in a moment.")


@dataclass(slots=True)
class _Source:
    path: Path
    bytes: int
    users: int = 0
    is_there: bool = False
    #: Held while it is fetched or drawn from: one page of a document at a time.
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sources:
    """A folder of at most `most_bytes`; what was not used for the longest time goes first."""

    def __init__(
        self,
        folder: Path,
        fetch: Callable[[ObjectRef, Path], int],
        *,
        most_bytes: int,
        forget: Callable[[ObjectRef], None],
    ) -> None:
        self._folder = folder
        self._fetch = fetch
        self._most_bytes = most_bytes
        #: Told what is about to be removed: an open file would keep its place on the disk.
        self._forget = forget
        self._names = count()
        self._lock = threading.Lock()
        self._sources: OrderedDict[ObjectRef, _Source] = OrderedDict()

    @contextmanager
    def use(self, ref: ObjectRef, size: int, *, seconds: float) -> Iterator[Path]:
        """Give the object's file to one user at a time. `size` is in bytes.

        Raises Busy where others have it for longer than `seconds`, or need all the room; and
        what fetching it raises.
        """
        source = self._enter(ref, size)
        try:
            if not source.lock.acquire(timeout=seconds):
                raise Busy
            try:
                if not source.is_there:
                    self._fetch(ref, source.path)
                    source.is_there = True
                yield source.path
            finally:
                source.lock.release()
        finally:
            self._leave(ref, source)

    def _enter(self, ref: ObjectRef, size: int) -> _Source:
        with self._lock:
            source = self._sources.get(ref)
            if source is None:
                self._make_room(size)
                source = _Source(self._folder / f"{next(self._names)}.pdf", size)
                self._sources[ref] = source
            self._sources.move_to_end(ref)
            source.users += 1
            return source

    def _leave(self, ref: ObjectRef, source: _Source) -> None:
        with self._lock:
            source.users -= 1
            if not source.is_there and not source.users:
                self._remove(ref)

    def _make_room(self, size: int) -> None:
        free = self._most_bytes - sum(source.bytes for source in self._sources.values())
        for ref in [ref for ref, source in self._sources.items() if not source.users]:
            if size <= free:
                return
            free += self._sources[ref].bytes
            self._remove(ref)
        if size > free:
            raise Busy

    def _remove(self, ref: ObjectRef) -> None:
        self._forget(ref)
        self._sources.pop(ref).path.unlink(missing_ok=True)
