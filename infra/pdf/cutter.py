"""Opens PDFs and cuts them into chunks: by qpdf, and by pdfium where qpdf refuses or dies."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from common.errors import PermanentError
from common.pages import PageRange
from infra.pdf.engine import MAX_PAGES, Reason, Refused
from infra.pdf.reader import Died, Reader

log = logging.getLogger(__name__)

#: The best first.
_ENGINES = ("qpdf", "pdfium")
#: After so many ends of its process, an engine is not tried again for this document.
_MAX_DEATHS = 4
#: Readers look for the header in the first so many bytes (ISO 32000-1, annex H, note 13).
_HEADER_BYTES = 1024
#: What another engine can't change.
_SETTLED = frozenset({Reason.PASSWORD_REQUIRED, Reason.PASSWORD_WRONG, Reason.TOO_MANY_PAGES})

_SENTENCES = {
    Reason.NOT_A_PDF: "This file is not a PDF. Upload a PDF.",
    Reason.UNREADABLE_PDF: (
        "This PDF, or these pages of it, are damaged beyond reading. "
        "Open it in a PDF program, save it anew and upload that."
    ),
    Reason.NO_PAGES: (
        "No page was found in this PDF. It may be damaged: "
        "open it in a PDF program, save it anew and upload that."
    ),
    Reason.PASSWORD_REQUIRED: "This PDF asks for a password. Send it again with the password.",
    Reason.PASSWORD_WRONG: "The password does not open this PDF. Send it again with the right one.",
    Reason.TOO_MANY_PAGES: (
        f"This PDF has more than {MAX_PAGES:,} pages. Split it and upload the parts."
    ),
}


class Cutter:
    """Opens PDFs for cutting, each engine in a process with limits.

    `memory_mb` bounds an engine's own memory: it takes about 30 MB and, where pages are rich in
    links or fields, 20 KB a page. `seconds` bounds its time for one step with a small file; a
    larger file gets a second more for every `bytes_per_second` of it.
    """

    def __init__(
        self, *, memory_mb: int = 1024, seconds: float = 8.0, bytes_per_second: int = 10_000_000
    ) -> None:
        self._memory_bytes = memory_mb << 20
        self._seconds = seconds
        self._bytes_per_second = bytes_per_second

    @contextmanager
    def standby(self) -> Iterator[Standby]:
        """Start the first engine's process now, for a document that is still on its way."""
        spare = Reader(_ENGINES[0], memory_bytes=self._memory_bytes)
        try:
            yield Standby(self, spare)
        finally:
            spare.close()

    @contextmanager
    def open(
        self, path: Path, password: str | None, *, spare: Reader | None = None
    ) -> Iterator[OpenDocument]:
        """Open a PDF, for cutting it while inside. `spare` is an engine that waits for a file.

        Raises PermanentError with the code NOT_A_PDF, UNREADABLE_PDF, NO_PAGES,
        PASSWORD_REQUIRED, PASSWORD_WRONG or TOO_MANY_PAGES.
        """
        path = path.absolute()
        with path.open("rb") as source:
            if b"%PDF-" not in source.read(_HEADER_BYTES):
                raise _permanent(Reason.NOT_A_PDF)
        seconds = self._seconds + path.stat().st_size / self._bytes_per_second
        document = OpenDocument(
            path, password, seconds=seconds, memory_bytes=self._memory_bytes, spare=spare
        )
        try:
            document.open()
            yield document
        finally:
            document.close()


class Standby:
    """A cutter whose first engine is started already, for one document."""

    def __init__(self, cutter: Cutter, spare: Reader) -> None:
        self._cutter = cutter
        self._spare = spare

    def open(self, path: Path, password: str | None) -> AbstractContextManager[OpenDocument]:
        """Open a PDF as Cutter.open does."""
        return self._cutter.open(path, password, spare=self._spare)


