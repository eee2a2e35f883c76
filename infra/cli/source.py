"""The PDF named on the command line, checked before anything is started for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from infra.cli.exits import UnusableInput

#: Readers look for the mark this far into a file (ISO 32000-1, implementation note 13).
_MARK_WITHIN_BYTES = 1024


@dataclass(frozen=True, slots=True)
class SourcePdf:
    """A file that is there and calls itself a PDF."""

    path: Path
    size: int

    @property
    def filename(self) -> str:
        """The name that the API is told; bytes that are no text are replaced."""
        return self.path.name.encode("utf-8", "replace").decode()

    @property
    def stem(self) -> str:
        """A folder name for its results."""
        return re.sub(r"[\x00-\x1f\x7f/\\]", "_", self.path.stem).strip(". ") or "document"


def source_pdf(path: Path) -> SourcePdf:
    """Return the file at `path`. Raises UnusableInput, saying what is wrong with it."""
    try:
        status = path.stat()
        # A pipe could be read only once, and opening one may wait for ever.
        if not S_ISREG(status.st_mode):
            kind = "a folder" if S_ISDIR(status.st_mode) else "a pipe or device"
            raise UnusableInput(f"{path} is {kind}, not a PDF file.", code="NOT_A_FILE")
        with path.open("rb") as file:
            head = file.read(_MARK_WITHIN_BYTES)
    except FileNotFoundError:
        raise UnusableInput(f"There is no file {path}.", code="NO_SUCH_FILE") from None
    except OSError as error:
        raise UnusableInput(
            f"{path} can't be read: {error.strerror}.", code="UNREADABLE_FILE"
        ) from error
    if not head:
        raise UnusableInput(f"{path} is empty.", code="EMPTY_FILE")
    if b"%PDF-" not in head:
        raise UnusableInput(
            f"{path} is not a PDF: it has no %PDF- at its start.",
            code="NOT_A_PDF",
            advice="Quire reads PDF files only; print or convert the document to PDF first.",
        )
    return SourcePdf(path=path, size=status.st_size)
