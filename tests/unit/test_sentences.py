"""Where sentences end: by samples marked by hand, and by what rules must hold for any text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.sentences import LONGEST, whole
from infra.language.segmenter import SentencexSegmenter, name_of
from tests.sentence_samples import measured, paragraphs

SEGMENTER = SentencexSegmenter()


def cut(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in SEGMENTER.spans(text, language)]


@pytest.mark.parametrize("sample", ["en", "fr"])
def test_a_sample_has_two_hundred_sentences(sample: str) -> None:
    assert sum(len(lines) for lines in paragraphs(sample)) >= 200


@pytest.mark.parametrize("sample", ["en", "fr", "en-unseen", "fr-unseen"])
def test_sentences_are_where_a_reader_has_marked_them(sample: str) -> None:
    result = measured(sample, SEGMENTER.spans)
    assert result.precision >= 0.97, result.invented
    assert result.recall >= 0.97, result.missed


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", ["Dr. Weiß kam um 5 Uhr.", "„Wo ist er?“, fragte sie.", "Er schwieg."]),
        ("es", ["¿Quién es?", "Es el Sr. López.", "¡Qué sorpresa!"]),
        ("it", ["Il sig. Rossi è partito.", "Tornerà domani."]),
        ("zh", ["纸是在中国发明的。", "后来传到了欧洲。"]),
        ("ja", ["紙は中国で発明された。", "本当です。", "はい。"]),
        ("hi", ["कागज़ चीन में बना।", "फिर वह यूरोप पहुँचा।"]),
        ("el", ["Ποιος είναι;", "Είναι δικό μου."]),
        ("ru", ["Бумага дорога.", "Кто купит?", "Никто."]),
    ],
)
def test_other_languages_are_cut_as_well(language: str, expected: list[str]) -> None:
    text = ("" if language in {"zh", "ja"} else " ").join(expected)
    assert cut(text, language) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["“Stop!” Tom shouted.", "“Why?”", "He stopped."]),
        ("en", ["“It is late.", "Anna is tired.”", "(They left.)", "It (the inn!) was shut."]),
        ("de", ["Er sagte: „Es ist spät.", "Anna ist müde.“", "Dann ging er."]),
        ("fr", ["« Il est tard.", "Anne dort. »", "« Viens ! » dit M. Roy.", "Non."]),
        ("en", ["He sold it to the U.S. Navy.", "It is in the U.S.", "The price was $3.5 m."]),
        ("en", ["See No. 4.", "No.", "I won't.", "He came at 5 p.m.", "Nobody saw him."]),
        ("fr", ["Voir l'art. L. 121-3 et p. 12.", "Il pèse 3 kg.", "M. J.-P. Roy l'a vu."]),
        ("en", ["It was so.[12]", "It is not.³", "Is it?"]),
        ("en", ["So it ended... or not...", "Who knows…", "Nobody!?"]),
        ("fr", ["Quoi ! ?", "Il part . . . sans un mot.", "« Ah ! … » fit-il."]),
        ("en", ["1. Paper is old.", "See a.b.com/x.y.", "Then go."]),
    ],
)
def test_what_a_segmenter_alone_does_not_see(language: str, expected: list[str]) -> None:
    assert cut(" ".join(expected), language) == expected


@pytest.mark.parametrize("language", ["und", "xx", "en-GB", "EN", "zh-Hant"])
def test_a_language_that_nobody_knows_is_cut_too(language: str) -> None:
    assert cut("Mr. Roy left. He was late.", language) == ["Mr. Roy left.", "He was late."]


def test_what_has_no_full_stop_is_cut_at_a_pause_or_a_space() -> None:
    with_pauses = "word word, " * 600
    pieces = cut(with_pauses)
    assert all(len(piece) <= LONGEST for piece in pieces)
    assert all(piece.endswith(",") for piece in pieces)
    without = "word " * 1500
    assert all(piece.endswith("word") and len(piece) <= LONGEST for piece in cut(without))
    assert [len(piece) for piece in cut("x" * 2 * LONGEST)] == [LONGEST, LONGEST]


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", [".", ". ", "A. ", "« » ", "'", '" ." ', "a.[1][1] ", "… ", "x"])
def test_no_text_takes_long(piece: str) -> None:
    assert SEGMENTER.spans("Contents " + piece * 20_000 + " 12", "en")


def test_a_text_that_is_not_to_be_cut_stays_whole() -> None:
    assert whole("  Chapter 1. Paper.  ") == [(2, 19)]
    assert whole("  ") == []
    assert len(whole("word " * 1000)) == 2


def test_the_name_says_what_cuts() -> None:
    assert SEGMENTER.name == name_of() == "sentencex-1"


ABBREVIATED = ["M.", "No.", "4", "A.", "U.S.", "etc.", "e.g.", "J.-P.", "art. L. 12", "1.", "a)"]
QUOTED = ["« Oui", "! »", "“No.”", "(p. 3)", "x.\u00a0», y", "The", "word", "😀.", "。", "—", "…"]
PIECES = st.sampled_from([*ABBREVIATED, *QUOTED, "...", "\u202f"])
TEXTS = st.lists(PIECES, max_size=40).map(" ".join) | st.text(max_size=200)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(["en", "fr", "de", "zh", "und"]))
def test_sentences_are_the_whole_text_but_the_white_space_between_them(
    text: str, language: str
) -> None:
    reached = 0
    for start, end in SEGMENTER.spans(text, language):
        assert text[reached:start].strip() == ""
        assert text[start:end] == text[start:end].strip()
        assert start < end
        reached = end
    assert text[reached:].strip() == ""
