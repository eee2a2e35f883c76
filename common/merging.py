"""Binding chunk results into one: text anchors are moved, page numbers are checked.

Page numbers are the document's own already in every chunk result; they are never derived from
the order in which chunks arrive.
"""

from __future__ import annotations

from collections.abc import Iterator

from common.errors import PermanentError
from common.folding import REPLACEMENT, fold
from common.models import PageRow, Words
from common.pages import PageRange
from common.results import ChunkResult, Line, Page, PageError


def number_pages(pages: list[Page], first: int) -> None:
    """Give pages numbered from 1 within their own PDF the document's numbers, in place."""
    for page in pages:
        page.number += first - 1


def shift_page(page: Page, offset: int) -> None:
    """Move every text anchor of a page by `offset` code points, in place."""
    page.start += offset
    page.end += offset
    for block in page.blocks:
        block.start += offset
        block.end += offset
        for paragraph in block.paragraphs:
            paragraph.start += offset
            paragraph.end += offset
            for line in paragraph.lines:
                line.start += offset
                line.end += offset
                for word in line.words:
                    word.start += offset
                    word.end += offset


def join(parts: list[ChunkResult]) -> ChunkResult:
    """Join results of consecutive page ranges of one chunk, as after a bisection."""
    text = ""
    pages: list[Page] = []
    errors: list[PageError] = []
    for part in parts:
        for page in part.pages:
            shift_page(page, len(text))
        pages.extend(part.pages)
        errors.extend(part.errors)
        text += part.full_text
    first = parts[0]
    return ChunkResult(
        document_id=first.document_id,
        chunk_index=first.chunk_index,
        page_start=first.page_start,
        page_end=parts[-1].page_end,
        page_count=len(pages),
        overall_confidence=mean_confidence(pages),
        full_text=text,
        pages=pages,
        errors=errors,
    )


def fill_in(earlier: ChunkResult, read: ChunkResult) -> ChunkResult:
    """Return a chunk's earlier result with the pages that were missing in it.

    A page that could not be read this time either keeps its newer error.
    """
    again = {page.number for page in read.pages} | {error.number for error in read.errors}
    pages = sorted(
        [page for page in earlier.pages if page.number not in again] + read.pages,
        key=lambda page: page.number,
    )
    text = ""
    for page in pages:
        shift_page(page, len(text) - page.start)
        text += page.text
    errors = [error for error in earlier.errors if error.number not in again] + read.errors
    return ChunkResult(
        document_id=earlier.document_id,
        chunk_index=earlier.chunk_index,
        page_start=earlier.page_start,
        page_end=earlier.page_end,
        page_count=len(pages),
        overall_confidence=mean_confidence(pages),
        full_text=text,
        pages=pages,
        errors=sorted(errors, key=lambda error: error.number),
    )


def check_pages(result: ChunkResult, expected: PageRange) -> None:
    """Refuse a result that does not account for each page of its chunk exactly once."""
    numbers = [page.number for page in result.pages]
    accounted = sorted([*numbers, *(error.number for error in result.errors)])
    if numbers != sorted(numbers) or accounted != list(expected):
        raise PermanentError(
            f"The result of pages {expected} does not account for each of them once. "
            "Retry the job; if it stays, report it with the job's id.",
            code="RESULT_INCONSISTENT",
        )


def mean_confidence(pages: list[Page]) -> float:
    """Return the pages' confidence weighed by their length; 0 where nothing was read."""
    weight = sum(len(page.text) for page in pages)
    if weight == 0:
        return 0.0
    return round(sum(page.confidence * len(page.text) for page in pages) / weight, 4)


def count_words(page: Page) -> int:
    """Return how many words the page has."""
    return sum(len(line.words) for line in _lines(page))


def words_of(page: Page) -> Words:
    """Return the page's words as its row has them."""
    words = [word for line in _lines(page) for word in line.words]
    boxes = [word.box for word in words]
    return Words(
        # Postgres's text can't hold NUL, which some PDFs' text layers do.
        texts=[word.text.replace("\0", "") for word in words],
        starts=[word.start for word in words],
        ends=[word.end for word in words],
        x0=[box[0] for box in boxes],
        y0=[box[1] for box in boxes],
        x1=[box[2] for box in boxes],
        y1=[box[3] for box in boxes],
        confidences=[word.confidence for word in words],
    )


def page_row(page: Page, *, with_words: bool) -> PageRow:
    """Return the page's row for the pages table."""
    # Postgres's text can't hold NUL. Its place is kept, or the words' offsets would be others.
    text = page.text.replace("\0", REPLACEMENT)
    return PageRow(
        page.number,
        page.width,
        page.height,
        page.unit,
        page.start,
        page.end,
        page.confidence,
        [language.replace("\0", "") for language in page.languages],
        text,
        fold(text),
        words_of(page) if with_words else None,
    )


def _lines(page: Page) -> Iterator[Line]:
    for block in page.blocks:
        for paragraph in block.paragraphs:
            yield from paragraph.lines
