"""What a paragraph is by its looks: a heading and of which level, a list's item, a table's row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from common.stage_rows import ParagraphKind
from common.text_lines import TextLine

_BULLETS: Final = "•◦▪▫‣·●○■□◆◇➢➤►▶✓✔✗❖\uf0b7\uf0a7\u2043"
_ITEM: Final = re.compile(
    rf"(?:[{_BULLETS}]\s*|[-\u2013*]\s+"
    r"|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{2,5})\)\s|\d{1,3}\.\s)\S"
)
_CAPTION: Final = re.compile(
    r"(?i:table|figure|fig\.|listing|tableau|tabelle|abbildung|abb\.|tabla|figura|tabella|plate"
    r"|planche|photo|illustration|example|exemple|beispiel|typeset example)\s+\(?[A-Z]?\d"
)
_LEADERS: Final = re.compile(r"(?:\.\s?){5,}|(?:\. ){4,}|…{2,}")
_NUMBERED: Final = re.compile(
    r"(?:(?:\d{1,3}|[A-Z])(?:\.\d{1,3}){1,5}\.?|\d{1,2}\.?|[IVX]{1,5}\.|[A-Z]\.)\s+(?=[^\W\d_])"
)
_TITLED: Final = re.compile(
    r"(?i:(chapter|chapitre|kapitel|capítulo|capitolo|hoofdstuk|part|partie|teil|livre|book|buch"
    r"|appendix|annex|annexe|anhang)|(section|abschnitt|article|artikel|artículo|articolo|title"
    r"|titre|titel))\s+(?:\d{1,4}|[IVXLC]+|[A-Z])\b|(§)\s*\d"
)
_SENTENCE_END: Final = re.compile(r"[.!?;:,\u2026\u3002][\"'\u201d\u2019\u00bb)\]]*$")
_DIGIT: Final = re.compile(r"\d")
_NUMERIC: Final = re.compile(r"[-+(]?[\d.,]*\d[\d.,]*[)%€$£]*$")
#: By how much larger than the text a title of its level is.
_LEVELS: Final = ((1.75, 1), (1.35, 2), (1.15, 3))
_LONGEST_TITLE: Final = 140


def is_caption(text: str) -> bool:
    """Whether a line is what stands above a table or below a picture: `Table 3: ...`."""
    return _CAPTION.match(text) is not None


def begins_item(text: str) -> bool:
    """Whether a line begins as an item of a list does: `•`, `3.`, `(b)`."""
    return _ITEM.match(text) is not None


def is_row(line: TextLine) -> bool:
    """Whether a line is cells side by side, or an entry of a table of contents."""
    if len(line.words) < 2:
        return False
    text = line.text
    if ("..." in text or ". . ." in text or "……" in text) and _LEADERS.search(text):
        return True
    cells = line.cells()
    if cells > 1 and line.words[-1].text.isdecimal() and line.ends_apart():
        return True
    if cells > 1 and begins_item(text):
        cells -= 1
    if cells >= 3:
        return True
    # Figures are most of the line's letters where they are most of its words.
    if len(line.words) < 3 or 4 * len(_DIGIT.findall(text)) < len(text):
        return False
    numeric = sum(_NUMERIC.match(word.text) is not None for word in line.words)
    return 5 * numeric >= 3 * len(line.words)


def ends_sentence(text: str) -> bool:
    """Whether a text ends with a stop, or what else a title does not end with."""
    return _SENTENCE_END.search(text) is not None


def heading_level(lines: Sequence[TextLine], body: float, *, alone: bool) -> int:
    """Return a title's level, from 1; 0 of what is none.

    `body` is the size of the text's type, and `alone` says that white space is around it. A number
    says the level better than its size does.
    """
    if not lines or len(lines) > 4:
        return 0
    text = " ".join(line.text for line in lines)
    if len(text) > _LONGEST_TITLE or not any(letter.isalpha() for letter in text):
        return 0
    size = sum(line.size * len(line.text) for line in lines) / sum(len(line.text) for line in lines)
    larger = size / body if body > 0 else 1.0
    by_size = next((level for least, level in _LEVELS if larger >= least), 0)
    titled = _TITLED.match(text)
    numbered = _NUMBERED.match(text)
    if by_size and len(text.strip(" .")) > 1:
        # A drop cap, a formula's sign.
        if titled:
            return 1 if titled[1] else 2
        return min(6, 1 + numbered[0].strip(". ").count(".")) if numbered else by_size
    if not alone or larger < 0.92 or len(text) > 90 or ends_sentence(text):
        return 0
    if titled and len(lines) == 1:
        return 1 if titled[1] else 2
    if numbered and "." in numbered[0].strip(". ") and text[numbered.end()].isupper():
        return min(6, 1 + numbered[0].strip(". ").count("."))
    letters = [letter for letter in text if letter.isalpha()]
    if len(letters) >= 5 and text.isupper() and len(lines) <= 2:
        return 3
    if numbered and len(lines) == 1 and text[numbered.end()].isupper() and not begins_item(text):
        return 1
    return 0


def kind_of(
    lines: Sequence[TextLine], body: float, *, alone: bool, row: bool
) -> tuple[ParagraphKind, int]:
    """Return what a paragraph is, and a heading's level."""
    if row:
        return ParagraphKind.TABLE, 0
    level = heading_level(lines, body, alone=alone)
    if level:
        return ParagraphKind.HEADING, level
    if begins_item(lines[0].text):
        return ParagraphKind.LIST_ITEM, 0
    return ParagraphKind.BODY, 0
