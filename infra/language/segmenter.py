"""Sentences by sentencex, Wikimedia's segmenter for some 300 languages, and by rules of our own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from common.sentences import Span, cut

#: Within quotations and brackets sentencex does not cut, so it does not see them. One character
#: stands for each, so that offsets stay.
_UNSEEN: Final = re.compile('[«»“”„‟"()]')


def name_of() -> str:
    """Return the segmenter's name: another one cuts otherwise."""
    return "sentencex-1"


class SentencexSegmenter:
    """Cuts paragraphs into sentences, in the language's own way."""

    name = name_of()

    def __init__(self) -> None:
        from sentencex import segment

        self._segment = segment

    def spans(self, text: str, language: str) -> list[Span]:
        """Return each sentence's first and last offset, without white space around it."""
        primary = language.partition("-")[0].lower()
        # It takes the nearest language for one that it does not know, and English in the end.
        plain = _UNSEEN.sub(" ", text)
        parts = self._segment("en" if primary == "und" else primary, plain)
        return cut(text, language, frozenset(_ends(parts)))


def _ends(parts: list[str]) -> Iterator[int]:
    at = 0
    for part in parts:
        yield at + len(part.rstrip())
        at += len(part)
