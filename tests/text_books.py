"""Made-up books with the margins that real ones have, and with none."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from common.results import Page
from tests.text_typesetting import Composer, MarginText, Style

_HEAD, _FOOT = 0.055, 0.945
_ROMANS: Final = ("i", "ii", "iii", "iv", "v", "vi", "vii")
_CHAPTERS: Final = ("The Small Things", "Of Land and Water", "What People Said", "Under One Roof")
_GUIDES: Final = ("abate", "abbey", "abide", "able", "about", "above", "abrupt", "absent", "acid")
_CONFUSED: Final = {"l": "1", "o": "0", "e": "c", "i": "l", "m": "rn", "s": "5", "h": "b"}


def _misread(text: str, rng: random.Random, share: float) -> str:
    return "".join(
        _CONFUSED.get(letter, letter) if rng.random() < share else letter for letter in text
    )


def _none(number: int, chapter: int, rng: random.Random) -> Sequence[MarginText]:
    return []


def _number_below(number: int, chapter: int, rng: random.Random) -> Sequence[MarginText]:
    return [(str(number), "centre", _FOOT)]


def _dashed(number: int, chapter: int, rng: random.Random) -> Sequence[MarginText]:
    return [(f"– {number + 211} –", "centre", _FOOT)]


def _of(number: int, chapter: int, rng: random.Random) -> Sequence[MarginText]:
    return [
        ("Annual Report of the Water Board", "left", _HEAD),
        (f"Page {number} of 14", "right", _FOOT),
    ]


def _seite(number: int, chapter: int, rng: random.Random) -> Sequence[MarginText]:
    return [("Gutachten Nr. 4711/23", "right", _HEAD), (f"Seite {number} von 14", "centre", _FOOT)]


def _book(number: int, chapter: int, rng: random.Random) -> Sequence[MarginText]:
    if number % 2:
        return [(_CHAPTERS[chapter % 4], "centre", _HEAD), (str(number + 30), "right", _HEAD)]
    return [(str(number + 30), "left", _HEAD), ("A History of the Village", "centre", _HEAD)]


def _one_line(number: int, chapter: int, rng: random.Random) -> Sequence[MarginText]:
    if number % 2:
        return [
            (f"{chapter}.{number % 3 + 1} {_CHAPTERS[number % 4]} {number + 8}", "right", _HEAD)
        ]
    return [(f"{number + 8} {_CHAPTERS[chapter % 4]}", "left", _HEAD)]


def _roman(number: int, chapter: int, rng: random.Random) -> Sequence[MarginText]:
    shown = _ROMANS[number - 1] if number <= 7 else str(number - 7)
    return [(shown, "centre", _FOOT)]


def _dictionary(number: int, chapter: int, rng: random.Random) -> Sequence[MarginText]:
    guide = _GUIDES[number % len(_GUIDES)]
    return [(f"{guide} {guide}ness", "left", _HEAD), (str(number + 400), "centre", _FOOT)]


def _letter(number: int, chapter: int, rng: random.Random) -> Sequence[MarginText]:
    return [
        ("Miller & Sons, Solicitors", "left", 0.035),
        ("12 Mill Lane, Oxford OX1 2AB", "left", 0.055),
        ("Registered in England No. 1234567 VAT 98 765 432", "centre", 0.94),
        ("Printed 12/03/2021 14:55", "left", 0.965),
        (f"{number}/9", "right", 0.965),
    ]


def _stamped(number: int, chapter: int, rng: random.Random) -> Sequence[MarginText]:
    return [("CONFIDENTIAL", "centre", 0.04), (f"ABC{1200 + number:07d}", "right", 0.96)]


def _scanned(number: int, chapter: int, rng: random.Random) -> Sequence[MarginText]:
    title = _misread("The Collected Letters of a Country Doctor", rng, 0.12)
    shown = str(number + 100) if rng.random() < 0.85 else "l" + str(number)[-1] + "o"
    return [(title, "centre", _HEAD), (shown, "centre", _FOOT)]


def _by_chapter(number: int, chapter: int, rng: random.Random) -> Sequence[MarginText]:
    return [(f"{chapter}-{(number - 1) % 7 + 1}", "centre", _FOOT), ("User Manual", "right", _HEAD)]


def _french(number: int, chapter: int, rng: random.Random) -> Sequence[MarginText]:
    title = "Cour d’appel de Rouen" if number % 2 else "Arrêt du 3 mai 1998"
    return [(title, "left", _HEAD), (f"Page {number} sur 14", "right", _FOOT)]


STYLES: Final = (
    Style("no margins", _none),
    Style("no margins, ragged", _none, indented=False, justified=False, divided=False),
    Style("no margins, double spaced", _none, pitch=42.0),
    Style("number below", _number_below),
    Style("number below, chapters", _number_below, chapter_every=5, indented=False),
    Style("number in dashes", _dashed, justified=False),
    Style("page of pages", _of, indented=False),
    Style("Seite von Seiten", _seite, tight=False),
    Style("left and right pages", _book, chapter_every=6, pages=18),
    Style("left and right in one line", _one_line, chapter_every=7, pages=18),
    Style("Roman, then Arabic", _roman),
    Style("a dictionary's guide words", _dictionary, justified=False),
    Style("a letter's head and foot", _letter, pages=9, indented=False, divided=False),
    Style("three pages of a letter", _letter, pages=3, indented=False, divided=False),
    Style("two pages", _of, pages=2),
    Style("stamped", _stamped, tight=False),
    Style("scanned askew", _scanned, jitter=6.0, pages=20),
    Style("numbered by chapter", _by_chapter, chapter_every=7),
    Style("in French", _french),
)


def slides() -> list[Page]:
    """Return slides: each with a large title at the same height, some of them again; no margins."""
    titles = ["Results", "Results", "Outlook", "Method", "Method", "Method", "Questions", "Thanks"]
    pages = []
    for number, title in enumerate(titles, start=1):
        composer = Composer(number)
        composer.line([title.split()], "left", 90.0, 34.0)
        for row in range(5):
            composer.line(
                [f"• point {row} of {title.lower()} and more".split()],
                "left",
                300.0 + 60 * row,
                20.0,
            )
        pages.append(composer.page())
    return pages


def exercises() -> list[Page]:
    """Return a sheet of exercises, one a page, each under its number; no margins."""
    rng = random.Random(4)
    pages = []
    for number in range(1, 11):
        composer = Composer(number)
        composer.line([["Exercise", str(number)]], "left", 110.0, 24.0)
        for row in range(12):
            composer.begin()
            composer.body(
                [rng.choice(_GUIDES) for _ in range(9)], 130.0, 170.0 + 25 * row, wide=False
            )
        pages.append(composer.page())
    return pages
