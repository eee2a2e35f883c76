"""Words as a reader wants them: without what is there for layout, fonts and machines only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from common.results import Word

#: Controls, invisible characters, soft hyphens, halves of pairs; ligatures, which nobody types.
_ODD: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u2060-\u2064\ufeff\ufb00-\ufb06"
    "\ufffe\uffff\ud800-\udfff]"
)
_LIGATURES: Final = {
    **{"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl"},
    **{"\ufb05": "ft", "\ufb06": "st"},
}
#: pdfium's mark for a hyphen at a line's end.
_LINE_END: Final = "\ufffe"
_SOFT: Final = "\u00ad"


#: Accents that stand before their letters, as old fonts draw them, and how those that follow are
#: written.
_LOOSE: Final = {
    **{"\u00b4": "\u0301", "`": "\u0300", "\u02c6": "\u0302", "\u00a8": "\u0308"},
    **{"\u00b8": "\u0327", "\u02dc": "\u0303", "\u02c7": "\u030c", "\u02da": "\u030a"},
}
_ACCENTED: Final = re.compile(r"([\u00b4`\u02c6\u00a8\u00b8\u02dc\u02c7\u02da])\s?([^\W\d_])")
_SURE: Final = re.compile(r"[\u00b4\u02c6\u00a8\u00b8\u02dc\u02c7\u02da][^\W\d_]")
#: So many on a page are no accident.
_FEWEST: Final = 3


def has_loose_accents(text: str) -> bool:
    """Whether a page's letters and accents are apart, as old fonts have them."""
    return not text.isascii() and len(_SURE.findall(text)) >= _FEWEST


def with_accents(text: str) -> str:
    """Return the text with its loose accents on the letters that follow them."""
    return _ACCENTED.sub(_accented, text)


def _accented(loose: re.Match[str]) -> str:
    letter = "i" if loose[2] == "\u0131" else loose[2]
    whole = unicodedata.normalize("NFC", letter + _LOOSE[loose[1]])
    return whole if len(whole) == 1 else loose[0]


def is_odd(text: str) -> bool:
    """Whether anything in a text is to be put right."""
    return _ODD.search(text) is not None


def clean(text: str, loose: bool = False, *, last: bool = True) -> str:
    """Return a word, or a line, as it is read; the hyphen at a line's end stays as it is.

    `loose` says that the page has loose accents, `last` that the text ends its line.
    """
    if loose:
        text = with_accents(text)
    end = ""
    if last and text.endswith((_SOFT, _LINE_END)):
        text, end = text[:-1], "-" if text[-1] == _LINE_END else _SOFT
    return " ".join(_ODD.sub(_read, text).split()) + end


def cleaned(words: Sequence[Word], loose: bool) -> list[Word]:
    """Return a line's words as they are read, those left out that nothing is left of."""
    found = []
    for place, word in enumerate(words):
        text = clean(word.text, loose, last=place == len(words) - 1)
        if text:
            blank = word.end - word.start > len(word.text)
            end = word.start + len(text) + blank
            found.append(Word(text, word.start, end, word.box, word.confidence))
    return found


def _read(odd: re.Match[str]) -> str:
    character = odd[0]
    if character == _LINE_END:
        return "-"
    return _LIGATURES.get(character, "\ufffd" if "\ud800" <= character <= "\udfff" else "")
