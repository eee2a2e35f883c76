"""Dates as English, French and German write them, with what they say in ISO 8601.

Known are days, months, years, decades, centuries and ranges. A value says no more than the text
does: `2024-03` for March 2024, `--03-05` for the 5th of March of some year, `197X` for the 1970s
(ISO 8601-2), `2021/2027` for a range, and only `1963` for an English 12/04/1963, which may be
either of two days. A day of the week alone, and times of the day, are no dates.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from datetime import date
from typing import Final

from common.stage_rows import EntityKind
from common.stages import Mention

_MONTHS: Final = (
    "January Jan janvier janv Januar Jänner",
    "February Feb février fevrier févr fév Februar",
    "March Mar mars März Maerz Mär",
    "April Apr avril avr",
    "May mai Mai",
    "June Jun juin Juni",
    "July Jul juillet juil Juli",
    "August Aug août aout",
    "September Sep Sept septembre",
    "October Oct octobre oct Oktober Okt",
    "November Nov novembre nov",
    "December Dec décembre decembre déc Dezember Dez",
)
#: Lower case would be verbs and the planet: `may`, `march`.
_MONTH: Final = {
    form: number
    for number, words in enumerate(_MONTHS, 1)
    for word in words.split()
    for form in (word, word.capitalize(), word.upper())
}


def _any_of(months: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(months, key=len, reverse=True)))


_A_MONTH: Final = _any_of(list(_MONTH))
#: Letters of the lower case are looked at one by one: a third of the time of all.
_A_LARGE_MONTH: Final = _any_of([form for form in _MONTH if form[0].isupper()])

_YEAR: Final = r"(1\d{3}|20\d{2})(?!\w|[.,]\d)"
_SPACE: Final = r"[\s\u00a0\u202f]"
_DAY_BEFORE: Final = re.compile(
    rf"(?<![\w.,/-])(?:(\d{{1,2}}){_SPACE}?[-–—]{_SPACE}?)?"
    rf"(\d{{1,2}})(?:st|nd|rd|th|er|\.)?{_SPACE}+(?:day of |of |de )?$"
)
_DAY_BEHIND: Final = re.compile(
    rf"\.?{_SPACE}+(\d{{1,2}})(?:st|nd|rd|th)?(?:{_SPACE}?[-–—]{_SPACE}?(\d{{1,2}}))?"
    rf"(?!\w|[.,:]\d|{_SPACE}?%)(?:,?{_SPACE}+{_YEAR})?"
)
_YEAR_BEHIND: Final = re.compile(rf"\.?,?{_SPACE}+(?:of |de )?{_YEAR}")
_WEEKDAY_BEFORE: Final = re.compile(
    r"(?<!\w)(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
    r"|(?:[Ll]un|[Mm]ar|[Mm]ercre|[Jj]eu|[Vv]endre|[Ss]ame)di|[Dd]imanche"
    r"|(?:Mon|Diens|Donners|Frei|Sams|Sonn)tag|Mittwoch|Sonnabend)"
    r",?(?: the| le| den| dem)? $"
)

_ISO: Final = re.compile(r"([12]\d{3})-(\d\d)(?:-(\d\d))?(?![\w-])")
_NUMERIC: Final = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?![\w/-]|[.,]\d)")
_YEARS: Final = re.compile(
    r"(1\d{3}|20\d{2})(?:([–—/-]| [–—-] )(1\d{3}|20\d{2}|\d{2})(?!\w|[.,]\d)|(s|er)\b)?"
    r"(?!\w|[.,]\d)"
)
_CENTURY: Final = re.compile(
    r"([IVX]{1,5})(?:e|ème|er) siècle|(\d{1,2})(?:st|nd|rd|th)[ -]century"
    r"|(\d{1,2})(?:\. Jahrhundert|e siècle)"
)
#: What stands before a year, and before hardly any number that is none.
_YEAR_FOLLOWS: Final = re.compile(
    r"(?:\b(?:[Ii]n|[Ss]ince|[Uu]ntil|[Dd]uring|[Cc]irca|[Yy]ears?|(?:early|late|mid)[ -]?"
    r"|[Ss]pring|[Ss]ummer|[Aa]utumn|[Ww]inter|[Cc]opyright|born|died"
    r"|[Ee]n|[Dd]epuis|[Dd]ès|jusqu['’]en|(?:l['’])?(?:an|année)|années|(?:d['’]|fin |début )?ici"
    r"|printemps|été|automne|hiver|née?|morte?|exercice"
    r"|[Ii]m Jahr|[Jj]ahre?[sn]?|[Ss]eit|Anfang|Ende|Sommer|Frühjahr|Herbst|Winter)"
    r"(?: of| de| fin| début)?|©|\([Cc]\)|\(|\((?:b|d|c|né|née|born|geb)\.?)\s?$"
)
#: What may stand before a year as well as before another number.
_YEAR_MAY_FOLLOW: Final = re.compile(
    r"\b(?:[Bb]y|[Ff]rom|[Oo]f|[Bb]efore|[Aa]fter|[Bb]etween|[Tt]ill|[Aa]round"
    r"|de|[Aa]vant|[Aa]près|[Vv]ers|[Ee]ntre|fin|début|[Vv]on|[Bb]is|[Aa]b|[Vv]or|[Nn]ach|[Zz]wischen"
    r"|\d{4},? (?:and|to|et|à|und|bis|or|ou|oder))\s$"
)
#: What follows a year, and not a number that counts something.
_ENDS: Final = re.compile(
    r"$|[.,;:)\]!?»”\"]|\s(?:[(–—-]|(?:and|or|to|the|a|an|he|she|it|they|was|were|had|has|is|as|when"
    r"|but|by|in|at|on|until|for|with|et|ou|à|le|la|les|il|elle|ils|on|au|par|pour|dans|sur|jusqu"
    r"|avec|un|une|qui|und|bis|wurde|war|der|die|das|mit|in|an|zu)\b)"
)
_ROMAN: Final = {"I": 1, "V": 5, "X": 10}

Found = tuple[int, int, str | None, float]


def dates(text: str, language: str) -> list[Mention]:
    """Return the dates, in order; where two overlap, the longer."""
    found: list[Found] = []
    if _has_digit(text):
        found += _written(text, _A_LARGE_MONTH if language[:2] in {"en", "de"} else _A_MONTH)
        found += _numeric(text, month_first_possible=language[:2] in {"en", "un"})
        found += _years(text)
    if "siècle" in text or "entury" in text or "hundert" in text:
        found += _centuries(text)
    kept: list[Found] = []
    # The longest first; and of two as long, the one that comes first.
    for one in sorted(found, key=lambda each: (each[0] - each[1], each[0])):
        i = bisect(kept, one[0], key=lambda each: each[0])
        if (i == 0 or kept[i - 1][1] <= one[0]) and (i == len(kept) or one[1] <= kept[i][0]):
            kept.insert(i, one)
    return [
        Mention(EntityKind.DATE, start, end, value, confidence)
        for start, end, value, confidence in kept
    ]


def _has_digit(text: str) -> bool:
    return _DIGIT.search(text) is not None


_DIGIT: Final = re.compile(r"\d")


def _written(text: str, a_month: re.Pattern[str]) -> Iterator[Found]:
    """Yield dates with a month's name."""
    for word in a_month.finditer(text):
        start, end = word.span()
        if text[end : end + 1].isalnum() or text[max(0, start - 1) : start].isalnum():
            continue
        month = _MONTH[word[0]]
        before = _DAY_BEFORE.search(text, max(0, start - 20), start)
        if before is not None:
            begin, first, last = before.start(), before[1], before[2]
            year = _YEAR_BEHIND.match(text, end)
            stop = year.end() if year else end
            named = year[1] if year else None
        elif (behind := _DAY_BEHIND.match(text, end)) is not None:
            begin, stop = start, behind.end()
            first, last = (behind[1], behind[2]) if behind[2] else (None, behind[1])
            named = behind[3]
        elif (year := _YEAR_BEHIND.match(text, end)) is not None:
            yield start, year.end(), f"{year[1]}-{month:02}", 0.95
            continue
        else:
            continue
        value = _value(named, month, int(last))
        if value is None:
            continue
        if first is not None:
            since = _value(named, month, int(first))
            value = f"{since}/{value}" if since and int(first) < int(last) else value
        weekday = _WEEKDAY_BEFORE.search(text, max(0, begin - 16), begin)
        yield weekday.start() if weekday else begin, stop, value, 0.95 if named else 0.8


