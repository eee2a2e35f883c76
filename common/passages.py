"""Passages: consecutive sentences up to a number of tokens, the last of one first in the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from common.stage_rows import LineBox, Passage, Sentence
from common.tokens import count

#: Boxes are on one line where they share so much of the lower one's height, and stand no further
#: apart than so much of the page's width.
_SHARED_HEIGHT: Final = 0.5
_GAP: Final = 0.1


class Counted(NamedTuple):
    """A sentence and its tokens."""

    sentence: Sentence
    tokens: int


class Cut(NamedTuple):
    """A passage, and the sentences of it with which the next one begins."""

    passage: list[Counted]
    carried: list[Counted]


def counted(sentences: Iterable[Sentence]) -> Iterator[Counted]:
    """Yield each sentence with its tokens."""
    return (Counted(sentence, count(sentence.text)) for sentence in sentences)


def cut(
    sentences: Iterable[Counted], carried: Iterable[Counted], *, limit: int, overlap: int
) -> Iterator[Cut]:
    """Yield passages of at most `limit` tokens, which share at most `overlap` with the one before.

    No sentence is split: one that is longer than the limit is a passage of its own. A heading
    begins another passage where this one is a third full, and shares nothing with it. Broken off
    behind any passage, it goes on alike from what that one has carried over.
    """
    current = list(carried)
    size = sum(each.tokens for each in current)
    # What was carried over alone is no passage.
    is_new = False
    for each in sentences:
        is_heading = each.sentence.level > 0
        if is_new and (size + each.tokens > limit or (is_heading and size * 3 >= limit)):
            shared = [] if is_heading else _shared(current, min(overlap, limit - each.tokens))
            yield Cut(current, shared)
            current = list(shared)
            size = sum(some.tokens for some in current)
        current.append(each)
        size += each.tokens
        is_new = True
    if is_new:
        yield Cut(current, [])


def _shared(passage: Sequence[Counted], room: int) -> list[Counted]:
    """Return as many of the last sentences as there is room for.

    Never all of them: the next sentence would have fit.
    """
    first = len(passage)
    while passage[first - 1].tokens <= room:
        first -= 1
        room -= passage[first].tokens
    return list(passage[first:])


def made(position: int, some: Sequence[Counted]) -> Passage:
    """Return the passage of these sentences. A line break stands between two paragraphs."""
    first, last = some[0].sentence, some[-1].sentence
    text = [first.text]
    languages = Counter({first.language: some[0].tokens})
    for before, each in pairwise(some):
        same = before.sentence.paragraph == each.sentence.paragraph
        text += (" " if same else "\n", each.sentence.text)
        languages[each.sentence.language] += each.tokens
    return Passage(
        position=position,
        text="".join(text),
        # The most of its tokens; of two with as many, the one that comes first.
        language=languages.most_common(1)[0][0],
        tokens=sum(each.tokens for each in some),
        page_start=first.page_start,
        page_end=last.page_end,
        first_sentence=first.position,
        last_sentence=last.position,
        boxes=merged(box for each in some for box in each.sentence.boxes),
    )


def merged(boxes: Iterable[LineBox]) -> list[LineBox]:
    """Return one box for each line: what follows on the same line belongs to the box before."""
    lines: list[LineBox] = []
    page, x0, y0, x1, y1 = 0, 0.0, 0.0, 0.0, 0.0
    for box in boxes:
        other, left, top, right, bottom = box
        if (
            top < y1
            and bottom > y0
            and other == page
            and x0 <= left <= x1 + _GAP
            and min(y1, bottom) - max(y0, top) > _SHARED_HEIGHT * min(y1 - y0, bottom - top)
        ):
            y0, x1, y1 = min(y0, top), max(x1, right), max(y1, bottom)
            lines[-1] = (page, x0, y0, x1, y1)
        else:
            lines.append(box)
            page, x0, y0, x1, y1 = box
    return lines
