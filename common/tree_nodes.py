"""Fills planned sections with what their passages say: centroids, summaries, missing titles.

Passages come in once, in order. A section is finished when its last one has come, its parts
before itself; in memory are the passages of one section without parts, and of each section that
is still open the numbers of its finished parts.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import Final, TypeAlias

from common.stage_rows import DIMENSIONS, Embedding, Passage, TreeNode
from common.tree_plan import Section
from common.tree_starts import Beginnings
from common.tree_summary import best_sentences, first_words, joined

#: Parts that an inner section's summary speaks of.
_SPEAKERS: Final = 3

Numbers: TypeAlias = "array[float]"


@dataclass(slots=True)
class _Said:
    """What a finished section hands to the one that it is part of."""

    #: Of embeddings, and how many; None without any.
    total: Numbers | None
    count: int
    #: The embedding nearest to the centroid.
    nearest: Numbers | None
    #: Its sentence that says the most.
    best: str


@dataclass(slots=True)
class _Open:
    section: Section
    parts: list[_Said] = field(default_factory=list)
    title: str = ""


class _Reading:
    """The passages with their embeddings, and the sentences that they are made of."""

    def __init__(
        self, passages: Iterable[Passage], embeddings: Iterable[Embedding], found: Beginnings
    ) -> None:
        self._passages = iter(passages)
        self._embeddings = iter(embeddings)
        self._next_embedding = next(self._embeddings, None)
        self._found = found
        #: The passage that comes next, and the one that came last.
        self.following = next(self._passages, None)
        self.last: Passage | None = None

    def take(self) -> tuple[Passage, Numbers | None]:
        """Return the next passage with its embedding."""
        assert self.following is not None, "there are as many as when they were counted"
        passage = self.last = self.following
        self.following = next(self._passages, None)
        while self._next_embedding and self._next_embedding.position < passage.position:
            self._next_embedding = next(self._embeddings, None)
        embedding = self._next_embedding
        if embedding is None or embedding.position != passage.position:
            return passage, None
        return passage, array("d", embedding.embedding)

    def sentences(self, passage: Passage, first: int, last: int) -> Iterator[tuple[int, str]]:
        """Yield the passage's sentences from `first` to `last`, those of headings not.

        Their lengths say where each ends; a passage that is not made of whole sentences has none.
        """
        text, at = passage.text, 0
        lengths = self._found.lengths
        for position in range(passage.first_sentence, passage.last_sentence + 1):
            while at < len(text) and text[at].isspace():
                at += 1
            end = at + lengths[position]
            if end > len(text):
                return
            if first <= position <= last and not self._found.headings[position]:
                yield position, text[at:end]
            at = end


def fill(
    sections: Sequence[Section],
    found: Beginnings,
    passages: Iterable[Passage],
    embeddings: Iterable[Embedding],
) -> Iterator[tuple[int, TreeNode]]:
    """Yield the sections as they are finished, each with how many passages are behind it then.

    `sections` are those of plan_sections, and `found` what they were made of.
    """
    reading = _Reading(passages, embeddings, found)
    path: list[_Open] = []
    done = 0
    for section in sections:
        while path and path[-1].section.position != section.parent:
            yield done, _close(path)
        path.append(_Open(section))
        if not section.parts:
            path.pop()
            above = next((each.section.title for each in path[::-1] if each.section.title), "")
            node, said = _leaf(section, above, reading)
            _name(path, node.title)
            if path:
                path[-1].parts.append(said)
            done = max(done, section.last_passage + 1)
            yield done, node
    while path:
        yield done, _close(path)


def _name(path: Sequence[_Open], title: str) -> None:
    """Give untitled sections the title of their first part."""
    for each in path:
        each.title = each.title or title


def _close(path: list[_Open]) -> TreeNode:
    closed = path.pop()
    section, parts = closed.section, closed.parts
    totals = [part.total for part in parts if part.total is not None]
    count = sum(part.count for part in parts)
    total = _sum(totals) if totals else None
    # The nearest to the centroid first; those without embeddings are as near as their order says.
    order = sorted(range(len(parts)), key=lambda at: -_product(parts[at].nearest, total))
    speakers = [at for at in order if parts[at].best][:_SPEAKERS]
    if path:
        nearest = parts[order[0]].nearest
        best = parts[speakers[0]].best if speakers else ""
        path[-1].parts.append(_Said(total, count, nearest, best))
    summary = joined([parts[at].best for at in sorted(speakers)])
    return _node(section, section.title or closed.title, summary, total, count)


def _leaf(section: Section, above: str, reading: _Reading) -> tuple[TreeNode, _Said]:
    sentences: dict[int, str] = {}
    span = section.first_sentence, section.last_sentence
    passages: list[tuple[Passage, Numbers | None]] = []
    title = section.title
    if section.last_passage < section.first_passage:
        # It is so short that the passage that holds it is mostly of another section.
        for passage in (reading.last, reading.following):
            if passage is not None:
                sentences.update(reading.sentences(passage, *span))
    for _ in range(section.first_passage, section.last_passage + 1):
        passage, vector = reading.take()
        sentences.update(reading.sentences(passage, *span))
        title = title or first_words(next(iter(sentences.values()), ""))
        passages.append((passage, vector))
    vectors = [vector for _, vector in passages if vector is not None]
    total = _sum(vectors) if vectors else None
    nearest, preferred = None, range(0)
    if total is not None:
        middle, nearest = max(
            ((passage, vector) for passage, vector in passages if vector is not None),
            key=lambda each: _product(each[1], total),
        )
        preferred = range(middle.first_sentence, middle.last_sentence + 1)
    best = best_sentences(sentences, preferred)
    texts = [sentences[at] for at in sorted(best)]
    node = _node(section, title or above, joined(texts), total, len(vectors))
    return node, _Said(total, len(vectors), nearest, sentences[best[0]] if best else "")


def _node(
    section: Section, title: str, summary: str, total: Numbers | None, count: int
) -> TreeNode:
    return TreeNode(
        section.position,
        section.parent,
        section.depth,
        title,
        section.page_start,
        section.page_end,
        section.first_passage,
        section.last_passage,
        summary,
        None if total is None else [number / count for number in total],
    )


def _sum(vectors: Sequence[Numbers]) -> Numbers:
    if len(vectors) == 1:
        return vectors[0]
    assert all(len(vector) == DIMENSIONS for vector in vectors)
    return array("d", map(sum, zip(*vectors, strict=True)))


def _product(one: Numbers | None, other: Numbers | None) -> float:
    return float(sum(map(mul, one or (), other or ())))