def _numeric(text: str, *, month_first_possible: bool) -> Iterator[Found]:
    for iso in _ISO.finditer(text):
        value = (
            _value(iso[1], int(iso[2]), int(iso[3]))
            if iso[3]
            else (iso[0] if 1 <= int(iso[2]) <= 12 else None)
        )
        if value and not _is_within_number(text, iso.start()):
            yield iso.start(), iso.end(), value, 0.99 if iso[3] else 0.7
    for numeric in _NUMERIC.finditer(text):
        if _is_within_number(text, numeric.start()):
            continue
        one, separator, two, year = numeric.groups()
        if len(year) == 2:
            # `1.2.10` is a section or a version far more often than a day.
            if separator != "/" and not (separator == "." and len(one) == len(two) == 2):
                continue
            year = f"{'20' if int(year) < 69 else '19'}{year}"
        day_first = _value(year, int(two), int(one))
        month_first = _value(year, int(one), int(two))
        if separator == "." or not month_first_possible:
            value, confidence = day_first, 0.95
        elif day_first and month_first and day_first != month_first:
            value, confidence = year, 0.8
        else:
            value, confidence = day_first or month_first, 0.95
        if value:
            yield numeric.start(), numeric.end(), value, confidence


def _years(text: str) -> Iterator[Found]:
    """Yield years, ranges of them and decades, where what stands around speaks for one."""
    for year in _YEARS.finditer(text):
        start, end = year.span()
        if _is_within_number(text, start):
            continue
        first, dash, second, plural = year.groups()
        left = text[max(0, start - 24) : start]
        if plural or left.endswith(("années ", "Années ", "anni ")):
            if first.endswith("0") and not dash:
                begin = start if plural else start - len("années ")
                yield begin, end, f"{first[:3]}X", 0.9
            continue
        if dash is not None and second is not None:
            last = second if len(second) == 4 else first[:2] + second
            if int(first) < int(last) <= int(first) + 200:
                yield start, end, f"{first}/{last}", 0.85
            continue
        if _YEAR_FOLLOWS.search(left) and (int(first) >= 1600 or _ENDS.match(text, end)):
            yield start, end, first, 0.9
        elif _YEAR_MAY_FOLLOW.search(left) and _ENDS.match(text, end):
            yield start, end, first, 0.75


def _centuries(text: str) -> Iterator[Found]:
    for century in _CENTURY.finditer(text):
        number = _roman(century[1]) if century[1] else int(century[2] or century[3])
        if 1 <= number <= 21:
            yield century.start(), century.end(), f"{number - 1:02}XX", 0.9


def _is_within_number(text: str, start: int) -> bool:
    if start == 0:
        return False
    before = text[start - 1]
    return before.isalnum() or (before in ".,/-_" and start > 1 and text[start - 2].isalnum())


def _value(year: str | None, month: int, day: int) -> str | None:
    """Return the day in ISO 8601; None where there is none."""
    try:
        # 2000 has a 29th of February, as the year that is not told may have.
        date(int(year) if year else 2000, month, day)
    except ValueError:
        return None
    return f"{year or '-'}-{month:02}-{day:02}"


def _roman(numeral: str) -> int:
    total = 0
    for this, following in zip(numeral, numeral[1:] + " ", strict=True):
        value = _ROMAN[this]
        total += -value if _ROMAN.get(following, 0) > value else value
    return total
