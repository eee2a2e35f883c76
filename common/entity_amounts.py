"""Amounts of money, shares and measured quantities, with their value as `number unit`.

`12,000` and `12.000` are read as the language writes numbers. Money is told by its ISO 4217 code
where the sign or word says which (`$` alone is taken for USD); francs and pounds without more are
not. Counts (three books), spans of time and numbers in words are no amounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from common.entity_units import CURRENCY_BEFORE, MULTIPLIERS, SHORT_MULTIPLIERS, UNITS, is_currency
from common.stage_rows import EntityKind
from common.stages import Mention

_SPACE: Final = "[ \u00a0\u2009\u202f]"
_NUMBER: Final = re.compile(
    r"\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?:[.,]\d{1,3})?(?!\d)"
    r"|\d{1,3}(?:['’]\d{3})+(?:[.,]\d{1,3})?(?!\d)"
    r"|\d+(?:[.,]\d+)*"
)
_BEHIND: Final = re.compile(
    rf"{_SPACE}?(?:([^\W\d_]+)(?:{_SPACE}|\.{_SPACE})(?:d['’]|de |of )?)?"
    rf"([%‰€$£¥₹₦₽₩₺₫₱]|°{_SPACE}?[CFK]?|[^\W\d_]+[²³]?(?:/[^\W\d_]+[²³]?)?)(?!\w)"
)
_SECOND_WORD: Final = re.compile(rf"{_SPACE}([^\W\d_]+)(?!\w)")
_BEFORE: Final = re.compile(
    rf"([^\W\d_]{{0,4}}[€$£¥₹₦₽₩₺₫₱]|\b[A-Z]{{2,4}}|\bFr\.|\bRs\.?){_SPACE}?$"
)
#: How signs and codes of currencies end: most numbers have none of them before.
_CURRENCY_ENDS: Final = frozenset("€$£¥₹₦₽₩₺₫₱.sABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ATTACHED: Final = re.compile(
    rf"(?:({_SPACE})?([^\W\d_]+)(?!\w))",
)
_GROUPED: Final = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
#: Where a comma divides thousands and a point what follows the units.
_POINT_LANGUAGES: Final = frozenset({"en", "zh", "ja", "ko", "he", "th", "un"})


def amounts(text: str, language: str) -> list[Mention]:
    """Return the amounts, in order."""
    return list(_amounts(text, language[:2]))


def _amounts(text: str, language: str) -> Iterator[Mention]:
    reached = 0
    earlier: re.Match[str] | None = None
    for number in _NUMBER.finditer(text):
        start, end = number.span()
        previous, earlier = earlier, number
        if start < reached or _belongs_to_word(text, start):
            continue
        unit, begin, stop, factor = _unit(text, start, end)
        if unit is None:
            continue
        value = _decimal(number[0], language, is_money=is_currency(unit))
        if value is None:
            continue
        written = _times(value, factor)
        if begin == start:
            begin, lower = _range_before(text, previous, start, reached)
            if lower is not None:
                first = _decimal(lower, language, is_money=is_currency(unit))
                written = f"{_times(first, factor)}-{written}" if first is not None else written
            elif begin == start and _is_negative(text, start):
                begin, written = start - 1, f"-{written}"
        yield Mention(EntityKind.AMOUNT, begin, stop, f"{written} {unit}", 0.95)
        reached = stop


def _unit(text: str, start: int, end: int) -> tuple[str | None, int, int, int]:
    """Return the unit of the number, where the amount begins and ends, and by what it counts."""
    before = None
    if start and (
        text[start - 1] in _CURRENCY_ENDS or text[start - 2 : start - 1] in _CURRENCY_ENDS
    ):
        before = _BEFORE.search(text, max(0, start - 6), start)
    currency = CURRENCY_BEFORE.get(before[1]) if before else None
    if before is not None and currency is not None:
        stop, factor = _multiplier(text, end)
        return currency, before.start(1), stop, factor
    behind = _BEHIND.match(text, end)
    if behind is None:
        return None, start, end, 1
    first, second = behind.groups()
    if first is None:
        return _simple(text, start, end, behind)
    factor = MULTIPLIERS.get(first, 0)
    if factor:
        unit = UNITS.get(second)
        two = _SECOND_WORD.match(text, behind.end())
        if two is not None and f"{second} {two[1]}" in UNITS:
            return UNITS[f"{second} {two[1]}"], start, two.end(), factor
        return unit, start, behind.end(), factor
    # Two words: the unit is both, or the first of them.
    if f"{first} {second}" in UNITS:
        return UNITS[f"{first} {second}"], start, behind.end(), 1
    if text.startswith(first, end) and len(first) == 1 and first not in {"l", "g", "m"}:
        return None, start, end, 1
    return UNITS.get(first), start, behind.end(1), 1


def _simple(
    text: str, start: int, end: int, behind: re.Match[str]
) -> tuple[str | None, int, int, int]:
    unit = behind[2].replace(" ", "").replace("\u00a0", "").replace("\u202f", "")
    if unit in UNITS:
        return UNITS[unit], start, behind.end(), 1
    # 48 M€, 5k€: how many and of what in one.
    if len(unit) > 1 and unit[-1] in "€$£" and unit[:-1] in SHORT_MULTIPLIERS:
        return UNITS[unit[-1]], start, behind.end(), SHORT_MULTIPLIERS[unit[:-1]]
    sign = text[behind.end() : behind.end() + 1]
    if unit in SHORT_MULTIPLIERS and sign and sign in "€$£":
        return UNITS[sign], start, behind.end() + 1, SHORT_MULTIPLIERS[unit]
    return None, start, end, 1


def _multiplier(text: str, end: int) -> tuple[int, int]:
    """Return where an amount ends whose currency stands before it, and by what it counts."""
    word = _ATTACHED.match(text, end)
    if word is None:
        return end, 1
    if word[2] in MULTIPLIERS:
        return word.end(), MULTIPLIERS[word[2]]
    if word[2] in SHORT_MULTIPLIERS and (word[1] is None or len(word[2]) > 1):
        return word.end(), SHORT_MULTIPLIERS[word[2]]
    return end, 1


def _range_before(
    text: str, previous: re.Match[str] | None, start: int, reached: int
) -> tuple[int, str | None]:
    """Return where 10 of `10-20 km` begins, and what it is."""
    if (
        previous is not None
        and previous.start() >= reached
        and text[previous.end() : start].strip() in {"-", "–", "—"}
        and not _belongs_to_word(text, previous.start())
    ):
        return previous.start(), previous[0]
    return start, None


def _decimal(written: str, language: str, *, is_money: bool) -> Decimal | None:
    """Return the number; None for what is none, such as 1.2.3."""
    digits = "".join(character for character in written if character not in " \u00a0\u2009\u202f'’")
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        decimal = "." if digits.rfind(".") > digits.rfind(",") else ","
        if digits.count(decimal) > 1:
            return None
        digits = digits.replace("," if decimal == "." else ".", "")
        return Decimal(digits.replace(",", "."))
    if points + commas > 1:
        return Decimal(re.sub("[.,]", "", digits)) if _GROUPED.fullmatch(digits) else None
    if points + commas == 1 and _GROUPED.fullmatch(digits):
        groups = "," if language in _POINT_LANGUAGES else "."
        # Nobody writes three digits of a cent; and 0,125 is not 125.
        if (groups in digits or is_money) and not digits.startswith("0"):
            return Decimal(re.sub("[.,]", "", digits))
    return Decimal(digits.replace(",", "."))


def _times(value: Decimal, factor: int) -> str:
    if factor == 1:
        return format(value, "f")
    product = value * factor
    return format(product.quantize(Decimal(1)) if product == int(product) else product, "f")


def _belongs_to_word(text: str, start: int) -> bool:
    """Whether the digits go on from a word: B2, but not EUR2."""
    return text[max(0, start - 1) : start].isalnum() and text[start - 3 : start] not in UNITS


def _is_negative(text: str, start: int) -> bool:
    return text[max(0, start - 1) : start] in {"-", "−"} and (
        start == 1 or text[start - 2].isspace() or text[start - 2] == "("
    )
