"""A made-up page, for calls that should cost nothing but the call itself."""

from __future__ import annotations

from functools import cache

from common.results import Block, Box, Line, Page, Paragraph, Word

#: US Letter at 200 dpi, the density at which the engine reads.
WIDTH, HEIGHT = 1700.0, 2200.0

LINES, WORDS_PER_LINE = 40, 10


@cache
def canned_page() -> Page:
    """Return the page: one block of four paragraphs, 40 lines of ten words each."""
    text = ""
    paragraphs: list[Paragraph] = []
    for first in range(0, LINES, 10):
        lines: list[Line] = []
        for row in range(first, first + 10):
            line = _line(row, len(text))
            text += "".join(
                word.text + ("\n" if word is line.words[-1] else " ") for word in line.words
            )
            lines.append(line)
        box = (lines[0].box[0], lines[0].box[1], lines[-1].box[2], lines[-1].box[3])
        paragraphs.append(Paragraph(lines[0].start, lines[-1].end, box, 0.99, lines))
    box = (*paragraphs[0].box[:2], *paragraphs[-1].box[2:])
    block = Block(0, len(text), box, 0.99, paragraphs)
    return Page(1, WIDTH, HEIGHT, "pixels", 0, len(text), text, 0.99, ["en"], [block])


def _line(row: int, start: int) -> Line:
    words: list[Word] = []
    top, bottom = round(0.05 + row * 0.0225, 5), round(0.065 + row * 0.0225, 5)
    end = start
    for column in range(WORDS_PER_LINE):
        text = f"word{row * WORDS_PER_LINE + column:03d}"
        begin, end = end, end + len(text) + 1
        left = round(0.05 + column * 0.09, 5)
        box: Box = (left, top, round(left + 0.08, 5), bottom)
        words.append(Word(text, begin, end, box, 0.99))
    return Line(start, end, (words[0].box[0], top, words[-1].box[2], bottom), 0.99, words)
