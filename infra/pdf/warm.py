"""Looks at many small PDFs by one process that stays, where a process each would cost the most.

Starting a process takes 100 ms, looking at a page 1 ms. Only what is sound is followed by another
document in the same process: whatever is refused, damaged, encrypted, too long or deadly takes the
process with it, and goes the ordinary way, by a process of its own.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from infra.pdf.child import Child, Died

log = logging.getLogger(__name__)

#: Documents that one process looks at, so that what it leaks does not add up.
_MOST_LOOKS: Final = 500
_HEADER: Final = b"%PDF-"


class WarmPdfs:
    """One process that looks at PDFs, started when it is first needed. For one thread at a time.

    `file_bytes` is the size of the largest document; `seconds` is what one look may take.
    """

    def __init__(
        self, folder: Path, *, file_bytes: int, memory_mb: int = 256, seconds: float = 8.0
    ) -> None:
        self._path = folder / "document.pdf"
        self._arguments = (str(memory_mb << 20), str(file_bytes))
        self._seconds = seconds
        self._child: Child | None = None
        self._looks = 0

    def count_pages(self, content: bytes, *, most: int) -> int | None:
        """Return a sound PDF's pages; None where it has more than `most`, or is not that simple."""
        # The cutter writes files anew; this one is sent as it is, so it has to begin as it should.
        if not content.startswith(_HEADER):
            return None
        self._path.write_bytes(content)
        try:
            pages = self._ask(most)
        except Died:
            log.warning("a document ended the process that looked at it")
            pages = None
        finally:
            self._path.unlink()
        if pages is None or self._looks >= _MOST_LOOKS:
            self.close()
        return pages

    @property
    def process_id(self) -> int | None:
        """The process that looks at present; None where there is none."""
        return self._child.pid if self._child is not None else None

    def close(self) -> None:
        """End the process; the next document starts another."""
        if self._child is not None:
            self._child.close()
            self._child = None

    def _ask(self, most: int) -> int | None:
        if self._child is None:
            self._child = Child("infra.pdf.whole", *self._arguments)
            self._child.await_ready()
            self._looks = 0
        self._looks += 1
        reply = self._child.ask(path=str(self._path), most=most, seconds=self._seconds)
        pages: int | None = reply["pages"]
        return pages
