"""What stands in for Gemini: it does what Quire's prompts ask, by rules that a reader can check.

The prompt's JSON says what is asked: `sentences` to be put right, or `texts` with names in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

_LETTER: Final = r"(?<=[^\W\d_])"
_MISREAD: Final = (
    (re.compile("ﬁ"), "fi"),
    (re.compile("ﬂ"), "fl"),
    (re.compile(_LETTER + r"0(?=[^\W\d_])"), "o"),
    (re.compile(_LETTER + r"1(?=[^\W\d_])"), "l"),
    (re.compile("\\b1(?=['\u2019][^\\W\\d_])"), "l"),
    (re.compile(r"vv"), "w"),
    (re.compile(r"\s+([,;.])"), r"\1"),
    (re.compile(r" {2,}"), " "),
)
_NAMED: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("organisation", re.compile(r"\b(?:[A-Z]\w+ )+(?:Inc|Ltd|GmbH|SA|SARL|plc|LLC)\b")),
    ("person", re.compile(r"\b(?:Mr|Mrs|Ms|Dr|M\.|Mme|Herr|Frau) [A-Z]\w+(?: [A-Z]\w+)?")),
    ("place", re.compile(r"\b(?:Paris|London|Berlin|Lyon|Madrid|Rome|Geneva)\b")),
    ("date", re.compile(r"\b\d{4}-\d{2}-\d{2}\b")),
    ("amount", re.compile(r"\b\d+(?:\.\d{2})? (?:EUR|USD|GBP|CHF)\b")),
)


def answered(prompt: str) -> str:
    """Return the answer to one of our prompts; a remark, as a model would, to anything else."""
    try:
        asked = msgspec.json.decode(prompt)
    except msgspec.DecodeError:
        asked = None
    if isinstance(asked, Mapping):
        for field, answer in (("sentences", _corrected), ("texts", _mentions)):
            texts = asked.get(field)
            if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
                return msgspec.json.encode(answer(texts)).decode()
    return "I can help with that. What would you like to know?"


def _corrected(sentences: list[str]) -> list[str]:
    return [_put_right(sentence) for sentence in sentences]


def _put_right(sentence: str) -> str:
    for misread, right in _MISREAD:
        sentence = misread.sub(right, sentence)
    return sentence


def _mentions(texts: list[str]) -> list[dict[str, Any]]:
    return [mention for place, text in enumerate(texts) for mention in _named(place, text)]


def _named(place: int, text: str) -> Iterator[dict[str, Any]]:
    for kind, pattern in _NAMED:
        for found in pattern.finditer(text):
            value = None
            if kind == "date":
                value = found[0]
            elif kind == "amount":
                number, currency = found[0].split()
                value = f"{float(number):.2f} {currency}"
            yield {"text": place, "kind": kind, "quote": found[0], "value": value}
