"""Wildcards in objects' names: `*` and `?` stop at slashes, `**` does not, `**/` is any folders.

A name is matched in time that grows with its length alone, whatever the pattern: patterns come
from outside, and a regular expression may try every way to share a name among many wildcards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

#: The longest first.
WILDCARD: Final = re.compile(r"\*\*/|\*\*|\*|\?")


class Glob:
    """A pattern, ready to match many names."""

    def __init__(self, pattern: str) -> None:
        self._tokens = list(_tokens(pattern))

    def matches(self, name: str) -> bool:
        """Whether the pattern means the whole name."""
        # Bit n is set where the tokens so far may have matched the first n characters.
        reached, end = 1, 1 << len(name)
        folders = [match.end() for match in re.finditer("/", name)]
        for token in self._tokens:
            match token:
                case "**":
                    reached = _from_lowest(reached, end)
                case "**/":
                    within = _from_lowest(reached, end)
                    reached |= within & ~(reached & -reached) & _bits(folders)
                case "*":
                    reached = _within_folders(reached, [0, *folders], end)
                case "?":
                    slashes = _bits(place - 1 for place in folders)
                    reached = (reached & ~slashes & (end - 1)) << 1
                case literal:
                    reached = (reached & _bits(_places(literal, name))) << len(literal)
            if not reached:
                return False
        return bool(reached & end)


def _tokens(pattern: str) -> Iterator[str]:
    at = 0
    for wildcard in WILDCARD.finditer(pattern):
        if wildcard.start() > at:
            yield pattern[at : wildcard.start()]
        yield wildcard[0]
        at = wildcard.end()
    if at < len(pattern):
        yield pattern[at:]


def _from_lowest(reached: int, end: int) -> int:
    """Return all places from the first that was reached."""
    return (end << 1) - (reached & -reached)


def _within_folders(reached: int, starts: list[int], end: int) -> int:
    """Return all places from the first that was reached in each folder to that folder's end."""
    found = 0
    for start, behind in zip(starts, [*starts[1:], end.bit_length()], strict=True):
        folder = (1 << behind) - (1 << start)
        if first := reached & folder:
            found |= (1 << behind) - (first & -first)
    return found


def _bits(places: Iterator[int] | list[int]) -> int:
    found = 0
    for place in places:
        found |= 1 << place
    return found


def _places(literal: str, name: str) -> Iterator[int]:
    at = name.find(literal)
    while at >= 0:
        yield at
        at = name.find(literal, at + 1)
