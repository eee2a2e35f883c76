"""Text as it is searched, and the way back to the text itself."""

# ruff: noqa: RUF001 - look-alikes are what this is about

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.folding import find, fold, snippet

#: Whatever has been trouble: signs that become more, fewer or none, and every kind of space.
ODD = st.text(
    st.sampled_from(
        "aA eE-ßẞİıﬃǅéçŁøÆ\u0301\u0308\u00ad\u2010–—\n\r\t\u00a0\u2028\x00\ufffd한が각´ﷺΣς'’“"
    )
    | st.characters()
)


@pytest.mark.parametrize(
    ("text", "wanted", "match"),
    [
        ("The Quick\nbrown fox", "quick brown", "Quick\nbrown"),
        ("The quick \r\n\r\n  brown fox", "QUICK  BROWN", "quick \r\n\r\n  brown"),
        ("For exam-\nple this", "example", "exam-\nple"),
        ("For exam\u00adple this", "example", "exam\u00adple"),
        ("a well-known one", "wellknown", "well-known"),
        ("a wellknown one", "well-known", "wellknown"),
        ("from 1990–1995", "1990-1995", "1990–1995"),
        ("quick—brown", "quick brown", "quick—brown"),
        ("quick — brown", "quick brown", "quick — brown"),
        ("Große Straße", "STRASSE", "Straße"),
        ("GROSSE STRASSE", "straße", "STRASSE"),
        ("in İstanbul", "istanbul", "İstanbul"),
        ("Işık", "isik", "Işık"),
        ("an eﬃcient office", "ffici", "ﬃci"),
        ("Crème brûlée", "creme brulee", "Crème brûlée"),
        ("un cafe\u0301 noir", "café", "cafe\u0301"),
        ("un café noir", "cafe\u0301", "café"),
        ("Smørrebrød, Łódź, Æsir", "smorrebrod, lodz, aesir", "Smørrebrød, Łódź, Æsir"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευς", "ΟΔΥΣΣΕΥΣ"),
        ("I don’t", "don't", "don’t"),
        ("№ ５", "no 5", "№ ５"),
        ("서울 한국", "한국", "한국"),
        ("ガラス", "カ\u3099", "ガ"),
        ("\x00a\x00b", "ab", "a\x00b"),
    ],
)
def test_a_match_is_shown_as_it_stands_in_the_text(text: str, wanted: str, match: str) -> None:
    [(start, end)] = find(text, fold(wanted), limit=9)
    assert text[start:end] == match


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("this suede", "issue"),
        ("the rapist", "therapist"),
        ("text -\nmore", "textmore"),
        ("a.c", "a_c"),
        ("100", "100%"),
        ("abc", "a.c"),
        ("मकन", "मकान"),
        ("resume", "résumés"),
    ],
)
def test_what_another_word_says_is_no_match(text: str, wanted: str) -> None:
    assert find(text, fold(wanted), limit=9) == []


def test_matches_do_not_overlap_and_can_be_skipped() -> None:
    assert find("aaaaa", "aa", limit=9) == [(0, 2), (2, 4)]
    assert find("aaaaa", "aa", skip=1, limit=9) == [(2, 4)]
    assert find("aaaaa", "aa", skip=2, limit=9) == []
    assert find("aaaaa", "aa", limit=1) == [(0, 2)]
    assert find("ß", "s", limit=9) == [(0, 1), (0, 1)]
    assert find("aaa", "", limit=9) == []


@given(ODD)
def test_folding_what_is_folded_changes_nothing(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert "\x00" not in folded
    assert folded == " ".join(folded.split())
    folded.encode()


@given(ODD, st.data())
def test_every_piece_of_the_fold_is_found_where_it_comes_from(
    text: str, draw: st.DataObject
) -> None:
    folded = fold(text)
    first = draw.draw(st.integers(0, len(folded)))
    last = draw.draw(st.integers(first, len(folded)))
    wanted = folded[first:last].strip()
    places = find(text, wanted, limit=100)
    assert len(places) == (folded.count(wanted) if wanted else 0)
    for start, end in places:
        assert 0 <= start < end <= len(text)
        # A sign that became several may have more at its ends than was asked for.
        assert wanted in fold(text[start:end])
        assert wanted not in fold(text[start + 1 : end - 1])
    starts = [start for start, _ in places]
    assert starts == sorted(starts)


@given(ODD, st.integers(0, 99), st.integers(0, 99), st.integers(0, 20))
def test_a_snippet_is_one_line_around_its_match(
    text: str, start: int, length: int, around: int
) -> None:
    start = min(start, len(text))
    end = min(start + length, len(text))
    line, first, last = snippet(text, start, end, around=around)
    assert line[first:last].split() == text[start:end].split()
    assert len(line) <= length + 2 * around
    assert "\n" not in line


def test_a_snippet_has_whole_words() -> None:
    text = "one two three\nfour five   six seven eight nine"
    start = text.index("five")
    line, first, last = snippet(text, start, start + 4, around=12)
    assert line == "three four five six seven"
    assert line[first:last] == "five"
