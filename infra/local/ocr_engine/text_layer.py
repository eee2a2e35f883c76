"""The words that a PDF page itself says are on it, and where."""

from __future__ import annotations

import ctypes
import math
import re
from dataclasses import dataclass
from itertools import pairwise

import pypdfium2
import pypdfium2.raw as pdfium

from common.results import Box
from infra.local.ocr_engine.geometry import union

#: What pdfium puts in the place of a hyphen at the end of a line.
_LINE_END_HYPHEN = "\ufffe"

_EAST = (
    "\u2e80-\u2fff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_EAST_MARKS = "\u3001-\u3003\u3008-\u301f\uff01-\uff0f\uff1a-\uff1f"
_BLANK = r"\s\x00-\x20\x7f-\xa0\u200b\u2060\ufeff\uffff\ud800-\udfff" + _LINE_END_HYPHEN

# A character of a script without blanks between words is a word by itself, with the marks that
# follow it.
_WORD = re.compile(f"[{_EAST}][{_EAST_MARKS}]*|[^{_BLANK}{_EAST}]+")

# Letters that fonts draw as one and that nobody searches for as one.
_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "ft", "ﬆ": "st"}
)

_INVISIBLE = frozenset({pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP})


@dataclass(frozen=True, slots=True)
class LayerWord:
    """A word of the text layer, in pixels of the page's picture as it is looked at."""

    text: str
    #: Around what is drawn.
    box: Box
    #: Around the whole height of the font, so that words on one line are equally high.
    line_box: Box
    #: Quarter turns anticlockwise by which the writing is turned.
    turns: int
    #: False for text that is there to be searched, not seen: an earlier OCR's.
    visible: bool
    #: Whether the next word of the layer follows without white space.
    joined: bool
    #: Whether the font does not say which characters its shapes are.
    unmapped: bool


def read_text_layer(page: pypdfium2.PdfPage, width: int, height: int) -> list[LayerWord]:
    """Return the words on the page in the order of its content; none from outside of its edges.

    `width` and `height` are those of the page's picture, in pixels.
    """
    text_page = page.get_textpage()
    try:
        return list(_words(text_page, _Places(page, width, height)))
    finally:
        text_page.close()


class _Places:
    """Turns the page's own coordinates (points, y upwards) into pixels of its picture."""

    def __init__(self, page: pypdfium2.PdfPage, width: int, height: int) -> None:
        self._left, self._bottom, self._right, self._top = page.get_bbox()
        self.turns = page.get_rotation() // 90
        self._width, self._height = width, height
        across, along = self._right - self._left, self._top - self._bottom
        if self.turns % 2:
            across, along = along, across
        self._across, self._along = width / (across or 1.0), height / (along or 1.0)

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        match self.turns:
            case 1:
                x0, x1 = bottom - self._bottom, top - self._bottom
                y0, y1 = left - self._left, right - self._left
            case 2:
                x0, x1 = self._right - right, self._right - left
                y0, y1 = bottom - self._bottom, top - self._bottom
            case 3:
                x0, x1 = self._top - top, self._top - bottom
                y0, y1 = self._right - right, self._right - left
            case _:
                x0, x1 = left - self._left, right - self._left
                y0, y1 = self._top - top, self._top - bottom
        return x0 * self._across, y0 * self._along, x1 * self._across, y1 * self._along

    def holds(self, box: Box) -> bool:
        return (
            all(map(math.isfinite, box))
            and 0 <= (box[0] + box[2]) / 2 <= self._width
            and 0 <= (box[1] + box[3]) / 2 <= self._height
        )


def _words(text_page: pypdfium2.PdfTextPage, places: _Places) -> list[LayerWord]:
    raw = text_page.raw
    text, character_of = _text(raw)
    words = []
    matches: list[re.Match[str] | None] = [*_WORD.finditer(text), None]
    for match, following in pairwise(matches):
        assert match is not None
        hyphen = text[match.end() : match.end() + 1] == _LINE_END_HYPHEN
        end = match.end() + hyphen
        first, last = character_of(match.start()), character_of(end - 1)
        if first < 0 or last < first:
            continue
        box = _box(raw, first, last - first + 1, places)
        if box is None or not places.holds(box):
            continue
        words.append(
            LayerWord(
                text=match[0].translate(_LIGATURES) + ("-" if hyphen else ""),
                box=box,
                line_box=_line_box(raw, first, places) or box,
                turns=_turns(raw, first, places),
                visible=_visible(raw, first),
                joined=following is not None and following.start() == end,
                unmapped=pdfium.FPDFText_HasUnicodeMapError(raw, first) == 1,
            )
        )
    return words


def _text(raw: pdfium.FPDF_TEXTPAGE) -> tuple[str, _Characters]:
    """Return the page's text and a function from its offsets to pdfium's character numbers."""
    count = pdfium.FPDFText_CountChars(raw)
    if count <= 0:
        return "", _Characters(raw, "", 0)
    units = (ctypes.c_ushort * (2 * count + 2))()
    written = pdfium.FPDFText_GetText(raw, 0, count, units)
    text = bytes(memoryview(units).cast("B")[: 2 * max(0, written - 1)]).decode(
        "utf-16-le", errors="replace"
    )
    return text, _Characters(raw, text, count)


class _Characters:
    """pdfium's number of the character at an offset of the text it gives; negative for none."""

    def __init__(self, raw: pdfium.FPDF_TEXTPAGE, text: str, count: int) -> None:
        self._raw = raw
        self._plain = len(text) == count
        self._units: list[int] | None = None
        if not self._plain and max(text, default="") > "\uffff":
            self._units = [0]
            for character in text:
                self._units.append(self._units[-1] + 1 + (character > "\uffff"))

    def __call__(self, offset: int) -> int:
        if self._plain:
            return offset
        unit = offset if self._units is None else self._units[offset]
        return int(pdfium.FPDFText_GetCharIndexFromTextIndex(self._raw, unit))


def _box(raw: pdfium.FPDF_TEXTPAGE, first: int, count: int, places: _Places) -> Box | None:
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    boxes = [
        places.box(left.value, bottom.value, right.value, top.value)
        for number in range(pdfium.FPDFText_CountRects(raw, first, count))
        if pdfium.FPDFText_GetRect(raw, number, left, top, right, bottom)
    ]
    return union(boxes) if boxes else None


def _line_box(raw: pdfium.FPDF_TEXTPAGE, character: int, places: _Places) -> Box | None:
    loose = pdfium.FS_RECTF()
    if not pdfium.FPDFText_GetLooseCharBox(raw, character, loose):
        return None
    box = places.box(loose.left, loose.bottom, loose.right, loose.top)
    return box if all(map(math.isfinite, box)) else None


def _turns(raw: pdfium.FPDF_TEXTPAGE, character: int, places: _Places) -> int:
    angle = pdfium.FPDFText_GetCharAngle(raw, character)
    # pdfium's angle is clockwise, like the page's own rotation.
    return -(round(angle / (math.pi / 2)) + places.turns) % 4 if math.isfinite(angle) else 0


def _visible(raw: pdfium.FPDF_TEXTPAGE, character: int) -> bool:
    drawn = pdfium.FPDFText_GetTextObject(raw, character)
    return not drawn or pdfium.FPDFTextObj_GetTextRenderMode(drawn) not in _INVISIBLE
