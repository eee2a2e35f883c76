"""From words in their places to a page: the text, and the offsets of everything in it.

The text is made here and nowhere else, word by word, so that words and lines tile it exactly
whatever they came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from common.results import Block, Box, Line, Page, Paragraph, Word
from infra.local.ocr_engine.geometry import union


@dataclass(frozen=True, slots=True)
class FoundWord:
    """One word. Its box is in pixels of the page's picture, as the page is looked at."""

    text: str
    box: Box
    confidence: float
    #: False where the next word of the line follows without white space (as in Chinese).
    spaced: bool = True


FoundLine: TypeAlias = Sequence[FoundWord]
FoundParagraph: TypeAlias = Sequence[FoundLine]
FoundBlock: TypeAlias = Sequence[FoundParagraph]


def compose_page(
    blocks: Sequence[FoundBlock],
    *,
    number: int,
    width: int,
    height: int,
    languages: Sequence[str],
) -> Page:
    """Return the page that these blocks, in reading order, make up.

    Lines end with a line break and words of a line are parted by one space. Empty words, lines,
    paragraphs and blocks leave no trace. A page without words has confidence 1: nothing on it
    was read, so nothing was read wrongly.
    """
    composer = _Composer(width, height)
    composed = [block for found in blocks if (block := composer.block(found)) is not None]
    return Page(
        number=number,
        width=float(width),
        height=float(height),
        unit="pixels",
        start=0,
        end=composer.length,
        text="".join(composer.pieces),
        confidence=_confidence(composed) if composed else 1.0,
        languages=list(languages),
        blocks=composed,
    )


class _Composer:
    """Builds the text while it places words in it."""

    def __init__(self, width: int, height: int) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self._width = width
        self._height = height

    def block(self, found: FoundBlock) -> Block | None:
        paragraphs = [part for item in found if (part := self._paragraph(item)) is not None]
        if not paragraphs:
            return None
        return Block(
            start=paragraphs[0].start,
            end=paragraphs[-1].end,
            box=union(part.box for part in paragraphs),
            confidence=_confidence(paragraphs),
            paragraphs=paragraphs,
        )

    def _paragraph(self, found: FoundParagraph) -> Paragraph | None:
        lines = [line for item in found if (line := self._line(item)) is not None]
        if not lines:
            return None
        return Paragraph(
            start=lines[0].start,
            end=lines[-1].end,
            box=union(line.box for line in lines),
            confidence=_confidence(lines),
            lines=lines,
        )

    def _line(self, found: FoundLine) -> Line | None:
        kept = [word for word in found if word.text]
        if not kept:
            return None
        words = []
        for word in kept:
            last = word is kept[-1]
            ending = "\n" if last else " " if word.spaced else ""
            start = self.length
            self.pieces.append(word.text + ending)
            self.length += len(word.text) + len(ending)
            words.append(
                Word(
                    text=word.text,
                    start=start,
                    end=self.length,
                    box=self._fractions(word.box),
                    confidence=round(min(max(word.confidence, 0.0), 1.0), 4),
                )
            )
        return Line(
            start=words[0].start,
            end=self.length,
            box=union(word.box for word in words),
            confidence=_confidence(words),
            words=words,
        )

    def _fractions(self, box: Box) -> Box:
        left, top, right, bottom = box
        return (
            _fraction(min(left, right), self._width),
            _fraction(min(top, bottom), self._height),
            _fraction(max(left, right), self._width),
            _fraction(max(top, bottom), self._height),
        )


def _fraction(value: float, whole: int) -> float:
    return round(min(max(value / whole, 0.0), 1.0), 5)


def _confidence(
    parts: Sequence[Word] | Sequence[Line] | Sequence[Paragraph] | Sequence[Block],
) -> float:
    """Return the parts' mean confidence, each weighing as much as it has characters."""
    weight = sum(part.end - part.start for part in parts)
    return round(sum(part.confidence * (part.end - part.start) for part in parts) / weight, 4)
