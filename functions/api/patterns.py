"""The forms that parameters must have, and each of them in words for whoever sent another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: Postgres has no text with NUL in it.
WITHOUT_NUL: Final = r"^[^\x00]*$"
PLAIN: Final = r"^[^\x00-\x1f\x7f]*$"
VISIBLE: Final = r"^[!-~]+$"
#: Microseconds since 1970, which 14 digits count to the year 4253, and a job's id; hexadecimal.
JOB_PLACE: Final = r"^[0-9a-f]{46}$"
PAGE_PLACE: Final = r"^[0-9]{1,9}$"
#: BCP-47, as far as its form goes.
LANGUAGE: Final = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"

#: What a value must be. How long is told by itself, where that is what does not fit.
IN_WORDS: Final[Mapping[str, str]] = {
    WITHOUT_NUL: "a text without the character NUL",
    PLAIN: "a text without control characters",
    VISIBLE: "a text of visible ASCII characters, without spaces",
    JOB_PLACE: "the `next_cursor` of a page before: 46 characters of 0-9 and a-f",
    PAGE_PLACE: "the `next_cursor` of a page before: 1 to 9 digits",
    LANGUAGE: "a language code like fr or pt-BR",
}
