"""A page's lines as the text stage looks at them: in reading order, measured in one unit.

Results give boxes in fractions of the page, so a width and a height can't be compared. Here both
are in page widths, and each line knows how large its type is, whether its box was drawn around
the ink or around the whole height of the font.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from common.merging import count_words
from common.results import Page, Word
from common.text_words import clean, cleaned, has_loose_accents, is_odd

#: Height by width where a page does not say it: A4's.
_USUAL_ASPECT: Final = 1.414
#: Letters that rise above the small ones, and those that go below the line.
_HIGH: Final = re.compile(r"[A-ZÀ-ÖØ-Þbdfhijklt0-9ßà-öù-ÿ()\[\]{}|/]")
_LOW: Final = re.compile(r"[gjpqyçQ()\[\]{}|/,;]")
#: Of the full height of letters with both: high only, low only, neither.
_INK: Final = {(True, True): 1.0, (True, False): 0.76, (False, True): 0.72, (False, False): 0.54}
#: So many words are measured to tell one kind of boxes from the other.
_MEASURED: Final = 80
#: A line whose size differs by this part from the page's is measured word by word.
_UNUSUAL: Final = 0.06
#: A blank wider than this, in sizes of type, parts cells rather than words.
_CELL_GAP: Final = 1.8


@dataclass(slots=True, eq=False)
class TextLine:
    """Words on one base line. Lengths are in page widths."""

    words: list[Word]
    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    #: Of its type: about the height from the top of a b to the foot of a p.
    size: float
    #: Which of the page's paragraphs it was read in, and its own place among the lines.
    paragraph: int
    place: int

    @property
    def middle(self) -> float:
        """Its height on the page."""
        return (self.y0 + self.y1) / 2

    def same_row(self, other: TextLine) -> bool:
        """Whether the two stand side by side."""
        overlap = min(self.y1, other.y1) - max(self.y0, other.y0)
        return overlap > 0.5 * min(self.y1 - self.y0, other.y1 - other.y0)

    def cells(self) -> int:
        """Return in how many parts wide blanks cut it; 1 is a line of prose."""
        widest = _CELL_GAP * self.size
        cells, last = 1, self.words[0].box[2]
        for word in self.words:
            left, _, right, _ = word.box
            if left - last > widest:
                cells += 1
            last = right
        return cells

    def ends_apart(self) -> bool:
        """Whether a wide blank is before its last word, as before a page's number."""
        before, last = self.words[-2:]
        return last.box[0] - before.box[2] > _CELL_GAP * self.size


def aspect_of(page: Page) -> float:
    """Return the page's height in page widths."""
    return page.height / page.width if page.width > 0 and page.height > 0 else _USUAL_ASPECT


def lines_of(page: Page) -> list[TextLine]:
    """Return the page's lines that have words."""
    aspect = aspect_of(page)
    tight = _tight(page)
    text, begin = page.text, page.start
    lines: list[TextLine] = []
    number = 0
    odd, loose = _odd(page), has_loose_accents(page.text)
    for block in page.blocks:
        for paragraph in block.paragraphs:
            for line in paragraph.lines:
                words = cleaned(line.words, loose) if odd else line.words
                if not words:
                    continue
                x0, y0, x1, y1 = line.box
                y0, y1 = y0 * aspect, y1 * aspect
                own = text[line.start - begin : line.end - begin].strip()
                if odd:
                    own = clean(own, loose)
                size = (y1 - y0) / (_ink(own) if tight else 1.0)
                lines.append(TextLine(words, own, x0, y0, x1, y1, size, number, len(lines)))
            number += 1
    usual = type_size(lines)
    for one in lines:
        if abs(one.size - usual) > _UNUSUAL * usual:
            # One word, a formula or a raised number, may have stretched the line's box.
            one.size = aspect * median(
                (word.box[3] - word.box[1]) / (_ink(word.text) if tight else 1.0)
                for word in one.words
            )
    return lines


def type_size(lines: Sequence[TextLine]) -> float:
    """Return the size that most of the lines' text is set in; 0 of no lines."""
    if not lines:
        return 0.0
    longest = max(len(line.text) for line in lines)
    # Short lines are titles, cells and page numbers as often as not.
    return median(line.size for line in lines if 2 * len(line.text) >= longest)


def _ink(text: str) -> float:
    return _INK[_HIGH.search(text) is not None, _LOW.search(text) is not None]


def _odd(page: Page) -> bool:
    """Whether words have to be looked at one by one."""
    if is_odd(page.text) or has_loose_accents(page.text):
        return True
    # Of a script without blanks, or with blanks in what the OCR calls a word.
    return count_words(page) != len(page.text.split())


def _tight(page: Page) -> bool:
    """Whether boxes are drawn around the ink: words of small letters are lower then."""
    heights: dict[float, list[float]] = {}
    for word in _some_words(page):
        if word.text.isalpha():
            heights.setdefault(_ink(word.text), []).append(word.box[3] - word.box[1])
    usual = [median(heights[ink]) for ink in sorted(heights, reverse=True)]
    return len(usual) > 1 and usual[-1] < 0.9 * usual[0]


def _some_words(page: Page) -> list[Word]:
    found: list[Word] = []
    for block in page.blocks:
        for paragraph in block.paragraphs:
            for line in paragraph.lines:
                found.extend(line.words)
                if len(found) >= _MEASURED:
                    return found[:_MEASURED]
    return found
