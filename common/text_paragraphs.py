"""From a page's lines to its paragraphs: what the OCR read as one, cut and joined where it shows.

An OCR's paragraphs are mostly right. They are cut where an item, an indented line, another size
or a blank line begins something new, and joined where one goes on in the next column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from statistics import median
from typing import Final

from common.stage_rows import ParagraphKind
from common.text_hyphens import Vocabulary, seam
from common.text_kinds import begins_item, is_caption, is_row, kind_of
from common.text_lines import TextLine, type_size

#: In sizes of type.
_INDENT: Final = 0.7
_BLANK: Final = 1.1
#: Another size of type.
_OTHER: Final = 1.22
#: A column, in page widths.
_NARROW: Final = 0.3
_CLOSING: Final = "\"'\u201d\u2019\u00bb\u203a)]\u300d\u300f"
_STOPS: Final = ".!?\u2026\u3002\uff01\uff1f\u061f\u0964"
#: So many paragraphs at a page's head may belong to pictures and tables.
_FLOATING: Final = 60
#: A page of more of them is no prose.
_MOST: Final = 400
#: So many paragraphs before and after one tell how wide its column is.
_NEAR: Final = 20
#: No sentence begins with these.
_CODE: Final = frozenset("\\{}<>%$#&|=_@^~+*-")
_NOTE: Final = re.compile(r"[*\u2020\u2021\u00a7\d\u00b9\u00b2\u00b3\u2070-\u2079]|\[\d")
_HYPHENS: Final = ("-", "\u00ad", "\u00ac", "\u2010", "\ufffe")


@dataclass(slots=True, eq=False)
class Paragraph:
    """Lines that a reader takes together."""

    lines: list[TextLine]
    kind: ParagraphKind = ParagraphKind.BODY
    level: int = 0

    @property
    def span(self) -> tuple[float, float]:
        """Where it begins and ends across the page."""
        return min(line.x0 for line in self.lines), max(line.x1 for line in self.lines)


def paragraphs_of(lines: Sequence[TextLine], body: float) -> list[Paragraph]:
    """Return the paragraphs that a page's lines make. `body` is the size of the text's type."""
    pitch = _pitch(lines)
    found = _cut(lines, pitch)
    for number, paragraph in enumerate(found):
        above = found[number - 1] if number else None
        below = found[number + 1] if number + 1 < len(found) else None
        paragraph.kind, paragraph.level = kind_of(
            paragraph.lines,
            body,
            alone=_apart(above, paragraph, pitch) and _apart(paragraph, below, pitch),
            row=is_row(paragraph.lines[0]) and len(paragraph.lines) == 1,
        )
    return _joined(found)


@dataclass(frozen=True, slots=True)
class Tail:
    """How a page or a column ends: its last paragraph, and where its lines may begin and end."""

    paragraph: Paragraph
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Head:
    """How the next one begins: its first paragraph, and where its lines begin."""

    paragraph: Paragraph
    left: float


def tail_of(paragraph: Paragraph, page: Sequence[Paragraph]) -> Tail:
    """Return a paragraph as what may go on; `page` are all of its page's."""
    return Tail(paragraph, *column_of(paragraph, page))


def head_of(paragraph: Paragraph, page: Sequence[Paragraph]) -> Head:
    """Return a paragraph as what another may go on in; `page` are all of its page's."""
    return Head(paragraph, column_of(paragraph, page)[0])


