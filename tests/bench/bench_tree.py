"""How much of a real document's table of contents headings alone find, and what the tree costs.

`python -m tests.bench.bench_tree`. Two manuals go through the stages before the tree, in memory;
then the tree is made of their headings, and compared with their bookmarks.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from common.folding import fold
from common.results import Page
from common.stage_rows import Embedding, PageText, Passage, Sentence, TreeNode
from common.stages import OutlineEntry, StageInputs
from common.tree_headings import without_number
from functions.pipeline.stages.embedding import embedding
from functions.pipeline.stages.passages import passages
from functions.pipeline.stages.sentences import sentences
from functions.pipeline.stages.text import text
from functions.pipeline.stages.tree import tree
from infra.embedding.wordllama import WordLlamaEmbedder
from infra.language.segmenter import SentencexSegmenter
from infra.pdf.outline import Bookmarks
from tests.bench.search_corpus import NotToBeHad, fetched, manuals, read

#: A section by its title and page, and the title of what holds it.
_Holders = dict[tuple[str, int], str]


@dataclass
class _Rows:
    """What the stages have made, in lists."""

    pages: list[PageText] = field(default_factory=list)
    said: list[Sentence] = field(default_factory=list)
    pieces: list[Passage] = field(default_factory=list)
    vectors: list[Embedding] = field(default_factory=list)

    def page_texts(self, *, after: int = 0) -> Iterator[PageText]:
        return (page for page in self.pages if page.page > after)

    def sentences(self, *, start: int = 0) -> Iterator[Sentence]:
        return iter(self.said[start:])

    def passages(self, *, start: int = 0) -> Iterator[Passage]:
        return iter(self.pieces[start:])

    def embeddings(self, *, start: int = 0) -> Iterator[Embedding]:
        return iter(self.vectors[start:])

    def last_sentence(self) -> int | None:
        return len(self.said) - 1 if self.said else None

    def last_passage(self) -> int | None:
        return len(self.pieces) - 1 if self.pieces else None


def _prepared(name: str, pages: list[Page]) -> StageInputs:
    rows = _Rows()
    segmenter, embedder = SentencexSegmenter(), WordLlamaEmbedder()
    nobody = cast(Any, None)
    inputs = StageInputs(
        work=cast(Any, SimpleNamespace(filename=name, pages=len(pages))),
        rows=rows,
        result_pages=lambda after: (page for page in pages if page.number > after),
        segmenter=lambda: segmenter,
        entities=nobody,
        embedder=lambda: embedder,
        normalizer=None,
        outline=tuple,
    )
    made: list[tuple[Any, list[Any]]] = [
        (text, rows.pages),
        (sentences, rows.said),
        (passages, rows.pieces),
        (embedding, rows.vectors),
    ]
    for stage, target in made:
        target.extend(chain.from_iterable(step.rows for step in stage(inputs, None)))
    return inputs


def _sections(inputs: StageInputs, outline: Sequence[OutlineEntry] = ()) -> list[TreeNode]:
    with_outline = replace(inputs, outline=lambda: outline)
    rows = chain.from_iterable(step.rows for step in tree(with_outline, None))
    return sorted(cast(Iterator[TreeNode], rows), key=lambda node: node.position)


def _key(title: str) -> str:
    return fold(without_number(title))[:60].strip()


def _of_bookmarks(outline: Sequence[OutlineEntry]) -> _Holders:
    holders: _Holders = {}
    path: list[OutlineEntry] = []
    for entry in outline:
        while path and path[-1].level >= entry.level:
            path.pop()
        holders[_key(entry.title), entry.page] = _key(path[-1].title) if path else ""
        path.append(entry)
    return holders


def _of_sections(nodes: Sequence[TreeNode]) -> _Holders:
    return {
        (_key(node.title), node.page_start): _key(nodes[node.parent].title) if node.parent else ""
        for node in nodes[1:]
    }


def main() -> None:
    """Print the report."""
    print("The tree: bookmarks of real manuals that headings alone find")
    try:
        files = [(manual, fetched(manual)) for manual in manuals()]
    except NotToBeHad as error:
        print(f"  left out: {error}")
        return
    for manual, pdf in files:
        with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
            file.write(pdf)
            file.flush()
            outline = Bookmarks().read(Path(file.name))
        pages = read(pdf, manual.language)
        inputs = _prepared(manual.name, pages)
        begun = time.process_time()
        nodes = _sections(inputs)
        cost = (time.process_time() - begun) / len(pages) * 1000
        wanted, found = _of_bookmarks(outline), _of_sections(nodes)
        there = [key for key in wanted if key in found]
        right = sum(wanted[key] == found[key] for key in there)
        print(
            f"  {manual.name}, {len(pages)} pages: {len(there)} of {len(wanted)} bookmarks on "
            f"their page, {right} below the right one; {len(nodes)} sections "
            f"({len(_sections(inputs, outline))} with bookmarks), {cost:.2f} ms a page"
        )


if __name__ == "__main__":
    main()
