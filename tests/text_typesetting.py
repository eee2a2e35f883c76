"""Sets made-up books page by page, and knows what on each page is text and how it goes on."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from common.results import Block, Box, Line, Page, Paragraph, Word

WIDTH, HEIGHT = 1000.0, 1414.0
_SIZE: Final = 16.0
_LETTER: Final = 7.6
_LEFT, _RIGHT = 130.0, 870.0
_TOP, _BOTTOM = 160.0, 1240.0
_HIGH, _LOW = "bdfhijklt", "gjpqy,;()"

#: A line of a margin: its text, where it stands (left, centre, right) and how high.
MarginText = tuple[str, str, float]
Margins = Callable[[int, int, random.Random], Sequence[MarginText]]

_WORDS: Final = tuple(
    """
    the of and to in a that is was it for on with as his they be at one have this from had by
    word but some what there we can out other were all your when up use how said each she which
    do their time if will way about many then them write would like so these her long make thing
    see him two has look more day could go come did number sound most people over know water
    than call first who down side been now find any new work part take get place made live where
    after back little only round man year came show every good give our under name very through
    just form sentence great think say help low line differ turn cause much mean before move
    right boy old too same tell does set three want air well also play small end put home read
    hand port large spell add even land here must big high such follow act why ask men change
    went light kind off need house picture try us again animal point mother world near build
    self earth father consider instrument particular government establish understand continue
    knowledge important information consonant development environment
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Style:
    """How a book is set."""

    name: str
    margins: Margins
    pages: int = 14
    #: First lines of paragraphs are indented; else a blank line is between them.
    indented: bool = True
    justified: bool = True
    divided: bool = True
    #: Boxes around the ink rather than the font's height.
    tight: bool = True
    #: A chapter begins every so many pages, with a large title; 0 for none.
    chapter_every: int = 0
    #: From line to line, in pixels.
    pitch: float = 21.0
    #: By how much scans lie askew, in pixels.
    jitter: float = 0.0
    sentence_words: tuple[int, int] = (5, 16)
    paragraph_sentences: tuple[int, int] = (2, 8)


@dataclass(slots=True)
class MadePage:
    """A page, and what should be made of it."""

    page: Page
    margins: list[str]
    #: What stands between its text and the next page's; None on the last.
    join: str | None


@dataclass(slots=True)
class _Line:
    words: list[str]
    paragraph: int
    first: bool = False
    last: bool = False
    divided: bool = False
    size: float = _SIZE


@dataclass(slots=True)
class _Sheet:
    lines: list[_Line] = field(default_factory=list)
    title: list[str] = field(default_factory=list)


def typeset(style: Style, seed: int) -> list[MadePage]:
    """Return the book's pages. The same seed, the same book."""
    rng = random.Random(seed)
    sheets: list[_Sheet] = []
    rest: list[_Line] = []
    paragraph = 0
    for number in range(1, style.pages + 1):
        sheet = _Sheet()
        room = int((_BOTTOM - _TOP) / style.pitch)
        if style.chapter_every and number % style.chapter_every == 1:
            sheet.title = [f"Chapter {number // style.chapter_every + 1}", _title(rng)]
            room -= 10
            rest = []
        while room > 0:
            if not rest:
                paragraph += 1
                rest = _paragraph(style, rng, paragraph)
                if not style.indented and sheet.lines:
                    room -= 1
                    continue
            sheet.lines.append(rest.pop(0))
            room -= 1
        sheets.append(sheet)
    made = []
    for number, sheet in enumerate(sheets, start=1):
        after = sheets[number] if number < len(sheets) else None
        chapter = (number - 1) // style.chapter_every + 1 if style.chapter_every else 1
        made.append(_page(style, number, chapter, sheet, after, rng))
    return made


def _title(rng: random.Random) -> str:
    return " ".join(rng.choice(_WORDS).capitalize() for _ in range(rng.randint(2, 4)))


