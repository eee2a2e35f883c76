"""Pages of made paragraphs, as the text stage writes them, and rows in lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from common.stage_rows import (
    Embedding,
    LaidParagraph,
    LaidWord,
    Layout,
    PageText,
    ParagraphKind,
    Passage,
    Sentence,
    StageRow,
)
from common.stages import Cursor, Normalizer, StageFunction, StageInputs, StageLimits, Step
from infra.language.segmenter import SentencexSegmenter

WORDS_PER_LINE = 8
LINES = 50


class Part(NamedTuple):
    """A paragraph's part on one page."""

    text: str
    kind: ParagraphKind = ParagraphKind.BODY
    level: int = 0


class Made(NamedTuple):
    """A page, and what stands between its text and the next one's."""

    parts: Sequence[Part | str]
    join_next: str = "\n\n"
    language: str = "en"


def page_text(number: int, made: Made) -> PageText:
    """Lay a page's paragraphs out, eight words to a line."""
    paragraphs: list[LaidParagraph] = []
    words: list[LaidWord] = []
    text, line = "", 0
    for part in made.parts:
        each = part if isinstance(part, Part) else Part(part)
        text += "\n\n" if text else ""
        begin = len(text)
        text += each.text
        paragraphs.append(LaidParagraph(begin, len(text), each.kind, each.level, False))
        at = begin
        for index, word in enumerate(each.text.split(" ")):
            if index and index % WORDS_PER_LINE == 0:
                line += 1
            x0 = 0.1 + 0.1 * (index % WORDS_PER_LINE)
            if word:
                y0 = line / LINES
                words.append(LaidWord(at, at + len(word), line, x0, y0, x0 + 0.09, y0 + 0.015))
            at += len(word) + 1
        line += 1
    layout = Layout(paragraphs, words)
    return PageText(number, text, made.join_next, made.language, "", "", layout)


def pages_of(*made: Made) -> list[PageText]:
    """Number pages from 1."""
    return [page_text(number, each) for number, each in enumerate(made, 1)]


@dataclass
class Rows:
    """What earlier stages have made, in lists."""

    all_pages: Sequence[PageText] = ()
    all_sentences: Sequence[Sentence] = ()

    def page_texts(self, *, after: int = 0) -> Iterator[PageText]:
        return (page for page in self.all_pages if page.page > after)

    def sentences(self, *, start: int = 0) -> Iterator[Sentence]:
        return iter(self.all_sentences[start:])

    def passages(self, *, start: int = 0) -> Iterator[Passage]:
        raise AssertionError("nobody needs passages here")

    def embeddings(self, *, start: int = 0) -> Iterator[Embedding]:
        raise AssertionError("nobody needs embeddings here")

    def last_sentence(self) -> int | None:
        return self.all_sentences[-1].position if self.all_sentences else None

    def last_passage(self) -> int | None:
        raise AssertionError("nobody needs passages here")


@dataclass
class Louder:
    """Puts every sentence in capitals, and remembers what it was given at once."""

    name: str = "louder"
    calls: list[tuple[str, int]] = field(default_factory=list)

    def normalize(self, sentences: Sequence[str], language: str) -> list[str]:
        self.calls.append((language, len(sentences)))
        return [sentence.upper() for sentence in sentences]


def inputs_of(
    pages: Sequence[PageText] = (),
    sentences: Sequence[Sentence] = (),
    *,
    limits: StageLimits | None = None,
    normalizer: Normalizer | None = None,
) -> StageInputs:
    """Return what a stage is given, with the real segmenter."""
    nothing = cast(Any, None)
    return StageInputs(
        work=cast(Any, SimpleNamespace(pages=len(pages))),
        rows=Rows(pages, sentences),
        result_pages=nothing,
        segmenter=SentencexSegmenter,
        entities=nothing,
        embedder=nothing,
        normalizer=None if normalizer is None else lambda: normalizer,
        outline=nothing,
        limits=limits or StageLimits(),
    )


def rows_of(steps: Sequence[Step]) -> list[StageRow]:
    """Return all rows of these steps."""
    return [row for step in steps for row in step.rows]


def broken_off_everywhere(stage: StageFunction, inputs: StageInputs) -> list[list[StageRow]]:
    """Return the rows of one run, then of those that broke off behind each of its steps."""
    whole = list(stage(inputs, None))
    runs = [rows_of(whole)]
    for number in range(len(whole)):
        first = whole[: number + 1]
        rest = list(stage(inputs, first[-1].cursor))
        runs.append(rows_of([*first, *rest]))
    return runs


def one_step_at_a_time(stage: StageFunction, inputs: StageInputs) -> list[StageRow]:
    """Return the rows of a run that was broken off behind every step."""
    rows: list[StageRow] = []
    cursor: Cursor = None
    while True:
        step = next(iter(stage(inputs, cursor)))
        rows += step.rows
        if step.done >= step.total:
            return rows
        assert step.cursor != cursor, "a step must get further"
        cursor = step.cursor
