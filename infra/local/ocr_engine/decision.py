"""Whether a page's own text layer says what is to be seen on the page."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

from infra.local.ocr_engine.prose import latin_words, plausibility
from infra.local.ocr_engine.text_layer import LayerWord

#: A page of fewer characters is looked at for ink that they don't explain.
_FEW_CHARACTERS = 25
#: A page that is mostly picture and has fewer is a scan with a stamp or a header printed on it.
_HARDLY_ANY_TEXT = 200
_MOSTLY_PICTURE = 0.65
#: An earlier OCR's invisible layer is taken from so many words on.
_EARLIER_OCR_WORDS = 8
_BAD_CHARACTERS = 0.10
#: Words it takes to judge them, and the share of usual letter pairs below which they are none.
_ENOUGH_WORDS = 8
_IMPLAUSIBLE = 0.60
#: Share of the page, about one short word.
_INK = 0.0001
#: Objects of a page, and depth of nested forms, in which pictures are looked for.
_MOST_OBJECTS = 20_000
_MOST_NESTED = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """What to take of a page."""

    #: The layer's words that count.
    words: Sequence[LayerWord]
    #: Whether the page must be drawn and recognized.
    needs_ocr: bool
    #: Whether `words` are better than nothing where recognition finds less than they say.
    trusted: bool
    #: Whether `words` are an earlier OCR's, and so may hold its errors.
    recognized_earlier: bool = False


def decide(
    words: Sequence[LayerWord],
    *,
    picture_share: Callable[[], float],
    stray_ink: Callable[[Sequence[LayerWord]], float],
) -> Decision:
    """Judge a page by the words of its text layer.

    `picture_share` tells which part of the page is covered by pictures, `stray_ink` which part
    is inked outside of the words it is given; both cost something and are asked only when it
    matters.
    """
    visible = [word for word in words if word.visible]
    hidden = [word for word in words if not word.visible]
    characters = sum(len(word.text) for word in visible)
    earlier_ocr = len(hidden) >= _EARLIER_OCR_WORDS and not _garbled(hidden)

    if characters < _HARDLY_ANY_TEXT or earlier_ocr:
        mostly_picture = picture_share() > _MOSTLY_PICTURE
        if earlier_ocr and (mostly_picture or characters < _FEW_CHARACTERS):
            return Decision(words, needs_ocr=False, trusted=True, recognized_earlier=True)
        if mostly_picture and characters < _HARDLY_ANY_TEXT:
            return Decision(visible, needs_ocr=True, trusted=not _garbled(visible))
    if _garbled(visible):
        return Decision(visible, needs_ocr=True, trusted=False)
    if characters < _FEW_CHARACTERS:
        return Decision(visible, needs_ocr=stray_ink(visible) > _INK, trusted=True)
    return Decision(visible, needs_ocr=False, trusted=True)


def _garbled(words: Sequence[LayerWord]) -> bool:
    """Whether these are not the characters that a reader would see."""
    characters = sum(len(word.text) for word in words)
    bad = sum(len(word.text) if word.unmapped else sum(map(_is_bad, word.text)) for word in words)
    if bad > characters * _BAD_CHARACTERS:
        return True
    latin = latin_words(word.text for word in words)
    return len(latin) >= _ENOUGH_WORDS and plausibility(latin) < _IMPLAUSIBLE


def _is_bad(character: str) -> bool:
    """Whether a character has no meaning of its own: control, private use, replacement."""
    return character == "\ufffd" or unicodedata.category(character) in ("Cc", "Cn", "Co", "Cs")


def picture_share(page: pypdfium2.PdfPage) -> float:
    """Return which part of the page pictures cover, at most 1; strips of one scan add up.

    Overlaps count twice, which does no harm where the question is whether there are pictures.
    """
    left, bottom, right, top = page.get_bbox()
    whole = float((right - left) * (top - bottom))
    if whole <= 0:
        return 0.0
    x0, y0, x1, y1 = (pdfium.c_float() for _ in range(4))
    covered = 0.0
    for number in range(min(pdfium.FPDFPage_CountObjects(page.raw), _MOST_OBJECTS)):
        item = pdfium.FPDFPage_GetObject(page.raw, number)
        if _is_picture(item, 0) and pdfium.FPDFPageObj_GetBounds(item, x0, y0, x1, y1):
            across = min(right, x1.value) - max(left, x0.value)
            along = min(top, y1.value) - max(bottom, y0.value)
            covered += float(max(0.0, across) * max(0.0, along))
    return min(1.0, covered / whole)


def _is_picture(item: pdfium.FPDF_PAGEOBJECT, nested: int) -> bool:
    kind = pdfium.FPDFPageObj_GetType(item)
    if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
        return True
    if kind != pdfium.FPDF_PAGEOBJ_FORM or nested == _MOST_NESTED:
        return False
    count = min(pdfium.FPDFFormObj_CountObjects(item), 64)
    return any(
        _is_picture(pdfium.FPDFFormObj_GetObject(item, number), nested + 1)
        for number in range(count)
    )
