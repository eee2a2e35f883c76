"""A page's words as Postgres takes lists in binary: eight lists of some 400 values.

psycopg turns values into bytes one by one; packed here, a page costs a fifth of that. The format
is what `array_recv` reads (PostgreSQL's source, arrayfuncs.c): dimensions, whether there are nulls,
the elements' type, and of each dimension its length and first index; then the elements, each behind
its length. All numbers have their highest byte first.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from struct import Struct
from typing import Final, Literal

from common.models import Words

#: Types' numbers in `pg_type`, which never change.
_INTEGER, _TEXT, _REAL = 23, 25, 700
_HEAD: Final = Struct(">iiiii")
_LENGTH: Final = Struct(">i")
_NO_DIMENSIONS: Final = Struct(">iii")


def packed(words: Words | None) -> Sequence[bytes | None]:
    """Return the lists, each as its column reads it; nulls where there are none."""
    if words is None:
        return (None,) * len(Words._fields)
    return (
        _texts(words.texts),
        *(_numbers(_INTEGER, "i", offsets) for offsets in (words.starts, words.ends)),
        *(_numbers(_REAL, "f", values) for values in words[3:]),
    )


def _texts(texts: Sequence[str]) -> bytes:
    encoded = [text.encode() for text in texts]
    elements = b"".join([_LENGTH.pack(len(each)) + each for each in encoded])
    return _head(_TEXT, len(texts)) + elements


def _numbers(kind: int, code: Literal["i", "f"], values: Sequence[float]) -> bytes:
    # Each number lies behind its length, 4; what is a float is put there as the bytes it has.
    elements = array("i", [4]) * (2 * len(values))
    elements[1::2] = array("i", array(code, values).tobytes())
    if sys.byteorder == "little":
        elements.byteswap()
    return _head(kind, len(values)) + elements.tobytes()


def _head(kind: int, length: int) -> bytes:
    # A list without elements has no dimensions either.
    return _HEAD.pack(1, 0, kind, length, 1) if length else _NO_DIMENSIONS.pack(0, 0, kind)
