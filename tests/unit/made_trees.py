"""Documents of made sentences, cut into passages as a tree finds them, and rows in lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from common.stage_rows import (
    DIMENSIONS,
    Embedding,
    PageText,
    Passage,
    Sentence,
    TreeNode,
)
from common.stages import Cursor, OutlineEntry, StageInputs, StageLimits, Step
from functions.pipeline.stages.tree import tree


class Heading(NamedTuple):
    """A paragraph that is a title."""

    title: str
    level: int = 1


#: How many sentences a paragraph has, or what it is called.
Paragraph = int | Heading
Pages = list[list[Paragraph]]


@dataclass
class Made:
    """A document: pages of paragraphs, and what the stages before the tree make of it."""

    pages: Pages
    #: The number that the first page has.
    first_page: int = 1
    sentences_each: int = 5
    overlap: int = 1
    all_sentences: list[Sentence] = field(default_factory=list)
    all_passages: list[Passage] = field(default_factory=list)
    #: Which passages have no embedding.
    without: frozenset[int] = frozenset()
    #: How often rows were read from the beginning.
    readings: int = 0

    def __post_init__(self) -> None:
        paragraph = 0
        for number, page in enumerate(self.pages, self.first_page):
            offset = 0
            for part in page:
                texts = (
                    [part.title]
                    if isinstance(part, Heading)
                    else [sentence_text(len(self.all_sentences) + n) for n in range(part)]
                )
                level = part.level if isinstance(part, Heading) else 0
                for text in texts:
                    top = offset / 5000
                    end = offset + len(text)
                    self.all_sentences.append(
                        Sentence(
                            len(self.all_sentences),
                            *(text, "en", number, offset, number, end, paragraph),
                            [(number, 0.1, top, 0.9, top + 0.01)],
                            level=level,
                        )
                    )
                    offset = end + 1
                paragraph += 1
        self._cut()

    def _cut(self) -> None:
        first = 0
        while first < len(self.all_sentences):
            some = self.all_sentences[first : first + self.sentences_each]
            last = some[-1].position
            text = " ".join(sentence.text for sentence in some)
            pages = some[0].page_start, some[-1].page_end
            self.all_passages.append(
                Passage(len(self.all_passages), text, "en", 99, *pages, first, last, [])
            )
            if last + 1 == len(self.all_sentences):
                return
            first = last + 1 - min(self.overlap, len(some) - 1)

    # What StageRows asks for.

    def page_texts(self, *, after: int = 0) -> Iterator[PageText]:
        raise AssertionError("a tree needs no pages")

    def sentences(self, *, start: int = 0) -> Iterator[Sentence]:
        self.readings += 1
        return iter(self.all_sentences[start:])

    def passages(self, *, start: int = 0) -> Iterator[Passage]:
        return iter(self.all_passages[start:])

    def embeddings(self, *, start: int = 0) -> Iterator[Embedding]:
        for passage in self.all_passages[start:]:
            if passage.position not in self.without:
                yield Embedding(passage.position, direction(passage.position))

    def last_sentence(self) -> int | None:
        return len(self.all_sentences) - 1 if self.all_sentences else None

    def last_passage(self) -> int | None:
        return len(self.all_passages) - 1 if self.all_passages else None


@cache
def sentence_text(number: int) -> str:
    """Return a sentence of some length that no other number has."""
    words = Random(number).choices(["river", "dam", "valley", "stone", "gate", "water"], k=9)
    return f"Sentence {number} is about {' '.join(words)}."


@cache
def direction(number: int) -> list[float]:
    """Return a vector of length 1."""
    vector = [0.0] * DIMENSIONS
    vector[number % 7] = 0.8
    vector[7 + number % 3] = 0.6
    return vector


def inputs_of(
    made: Made,
    outline: Sequence[OutlineEntry] = (),
    *,
    filename: str = "scan.pdf",
    pages: int | None = None,
    at_once: int = 100,
) -> StageInputs:
    nothing = cast(Any, None)
    count = len(made.pages) if pages is None else pages
    return StageInputs(
        work=cast(Any, SimpleNamespace(filename=filename, pages=count)),
        rows=made,
        result_pages=nothing,
        segmenter=nothing,
        entities=nothing,
        embedder=nothing,
        normalizer=None,
        outline=lambda: outline,
        limits=StageLimits(passages_at_once=at_once),
    )


def steps_of(inputs: StageInputs, cursor: Cursor = None) -> list[Step]:
    return list(tree(inputs, cursor))


def nodes_of(steps: Sequence[Step]) -> list[TreeNode]:
    """Return the nodes in reading order."""
    rows = [row for step in steps for row in step.rows]
    assert all(isinstance(row, TreeNode) for row in rows)
    return sorted(cast(list[TreeNode], rows), key=lambda node: node.position)


def drawn(nodes: Sequence[TreeNode]) -> list[str]:
    """Return the tree as lines: title, pages and passages, indented."""
    return [
        f"{'  ' * node.depth}{node.title} [{node.page_start}-{node.page_end}] "
        f"{node.first_passage}-{node.last_passage}"
        for node in nodes
    ]


def tree_of(made: Made, outline: Sequence[OutlineEntry] = (), **named: Any) -> list[TreeNode]:
    return nodes_of(steps_of(inputs_of(made, outline, **named)))


def titles_of(made: Made, outline: Sequence[OutlineEntry] = (), **named: Any) -> list[str]:
    return [f"{'  ' * node.depth}{node.title}" for node in tree_of(made, outline, **named)]
