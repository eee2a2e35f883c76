"""How headings stand above each other, by how they are numbered and how they look.

"Part II" stands above "Chapter 3", and that above "3.1", however large their letters are. A heading
without a number stands where numbered ones that look like it do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import mode
from typing import Final

_IN_LETTERS: Final = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven"
    r"|eigh|nine)teen|(?:twenty|thirty|forty|fifty)(?:[ -]?(?:one|two|three|four|five|six|seven"
    r"|eight|nine))?|premi[eè]re?|un|deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze)"
)
_NUMBER: Final = rf"(?:\d{{1,4}}(?:er|re|ère|e|è|ème|º|°)?|[ivxlcdm]+|[a-z]|{_IN_LETTERS})\b"
#: Words that stand before a number, in the languages that are met most, by their rank.
_WORDS: Final = (
    r"part|partie|teil|livre|book|buch|libro|titre|title|título|titolo|tome|volume|band|parte",
    r"chapter|chapitre|kapitel|capítulo|capitolo|hoofdstuk",
    r"section|abschnitt|sección|sezione|secção|seção|§",
    r"article|artikel|artículo|articolo|artigo|art\.",
)
_WORDED: Final = [
    re.compile(rf"(?:{words})(?:\s+|(?=\d)){_NUMBER}", re.IGNORECASE) for words in _WORDS
]
#: A chapter's number may stand in letters of another size.
_BARE: Final = re.compile(rf"(?:{_WORDS[0]}|{_WORDS[1]})", re.IGNORECASE)
#: Stand beside chapters, also those that have no number because there is only one.
_ANNEX: Final = re.compile(
    rf"(?:annexe?|appendix|anhang|anlage|anexo|allegato|appendice)s?(?:\s+{_NUMBER}|\s*[:.\u2013\u2014-]|$)",
    re.IGNORECASE,
)
_ROMAN: Final = re.compile(r"(?:[IVX]|[IVXLC]{2,7})\s?[.):\u2013\u2014-]\s?(?=\S)")
_LETTER: Final = re.compile(r"[A-Z]\s?[.):\u2013\u2014-]\s(?=\S)")
_DECIMAL: Final = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,7})\.?(?:\s?[):\u2013\u2014-])?\s+(?=\S)")
_LETTERED: Final = re.compile(r"[A-Z]((?:\.\d{1,3}){1,7})\.?\s+(?=\S)")
_SMALL: Final = re.compile(r"\(?[a-z]{1,4}\)\s+(?=\S)")

_CHAPTER, _ROMAN_RANK, _LETTER_RANK, _DECIMAL_RANK, _SMALL_RANK = 2.0, 5.0, 6.0, 7.0, 16.0
#: How far a level of letters is from the next where no number says it.
_STEP: Final = 0.5


def rank_of(title: str) -> float | None:
    """Return the rank that a heading's number gives it, 1 the highest; None without a number."""
    for rank, pattern in enumerate(_WORDED, 1):
        if pattern.match(title):
            return float(rank)
    if _ANNEX.match(title):
        return _CHAPTER
    if found := _LETTERED.match(title):
        return _DECIMAL_RANK + found[1].count(".")
    if _ROMAN.match(title):
        return _ROMAN_RANK
    if _LETTER.match(title):
        return _LETTER_RANK
    if found := _DECIMAL.match(title):
        return _DECIMAL_RANK + found[1].count(".")
    return _SMALL_RANK if _SMALL.match(title) else None


def is_bare(title: str) -> bool:
    """Whether a heading is a number, or a word before one: its words are those that follow."""
    return _BARE.fullmatch(title) is not None or (
        rank_of(title) is not None and not without_number(title)
    )


def without_number(title: str) -> str:
    """Return a heading's words: `Chapter 3: Water` and `3. Water` are both `Water`."""
    for pattern in (*_WORDED, _ANNEX, _LETTERED, _ROMAN, _LETTER, _DECIMAL, _SMALL):
        if found := pattern.match(title):
            return title[found.end() :].lstrip(" .:)\u2013\u2014-\t")
    return title


def ranks(headings: Sequence[tuple[str, int]]) -> list[float]:
    """Return the rank of each heading, given its title and the level that its look gives it.

    Lower ranks stand above higher ones; nothing else is said by the numbers.
    """
    numbered = [rank_of(title) for title, _ in headings]
    seen: dict[int, list[float]] = {}
    for (_, level), rank in zip(headings, numbered, strict=True):
        if rank is not None:
            seen.setdefault(level, []).append(rank)
    known = {level: mode(some) for level, some in seen.items()}
    return [
        _by_look(level, known) if rank is None else rank
        for (_, level), rank in zip(headings, numbered, strict=True)
    ]


def _by_look(level: int, known: dict[int, float]) -> float:
    if level in known:
        return known[level]
    above = max((each for each in known if each < level), default=None)
    if above is not None:
        return known[above] + _STEP * (level - above)
    below = min((each for each in known if each > level), default=None)
    if below is not None:
        return known[below] - _STEP * (below - level)
    return float(level)
