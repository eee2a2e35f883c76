"""What of a model's corrections is taken: only what is still the same sentence.

A model may translate, answer, shorten, or do what the text tells it to. So a correction counts only
where it is near the original letter by letter, and leaves every number as it was read.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: Of the original's letters, so many may be wrong: more, and nobody could say what stood there.
_SHARE: Final = 0.25
_FEWEST: Final = 2
#: And never more: what has no full stop for pages takes a tenth of a second to compare.
_MOST: Final = 40

#: A figure that stands alone. Not the 1 of `1'homme`, which was an l.
_NUMBER: Final = re.compile("(?<!\\w)\\d+(?:[.,:/-]\\d+)*(?![\\w'\u2019])")


def accepted(original: str, proposed: str) -> str:
    """Return the proposal where it is the same sentence put right, else the original."""
    proposed = " ".join(proposed.split())
    if not proposed or any(unicodedata.category(letter)[0] == "C" for letter in proposed):
        return original
    if _NUMBER.findall(original) != _NUMBER.findall(proposed):
        return original
    most = min(_MOST, max(_FEWEST, int(len(original) * _SHARE)))
    return proposed if is_within(original, proposed, most) else original


def is_within(first: str, second: str, most: int) -> bool:
    """Whether at most so many letters must be put in, left out or changed to make them equal.

    Takes time by the length times `most`: only the diagonals that can count are worked out.
    """
    if first == second:
        return True
    if abs(len(first) - len(second)) > most:
        return False
    beyond = most + 1
    before = [min(place, beyond) for place in range(len(second) + 1)]
    for row, letter in enumerate(first, start=1):
        left, right = max(1, row - most), min(len(second), row + most)
        now = [beyond] * (len(second) + 1)
        now[0] = min(row, beyond)
        for column in range(left, right + 1):
            now[column] = min(
                before[column] + 1,
                now[column - 1] + 1,
                before[column - 1] + (letter != second[column - 1]),
                beyond,
            )
        if min(now[left - 1 : right + 1]) >= beyond:
            return False
        before = now
    return before[-1] <= most
