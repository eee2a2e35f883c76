"""Writing a page's text down: paragraph by paragraph, with the place of every word in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from common.stage_rows import LaidParagraph, LaidWord, Layout, ParagraphKind
from common.text_hyphens import Seam, Vocabulary, seam
from common.text_lines import TextLine
from common.text_paragraphs import Paragraph

#: What parts paragraphs, on a page and between pages.
BREAK: Final = "\n\n"


@dataclass(frozen=True, slots=True)
class Carried:
    """What a page's text takes over from the page before."""

    #: Whether a paragraph goes on from there, which one of the page's that is, and as what.
    continues: bool = False
    place: int = 0
    kind: ParagraphKind = ParagraphKind.BODY
    #: What stands between that page's text and the next.
    between: str = BREAK


class Composer:
    """Writes a page's text word by word and remembers where each one stands."""

    def __init__(self, language: str, vocabulary: Vocabulary) -> None:
        self._language = language
        self._vocabulary = vocabulary
        self._pieces: list[str] = []
        self._at = 0
        self._words: list[LaidWord] = []
        self._line = 0

    def compose(
        self, paragraphs: Sequence[Paragraph], carried: Carried, ending: Seam | None
    ) -> tuple[str, Layout]:
        """Return the page's text and its layout; `ending` says how its last line goes on."""
        laid = []
        for number, paragraph in enumerate(paragraphs):
            if number:
                self._pieces.append(BREAK)
                self._at += len(BREAK)
            continues = number == 0 and carried.continues
            kind = carried.kind if continues else paragraph.kind
            start = self._at
            last = number == len(paragraphs) - 1
            self._paragraph(paragraph, ending if last else None)
            level = 0 if continues else paragraph.level
            laid.append(LaidParagraph(start, self._at, kind, level, continues))
        return "".join(self._pieces), Layout(laid, self._words)

    def _paragraph(self, paragraph: Paragraph, ending: Seam | None) -> None:
        lines = paragraph.lines
        last = len(lines) - 1
        for number, line in enumerate(lines):
            if number < last:
                joint = seam(
                    line.words[-1].text,
                    lines[number + 1].words[0].text,
                    self._language,
                    self._vocabulary,
                )
                self._write(line, joint.dropped)
                if joint.between:
                    self._pieces.append(joint.between)
                    self._at += len(joint.between)
            else:
                self._write(line, ending.dropped if ending else 0)

    def _write(self, line: TextLine, dropped: int) -> None:
        add_piece, add_word, number = self._pieces.append, self._words.append, self._line
        at = self._at
        *words, last = line.words
        for word in words:
            text = word.text
            x0, y0, x1, y1 = word.box
            length = len(text)
            end = at + length
            add_word(LaidWord(at, end, number, x0, y0, x1, y1))
            if word.end - word.start > length:
                add_piece(text + " ")
                at = end + 1
            else:
                add_piece(text)
                at = end
        text = last.text[: len(last.text) - dropped]
        add_piece(text)
        self._at = at + len(text)
        add_word(LaidWord(at, self._at, number, *last.box))
        self._line = number + 1
