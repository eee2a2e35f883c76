"""Takes a PDF that came with a request: hashed on its way to a file, and looked into before work.

What can't be read is refused here with the code and the sentence that its job would have ended
with, and nothing has been written then.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from anyio import CapacityLimiter

from common.errors import InvalidRequest, PermanentError
from common.pages import parse_page_selection
from common.ports import PdfOpener

#: Forms at once in one process: each is a file in memory and a process that parses it. The
#: others wait, and other requests do not wait with them.
FORMS_AT_ONCE: Final = CapacityLimiter(8)

_PIECE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that came with a request."""

    path: Path
    #: In bytes.
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CountedPages:
    """What a look into a PDF has shown."""

    #: Pages of the document.
    page_count: int
    #: Pages that are to be read.
    selected: int


def receive(content: BinaryIO, target: Path) -> ReceivedFile:
    """Write the content to `target`. InvalidRequest (415) where it does not begin as PDFs do."""
    digest, size = sha256(), 0
    with target.open("wb") as file:
        while piece := content.read(_PIECE_BYTES):
            if not size and b"%PDF-" not in piece[:1024]:
                raise _no_pdf()
            size += len(piece)
            digest.update(piece)
            file.write(piece)
    if not size:
        raise _no_pdf()
    return ReceivedFile(target, size, digest.hexdigest())


def count_pages(
    opener: PdfOpener, path: Path, *, password: str | None, selection: str, max_pages: int
) -> CountedPages:
    """Open the PDF, in a process with limits, and count what is to be read.

    InvalidRequest: 415 NOT_A_PDF, or 422 with UNREADABLE_PDF, NO_PAGES, TOO_MANY_PAGES,
    PASSWORD_REQUIRED, PASSWORD_WRONG or INVALID_PAGE_RANGE.
    """
    try:
        with opener.open(path, password) as pdf:
            page_count = pdf.page_count
    except PermanentError as error:
        status = 415 if error.code == "NOT_A_PDF" else 422
        raise InvalidRequest(error.message, code=error.code, status=status) from error
    if page_count > max_pages:
        raise InvalidRequest(
            f"This PDF has {page_count:,} pages, and {max_pages:,} are taken at once. Split it "
            "and send the parts.",
            code="TOO_MANY_PAGES",
            status=422,
        )
    if not selection:
        return CountedPages(page_count, page_count)
    ranges = parse_page_selection(selection, page_count)
    return CountedPages(page_count, sum(len(pages) for pages in ranges))


def _no_pdf() -> InvalidRequest:
    return InvalidRequest("The file is not a PDF.", code="NOT_A_PDF", status=415)
