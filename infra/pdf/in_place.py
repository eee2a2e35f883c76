"""Cuts a PDF with qpdf by giving the opened document, again and again, a page tree of a few pages.

Streams are copied from the mapped file and never held, so memory grows with the number of
objects, not with the file.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, ObjectStreamMode, Pdf, StreamDecodeLevel

from infra.pdf.engine import Reason, Refused, checked_count, end_warnings
from infra.pdf.resources import prune
from infra.pdf.trim import trim_document, trim_page

#: How far above its fair share of the file a chunk may be before its pages are looked through.
_FAIR = 1.1
#: Above this it is looked through even where that has been of no use.
_UNFAIR = 3.0
#: Chunks that are looked through in vain before it is given up for the document.
_VAIN_TRIES = 3
#: Time to look through one chunk's pages; those that are left keep all their resources.
_LOOK_SECONDS = 2.0


def prepare_qpdf() -> None:
    """Bound what qpdf decodes and reports, for the whole process, before its first file."""
    pikepdf.settings.set_qpdf_limits(
        flate_max_memory=64 << 20,
        png_max_memory=64 << 20,
        tiff_max_memory=64 << 20,
        run_length_max_memory=64 << 20,
        dct_max_memory=64 << 20,
        doc_max_warnings=1000,
    )
    # That a chunk's form fields have no form any more is meant so.
    warnings.simplefilter("ignore", pikepdf.PageCopyWarning)


class InPlace:
    """A document opened once by qpdf. Cutting changes it, but never a page's look."""

    def __init__(self, path: Path, password: str | None) -> None:
        self._size = path.stat().st_size
        self._warnings = end_warnings(path)
        self._pdf = _open(path, password)
        try:
            claimed = self._pdf.Root.Pages.get(Name.Count)
            self._pages = [page.obj for page in self._pdf.pages]
            self.page_count = checked_count(len(self._pages))
            self._damaged = False
            self._notice_problems()
            if claimed != self.page_count:
                self._warnings.append(
                    f"The file's page tree is wrong about its pages; {self.page_count} were found."
                )
            trim_document(self._pdf)
            self._draws_fields = Name.AcroForm in self._pdf.Root
        except pikepdf.PdfError as error:
            raise Refused(_reason(error)) from error
        # Before every save, pikepdf looks for fields without a form on all of the document's
        # pages: 0.1 s a chunk where there are 20,000. Ours are meant to have none.
        setattr(self._pdf, "_count_orphaned_widgets", lambda: 0)  # noqa: B010 - not in its types
        self._trimmed: set[int] = set()
        self._pruned: set[int] = set()
        self._prune_first = False
        self._tries_left = _VAIN_TRIES

    @property
    def warnings(self) -> list[str]:
        """Why the document may be incomplete; damage may come to light as pages are cut."""
        damage = "The file is damaged and was repaired as well as possible; parts may be missing."
        return [*self._warnings, damage] if self._damaged else self._warnings

    @property
    def is_encrypted(self) -> bool:
        """Whether the file is locked, if only against changes."""
        return bool(self._pdf.is_encrypted)

    def cut(self, first: int, last: int, target: Path) -> int:
        """Write the pages from `first` to `last` and return the bytes."""
        pages = self._pages[first - 1 : last]
        try:
            self._trim(first, pages)
            if self._prune_first:
                self._prune(first, pages)
            size = self._save(pages, target)
            share = self._size * len(pages) / self.page_count
            worth_a_look = size > _FAIR * share and self._tries_left > 0
            if worth_a_look or size > _UNFAIR * share:
                size = self._save_smaller(first, pages, target, size)
            self._notice_problems()
        except pikepdf.PdfError as error:
            raise Refused(_reason(error)) from error
        return size

    def _trim(self, first: int, pages: Sequence[Object]) -> None:
        for number, page in enumerate(pages, start=first):
            if number not in self._trimmed:
                trim_page(page, with_fields=self._draws_fields)
                self._trimmed.add(number)

    def _prune(self, first: int, pages: Sequence[Object]) -> bool:
        changed = False
        until = time.monotonic() + _LOOK_SECONDS
        for number, page in enumerate(pages, start=first):
            if number not in self._pruned and time.monotonic() < until:
                changed |= prune(page)
                self._pruned.add(number)
        return changed

    def _save_smaller(self, first: int, pages: Sequence[Object], target: Path, size: int) -> int:
        if not self._prune(first, pages):
            return size
        smaller = self._save(pages, target)
        if smaller < 0.9 * size:
            self._prune_first = True
            self._tries_left = _VAIN_TRIES
        else:
            self._prune_first = False
            self._tries_left -= 1
        return smaller

    def _save(self, pages: Sequence[Object], target: Path) -> int:
        tree = self._pdf.make_indirect(
            Dictionary(Type=Name.Pages, Count=len(pages), Kids=Array(pages))
        )
        for page in pages:
            page.Parent = tree
        self._pdf.Root.Pages = tree
        self._pdf.save(
            target,
            encryption=False,
            object_stream_mode=ObjectStreamMode.disable,
            compress_streams=False,
            stream_decode_level=StreamDecodeLevel.none,
            fix_metadata_version=False,
        )
        return target.stat().st_size

    def _notice_problems(self) -> None:
        # Asking for the warnings clears them.
        self._damaged |= bool(self._pdf.get_warnings())


def _open(path: Path, password: str | None) -> Pdf:
    # A file that is only locked against changes opens with no password, whatever was given.
    for attempt in dict.fromkeys((password or "", "")):
        try:
            return pikepdf.open(path, password=attempt, access_mode=pikepdf.AccessMode.mmap_only)
        except pikepdf.PasswordError:
            continue
        except pikepdf.PdfError as error:
            raise Refused(_reason(error)) from error
    raise Refused(Reason.PASSWORD_WRONG if password else Reason.PASSWORD_REQUIRED)


def _reason(error: pikepdf.PdfError) -> Reason:
    # qpdf has no codes. A file that it takes for empty may still hold pages for another engine.
    words = str(error)
    none = ("no pages found", "unable to find page tree", "has no /Kids array")
    return Reason.NO_PAGES if words.endswith(none) else Reason.UNREADABLE_PDF