def goes_on(tail: Tail, head: Head, language: str, vocabulary: Vocabulary) -> bool:
    """Whether a paragraph at a column's or a page's end goes on at the top of the next."""
    before, after = tail.paragraph, head.paragraph
    if not (_running(before) and after.kind is ParagraphKind.BODY):
        return False
    last, first = before.lines[-1], after.lines[0]
    if max(last.size, first.size) > _OTHER * min(last.size, first.size):
        return False
    if is_caption(before.lines[0].text) or is_caption(first.text):
        return False
    begin = first.text.lstrip("\"'\u201c\u2018\u00ab([")[:1]
    if begin in _CODE:
        return False
    if seam(last.words[-1].text, first.words[0].text, language, vocabulary).dropped:
        return begin.islower()
    if begin.islower() and last.text.endswith((",", *_HYPHENS)):
        return True
    stopped = last.text.rstrip(_CLOSING).endswith((*_STOPS, ":"))
    if begin.islower() and not stopped and not last.text.endswith((";", ")")):
        return True
    if not _full(last, first, tail.right) or _indented(tail, head):
        return False
    if begin.islower():
        return True
    # One short line may be anything.
    wide = last.x1 - last.x0 > 0.6 * max(tail.right - tail.left, _NARROW)
    return (len(before.lines) > 1 or wide) and not last.text.endswith(":")


def place_of_head(
    tail: Tail, page: Sequence[Paragraph], size: float, language: str, vocabulary: Vocabulary
) -> int | None:
    """Return where on the next page the paragraph goes on; None where it ends.

    Pictures and tables may stand above that, with what is said of them. `size` is that of the
    pages' type.
    """
    for place, paragraph in enumerate(page[:_FLOATING]):
        begins_low = paragraph.lines[0].text[:1].islower() and len(paragraph.lines) > 1
        if place and not (begins_low and _unfinished(tail.paragraph)):
            continue
        if goes_on(tail, head_of(paragraph, page[:_MOST]), language, vocabulary):
            return place if _float(page[:place], size) else None
    return None


def _unfinished(paragraph: Paragraph) -> bool:
    return not paragraph.lines[-1].text.rstrip(_CLOSING).endswith((*_STOPS, ":", ";"))


def _float(paragraphs: Sequence[Paragraph], size: float) -> bool:
    """Whether these can stand in the middle of another paragraph: something with a caption."""
    return not paragraphs or (
        any(is_caption(paragraph.lines[0].text) for paragraph in paragraphs)
        and not any(
            paragraph.kind is ParagraphKind.HEADING and type_size(paragraph.lines) > _OTHER * size
            for paragraph in paragraphs
        )
    )


def _running(paragraph: Paragraph) -> bool:
    return paragraph.kind in (ParagraphKind.BODY, ParagraphKind.LIST_ITEM)


def _full(last: TextLine, first: TextLine, right: float) -> bool:
    """Whether the next word would not have fitted into the line."""
    word = first.words[0].box
    return right - last.x1 < word[2] - word[0] + 0.5 * last.size


def _indented(tail: Tail, head: Head) -> bool:
    lines = head.paragraph.lines
    size = _INDENT * lines[0].size
    if len(lines) > 1:
        return lines[0].x0 - lines[1].x0 > size
    # One line alone is measured by where the last one stood in its column: that of an item hangs.
    hanging = tail.paragraph.lines[-1].x0 - tail.left if len(tail.paragraph.lines) > 1 else 0.0
    return lines[0].x0 - head.left - hanging > size


def column_of(paragraph: Paragraph, page: Sequence[Paragraph]) -> tuple[float, float]:
    """Return where the paragraph's column begins and ends.

    It is as wide as what stands above and below and does not reach over what stands beside it.
    """
    left, right = paragraph.span
    top, bottom = paragraph.lines[0].y0, paragraph.lines[-1].y1
    spans = [one.span for one in page]
    room_left, room_right = 0.0, 1.0
    for one, (other_left, other_right) in zip(page, spans, strict=True):
        if one.lines[0].y0 < bottom and one.lines[-1].y1 > top:
            if other_left >= right:
                room_right = min(room_right, other_left)
            elif other_right <= left:
                room_left = max(room_left, other_right)
    begin, end = left, right
    for other_left, other_right in spans:
        overlap = min(right, other_right) - max(left, other_left)
        if (
            room_left <= other_left
            and other_right <= room_right
            and overlap > 0.5 * min(right - left, other_right - other_left)
        ):
            begin, end = min(begin, other_left), max(end, other_right)
    return begin, end


