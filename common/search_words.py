"""The words of a query, and where they stand in what was found."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from common.folding import fold
from common.stage_rows import LaidWord, LineBox

#: More of a query is not looked at: a pasted page must not cost as many index scans.
MAX_PIECES: Final = 32
SNIPPET_LENGTH: Final = 240

#: A phrase in quotation marks or a word, perhaps not to be there.
_PIECE: Final = re.compile(r'(?<!\S)(-?)"([^"]*)"?|(\S+)')
_WORD: Final = re.compile(r"[^\W_]+")
_SPACES: Final = re.compile(r"\s+")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class QueryPieces:
    """A query, taken apart: words, and phrases in quotation marks."""

    wanted: tuple[str, ...]
    #: Behind a minus: passages with these are left out.
    unwanted: tuple[str, ...]


def pieces_of(query: str) -> QueryPieces:
    """Take a query apart as search engines do: `"a phrase"`, `-without`, words.

    A query that only says what is not wanted is taken by its words.
    """
    wanted: dict[str, None] = {}
    unwanted: dict[str, None] = {}
    for match in _PIECE.finditer(query):
        minus, phrase, word = match.groups()
        piece = word if phrase is None else phrase
        side = unwanted if bool(minus) or (phrase is None and word[0] == "-") else wanted
        side.update(dict.fromkeys(_terms(piece, is_phrase=phrase is not None)))
    if not wanted:
        wanted, unwanted = unwanted, {}
    return QueryPieces(tuple(wanted)[:MAX_PIECES], tuple(unwanted)[:MAX_PIECES])


def _terms(piece: str, *, is_phrase: bool) -> list[str]:
    """Return what is looked up: words, and as a whole what only a mark divides (`built-in`).

    The database takes an address or a file's name for one word.
    """
    words = _WORD.findall(piece)
    if not words:
        return []
    if is_phrase:
        return [f'"{" ".join(words)}"' if len(words) > 1 else words[0]]
    first, last = piece.index(words[0]), piece.rindex(words[-1]) + len(words[-1])
    whole = piece[first:last].replace('"', " ")
    return [whole, *words] if len(words) > 1 else words


def folded_words(text: str) -> set[str]:
    """Return the text's words as they are compared: without case and accents."""
    return {fold(match[0]) for match in _WORD.finditer(text)}


def places(text: str, words: Collection[str], start: int = 0, end: int | None = None) -> list[Span]:
    """Return where these folded words stand in the text, between `start` and `end`."""
    if not words:
        return []
    limit = len(text) if end is None else end
    return [match.span() for match in _WORD.finditer(text, start, limit) if fold(match[0]) in words]


def snippet(
    text: str, marks: list[Span], *, length: int = SNIPPET_LENGTH
) -> tuple[str, list[Span]]:
    """Return the piece of the text with the most different marked words, and the marks in it.

    It begins and ends with whole words and has about `length` code points.
    """
    first = _densest(text, marks, length)
    last = min(len(text), first + length)
    if last < len(text) and not text[last].isspace():
        cut = text.rfind(" ", first + length // 2, last)
        last = cut if cut > 0 else last
    head, tail = ("… " if first else ""), (" …" if last < len(text) else "")
    piece = text[first:last].rstrip()
    moved = len(head) - first
    within = [(a + moved, b + moved) for a, b in marks if first <= a and b <= first + len(piece)]
    # One for one, so that offsets stay.
    return head + re.sub(r"\s", " ", piece) + tail, within


def _densest(text: str, marks: list[Span], length: int) -> int:
    """Return where the piece begins: at a word's or a sentence's beginning."""
    if not marks or len(text) <= length:
        return 0
    # Some of what stands before the first word explains it.
    before = length // 5
    best, most = 0, (-1, -1)
    for place, (begin, _) in enumerate(marks):
        seen = [text[a:b].lower() for a, b in marks[place:] if b <= begin + length - before]
        many = (len(set(seen)), len(seen))
        if many > most:
            best, most = begin, many
    first = max(0, min(best - before, len(text) - length))
    if first == 0:
        return 0
    sentence = max(text.rfind(mark, first, best) for mark in (". ", "! ", "? ", "\n"))
    if sentence >= 0:
        return sentence + (1 if text[sentence] == "\n" else 2)
    space = text.find(" ", first, best)
    return space + 1 if space >= 0 else best


def word_boxes(page: int, words: Iterable[LaidWord], spans: list[Span]) -> Iterator[LineBox]:
    """Yield the boxes of the words that the spans touch; neighbours on a line are one box."""
    awaited = iter(sorted(spans))
    span = next(awaited, None)
    box: LineBox | None = None
    line = -1
    neighbour = False
    for word in words:
        while span is not None and span[1] <= word.start:
            span = next(awaited, None)
        touched = span is not None and word.start < span[1] and word.end > span[0]
        if touched and box is not None and neighbour and word.line == line:
            box = (
                page,
                min(box[1], word.x0),
                min(box[2], word.y0),
                max(box[3], word.x1),
                max(box[4], word.y1),
            )
        elif touched:
            if box is not None:
                yield box
            box, line = (page, word.x0, word.y0, word.x1, word.y1), word.line
        neighbour = touched
    if box is not None:
        yield box
