"""How rankings become one."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from common.search import Ranked, fused, ranked


def test_what_both_rankings_have_comes_before_what_one_of_them_has() -> None:
    assert fused([["a", "b", "c"], ["d", "b", "e"]])[0][0] == "b"


def test_scores_go_from_the_first_place_in_all_rankings_down() -> None:
    [(first, best), (_, second)] = fused([["a", "b"], ["a"]])
    assert first == "a"
    assert [best, second] == pytest.approx([1.0, 11 / 12 / 2])
    assert dict(fused([["a"]])) == pytest.approx({"a": 1.0})
    assert fused([]) == []
    assert dict(fused([["a"], []])) == pytest.approx({"a": 0.5})


def test_a_ranking_that_weighs_more_decides() -> None:
    assert fused([["a"], ["b"]], weights=[1, 2])[0][0] == "b"
    assert fused([["a"], ["b"]], weights=[2, 1])[0][0] == "a"


def test_equal_scores_keep_the_rankings_order() -> None:
    assert [key for key, _ in fused([["a"], ["b"], ["c"]])] == ["a", "b", "c"]


def test_ranks_are_told_and_what_is_not_asked_for_has_none() -> None:
    job = uuid4()
    both = ranked([(job, 3)], [(job, 5), (job, 3)], 9)
    assert [replace(each, score=0.0) for each in both] == [
        Ranked(job, 3, 1, 2, 0.0),
        Ranked(job, 5, None, 1, 0.0),
    ]
    assert [each.score for each in both] == pytest.approx([(2 + 11 / 12) / 3, 1 / 3])
    [only] = ranked([(job, 3), (job, 4)], None, 1)
    assert (only.text_rank, only.vector_rank) == (1, None)
    assert only.score == pytest.approx(1.0)
