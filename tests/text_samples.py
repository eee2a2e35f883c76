"""The text stage's labelled samples, and how well the rules do on them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.text_hyphens import seam

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
