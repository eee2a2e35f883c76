"""A PDF's bookmarks, read by a process with limits: none is worth harm to who asks for them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

import msgspec

from common.stages import OutlineEntry
from infra.pdf.child import Child, Died
from infra.pdf.engine import Refused

log = logging.getLogger(__name__)

#: 5,000 of them, each letter written as two escapes of six, are no more.
_MOST_BYTES: Final = 16 << 20


class Bookmarks:
    """Reads PDFs' tables of contents. For any thread.

    `memory_mb` bounds the memory of the process that reads, `seconds` its time with a small file;
    a larger file gets a second more for every `bytes_per_second` of it.
    """

    def __init__(
        self, *, memory_mb: int = 512, seconds: float = 8.0, bytes_per_second: int = 20_000_000
    ) -> None:
        self._memory_bytes = memory_mb << 20
        self._seconds = seconds
        self._bytes_per_second = bytes_per_second

    def read(self, path: Path) -> list[OutlineEntry]:
        """Return the bookmarks in their order, at most 5,000, of at most 32 levels.

        Empty where the file has none, can't be opened without a password, or takes too much: its
        headings say where it is divided, then. Pages count from 1, all of the document's.
        """
        child = Child("infra.pdf.bookmarks", str(self._memory_bytes))
        try:
            child.await_ready()
            seconds = self._seconds + path.stat().st_size / self._bytes_per_second
            size = child.ask(path=str(path.absolute()), seconds=seconds)["size"]
            if not 0 <= size <= _MOST_BYTES:
                raise Died
            content = child.read(size)
        except Refused as refused:
            log.info("no bookmarks are read", extra={"reason": refused.reason.value})
            return []
        except Died:
            log.warning("a document ended the process that read its bookmarks")
            return []
        finally:
            child.close()
        rows = msgspec.json.decode(content, type=list[tuple[str, int, int, float | None]])
        return [OutlineEntry(*row) for row in rows]
