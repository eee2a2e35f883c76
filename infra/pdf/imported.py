"""Cuts by pdfium what qpdf refuses. It is slower, and may lose a page's layers."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pypdfium2.raw

from infra.pdf.engine import Reason, Refused, checked_count, end_warnings
from infra.pdf.in_place import InPlace


class Imported:
    """A document that pdfium opens anew for every cut, so that nothing piles up."""

    def __init__(self, path: Path, password: str | None) -> None:
        self._path = path
        self._password = password
        with self._opened() as pdf:
            self.page_count = checked_count(len(pdf))
            # pdfium believes the file's own count, so ask for a page at each end.
            for index in {0, self.page_count - 1}:
                self._load(pdf, index)
        self.warnings = [
            *end_warnings(path),
            "The file could not be read in the usual way, so a more tolerant one was used; parts "
            "of it may be missing.",
        ]

    def cut(self, first: int, last: int, target: Path) -> int:
        """Write the pages from `first` to `last` and return the bytes."""
        rough = target.with_name(target.name + ".rough")
        try:
            with self._opened() as source, pypdfium2.PdfDocument.new() as chunk:
                try:
                    chunk.import_pages(source, pages=list(range(first - 1, last)))
                except pypdfium2.PdfiumError as error:
                    raise Refused(Reason.UNREADABLE_PDF) from error
                if len(chunk) != last - first + 1:
                    raise Refused(Reason.UNREADABLE_PDF)
                chunk.save(rough)
            # What was imported still has its actions and links.
            return InPlace(rough, None).cut(1, last - first + 1, target)
        finally:
            rough.unlink(missing_ok=True)

    def _opened(self) -> pypdfium2.PdfDocument:
        try:
            return pypdfium2.PdfDocument(self._path, password=self._password)
        except pypdfium2.PdfiumError as error:
            if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
                reason = Reason.PASSWORD_WRONG if self._password else Reason.PASSWORD_REQUIRED
                raise Refused(reason) from error
            raise Refused(Reason.UNREADABLE_PDF) from error

    @staticmethod
    def _load(pdf: pypdfium2.PdfDocument, index: int) -> None:
        try:
            pdf[index].close()
        except pypdfium2.PdfiumError as error:
            raise Refused(Reason.UNREADABLE_PDF) from error
