"""Hyphens at line ends, held against a labelled sample in English, French and German."""

from __future__ import annotations

import pytest

from common.text_hyphens import Seam, seam, words_in
from tests.text_samples import hyphen_score, line_ends

ENDS = list(line_ends())


@pytest.mark.parametrize("language", ["en", "fr", "de"])
def test_line_ends_found_in_documents_are_put_together_as_a_reader_does(language: str) -> None:
    ends = [end for end in ENDS if end.found and end.language == language]
    right = sum(end.made == end.whole for end in ends)
    score = hyphen_score(ends)
    assert len(ends) >= 100
    assert right / len(ends) >= 0.98
    assert score.precision >= 0.97
    assert score.recall >= 0.98


def test_line_ends_that_are_hard_on_purpose_are_mostly_put_together_right() -> None:
    ends = [end for end in ENDS if not end.found]
    assert len(ends) >= 120
    assert sum(end.made == end.whole for end in ends) / len(ends) >= 0.95


def test_a_soft_hyphen_goes_whatever_the_pages_say() -> None:
    assert seam("inter\u00ad", "net", "en", [{"inter-net"}]) == Seam(1, "")


def test_a_word_with_its_hyphen_elsewhere_keeps_it() -> None:
    assert seam("data-", "base", "en", [set(), {"data-base"}]) == Seam(0, "")
    assert seam("data-", "base", "en", [set(), {"database"}]) == Seam(1, "")


def test_an_inflected_form_elsewhere_tells_as_much() -> None:
    assert seam("cyber-", "attack", "en", [{"cyber-attacks"}]) == Seam(0, "")


def test_a_hanging_hyphen_keeps_its_space_but_not_in_a_whole_word() -> None:
    assert seam("Vor-", "und", "de", []) == Seam(0, " ")
    assert seam("Ver-", "und", "de", [{"verund"}]) == Seam(1, "")


@pytest.mark.parametrize(("left", "right"), [("-", "x"), ("(–", "x"), ("word", "next"), ("", "a")])
def test_what_divides_no_word_is_followed_by_a_space(left: str, right: str) -> None:
    assert seam(left, right, "en", []) == Seam(0, " ")


def test_scripts_without_blanks_go_on_without_one() -> None:
    assert seam("中文", "文字", "zh", []) == Seam(0, "")


def test_a_pages_words_are_small_and_whole() -> None:
    assert words_in("The well-known\nAujourd’hui, 12 U-Bahn.") == [
        *("the", "well-known", "aujourd’hui", "u-bahn")
    ]