class OpenDocument:
    """A source PDF that an engine has open, and another would open where that one fails."""

    def __init__(
        self,
        path: Path,
        password: str | None,
        *,
        seconds: float,
        memory_bytes: int,
        spare: Reader | None,
    ) -> None:
        self._path = path
        self._password = password
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._spare = spare
        self._engines = list(_ENGINES)
        self._readers: dict[str, Reader] = {}
        self._deaths: Counter[str] = Counter()
        self._warnings: dict[str, None] = {}
        #: Pages that can be cut, once the document is open.
        self.page_count = 0

    @property
    def warnings(self) -> Sequence[str]:
        """Why the document may be incomplete; grows if cutting brings damage to light."""
        return tuple(self._warnings)

    def open(self) -> None:
        """Let the first engine that can read the file count its pages."""
        reasons: list[Reason] = []
        for engine in _ENGINES:
            try:
                self.page_count = self._reader(engine).page_count
            except Refused as refused:
                reasons.append(refused.reason)
                if refused.reason in _SETTLED:
                    break
            except Died:
                reasons.append(Reason.UNREADABLE_PDF)
            else:
                return
            self._drop(engine)
        # The one that found no pages saw more of the file than one that saw nothing.
        raise _permanent(Reason.NO_PAGES if Reason.NO_PAGES in reasons else reasons[-1])

    def cut(self, pages: PageRange, target: Path) -> int:
        """Write a PDF of only these pages to `target` and return its size in bytes.

        Safe to repeat. Raises PermanentError UNREADABLE_PDF for pages that no engine can cut, or
        that were counted by another engine, at an earlier attempt, than the one that reads now.
        """
        if pages.end > self.page_count:
            raise _permanent(Reason.UNREADABLE_PDF)
        for engine in tuple(self._engines):
            size = self._cut_with(engine, pages, target)
            if size is not None:
                return size
        target.unlink(missing_ok=True)
        raise _permanent(Reason.UNREADABLE_PDF)

    def _cut_with(self, engine: str, pages: PageRange, target: Path) -> int | None:
        """Return the bytes written, or None if this engine can't cut these pages."""
        # A process may also die of what is no fault of the pages, so it gets a second one.
        for _ in range(2):
            try:
                reader = self._reader(engine)
                size = reader.cut(pages, target.absolute(), self._seconds)
            except Refused:
                log.warning("an engine refuses pages", extra={"engine": engine})
                return None
            except Died:
                log.warning("an engine died of pages", extra={"engine": engine})
                self._deaths[engine] += 1
                if self._deaths[engine] == _MAX_DEATHS:
                    self._drop(engine)
                    return None
            else:
                self._notice(reader)
                return size
        return None

    def close(self) -> None:
        """End the engines' processes."""
        for reader in self._readers.values():
            reader.close()

    def _reader(self, engine: str) -> Reader:
        """Return the engine with the file open, started anew if it died."""
        reader = self._readers.get(engine)
        if reader is not None and reader.alive:
            return reader
        if reader is not None:
            reader.close()
        if self._spare is not None and engine == _ENGINES[0]:
            reader, self._spare = self._spare, None
        else:
            reader = Reader(engine, memory_bytes=self._memory_bytes)
        try:
            reader.open(self._path, self._password, self._seconds)
            if self.page_count not in (0, reader.page_count):
                # Its pages are not those that were counted, so its numbers mean others.
                raise Refused(Reason.UNREADABLE_PDF)
        except BaseException as error:
            reader.close()
            if isinstance(error, Refused):
                self._drop(engine)
            raise
        self._readers[engine] = reader
        self._notice(reader)
        return reader

    def _drop(self, engine: str) -> None:
        if engine in self._engines:
            self._engines.remove(engine)

    def _notice(self, reader: Reader) -> None:
        self._warnings |= dict.fromkeys(reader.warnings)


def _permanent(reason: Reason) -> PermanentError:
    return PermanentError(_SENTENCES[reason], code=reason.value)
