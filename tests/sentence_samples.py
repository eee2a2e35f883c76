"""Texts whose sentences were marked by hand, and how well they are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from common.sentences import Span

FOLDER = Path(__file__).parent / "resources" / "sentences"
#: How far to either side a wrong end is shown.
_AROUND = 30

Spans = Callable[[str, str], Sequence[Span]]


class Measured(NamedTuple):
    """Ends of sentences that were found, and those that were missed or made up."""

    found: int
    missed: list[str]
    invented: list[str]

    @property
    def precision(self) -> float:
        """Of what was found, the part that is right."""
        return self.found / (self.found + len(self.invented))

    @property
    def recall(self) -> float:
        """Of what is right, the part that was found."""
        return self.found / (self.found + len(self.missed))


def paragraphs(sample: str) -> Iterator[list[str]]:
    """Yield each paragraph's sentences. Headings (`# `) are left out: they are not cut."""
    text = (FOLDER / f"{sample}.txt").read_text("utf-8")
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line]
        if lines and not lines[0].startswith("# "):
            yield lines


def measured(sample: str, spans: Spans) -> Measured:
    """Compare ends of sentences with those that were marked; the name begins with the language."""
    found = 0
    missed: list[str] = []
    invented: list[str] = []
    for lines in paragraphs(sample):
        text = " ".join(lines)
        right: set[int] = set()
        for line in lines:
            right.add(max(right, default=-1) + 1 + len(line))
        ends = {end for _, end in spans(text, sample[:2])}
        found += len(right & ends)
        missed += [_shown(text, end) for end in sorted(right - ends)]
        invented += [_shown(text, end) for end in sorted(ends - right)]
    return Measured(found, missed, invented)


def _shown(text: str, end: int) -> str:
    return f"{text[max(0, end - _AROUND) : end]} | {text[end : end + _AROUND].strip()}"
