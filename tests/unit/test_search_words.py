"""A query's words, where they stand in a text, and the piece of it that is shown."""

from __future__ import annotations

import pytest

from common.search_words import MAX_PIECES, folded_words, pieces_of, places, snippet, word_boxes
from common.stage_rows import LaidWord


@pytest.mark.parametrize(
    ("query", "wanted", "unwanted"),
    [
        ("deep soil", ("deep", "soil"), ()),
        ('"deep soil" oak', ('"deep soil"', "oak"), ()),
        ('oak -"deep soil" -elm', ("oak",), ('"deep soil"', "elm")),
        ("-oak", ("oak",), ()),
        ("  oak, (elm)!  oak ", ("oak", "elm"), ()),
        ("built-in l'eau", ("built-in", "built", "in", "l'eau", "l", "eau"), ()),
        ("/etc/fstab?", ("etc/fstab", "etc", "fstab"), ()),
        ('"unclosed phrase', ('"unclosed phrase"',), ()),
        ('""', (), ()),
        ("- -- … \u2019", (), ()),
        ('a"b', ("a b", "a", "b"), ()),
    ],
)
def test_a_query_is_taken_apart_as_search_engines_do(
    query: str, wanted: tuple[str, ...], unwanted: tuple[str, ...]
) -> None:
    pieces = pieces_of(query)
    assert (pieces.wanted, pieces.unwanted) == (wanted, unwanted)


def test_a_pasted_page_costs_no_more_than_a_long_question() -> None:
    assert len(pieces_of(" ".join(f"w{number}" for number in range(500))).wanted) == MAX_PIECES


def test_words_are_found_without_case_and_accents_and_only_whole() -> None:
    text = "L'Été, ete et étéssime"
    assert [text[a:b] for a, b in places(text, folded_words("ÉTÉ"))] == ["Été", "ete"]
    assert places(text, {"ete"}, 6, 20) == [(7, 10)]
    assert places(text, set()) == []


def test_a_short_text_is_its_own_snippet() -> None:
    assert snippet("Oak grows.", [(0, 3)]) == ("Oak grows.", [(0, 3)])


def test_the_snippet_is_the_piece_with_most_of_the_words() -> None:
    text = "One oak. " + "Nothing at all. " * 40 + "Now oak and elm together. " + "More. " * 60
    marks = places(text, {"oak", "elm"})
    piece, moved = snippet(text, marks)
    assert (piece[:2], piece[-2:]) == ("… ", " …")
    assert [piece[a:b] for a, b in moved] == ["oak", "elm"]
    assert "Now oak and elm together." in piece
    assert len(piece) <= 244


def test_a_snippet_without_marks_is_the_beginning() -> None:
    piece, moved = snippet("word " * 100, [])
    assert (piece[:9], piece[-6:]) == ("word word", "word …")
    assert moved == []


@pytest.mark.parametrize("length", [1, 7, 50, 239, 240, 241, 600])
def test_marks_of_a_snippet_are_the_same_words_whatever_the_text(length: int) -> None:
    text = ("x" * length + "\noak " + "y" * length + " elm ") * 5
    piece, moved = snippet(text, places(text, {"oak", "elm"}))
    assert {piece[a:b] for a, b in moved} <= {"oak", "elm"}
    assert "\n" not in piece
    assert moved or length > 100


def laid(*words: tuple[int, int, int]) -> list[LaidWord]:
    return [LaidWord(a, b, line, a / 100, 0.0, b / 100, 0.1) for a, b, line in words]


def test_boxes_are_one_for_neighbours_on_a_line_and_one_a_line() -> None:
    words = laid((0, 3, 0), (4, 7, 0), (8, 11, 0), (12, 15, 1))
    assert list(word_boxes(9, words, [(0, 3), (4, 7), (12, 15)])) == [
        (9, 0.0, 0.0, 0.07, 0.1),
        (9, 0.12, 0.0, 0.15, 0.1),
    ]
    assert list(word_boxes(9, words, [(0, 3), (8, 11)])) == [
        (9, 0.0, 0.0, 0.03, 0.1),
        (9, 0.08, 0.0, 0.11, 0.1),
    ]


def test_a_divided_word_has_a_box_on_each_line() -> None:
    words = laid((0, 5, 0), (5, 9, 1))
    assert len(list(word_boxes(1, words, [(0, 9)]))) == 2
    assert list(word_boxes(1, words, [])) == []
