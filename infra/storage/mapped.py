"""A file as a stream whose pieces are windows on the page cache: none of it is copied."""

from __future__ import annotations

import mmap
import os
from typing import BinaryIO


class MappedFile:
    """As much of a readable stream as Google's client asks of what it uploads.

    The client reads a file as a whole, and threads that each take and give back megabytes leave
    holes in the heap that add up over a document. The file must not be empty, and nobody may
    shorten it.
    """

    def __init__(self, file: BinaryIO) -> None:
        # Unmapped when nobody has a window any more: a request that failed may still have one.
        self._view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        self._at = 0

    def read(self, size: int = -1) -> memoryview:
        """Return the next bytes, at most `size` where it is not negative, as a window."""
        end = len(self._view) if size < 0 else self._at + size
        piece = self._view[self._at : end]
        self._at += len(piece)
        return piece

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to `offset` from the beginning, from here, or from the end; return where."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self._view)}
        self._at = max(0, origin[whence] + offset)
        return self._at

    def tell(self) -> int:
        """Return how many bytes lie before what is read next."""
        return self._at
