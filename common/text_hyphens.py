"""What a hyphen at a line's end is: the line's doing, or the word's own.

Three things tell: how the two parts are written, what the pages around say (the whole word
elsewhere, or the word with its hyphen in the middle of a line), and each language's words that
always have one. Where nothing tells, the parts are one word: so are nine in ten.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from common.text_hyphen_words import (
    ALWAYS_HYPHENATED_AFTER,
    ALWAYS_HYPHENATED_BEFORE,
    COUPLED,
    HANGING_BEFORE,
    LINKING,
    NEVER_PARTS,
    NUMBER_AFTER,
    NUMBER_BEFORE,
    ONE_WORD_AFTER,
)

#: As typed, as Unicode has it, and as pdfium marks one at a line's end.
_HYPHENS: Final = "-\u2010\ufffe"
#: Not drawn but at a line's end; an old OCR writes it as a not sign.
_SOFT: Final = "\u00ad\u00ac"
#: These never part a word at a line's end, but nothing stands between them and what follows.
_TIGHT: Final = "\u2011\u2014"
_FIRST_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019\-\u2010\u2011][^\W\d_]+)*")
_LAST_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019\-\u2010\u2011][^\W\d_]+)*$")
#: A file's or a command's name.
_MACHINE: Final = re.compile(r"[*.@\\]|[^_]+_\w")
_ELISION: Final = re.compile(r"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)['\u2019]")
_EAST: Final = re.compile("[\u2e80-\u2fff\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff5e]")
#: No word is longer.
_LONGEST: Final = 80
#: What an inflected form ends with more, or less, than the one seen elsewhere.
_ENDINGS: Final = ("s", "e", "n", "es", "en", "er", "ed", "d", "r", "ly", "em", "ing")

#: Words seen on the pages around, in small letters.
Vocabulary = Sequence[AbstractSet[str]]


class Seam(NamedTuple):
    """How a line goes on in the next one."""

    #: Characters that the line loses at its end.
    dropped: int
    #: What stands between the two then: nothing, or a space.
    between: str


_SPACE: Final = Seam(0, " ")
_KEPT: Final = Seam(0, "")
_JOINED: Final = Seam(1, "")


def words_in(text: str) -> list[str]:
    """Return a page's words in small letters, those with hyphens and apostrophes in one piece."""
    return _FIRST_WORD.findall(text.lower())


def seam(left: str, right: str, language: str, vocabulary: Vocabulary) -> Seam:
    """Return how a line's last word, `left`, goes on in the next one's first, `right`.

    `language` is BCP-47; its rules apply beside those of all languages.
    """
    if not left or not right:
        return _SPACE
    last = left[-1]
    if last in _HYPHENS:
        return _hyphen(left[:-1], right, language.split("-", maxsplit=1)[0], vocabulary)
    if last in _SOFT:
        return _JOINED if len(left) > 1 else _SPACE
    if len(left) > 1 and last in _TIGHT and left[-2].isalnum() and right[0].isalnum():
        return _KEPT
    if _EAST.match(last) and _EAST.match(right[0]):
        return _KEPT
    if last == "\u2013" and len(left) > 1 and left[-2].isdigit() and right[0].isdigit():
        return _KEPT
    if last in "/_" and ("://" in left or left.startswith("www.")):
        return _KEPT
    return _SPACE


def _hyphen(stem: str, right: str, language: str, vocabulary: Vocabulary) -> Seam:
    if not stem or not stem[-1].isalnum():
        return _SPACE
    if not right[0].isalnum():
        return _SPACE
    if stem[-1].isdigit() or right[0].isdigit() or _MACHINE.match(stem):
        return _KEPT
    before, after = _LAST_WORD.search(stem[-_LONGEST:]), _FIRST_WORD.match(right)
    if before is None or after is None:
        return _KEPT
    return _between_letters(before[0], after[0], language, vocabulary)


def _between_letters(stem: str, right: str, language: str, vocabulary: Vocabulary) -> Seam:
    small, follower = _ELISION.sub("", stem.lower()), right.lower()
    whole, coupled = small + follower, f"{small}-{follower}"
    if _seen(whole, vocabulary):
        return _JOINED
    if follower in HANGING_BEFORE.get(language, ()):
        return _SPACE
    if _seen(coupled, vocabulary):
        return _KEPT
    own = _own_by_its_words(small, follower.replace("\u2019", "'"), language)
    if own or _own_by_its_look(stem, right):
        return _KEPT
    if _seen_inflected(whole, vocabulary):
        return _JOINED
    if _seen_inflected(coupled, vocabulary) or _of_two_words(small, follower, vocabulary):
        return _KEPT
    return _JOINED


def _own_by_its_look(stem: str, right: str) -> bool:
    """`Ost-West`, `PDF-Datei`, `e-mail`, `Jean-Paul`; not `INTER-NATIONAL`."""
    if len(stem) == 1 or stem[-2:-1] in ("'", "\u2019"):
        return True
    if right[0].isupper():
        return not (stem.isupper() and right[:2].isupper())
    # BAföG-Amt and iPhone-App aside, capitals end with their hyphen.
    return len(stem) > 1 and stem[-2:].isupper()


def _own_by_its_words(stem: str, right: str, language: str) -> bool:
    """Whether the language writes these with a hyphen wherever they stand."""
    last = stem.rpartition("-")[2]
    first = right.partition("-")[0]
    linking = LINKING.get(language, frozenset())
    if (last != stem and last in linking) or (first != right and first in linking):
        return True
    if last in NUMBER_BEFORE.get(language, ()) and first in NUMBER_AFTER.get(language, ()):
        return True
    if first in COUPLED.get(language, {}).get(last, ()):
        return True
    one_word = ONE_WORD_AFTER.get(language, {}).get(last, ())
    if last in ALWAYS_HYPHENATED_AFTER.get(language, ()):
        return not first.startswith(tuple(one_word))
    return first in ALWAYS_HYPHENATED_BEFORE.get(language, ()) and last not in NEVER_PARTS.get(
        language, ()
    )


def _of_two_words(stem: str, right: str, vocabulary: Vocabulary) -> bool:
    """Whether the pages around use both parts as words, of a compound that has hyphens anyway."""
    if "-" not in stem:
        return False
    last = stem.rpartition("-")[2]
    return len(last) > 3 and len(right) > 3 and _seen(last, vocabulary) and _seen(right, vocabulary)


def _seen(word: str, vocabulary: Vocabulary) -> bool:
    return any(word in words for words in vocabulary)


def _seen_inflected(word: str, vocabulary: Vocabulary) -> bool:
    return any(
        _seen(word + ending, vocabulary)
        or (word.endswith(ending) and _seen(word[: -len(ending)], vocabulary))
        for ending in _ENDINGS
    )
