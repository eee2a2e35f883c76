"""Reading pages in tests of the engine, and the errors in what was read."""

from __future__ import annotations

from collections.abc import Sequence

import pypdfium2

from common.results import Box, Page, Word
from infra.local.ocr_engine.engine import read_page


def read(pdf: bytes, index: int = 0, languages: Sequence[str] = ()) -> Page:
    """Read one page of a PDF in this process."""
    with pypdfium2.PdfDocument(pdf) as document:
        return read_page(document, index, languages=languages)


def read_all(pdf: bytes, languages: Sequence[str] = ()) -> list[Page]:
    """Read every page of a PDF in this process."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [read_page(document, at, languages=languages) for at in range(len(document))]


def words_of(page: Page) -> list[Word]:
    """Return the page's words in reading order."""
    return [
        word
        for block in page.blocks
        for paragraph in block.paragraphs
        for line in paragraph.lines
        for word in line.words
    ]


def box_of(page: Page, text: str) -> Box:
    """Return the box of the first word that is `text`."""
    return next(word.box for word in words_of(page) if word.text == text)


def overlap(one: Box, other: Box) -> float:
    """Return intersection over union of two boxes."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    along = min(one[3], other[3]) - max(one[1], other[1])
    common = max(0.0, across) * max(0.0, along)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return common / (areas - common)


def character_error(read_text: str, true_text: str) -> float:
    """Return the edit distance over the true text's length, white space taken as one blank."""
    found, true = (" ".join(text.split()) for text in (read_text, true_text))
    above = list(range(len(true) + 1))
    for row, letter in enumerate(found, start=1):
        current = [row]
        for column, wanted in enumerate(true, start=1):
            current.append(
                min(
                    above[column] + 1,
                    current[-1] + 1,
                    above[column - 1] + (letter != wanted),
                )
            )
        above = current
    return above[-1] / len(true)
