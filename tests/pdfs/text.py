"""Text for pages: every page says its own number in words, and no two say the same."""

from __future__ import annotations

import random

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

_WHO = (
    "The binder",
    "Her apprentice",
    "A careful reader",
    "The printer",
    "An old clerk",
    "The librarian",
    "His neighbour",
    "The surveyor",
    "A travelling judge",
    "The archivist",
)
_DOES = (
    "counts",
    "folds",
    "measures",
    "copies",
    "numbers",
    "repairs",
    "collects",
    "compares",
    "presses",
    "gathers",
)
_WHAT = (
    "the loose sheets",
    "every torn margin",
    "two heavy ledgers",
    "the signed letters",
    "a stack of maps",
    "the brown covers",
    "seven blank leaves",
    "the broken threads",
    "a box of receipts",
    "the faded drawings",
)
_WHEN = (
    "before the bell rings",
    "while the glue dries",
    "on a cold morning",
    "beside the north window",
    "when the ink is dry",
    "without a word",
    "for the third time",
    "under a bright lamp",
    "until the evening",
    "after the market closes",
)


def in_words(number: int) -> str:
    """Spell a whole number below a million, like `one hundred twenty-three`."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    unit, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    high, low = divmod(number, unit)
    return f"{in_words(high)} {name}" + (f" {in_words(low)}" if low else "")


def page_text(number: int, *, sentences: int = 14) -> str:
    """Return a page's text: its number in words as heading, and sentences of its own."""
    draw = random.Random(number)
    lines = [
        f"{draw.choice(_WHO)} {draw.choice(_DOES)} {draw.choice(_WHAT)} {draw.choice(_WHEN)}."
        for _ in range(sentences)
    ]
    return f"Page {in_words(number)}\n\n" + " ".join(lines)
