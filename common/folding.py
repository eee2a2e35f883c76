"""Text as it is searched: without case, accents, hyphens and line ends, and the way back.

`fold` is what is stored and compared; `find` says where in the text itself a match lies. Letters
may become more or fewer by folding (ß is ss, ﬁ is fi), so places are never counted in the fold.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

#: Not in the folded text at all; en dash and minus are among them, since people type one for the
#: other.
_HYPHENS: Final = "-\u00ad\u2010\u2011\u2012\u2013\u2043\u2212"
#: A dash parts words as a space does.
_DASHES: Final = "\u2014\u2015"
#: Letters that Unicode does not take apart, and quotation marks, which keyboards have only one of.
_PLAIN: Final = {
    **{"\u0131": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t"},
    **{"æ": "ae", "œ": "oe", "þ": "th"},
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032`", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", '"'),
}
#: Accents and points that are written over, under and through letters; other scripts' vowel
#: signs are letters to their readers, and stay.
_MARKS: Final = (
    *((0x0300, 0x036F), (0x0591, 0x05C7), (0x064B, 0x065F), (0x0670, 0x0670)),
    *((0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F)),
)
#: Controls, invisible formatting, halves of a pair.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs"})
#: What stands where a text had something that can't be stored.
REPLACEMENT: Final = "\ufffd"

#: A hyphen at a line's end with the line's end, between what it parts.
_LINE_END: Final = re.compile(rf"(?<=\S)[{re.escape(_HYPHENS)}][^\S\r\n]*[\r\n]\s*(?=\S)")
_SPACES: Final = re.compile(r"\s+")
_TOKEN: Final = re.compile(rf"[^\s{_DASHES}]+")
#: A page of every character there is must not fill the memory.
_MOST_REMEMBERED: Final = 20_000


def _folded(character: str) -> str | None:
    if character.isspace() or character in _DASHES:
        return " "
    if unicodedata.category(character) in _UNSEEN or character == REPLACEMENT:
        return None
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(_PLAIN.get(part, part) for part in apart if _counts(part)) or None


def _counts(part: str) -> bool:
    if part.isspace() or part in _HYPHENS or part in _DASHES:
        return False
    return not any(first <= ord(part) <= last for first, last in _MARKS)


class _Folds(dict[int, str | None]):
    """What each code point becomes, found out when it is first met."""

    def __missing__(self, code: int) -> str | None:
        folded = _folded(chr(code))
        if len(self) < _MOST_REMEMBERED:
            self[code] = folded
        return folded


_FOLDS: Final = _Folds()


def fold(text: str) -> str:
    """Return the text as it is searched: its words, folded, with one space between them."""
    return " ".join(_whole(text).translate(_FOLDS).split())


def find(text: str, wanted: str, *, skip: int = 0, limit: int) -> list[tuple[int, int]]:
    """Return start and end, in code points of `text`, of what `wanted` matches in its fold.

    `wanted` is folded already. Matches do not overlap; the first `skip` are left out.
    """
    places = list(_places(fold(text), wanted, skip, limit))
    ends = (position for place in places for position in (place, place + len(wanted) - 1))
    sources = list(_sources(_whole(text), ends))
    return [
        (first, _behind_marks(text, last + 1))
        for first, last in zip(sources[::2], sources[1::2], strict=True)
    ]


def _whole(text: str) -> str:
    """Return the text with divided words made whole, as long as before."""
    return _LINE_END.sub(lambda match: "\u00ad" * len(match[0]), text)


def _places(folded: str, wanted: str, skip: int, limit: int) -> Iterator[int]:
    place = -len(wanted)
    for number in range(skip + limit):
        place = folded.find(wanted, place + len(wanted)) if wanted else -1
        if place < 0:
            return
        if number >= skip:
            yield place


def _sources(text: str, positions: Iterable[int]) -> Iterator[int]:
    """Yield which code point each position of the fold comes from. Positions ascend."""
    awaited = iter(positions)
    position = next(awaited, None)
    reached = 0
    for token in _TOKEN.finditer(text):
        if position is None:
            return
        length = len(token[0].translate(_FOLDS))
        if not length:
            continue
        # One space before every word but the first.
        at = reached + bool(reached)
        reached = at + length
        if position >= reached:
            continue
        for index, character in enumerate(token[0], token.start()):
            at += len(character.translate(_FOLDS))
            while position is not None and position < at:
                yield index
                position = next(awaited, None)
            if position is None or position >= reached:
                break


def _behind_marks(text: str, end: int) -> int:
    """Return the end of what is looked at as one letter with its accents."""
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end


def snippet(text: str, start: int, end: int, *, around: int = 60) -> tuple[str, int, int]:
    """Return a line of text around a match, and where in it the match lies.

    It begins and ends with whole words, at most about `around` code points from the match, and
    has one space where the text has any number of spaces and line ends.
    """
    first, last = max(0, start - around), min(len(text), end + around)
    if first and not text[first - 1].isspace() and (cut := _SPACES.search(text, first, start)):
        first = cut.end()
    if last < len(text) and not text[last].isspace():
        words = text[end:last].rsplit(None, 1)
        last -= len(words[1]) if len(words) > 1 else 0
    parts = (text[first:start], text[start:end], text[end:last])
    head, match, tail = (_SPACES.sub(" ", part) for part in parts)
    head, tail = head.lstrip(), tail.rstrip()
    return head + match + tail, len(head), len(head) + len(match)
