"""Numbers that stand in margins, in digits or as Romans wrote them."""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = re.compile(r"\d+")
_ROMAN: Final = re.compile(r"m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})")
_VALUES: Final = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
#: What stands around a page's number, or before it.
_AROUND: Final = "-\u2010\u2011\u2012\u2013\u2014\u2212|/\\.,:;·•*~_()[]{}<>«»\u2039\u203a# "
_PAGE_WORD: Final = (
    r"(?:page|pages|pg|p|seite|s|página|pagina|pág|pag|sida|side|str|strona|blatt|bl|folio|f)"
)
_PURE: Final = re.compile(
    rf"(?:{_PAGE_WORD}\b\.?\s*)?([0-9]{{1,5}}|[ivxlcdm]+)"
    rf"(?:\s*(?:/|\||of|von|de|sur|di|av|z|van)\s*[0-9]{{1,5}})?(?:\s*{_PAGE_WORD})?"
)
_DASHES: Final = "[-\u2013\u2014]"
_DECORATED: Final = re.compile(
    rf"\W*{_PAGE_WORD}\b\.?\s*\d+|{_DASHES}\s*\d+\s*{_DASHES}|\d+\s*/\s*\d+"
)
#: More digits count no pages.
_MOST_DIGITS: Final = 9


def roman(text: str) -> int | None:
    """Return what a Roman numeral stands for: `xiv` is 14; None of anything else."""
    text = text.lower()
    if not text or text[0] not in _VALUES or not _ROMAN.fullmatch(text):
        return None
    values = [_VALUES[letter] for letter in text]
    return sum(
        -value if value < max(values[place:]) else value for place, value in enumerate(values)
    )


def numbers_in(text: str) -> tuple[int, ...]:
    """Return every run of digits."""
    return tuple(int(run) for run in _DIGITS.findall(text) if len(run) <= _MOST_DIGITS)


def page_number(text: str) -> int | None:
    """Return the number of a line that is nothing else: `12`, `- 12 -`, `Page xii`, `12 of 30`."""
    found = _PURE.fullmatch(text.strip(_AROUND).lower())
    if not found:
        return None
    return int(found[1]) if found[1].isdigit() else roman(found[1])


def says_page(text: str) -> bool:
    """Whether a line can only be a page's number: `Page 3`, `- 3 -`, `3/8`."""
    return page_number(text) is not None and _DECORATED.search(text.lower()) is not None


def outer_numbers(text: str) -> tuple[int | None, int | None]:
    """Return the number a line begins with and that it ends with, each if it is a word alone."""
    words = text.split()
    if not words:
        return None, None
    # `3.` and `3)` number what follows them.
    first = None if words[0].endswith((".", ")")) else _alone(words[0])
    return first, _alone(words[-1])


def _alone(word: str) -> int | None:
    bare = word.strip(_AROUND)
    if bare.isdecimal():
        return int(bare) if len(bare) <= _MOST_DIGITS else None
    # A single capital is an initial, the I of an English sentence, or a chapter's letter.
    return roman(bare) if bare.islower() or len(bare) > 1 else None
