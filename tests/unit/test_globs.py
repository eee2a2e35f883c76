"""Wildcards mean what shells mean by them, and no pattern takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.globs import Glob


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("a/*.pdf", "a/b.pdf", True),
        ("a/*.pdf", "a/b/c.pdf", False),
        ("a/**.pdf", "a/b/c.pdf", True),
        ("a/**/*.pdf", "a/c.pdf", True),
        ("a/**/*.pdf", "a/b/b/c.pdf", True),
        ("a/**/c.pdf", "a/bc.pdf", False),
        ("a/**", "a/", True),
        ("a/?.pdf", "a/b.pdf", True),
        ("a/?.pdf", "a/bb.pdf", False),
        ("a?b", "a/b", False),
        ("a/[1]*.pdf", "a/[1] b.pdf", True),
        ("a/[1]*.pdf", "a/1.pdf", False),
        ("*/x", "a/x/x", False),
        ("**a*b", "a/ab", True),
        ("é*", "école", True),
    ],
)
def test_a_pattern_means_these_names(pattern: str, name: str, fits: bool) -> None:
    assert Glob(pattern).matches(name) is fits


PIECES = st.sampled_from(["a", "b", "/", "ab", ".", "*", "**", "**/", "?"])
MEANINGS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@given(st.lists(PIECES, max_size=8).map("".join), st.text("ab/.", max_size=12))
def test_any_pattern_means_what_a_regular_expression_would(pattern: str, name: str) -> None:
    tokens = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    expression = "".join(MEANINGS.get(token, re.escape(token)) for token in tokens)
    assert Glob(pattern).matches(name) is bool(re.fullmatch(expression, name))


def test_a_pattern_made_to_take_for_ever_does_not() -> None:
    begun = time.process_time()
    assert not Glob("**a*a" * 100 + "b").matches("a" * 1024)
    assert time.process_time() - begun < 1