def _paragraph(style: Style, rng: random.Random, number: int) -> list[_Line]:
    words: list[str] = []
    for _ in range(rng.randint(*style.paragraph_sentences)):
        sentence = [rng.choice(_WORDS) for _ in range(rng.randint(*style.sentence_words))]
        sentence[0] = sentence[0].capitalize()
        if len(sentence) > 6:
            sentence[len(sentence) // 2] += ","
        if rng.random() < 0.2:
            sentence[-2] = sentence[-2].capitalize()
        sentence[-1] += rng.choice(".......!?")
        words.extend(sentence)
    lines = [_Line([], number, first=True)]
    room = _RIGHT - _LEFT - (1.5 * _SIZE if style.indented else 0.0)
    for word in words:
        used = sum(len(one) + 1 for one in lines[-1].words) * _LETTER
        begin = 0
        if used + len(word) * _LETTER > room:
            begin = _begin_that_fits(word, room - used) if style.divided else 0
            if begin:
                lines[-1].words.append(word[:begin] + "-")
                lines[-1].divided = True
            lines.append(_Line([], number))
            room = _RIGHT - _LEFT
        lines[-1].words.append(word[begin:])
    lines[-1].last = True
    return lines


def _begin_that_fits(word: str, room: float) -> int:
    if len(word) < 8 or not word.isalpha():
        return 0
    fitting = int(room / _LETTER) - 1
    return next(
        (
            cut
            for cut in range(min(fitting, len(word) - 3), 2, -1)
            if word[cut - 1] in "aeiou" and word[cut] not in "aeiou"
        ),
        0,
    )


def _page(
    style: Style,
    number: int,
    chapter: int,
    sheet: _Sheet,
    after: _Sheet | None,
    rng: random.Random,
) -> MadePage:
    shift = rng.uniform(-style.jitter, style.jitter)
    composer = Composer(number, style.tight)
    margins = [] if sheet.title else list(style.margins(number, chapter, rng))
    if sheet.title:
        # The first page of a chapter has no header, but its number stands at the foot.
        margins = [one for one in style.margins(number, chapter, rng) if one[2] > 0.5]
    for text, align, height in margins:
        if height < 0.5:
            composer.line([text.split(" ")], align, height * HEIGHT + shift, _SIZE * 0.95)
    y = _TOP + shift
    for number_, title in enumerate(sheet.title):
        composer.line([title.split(" ")], "left", y + 40 + 50 * number_, _SIZE * 1.9)
    y += 10 * style.pitch if sheet.title else 0.0
    before: _Line | None = None
    for line in sheet.lines:
        new = before is None or before.paragraph != line.paragraph
        if new:
            composer.begin()
            if before is not None and not style.indented:
                y += style.pitch
        left = _LEFT + (1.5 * _SIZE if style.indented and line.first else 0.0)
        wide = style.justified and not line.last
        composer.body(line.words, left, y, wide)
        y += style.pitch
        before = line
    for text, align, height in margins:
        if height >= 0.5:
            composer.line([text.split(" ")], align, height * HEIGHT + shift, _SIZE * 0.95)
    return MadePage(composer.page(), [text for text, _, _ in margins], _join(sheet, after))


def _join(sheet: _Sheet, after: _Sheet | None) -> str | None:
    if after is None:
        return None
    if not sheet.lines or sheet.lines[-1].last or after.title:
        return "\n\n"
    return "" if sheet.lines[-1].divided else " "


class Composer:
    """Builds a page's text and boxes line by line, as an OCR would give them."""

    def __init__(self, number: int, tight: bool = True) -> None:
        self._number = number
        self._tight = tight
        self._text = ""
        self._paragraphs: list[list[Line]] = []

    def begin(self) -> None:
        """Begin a paragraph."""
        self._paragraphs.append([])

    def line(self, cells: Sequence[Sequence[str]], align: str, y: float, size: float) -> None:
        """Set a line in a paragraph of its own."""
        self.begin()
        letter = _LETTER * size / _SIZE
        words = [word for cell in cells for word in cell]
        width = letter * (sum(map(len, words)) + len(words) - 1)
        x = {"left": _LEFT, "right": _RIGHT - width}.get(align, (WIDTH - width) / 2)
        placed = []
        for word in words:
            placed.append((word, x, x + letter * len(word)))
            x += letter * (len(word) + 1)
        self._add(placed, y, size)

    def body(self, words: Sequence[str], left: float, y: float, wide: bool) -> None:
        """Set a line of the paragraph, stretched to the full width where it is `wide`."""
        blanks = max(1, len(words) - 1)
        used = sum(map(len, words)) * _LETTER
        blank = (_RIGHT - left - used) / blanks if wide else _LETTER
        placed = []
        x = left
        for word in words:
            placed.append((word, x, x + len(word) * _LETTER))
            x += len(word) * _LETTER + blank
        self._add(placed, y, _SIZE)

    def page(self) -> Page:
        """Return the page."""
        paragraphs = [_paragraph_of(lines) for lines in self._paragraphs if lines]
        blocks = [Block(p.start, p.end, p.box, 1.0, [p]) for p in paragraphs]
        text = self._text
        return Page(self._number, WIDTH, HEIGHT, "pixels", 0, len(text), text, 1.0, ["en"], blocks)

    def _add(self, placed: Sequence[tuple[str, float, float]], y: float, size: float) -> None:
        begin = len(self._text)
        words = []
        for place, (text, x0, x1) in enumerate(placed):
            start = len(self._text)
            self._text += text + ("\n" if place == len(placed) - 1 else " ")
            top, bottom = self._ink(text, y, size)
            box = (x0 / WIDTH, top / HEIGHT, x1 / WIDTH, bottom / HEIGHT)
            words.append(Word(text, start, len(self._text), box, 1.0))
        box = _union([word.box for word in words])
        self._paragraphs[-1].append(Line(begin, len(self._text), box, 1.0, words))

    def _ink(self, text: str, y: float, size: float) -> tuple[float, float]:
        if not self._tight:
            return y, y + size
        high = any(letter.isupper() or letter.isdigit() or letter in _HIGH for letter in text)
        low = any(letter in _LOW for letter in text)
        return y + (0.0 if high else 0.24 * size), y + (size if low else 0.76 * size)


def _paragraph_of(lines: list[Line]) -> Paragraph:
    return Paragraph(lines[0].start, lines[-1].end, _union([one.box for one in lines]), 1.0, lines)


def _union(boxes: Sequence[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)
