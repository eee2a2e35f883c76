"""A document's sections, one within the other, and which passages each of them has.

Every passage belongs to one section without parts, and those follow each other without a gap. Of
a passage 16 bytes are kept while this is worked out.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePath
from typing import Final

from common.stage_rows import Passage
from common.tree_headings import rank_of
from common.tree_starts import Beginnings, Start

#: A longer section that has no headings is divided, and again if that makes more parts.
PART_PASSAGES: Final = 20
#: What stands before the first heading.
BEGINNING: Final = "Beginning"


@dataclass(slots=True)
class Section:
    """A node to be. Positions, pages and sentences are inclusive; nothing in it: last < first."""

    #: Empty where it has none but its first words.
    title: str
    page_start: int
    page_end: int
    first_sentence: int
    last_sentence: int
    first_passage: int
    last_passage: int
    parts: list[Section] = field(default_factory=list)
    #: In the order of reading, 0 the document.
    position: int = 0
    parent: int | None = None
    depth: int = 0

    def holds(self, part: Section) -> None:
        """Take in the end of a part."""
        self.page_end = max(self.page_end, part.page_end)
        self.last_sentence = max(self.last_sentence, part.last_sentence)
        self.last_passage = max(self.last_passage, part.last_passage)


@dataclass(slots=True)
class Spans:
    """Where passages are."""

    #: The first sentence that the passage before does not have.
    own: array[int] = field(default_factory=lambda: array("i"))
    #: The sentence in the middle of what the passage before does not have.
    middle: array[int] = field(default_factory=lambda: array("i"))
    page_start: array[int] = field(default_factory=lambda: array("i"))
    page_end: array[int] = field(default_factory=lambda: array("i"))

    @classmethod
    def of(cls, passages: Iterable[Passage], lengths: Sequence[int]) -> Spans:
        """Return those of a document's passages, all of them in order.

        `lengths` are its sentences' in code points.
        """
        spans = cls()
        before = -1
        for passage in passages:
            own = min(max(passage.first_sentence, before + 1), passage.last_sentence)
            before = passage.last_sentence
            spans.own.append(own)
            spans.middle.append(_middle(own, lengths[own : before + 1]))
            spans.page_start.append(passage.page_start)
            spans.page_end.append(passage.page_end)
        return spans

    def first_in(self, sentence: int) -> int:
        """Return the first passage whose middle is not before this sentence."""
        return bisect_left(self.middle, sentence)


def _middle(first: int, lengths: Sequence[int]) -> int:
    left = sum(lengths) / 2
    for number, length in enumerate(lengths):
        left -= length
        if left <= 0:
            return first + number
    return first


def plan_sections(found: Beginnings, spans: Spans, filename: str, pages: int) -> list[Section]:
    """Return the document's sections in the order of reading, the document itself first.

    `pages` is how many were read.
    """
    whole = pages >= found.last_page
    first_page, last_page = (
        (1, max(1, pages)) if whole else (max(1, found.first_page), found.last_page)
    )
    sentences = len(found.lengths)
    starts = _relevant(found.starts, first_page, sentences)
    title, starts = _title(starts, found.title or PurePath(filename).stem or filename)
    root = Section(title, first_page, last_page, 0, sentences - 1, 0, len(spans.own) - 1)
    _divide_by_starts(root, starts, spans)
    _divide_long(root, spans)
    return _numbered(root)


def _relevant(starts: Sequence[Start], first_page: int, sentences: int) -> list[Start]:
    """Return the starts without those of sections that end before the first page that was read."""
    kept: list[Start] = []
    for start in reversed(starts):
        is_empty = start.sentence == (kept[-1].sentence if kept else sentences)
        holds_next = bool(kept) and kept[-1].rank > start.rank
        if start.page >= first_page or not is_empty or holds_next:
            kept.append(start._replace(page=max(first_page, start.page)))
    return kept[::-1]


def _title(starts: list[Start], name: str) -> tuple[str, list[Start]]:
    """Return the document's title and its sections: the title itself is none that holds all."""
    if not starts:
        return name, starts
    first, others = starts[0], starts[1:]
    if first.sentence > 0 or rank_of(first.title) is not None:
        return name, starts
    if all(start.rank > first.rank for start in others):
        return first.title, others
    return name, starts


def _divide_by_starts(root: Section, starts: Sequence[Start], spans: Spans) -> None:
    if not starts:
        return
    ends = [*(start.sentence for start in starts[1:]), root.last_sentence + 1]
    pages = [*(start.page_before for start in starts[1:]), root.page_end]
    # Of a section with parts, what is before the first of them; itself where it has none.
    own = Section(
        BEGINNING, root.page_start, starts[0].page_before, 0, starts[0].sentence - 1, 0, -1
    )
    own.last_passage = spans.first_in(starts[0].sentence) - 1
    _add_own(root, own)
    path: list[tuple[float, Section]] = [(float("-inf"), root)]
    for number, (start, end, page) in enumerate(zip(starts, ends, pages, strict=True)):
        while path[-1][0] >= start.rank:
            _close(path)
        section = Section(
            start.title,
            start.page,
            max(start.page, page),
            start.sentence,
            end - 1,
            spans.first_in(start.sentence),
            (spans.first_in(end) if end <= root.last_sentence else len(spans.own)) - 1,
        )
        path[-1][1].parts.append(section)
        path.append((start.rank, section))
        following = starts[number + 1] if number + 1 < len(starts) else None
        if following is not None and following.rank > start.rank:
            _add_own(section, section)
    while len(path) > 1:
        _close(path)


def _add_own(section: Section, own: Section) -> None:
    """Give a section with parts one more for what stands before them, if it has passages."""
    if own.last_passage >= own.first_passage:
        section.parts.append(
            Section(
                own.title if own is not section else "",
                own.page_start,
                own.page_end,
                own.first_sentence,
                own.last_sentence,
                own.first_passage,
                own.last_passage,
            )
        )


def _close(path: list[tuple[float, Section]]) -> None:
    _, section = path.pop()
    path[-1][1].holds(section)


def _divide_long(section: Section, spans: Spans) -> None:
    """Divide what is long and has no headings, as evenly as may be."""
    waiting = [section]
    while waiting:
        section = waiting.pop()
        count = section.last_passage - section.first_passage + 1
        if not section.parts and count > PART_PASSAGES:
            parts = min(PART_PASSAGES, -(-count // PART_PASSAGES))
            edges = [section.first_passage + count * part // parts for part in range(parts + 1)]
            section.parts = [_part(section, spans, *edge) for edge in pairwise(edges)]
        waiting.extend(section.parts)


def _part(section: Section, spans: Spans, first: int, end: int) -> Section:
    is_first, is_last = first == section.first_passage, end > section.last_passage
    sentence = section.first_sentence if is_first else spans.own[first]
    return Section(
        "",
        section.page_start if is_first else max(section.page_start, spans.page_start[first]),
        section.page_end if is_last else min(section.page_end, spans.page_end[end - 1]),
        sentence,
        section.last_sentence if is_last else max(sentence, spans.own[end] - 1),
        first,
        end - 1,
    )


def _numbered(root: Section) -> list[Section]:
    sections: list[Section] = []
    waiting = [root]
    while waiting:
        section = waiting.pop()
        section.position = len(sections)
        sections.append(section)
        for part in reversed(section.parts):
            part.parent, part.depth = section.position, section.depth + 1
            waiting.append(part)
    return sections
