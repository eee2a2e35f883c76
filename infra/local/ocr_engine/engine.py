"""Reads one page of an open PDF.

For one thread of one process: neither pdfium nor a Tesseract object may be used by two at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pypdfium2
import pypdfium2.raw as pdfium

from common.results import Box, Page
from infra.local.ocr_engine.compose import FoundBlock, compose_page
from infra.local.ocr_engine.decision import Decision, decide, picture_share
from infra.local.ocr_engine.errors import BROKEN, NO_SUCH_PAGE, PageUnreadable
from infra.local.ocr_engine.languages import available_languages, bcp47, models_for
from infra.local.ocr_engine.layout import arrange
from infra.local.ocr_engine.picture import Grey, draw, flatten, glance, ink_share, size_in_pixels
from infra.local.ocr_engine.prose import language_of
from infra.local.ocr_engine.recognition import Recognition, Recognizer
from infra.local.ocr_engine.text_layer import LayerWord, read_text_layer

_AS_IT_LOOKS = Decision((), needs_ocr=True, trusted=False)
#: How sure it is that a text layer says what the page shows.
_OWN_TEXT = 1.0
#: The same of an earlier OCR's layer, whose own confidence is lost.
_EARLIER_OCR = 0.9


@cache
def recognizer() -> Recognizer:
    """Return this process's Tesseract."""
    return Recognizer(available_languages())


def read_page(
    document: pypdfium2.PdfDocument,
    index: int,
    *,
    languages: Sequence[str],
    own_text: bool = True,
) -> Page:
    """Read the page at `index` (from 0); it is numbered `index + 1`, its text begins at 0.

    `languages` are BCP-47 hints, the likeliest first. Without `own_text` it is read as it looks,
    whatever text it has. Width and height are those of a picture
    of the page at 200 dpi, unless it were too large. Raises PageUnreadable.
    """
    if not 0 <= index < len(document):
        raise PageUnreadable(index, NO_SUCH_PAGE)
    try:
        page = _with_annotations_as_content(document, index)
        try:
            return _read(page, index + 1, languages, own_text)
        finally:
            page.close()
    except pypdfium2.PdfiumError as error:
        raise PageUnreadable(index, BROKEN) from error


def _with_annotations_as_content(document: pypdfium2.PdfDocument, index: int) -> pypdfium2.PdfPage:
    """Load a page such that what stands in its forms and notes is part of its text layer."""
    page = document[index]
    kinds = set()
    for number in range(min(pdfium.FPDFPage_GetAnnotCount(page.raw), 1000)):
        annotation = pdfium.FPDFPage_GetAnnot(page.raw, number)
        if annotation:
            kinds.add(pdfium.FPDFAnnot_GetSubtype(annotation))
            pdfium.FPDFPage_CloseAnnot(annotation)
    if kinds <= {pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP}:
        return page
    changed = pdfium.FPDFPage_Flatten(page.raw, pdfium.FLAT_NORMALDISPLAY)
    if changed != pdfium.FLATTEN_SUCCESS:
        return page
    page.close()
    return document[index]


def _read(page: pypdfium2.PdfPage, number: int, languages: Sequence[str], own_text: bool) -> Page:
    width, height = size_in_pixels(*page.get_size())

    def stray_ink(words: Sequence[LayerWord]) -> float:
        known: list[Box] = [
            (word.box[0] / width, word.box[1] / height, word.box[2] / width, word.box[3] / height)
            for word in words
        ]
        return ink_share(glance(page, width, height), known)

    decision = _AS_IT_LOOKS
    if own_text:
        decision = decide(
            read_text_layer(page, width, height),
            picture_share=lambda: picture_share(page),
            stray_ink=stray_ink,
        )
    blocks: Sequence[FoundBlock] | None = None
    models: Sequence[str] = ()
    if decision.needs_ocr:
        recognition, models = _recognize(flatten(draw(page, width, height)), languages)
        if _says_more(recognition, decision):
            blocks = recognition.blocks
    if blocks is None:
        certainty = _EARLIER_OCR if decision.recognized_earlier else _OWN_TEXT
        blocks = arrange(decision.words, certainty, width, height)
    return compose_page(
        blocks,
        number=number,
        width=width,
        height=height,
        languages=_languages(blocks, languages, models),
    )


def _recognize(pixels: Grey, hints: Sequence[str]) -> tuple[Recognition, tuple[str, ...]]:
    """Read a picture with the hinted languages' models; return which they were, too.

    Without hints, a page that turns out to be in another language is read again with its own:
    nine of ten French words are read right with the English model, nearly all with the French.
    """
    available = recognizer().available
    models = models_for(hints, available)
    recognition = recognizer().recognize(pixels, models)
    if not hints and (guess := language_of(word.text for word in recognition.words)):
        own = models_for([guess], available)
        if bcp47(own[0]).split("-")[0] == guess and own != models:
            better = recognizer().recognize(pixels, own)
            if better.confidence > recognition.confidence:
                return better, own
    return recognition, models


def _says_more(recognition: Recognition, decision: Decision) -> bool:
    """Whether what was recognized is worth more than the words that the page says itself."""
    if not decision.words or not decision.trusted:
        return bool(recognition.words)
    recognized = sum(len(word.text) for word in recognition.words)
    return recognized > sum(len(word.text) for word in decision.words)


def _languages(
    blocks: Sequence[FoundBlock], hints: Sequence[str], models: Sequence[str]
) -> list[str]:
    """Return the page's language, as its words tell it or else as the caller does."""
    words = [
        word.text for block in blocks for paragraph in block for line in paragraph for word in line
    ]
    if not words:
        return []
    guess = language_of(words)
    if guess is None:
        return [hints[0]] if hints else [bcp47(model) for model in models[:1]]
    # A hint that says the same says it better: fr-CA rather than fr.
    return [next((hint for hint in hints if hint.split("-")[0].lower() == guess), guess)]
