"""Where sentences end: what a general segmenter says, put right by rules for what it can't see.

A segmenter goes by a language's full stops and abbreviations. Within quotations and brackets it
does not cut, and it cuts behind whatever it has no entry for. So each full stop is looked at once
more together with the word before and the word behind it; the segmenter decides what is left.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from common.abbreviations import ABBREVIATIONS, NONE, Abbreviations

Span = tuple[int, int]

#: No sentence is longer, in characters: what has no full stop is cut at a pause or a space.
LONGEST: Final = 3000

_OPENERS: Final = "«»“”„‟\"'‘’([{¿¡—–-•*§ \u00a0\u202f"
_CLOSERS: Final = frozenset('»”“"’)]}')
#: What no sentence begins with; "" is the end of the text.
_GOES_ON: Final = frozenset(",;:.!?…") | {""}
#: A full stop (or several), what closes with it, and the white space behind.
_CANDIDATE: Final = re.compile(
    r"""(?<! [.!?…] ) (?P<stop> [.!?…]++ )
        (?P<closers> (?:
            [\s]? »                             # French ones stand off
          | [”’“‘«"')\]}]                       # “ and « close in German
          | [ ]"(?=\s)
          | \[\d{1,3}\]                         # a note's number
          | [⁰¹²³⁴-⁹]+
          | (?<=[^\W\d_]{3}\.) \d{1,2}
        )* )
        (?P<space> \s+ ) (?=\S)""",
    re.VERBOSE,
)
#: Of writing without small letters; ";" is Greek for a question mark.
_OTHER_STOPS: Final = frozenset(
    "\u3002\uff01\uff1f\uff61\u0964\u0965\u061f\u06d4\u1362\u055e\u0589\u17d6\u17d4\u0f0e\u104a\u104b;"
)
_INITIALS: Final = re.compile(r"[^\W\d_](?:\.[- ]?[^\W\d_])*")
_ROMAN: Final = re.compile(r"[IVXLC]{2,}")
_ITEM: Final = re.compile(r"(?:\d{1,3}(?:\.\d{1,3})*|[^\W\d_]|[ivxlc]{1,5}|[IVXLC]{1,5})")
_LABEL: Final = re.compile(r"(?:art|article|chap|chapter|chapitre|section|sec|§|fig|table)\.?\s\S+")
#: "Chapter XVIII": no sentence ends behind what only counts.
_LONGEST_LABEL: Final = 20
_NUMBER: Final = re.compile(r"\d|[IVXLC]+\b(?!['’])|[^\W\d_]\d*(?![\w'’])|n°|§|[A-Z]\.|[A-Z]\d*-\d")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’]hui)?")
_ELISION: Final = re.compile(r"(?:[cdjlmnst]|qu)['’](?=\w)", re.IGNORECASE)
#: What looks like initials and is none.
_ENDING: Final = frozenset({"a.m", "p.m", "j.-c", "ph.d"})
_SAID: Final = re.compile(
    r"(?P<name>I|(?:(?:Mr|Mrs|Ms|Miss|Dr|Sir|Lady)\.?\s)?[A-Z]\w+(?:\s[A-Z]\w+)?)\s"
    r"(?:said|asked|cried|shouted|called|replied|answered|exclaimed|whispered|muttered|murmured"
    r"|added|insisted|demanded|yelled|screamed|sighed|laughed|began|continued|repeated|thought)\b"
)
_PAUSES: Final = ("; ", ": ", ", ", " ")


def cut(text: str, language: str, ends: Collection[int]) -> list[Span]:
    """Return where each sentence begins and ends, without white space around it.

    `ends` is where a segmenter has found the ends: offsets behind the last character.
    """
    known = ABBREVIATIONS.get(language.partition("-")[0].lower(), NONE)
    begin = _behind_space(text, 0)
    found: list[Span] = []
    for end, following in _ends(text, known, ends, begin):
        found.append((begin, end))
        begin = following
    last = len(text.rstrip())
    if begin < last:
        found.append((begin, last))
    if last > LONGEST:
        return [piece for span in found for piece in _bounded(text, span)]
    return found


def whole(text: str) -> list[Span]:
    """Return a text as one sentence, or as few as may be where it is too long for one."""
    begin, end = _behind_space(text, 0), len(text.rstrip())
    return list(_bounded(text, (begin, end))) if begin < end else []


def _ends(
    text: str, known: Abbreviations, ends: Collection[int], begin: int
) -> Iterator[tuple[int, int]]:
    """Yield where each sentence but the last ends, and where the next begins."""
    others = sorted(
        end for end in ends if text[end - 1 : end] in _OTHER_STOPS and text[end:].strip()
    )
    for match in _CANDIDATE.finditer(text):
        while others and others[0] < match.start():
            end = others.pop(0)
            begin = _behind_space(text, end)
            yield end, begin
        verdict = _verdict(text, match, known, begin)
        if verdict is None:
            verdict = match.end("stop") in ends or match.end("closers") in ends
        if verdict:
            yield match.end("closers"), match.end()
            begin = match.end()
    for end in others:
        yield end, _behind_space(text, end)


def _verdict(text: str, match: re.Match[str], known: Abbreviations, begin: int) -> bool | None:
    """Return whether a sentence ends here; None where that is for the segmenter to say."""
    follows = match.end()
    while follows < len(text) and text[follows] in _OPENERS:
        follows += 1
    following = text[follows : follows + 1]
    if following.islower() or following in _GOES_ON:
        return False
    if match["stop"] != ".":
        return not (match["closers"] and _is_said(text, follows, known))
    if text[match.start() - 1 : match.start()] in _CLOSERS:
        return True
    token = _token(text, begin, match.start())
    if not token:
        return False
    is_word = known is not NONE and len(token) > 4 and token.isalpha() and token.islower()
    if match.start() - begin < _LONGEST_LABEL:
        before = text[begin : match.start()].lstrip(_OPENERS)
        if _ITEM.fullmatch(before) or _LABEL.fullmatch(before.lower()):
            return False
    if is_word and not any(token in some for some in known[:4]):
        return True
    word = _WORD.match(text, follows)
    starts = (
        word is not None
        and word[0].lower() in known.starters
        and not (len(word[0]) == 1 and text[word.end() : word.end() + 1] == ".")
    )
    if (len(token) == 1 and token.isupper()) or ("." in token and _INITIALS.fullmatch(token)):
        return _after_initials(text, match, known, token, starts=starts)
    if token in known.leading:
        return False
    listed = _listed(text, known, token.lower(), follows, starts=starts)
    if listed is not None:
        return listed
    return True if is_word or starts or _ROMAN.fullmatch(token) else None


def _listed(
    text: str, known: Abbreviations, small: str, follows: int, *, starts: bool
) -> bool | None:
    """Return whether a sentence ends behind this abbreviation; None where it is none."""
    if small in known.numbered and _NUMBER.match(text, follows):
        return small == "no" and text.startswith("I ", follows)
    if small in known.measured:
        return starts or not text[follows].isdigit()
    if small in known.leading:
        return False
    if small in known.trailing:
        word = _WORD.match(text, follows)
        return starts or word is None or word[0].lower() not in known.trailing
    return True if small == "etc" else None


def _after_initials(
    text: str, match: re.Match[str], known: Abbreviations, token: str, *, starts: bool
) -> bool:
    """Return whether "A." or "U.S." ends a sentence: a name goes on, unless it can't."""
    if token.lower() in _ENDING:
        return True
    behind = match.start() - len(token)
    previous = text[text.rfind(" ", 0, max(0, behind - 1)) + 1 : behind].strip().lstrip(_OPENERS)
    if previous.endswith("."):
        previous = previous[:-1]
        if _INITIALS.fullmatch(previous) or previous in known.leading:
            return False
    return starts


def _is_said(text: str, at: int, known: Abbreviations) -> bool:
    """Return whether it goes on with who has said what was quoted: "Stop!" Tom shouted."""
    said = _SAID.match(text, at)
    return said is not None and (said["name"] == "I" or said["name"].lower() not in known.starters)


def _token(text: str, begin: int, end: int) -> str:
    """Return the word that ends at `end`, without what is written together with it before."""
    token = text[max(begin, text.rfind(" ", begin, end) + 1) : end].lstrip(_OPENERS)
    if "'" in token or "\u2019" in token:
        token = _ELISION.sub("", token)
    return token.rpartition("/")[2]


def _bounded(text: str, span: Span) -> Iterator[Span]:
    begin, end = span
    while end - begin > LONGEST:
        limit = begin + LONGEST
        at = max(text.rfind(pause, begin + LONGEST * 2 // 3, limit) for pause in _PAUSES[:3])
        if at >= 0:
            at += 1
        else:
            at = text.rfind(" ", begin + 1, limit)
            at = limit if at < 0 else at
        yield begin, len(text[:at].rstrip()) if text[at - 1].isspace() else at
        begin = _behind_space(text, at)
    if begin < end:
        yield begin, end


def _behind_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
