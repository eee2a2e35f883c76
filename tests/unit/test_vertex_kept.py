"""Answers of requests that broke off: how many are kept, and which."""

from __future__ import annotations

from infra.vertex.kept import KeptAnswers


def test_what_was_used_longest_ago_goes_first() -> None:
    kept = KeptAnswers(most_texts=3)
    for name in ("one", "two", "three"):
        kept.keep(name, name.upper(), texts=1)
    kept.among(["one"])

    kept.keep("four", "FOUR", texts=1)

    assert kept.among(["one", "two", "three", "four"]) == {
        "one": "ONE",
        "three": "THREE",
        "four": "FOUR",
    }


def test_an_answer_counts_by_its_texts_and_once() -> None:
    kept = KeptAnswers(most_texts=10)
    kept.keep("one", 1, texts=4)
    kept.keep("one", 2, texts=4)
    kept.keep("two", None, texts=6)
    assert kept.among(["one", "two"]) == {"one": 2, "two": None}

    kept.forget(["one", "never asked"])
    kept.keep("three", 3, texts=4)

    assert kept.among(["one", "two", "three"]) == {"two": None, "three": 3}


def test_an_answer_to_more_texts_than_are_kept_is_not_kept() -> None:
    kept = KeptAnswers(most_texts=2)

    kept.keep("many", 1, texts=3)

    assert kept.among(["many"]) == {}
