"""How headings are numbered, in the languages and styles that are met most."""

from __future__ import annotations

import pytest

from common.tree_headings import is_bare, rank_of, ranks, without_number


def test_each_kind_of_number_stands_below_the_one_before() -> None:
    kinds = [
        ["Part II", "PARTIE 1 : le sol", "Teil A", "Livre premier", "Book One"],
        ["Chapter 3: Water", "Chapitre IV", "CHAPTER TWENTY-ONE Land", "Annexe B", "Appendix"],
        ["Section 2", "§ 12 Fristen", "Abschnitt III"],
        ["Article 1er", "Artikel 5", "Art. 7"],
        ["IV. Results", "II - Le droit", "XIV) Ende"],
        ["B. Sources", "G – Le bail"],
        ["1 Introduction", "2. Land", "3) Sea", "12 - Ports"],
        ["1.2 Rivers", "A.1 Tables", "10.11. Dams"],
        ["1.2.3 Gates", "B.4.1 Stones"],
        ["a) first", "(ii) second"],
    ]
    found = [{rank_of(title) for title in titles} for titles in kinds]
    assert all(len(some) == 1 for some in found), found
    order = [rank for some in found for rank in some if rank is not None]
    assert order == sorted(order)
    assert len(set(order)) == len(kinds)


@pytest.mark.parametrize(
    "title",
    [
        "Introduction",
        "Notes",
        "2024 was a good year",
        "Participants",
        "A day",
        "Chapters",
        "",
        "I am",
    ],
)
def test_what_has_no_number_has_no_rank(title: str) -> None:
    assert rank_of(title) is None


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Chapter 3: Water", "Water"),
        ("3. Water", "Water"),
        ("Annexe B – Water", "Water"),
        ("1.2.3 Water", "Water"),
        ("Water", "Water"),
        ("Chapter 3", ""),
    ],
)
def test_a_headings_words_are_what_stands_behind_its_number(title: str, words: str) -> None:
    assert without_number(title) == words


def test_a_number_or_the_word_before_one_waits_for_its_words() -> None:
    assert [is_bare(title) for title in ("CHAPTER", "Part II", "Chapter 2: Sea", "Sea", "")] == [
        *(True, True, False, False, False),
    ]


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        # Without any number, looks alone.
        ([("Water", 1), ("Rivers", 2), ("Land", 1)], [1, 2, 1]),
        # What looks like numbered headings stands beside them.
        ([("Preface", 1), ("1 Water", 1), ("1.1 Rivers", 2), ("Notes", 2)], [7, 7, 8, 8]),
        # A number says more than a look.
        ([("1.1 Rivers", 1), ("Chapter 2", 3)], [8, 2]),
        # Below and above what is numbered.
        ([("Annals", 1), ("1 Water", 2), ("Sources", 4)], [6.5, 7, 8]),
    ],
)
def test_headings_without_a_number_stand_where_those_that_look_alike_do(
    headings: list[tuple[str, int]], expected: list[float]
) -> None:
    assert ranks(headings) == expected
