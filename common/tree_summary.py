"""Which sentences of a section say the most, and how an untitled one is called.

A sentence says much if its words are those that the section is about: those that come back in it,
but not in so many of its sentences that they belong to the language.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

#: Code points. Shorter sentences say little by themselves, longer ones are lists or badly read.
_SHORTEST: Final = 40
_LONGEST: Final = 360
#: Of a summary.
SUMMARY_LETTERS: Final = 480
#: Of a title made of first words.
_TITLE_LETTERS: Final = 60
#: Sentences of a section whose words are counted.
_MOST_COUNTED: Final = 400
#: A word that comes more often than once in so many sentences is one of the language's.
_COMMON_SHARE: Final = 0.25
#: Fewer sentences do not tell the language's words from the section's.
_FEW: Final = 12
#: What ends a sentence, and may stand behind that.
_ENDS: Final = frozenset(".!?\u2026\u3002\uff01\uff1f\u061f\u0964")
_CLOSING: Final = "\"')]\u00bb\u201d\u2019\u300d "
#: Dots that lead the eye to a page number.
_LEADERS: Final = re.compile(r"(?:[.\u2026\u00b7_]\s?){4}")
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
#: Added to a sentence's words, so that the shortest is not the best.
_DAMPING: Final = 6


def best_sentences(
    sentences: Mapping[int, str], preferred: Collection[int], *, most: int = 3
) -> list[int]:
    """Return which sentences say the most, the best first, at most `most` and not too long.

    `sentences` are a section's by their positions; those in `preferred` are taken if any is fit.
    """
    fit = [at for at, text in sentences.items() if _SHORTEST <= len(text) <= _LONGEST]
    candidates = [at for at in fit if at in preferred and _is_prose(sentences[at])]
    candidates = candidates or [at for at in fit if _is_prose(sentences[at])]
    if not candidates:
        return [at for at, text in sentences.items() if not _LEADERS.search(text)][:1]
    weights = _weights(sentences)
    scores = {at: _score(sentences[at], weights) for at in candidates}
    chosen: list[int] = []
    left = SUMMARY_LETTERS
    for at in sorted(candidates, key=lambda at: (-scores[at], at)):
        if len(chosen) < most and len(sentences[at]) <= left:
            chosen.append(at)
            left -= len(sentences[at]) + 1
    return chosen


def _is_prose(text: str) -> bool:
    """Whether a sentence ends like one, and is none of a table of contents."""
    return text.rstrip(_CLOSING)[-1:] in _ENDS and not _LEADERS.search(text)


def joined(texts: list[str]) -> str:
    """Return a summary of these sentences, as many as it has room for."""
    kept: list[str] = []
    left = SUMMARY_LETTERS
    for text in dict.fromkeys(texts):
        if len(text) <= left:
            kept.append(text)
            left -= len(text) + 1
    if not kept and texts:
        return shortened(texts[0], SUMMARY_LETTERS)
    return " ".join(kept)


def first_words(text: str) -> str:
    """Return a title for what has none."""
    return shortened(text, _TITLE_LETTERS)


def shortened(text: str, letters: int) -> str:
    """Return the text's beginning, whole words if it has spaces, with an ellipsis if it goes on."""
    text = " ".join(text[: 4 * letters].split())
    if len(text) <= letters:
        return text
    cut = text[: letters - 1]
    return (cut[: cut.rfind(" ")] if " " in cut[letters // 2 :] else cut).rstrip(" ,;:.") + "…"


def _weights(sentences: Mapping[int, str]) -> dict[str, int]:
    texts = list(sentences.values())[:_MOST_COUNTED]
    counts = Counter(_WORD.findall(" ".join(texts).lower()))
    most = _COMMON_SHARE * len(texts) if len(texts) >= _FEW else len(texts)
    # What is said only once is what a sentence is about, not what the section is about.
    return {word: count for word, count in counts.items() if 1 < count <= most}


def _score(text: str, weights: Mapping[str, int]) -> float:
    words = set(_WORD.findall(text.lower()))
    return sum(weights.get(word, 0) for word in words) / (len(words) + _DAMPING)
