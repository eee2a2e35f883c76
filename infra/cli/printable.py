"""Takes out of a document's text what could steer a terminal."""

from __future__ import annotations

import unicodedata

_SPACES = str.maketrans("\t\n\r\f\v", "     ")
#: Control, format, surrogate, private-use and unassigned characters.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def printable(text: str) -> str:
    """Return one line of text without what could steer a terminal or hide what it says.

    A PDF is anybody's: its text may hold escape sequences or direction overrides.
    """
    spaced = text.translate(_SPACES)
    return "".join(c for c in spaced if unicodedata.category(c) not in _UNPRINTABLE)
