"""Dates: how they are written, what they say, and what is none."""

from __future__ import annotations

import pytest

from common.entity_dates import dates


def found(text: str, language: str = "en") -> list[tuple[str, str | None]]:
    return [(text[each.start : each.end], each.value) for each in dates(text, language)]


@pytest.mark.parametrize(
    ("text", "written", "value"),
    [
        ("on 5 March 2024 in", "5 March 2024", "2024-03-05"),
        ("on 5th March, 2024.", "5th March, 2024", "2024-03-05"),
        ("the 5th of March 2024", "5th of March 2024", "2024-03-05"),
        ("on March 5, 2024, we", "March 5, 2024", "2024-03-05"),
        ("Jan. 9, 2017", "Jan. 9, 2017", "2017-01-09"),
        ("DECEMBER 24, 1999", "DECEMBER 24, 1999", "1999-12-24"),
        ("in March 2024", "March 2024", "2024-03"),
        ("on May 3", "May 3", "--05-03"),
        ("on 29 February", "29 February", "--02-29"),
        ("on Monday, 14 June 2021", "Monday, 14 June 2021", "2021-06-14"),
        ("from 5–7 March 2024", "5–7 March 2024", "2024-03-05/2024-03-07"),
        ("March 5-7, 2024", "March 5-7, 2024", "2024-03-05/2024-03-07"),
    ],
)
def test_english_dates_are_read(text: str, written: str, value: str) -> None:
    assert found(text) == [(written, value)]


@pytest.mark.parametrize(
    ("text", "written", "value"),
    [
        ("le 5 mars 2024", "5 mars 2024", "2024-03-05"),
        ("le 1er février 2024", "1er février 2024", "2024-02-01"),
        ("le lundi 14 juin 2021", "lundi 14 juin 2021", "2021-06-14"),
        ("en août 1914", "août 1914", "1914-08"),
        ("le 9 janv. 2017", "9 janv. 2017", "2017-01-09"),
        ("le 14 juillet", "14 juillet", "--07-14"),
        ("LE 5 MARS 2024", "5 MARS 2024", "2024-03-05"),
        ("dans les années 1970", "années 1970", "197X"),
        ("au XIXe siècle", "XIXe siècle", "18XX"),
        ("du 12/04/1963", "12/04/1963", "1963-04-12"),
        ("le 05/03/24", "05/03/24", "2024-03-05"),
    ],
)
def test_french_dates_are_read(text: str, written: str, value: str) -> None:
    assert found(text, "fr") == [(written, value)]


@pytest.mark.parametrize(
    ("text", "written", "value"),
    [
        ("am 5. März 2024", "5. März 2024", "2024-03-05"),
        ("Dienstag, den 5. März 2024", "Dienstag, den 5. März 2024", "2024-03-05"),
        ("im Oktober 1989", "Oktober 1989", "1989-10"),
        ("am 09.11.1989", "09.11.1989", "1989-11-09"),
        ("am 9.11.1989", "9.11.1989", "1989-11-09"),
        ("seit 1998", "1998", "1998"),
        ("im 19. Jahrhundert", "19. Jahrhundert", "18XX"),
    ],
)
def test_german_dates_are_read(text: str, written: str, value: str) -> None:
    assert found(text, "de") == [(written, value)]


@pytest.mark.parametrize("language", ["en", "fr", "de", "und", "es"])
def test_the_iso_form_is_read_in_every_language(language: str) -> None:
    assert found("2024-03-05", language) == [("2024-03-05", "2024-03-05")]


def test_an_english_numeric_date_says_only_what_is_certain() -> None:
    assert found("on 12/04/1963") == [("12/04/1963", "1963")]
    assert found("on 04/25/1963") == [("04/25/1963", "1963-04-25")]
    assert found("on 25/04/1963") == [("25/04/1963", "1963-04-25")]
    # With points it is never written the other way round.
    assert found("on 12.04.1963") == [("12.04.1963", "1963-04-12")]


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("in 1998", "en", "1998"),
        ("since 2015.", "en", "2015"),
        ("the summer of 1816", "en", "1816"),
        ("(1998)", "en", "1998"),
        ("© 2024", "en", "2024"),
        ("en 1891, où", "fr", "1891"),
        ("depuis 2015", "fr", "2015"),
        ("l'automne 1836", "fr", "1836"),
        ("l’année 1872", "fr", "1872"),
        ("im Jahr 1848", "de", "1848"),
        ("the 1970s", "en", "197X"),
        ("the years 2021–2027", "en", "2021/2027"),
        ("2021-2027", "fr", "2021/2027"),
        ("1914–18", "en", "1914/1918"),
    ],
)
def test_a_year_is_told_by_what_stands_around_it(text: str, language: str, value: str) -> None:
    assert [each for _, each in found(text, language)] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "Section 1.2.10 applies",
        "version 2.10.24",
        "at 10.0.0.1",
        "1500 people",
        "31 February 2024",
        "32 March",
        "2024-13-45",
        "in 1500 cases",
        "May I march?",
        "on Monday",
        "call 2024-555",
        "page 12 of 30",
        "ISO-8601-2024-05-01x",
        "3/4 cup",
    ],
)
def test_other_numbers_are_no_dates(text: str) -> None:
    assert found(text) == []


def test_where_two_dates_overlap_the_longer_one_counts() -> None:
    assert found("from 3 May 2024 until in 2025") == [
        ("3 May 2024", "2024-05-03"),
        ("2025", "2025"),
    ]
