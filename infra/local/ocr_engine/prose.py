"""What words look like: which language they are in, and whether they are words at all."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

_STOP_WORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the of and to in is that it for was on are with as be this by from at or which not",
        "fr": "le la les de des du et est une un dans que qui pour par sur avec au aux ce cette ne",
        "de": "der die das und ist nicht ein eine mit von zu den dem des im auf für sich auch als",
        "es": "el la los las de del es en que una un por con para se su al lo como más no",
        "it": "il lo la gli le di del della è che un una per con non si da sono nel alla dei",
        "pt": "os as de do da dos das é que um uma para com não se em no na ao pelo",
        "nl": "de het een en van is dat op te in voor met niet zijn aan er om door ook als bij",
        "sv": "och att det som är på av för med den till inte ett om har de från vid",
        "pl": "na do nie się że jest to jak po za od dla przez są oraz ale lub",
    }.items()
}

_SCRIPTS = (
    ("HIRAGANA", "ja"),
    ("KATAKANA", "ja"),
    ("CJK", "zh"),
    ("HANGUL", "ko"),
    ("CYRILLIC", "ru"),
    ("GREEK", "el"),
    ("ARABIC", "ar"),
    ("HEBREW", "he"),
    ("THAI", "th"),
    ("DEVANAGARI", "hi"),
)

# Which letters commonly follow a letter in at least one of the larger European languages, accents
# off. These pairs make up nearly all of running text, and less than half of random letters.
_FOLLOWERS: Mapping[str, frozenset[str]] = {
    letter: frozenset(followers)
    for letter, followers in {
        "a": "abcdfgijklmnprstuvyz",
        "b": "aeilorstu",
        "c": "aehiklorstuz",
        "d": "aeiorstuyz",
        "e": "abcdefghiklmnoprstuvwxyz",
        "f": "aefilorstu",
        "g": "adehilnorstu",
        "h": "aeilmnortu",
        "i": "abcdefgjlmnoprstvz",
        "j": "aenu",
        "k": "einost",
        "l": "abdefgiklnostuy",
        "m": "abeimnopstuy",
        "n": "acdefghiklmnorstuyz",
        "o": "abdefgijklmnoprstuvwz",
        "p": "aehiloprstu",
        "q": "u",
        "r": "abcdefghiklmnorstuwyz",
        "s": "acehiklmnopstuwyz",
        "t": "aehiorstuwyz",
        "u": "abcdegilmnprstu",
        "v": "aeior",
        "w": "aehiorsy",
        "y": "aeio",
        "z": "aeiouy",
    }.items()
}

#: What may stand around a word.
_MARKS = ".,;:!?()[]«»“”\"'\u2019-"


def language_of(words: Iterable[str]) -> str | None:
    """Guess the language (BCP-47) of a page's words; None where they don't tell.

    Latin script is told by its commonest words: three of them, two of these different.
    """
    seen = Counter(word.strip(_MARKS).lower() for word in words)
    scripts = Counter[str]()
    letters = 0
    for word, times in seen.items():
        for letter in word:
            if letter.isalpha():
                letters += times
                if letter > "\u036f":
                    scripts[_script(letter)] += times
    if scripts["ja"] > letters / 20:
        return "ja"
    if (top := scripts.most_common(1)) and top[0][0] and top[0][1] > letters / 2:
        return top[0][0]
    hits = {
        language: [seen[word] for word in common if word in seen]
        for language, common in _STOP_WORDS.items()
    }
    best = max(hits, key=lambda language: sum(hits[language]))
    return best if sum(hits[best]) >= 3 and len(hits[best]) >= 2 else None


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "")
    return next((code for prefix, code in _SCRIPTS if name.startswith(prefix)), "")


def latin_words(words: Iterable[str]) -> list[str]:
    """Return the words, without what is around them, that are three Latin letters or more."""
    kept = []
    for word in words:
        plain = unicodedata.normalize("NFD", word.strip(_MARKS))
        letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
        if len(letters) >= 3 and letters.isascii() and letters.isalpha():
            kept.append(letters)
    return kept


def plausibility(words: Sequence[str]) -> float:
    """Return which share of the neighbouring letters is one that European languages use.

    `words` as `latin_words` gives them. Running text of any of these languages has over 0.85,
    a text layer whose font lies about its letters has under 0.6.
    """
    good = total = 0
    for word in words:
        folded = word.lower()
        total += len(folded) - 1
        good += sum(after in _FOLLOWERS.get(before, "") for before, after in pairwise(folded))
    return good / total if total else 1.0
