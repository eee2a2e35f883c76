"""Vectors of hashed words: the same text has the same one, and shared words bring texts near."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final

#: The models that embed, and how many numbers they give where nothing else is asked.
DIMENSIONS: Final[Mapping[str, int]] = {
    "gemini-embedding-001": 3072,
    "gemini-embedding-2": 3072,
    "text-embedding-005": 768,
    "text-multilingual-embedding-002": 768,
}
#: Of each text, so many tokens are read.
TOKENS_READ: Final = 2048

_WORD: Final = re.compile(r"\w+")
#: Each word stands in so many places.
_PLACES: Final = 8


def tokens_of(text: str) -> int:
    """Return what the emulator counts as tokens: a word is one for every six letters."""
    return sum(1 + len(word) // 6 for word in _WORD.findall(text))


def vector(text: str, *, full: int, wanted: int) -> list[float]:
    """Return the first `wanted` of `full` numbers, which all together have length 1.

    As with the service's models, what is left of them has not.
    """
    sums = [0.0] * full
    for word in _WORD.findall(text.casefold())[:TOKENS_READ]:
        # Half of a word's places are within the first 256 numbers, which say most.
        for place, (number, sign) in enumerate(_places(word)):
            sums[number % min(256, full) if place % 2 else number % full] += sign
    length = math.sqrt(math.fsum(number * number for number in sums)) or 1.0
    return [number / length for number in sums[:wanted]]


@lru_cache(maxsize=20_000)
def _places(word: str) -> tuple[tuple[int, float], ...]:
    digest = blake2b(word.encode(), digest_size=4 * _PLACES).digest()
    numbers = [int.from_bytes(digest[at : at + 4], "big") for at in range(0, len(digest), 4)]
    return tuple((number >> 1, 1.0 if number & 1 else -1.0) for number in numbers)