def _pitch(lines: Sequence[TextLine]) -> float:
    """Return how far the next line of a paragraph mostly is."""
    steps = [
        line.middle - above.middle
        for above, line in pairwise(lines)
        if line.paragraph == above.paragraph and line.middle > above.middle
    ]
    return median(steps) if steps else 0.0


def _cut(lines: Sequence[TextLine], pitch: float) -> list[Paragraph]:
    found: list[Paragraph] = []
    was_row = False
    for number, line in enumerate(lines):
        row = is_row(line)
        above = lines[number - 1] if number else None
        below = lines[number + 1] if number + 1 < len(lines) else None
        if above is None or row or was_row or _begins(found[-1], above, line, below, pitch):
            found.append(Paragraph([line]))
        else:
            found[-1].lines.append(line)
        was_row = row
    return found


def _begins(
    paragraph: Paragraph, above: TextLine, line: TextLine, below: TextLine | None, pitch: float
) -> bool:
    if above.paragraph != line.paragraph:
        return True
    # A short line's size is guessed from few letters.
    larger, smaller = max(above.size, line.size), min(above.size, line.size)
    if larger > _OTHER * smaller and min(len(above.text), len(line.text)) > 3:
        return True
    if line.y0 - above.y1 > _BLANK * line.size and line.middle - above.middle > 1.4 * pitch:
        return True
    if above.text.endswith(_HYPHENS):
        return False
    stopped = above.text.rstrip(_CLOSING).endswith((*_STOPS, ":", ";"))
    if begins_item(line.text):
        first = paragraph.lines[0]
        item = begins_item(first.text)
        if item and line.x0 - first.x0 < 0.5 * line.size:
            return True
        if stopped and (item or abs(line.x0 - above.x0) > 0.3 * line.size):
            return True
    if not stopped or below is None or below.paragraph != line.paragraph:
        return False
    left = min(above.x0, below.x0)
    return line.x0 - left > _INDENT * line.size and abs(above.x0 - below.x0) < _INDENT * line.size


def _apart(above: Paragraph | None, below: Paragraph | None, pitch: float) -> bool:
    """Whether there is white space between two, as around a title; the page's edge counts."""
    if above is None or below is None:
        return True
    last, first = above.lines[-1], below.lines[0]
    gap = first.y0 - last.y1
    return gap < 0 or (gap > 0.6 * first.size and first.middle - last.middle > 1.2 * pitch)


def _joined(paragraphs: list[Paragraph]) -> list[Paragraph]:
    """Put together what the OCR has parted in the middle of a sentence."""
    if len(paragraphs) > _MOST:
        return paragraphs
    found: list[Paragraph] = []
    for place, paragraph in enumerate(paragraphs):
        near = paragraphs[max(0, place - _NEAR) : place + _NEAR]
        if found and _same_sentence(found[-1], paragraph, near):
            found[-1].lines.extend(paragraph.lines)
        else:
            found.append(paragraph)
    return found


def _same_sentence(before: Paragraph, after: Paragraph, page: Sequence[Paragraph]) -> bool:
    if not (_running(before) and after.kind is ParagraphKind.BODY):
        return False
    last, first = before.lines[-1], after.lines[0]
    if not first.text[:1].islower() or last.text.rstrip(_CLOSING).endswith((*_STOPS, ":", ";")):
        return False
    if max(last.size, first.size) > _OTHER * min(last.size, first.size):
        return False
    return last.text.endswith(_HYPHENS) or _full(last, first, column_of(before, page)[1])


def notes_in(paragraphs: Sequence[Paragraph], size: float) -> int:
    """Return how many of a page's last paragraphs are footnotes. `size` is that of its text.

    They are in smaller type, and one at least has a number or a sign; the first may go on from the
    page before.
    """
    small = list(
        takewhile(
            lambda paragraph: type_size(paragraph.lines) < 0.93 * size, reversed(paragraphs[1:])
        )
    )
    numbered = any(
        _NOTE.match(paragraph.lines[0].text) and len(paragraph.lines[0].words) > 2
        for paragraph in small
    )
    return len(small) if numbered else 0
