"""The text stage's labelled samples, and how well the rules do on them."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from common.results import Block, Line, Page, Paragraph, Word
from common.stage_rows import PageText
from common.text_hyphens import seam
from common.text_layout import Carried
from common.text_pages import running_texts
from tests.text_books import STYLES, exercises, slides
from tests.text_typesetting import typeset

RESOURCES: Final = Path(__file__).parent / "resources" / "text"
_MARKS: Final = {"{soft}": "\u00ad", "{pdfium}": "\ufffe", "{nbh}": "\u2011"}


@dataclass(frozen=True, slots=True)
class Score:
    """Of what was said, how much is right, and of what is there, how much was said."""

    right: int
    said: int
    there: int

    @property
    def precision(self) -> float:
        """1 where nothing was said."""
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        """1 where there was nothing to say."""
        return self.right / self.there if self.there else 1.0

    def __str__(self) -> str:
        return (
            f"precision {100 * self.precision:.1f} %, recall {100 * self.recall:.1f} % "
            f"({self.right} right, {self.said} said, {self.there} there)"
        )


@dataclass(frozen=True, slots=True)
class LineEnd:
    """A labelled line end."""

    language: str
    left: str
    right: str
    whole: str
    seen: frozenset[str]
    found: bool

    @property
    def made(self) -> str:
        """What the rules make of it."""
        joint = seam(self.left, self.right, self.language, [self.seen])
        return self.left[: len(self.left) - joint.dropped] + joint.between + self.right


def line_ends() -> Iterator[LineEnd]:
    """Yield the sample of line ends: those found in documents, and those made up for the rules."""
    with (RESOURCES / "line_ends.tsv").open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if not line.startswith("# "))
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            left, whole = row["left"], row["whole"]
            for mark, character in _MARKS.items():
                left, whole = left.replace(mark, character), whole.replace(mark, character)
            yield LineEnd(
                row["language"],
                left,
                row["right"],
                whole,
                frozenset(row["seen"].split()),
                row["from"] == "found",
            )


def hyphen_score(ends: list[LineEnd]) -> Score:
    """Score the hyphens taken out: each that goes should, and each that should go does."""
    hyphened = [end for end in ends if end.left[-1] in "-\u00ad\u00ac\ufffe"]
    said = [end for end in hyphened if end.made == end.left[:-1] + end.right]
    there = [end for end in hyphened if end.whole == end.left[:-1] + end.right]
    return Score(sum(end.made == end.whole for end in said), len(said), len(there))


@dataclass(frozen=True, slots=True)
class SamplePage:
    """A page, and what should be made of it."""

    page: Page
    #: The lines that are no text.
    margins: list[str]
    #: What stands between its text and the next page's; None where nobody has said.
    join: str | None


@dataclass(frozen=True)
class Sample:
    """Consecutive pages of a document."""

    name: str
    #: Whether the rules were written with these pages in view.
    seen: bool
    pages: list[SamplePage]

    @cached_property
    def texts(self) -> list[PageText]:
        """What the rules make of the pages."""
        pages = iter([one.page for one in self.pages])
        return [row for row, _ in running_texts(pages, after=0, carried=Carried())]


@cache
def real_samples() -> list[Sample]:
    """Return pages' outermost lines as they stand in manuals, headers marked and joins labelled.

    Places and sizes are real, and so are headers and each line's first and last two words; the
    letters of others are not.
    """
    documents = json.loads((RESOURCES / "real_edges.json").read_text(encoding="utf-8"))
    return [
        Sample(
            f"{document['document']}, page {document['pages'][0][0]}",
            document["seen"],
            [_sample_page(*page) for page in document["pages"]],
        )
        for document in documents
    ]


def _sample_page(
    number: int, aspect: float, language: str, records: list[list[Any]], join: str | None
) -> SamplePage:
    text = ""
    paragraphs: dict[int, list[Line]] = {}
    for own, *box, paragraph, _ in records:
        x0, y0, x1, y1 = (value / 10_000 for value in box)
        begin = len(text)
        words = []
        at = 0
        for word in own.split(" "):
            start = len(text)
            ends = at + len(word)
            left, right = (x0 + (x1 - x0) * place / len(own) for place in (at, ends))
            text += word + ("\n" if ends == len(own) else " ")
            words.append(Word(word, start, len(text), (left, y0, right, y1), 1.0))
            at = ends + 1
        line = Line(begin, len(text), (x0, y0, x1, y1), 1.0, words)
        paragraphs.setdefault(paragraph, []).append(line)
    blocks = []
    for lines in paragraphs.values():
        left, top, right, bottom = zip(*(line.box for line in lines), strict=True)
        edges = (min(left), min(top), max(right), max(bottom))
        start, end = lines[0].start, lines[-1].end
        blocks.append(Block(start, end, edges, 1.0, [Paragraph(start, end, edges, 1.0, lines)]))
    page = Page(
        number, 1000.0, 1000.0 * aspect, "pixels", 0, len(text), text, 1.0, [language], blocks
    )
    return SamplePage(page, [record[0] for record in records if record[-1]], join)


@cache
def made_samples() -> list[Sample]:
    """Return the made-up books."""
    samples = []
    for seed, style in enumerate(STYLES, start=100):
        pages = [SamplePage(one.page, one.margins, one.join) for one in typeset(style, seed)]
        samples.append(Sample(style.name, False, pages))
    samples.append(Sample("slides", False, [SamplePage(page, [], None) for page in slides()]))
    samples.append(Sample("exercises", False, [SamplePage(page, [], None) for page in exercises()]))
    return samples


def margin_score(samples: Iterable[Sample]) -> Score:
    """Score the lines that were set aside."""
    right = said = there = 0
    for sample in samples:
        for one, row in zip(sample.pages, sample.texts, strict=True):
            aside = Counter(line for line in f"{row.header}\n{row.footer}".split("\n") if line)
            right += (aside & Counter(one.margins)).total()
            said += aside.total()
            there += len(one.margins)
    return Score(right, said, there)


def join_score(samples: Iterable[Sample]) -> tuple[Score, int, int]:
    """Score the paragraphs that go on overleaf; and say how many page breaks of all are right."""
    right = said = there = breaks = exact = 0
    for sample in samples:
        for one, row in zip(sample.pages, sample.texts, strict=True):
            if one.join is not None:
                breaks += 1
                exact += row.join_next == one.join
                said += row.join_next != "\n\n"
                there += one.join != "\n\n"
                right += row.join_next == one.join != "\n\n"
    return Score(right, said, there), exact, breaks
