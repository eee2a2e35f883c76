"""From pages as they were read to pages as running text, one after the other.

What a page's edge, its hyphens and its language are is told by its neighbours: those at most
`REACH` numbers away, never more. So a document of any length takes the memory of some twenty
pages, and whoever begins `REACH` pages earlier gets the same text from there on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, NamedTuple

from common.results import Page
from common.stage_rows import Layout, PageText
from common.text_edges import PageMargins, margins_of
from common.text_hyphens import Seam, Vocabulary, seam, words_in
from common.text_languages import UNKNOWN, language_of, prevailing
from common.text_layout import BREAK, Carried, Composer
from common.text_lines import TextLine, aspect_of, lines_of
from common.text_margins import set_aside
from common.text_paragraphs import Paragraph, notes_in, paragraphs_of, place_of_head, tail_of
from common.text_words import has_loose_accents, with_accents

#: So many page numbers before and after a page tell what is on it.
REACH: Final = 8


@dataclass(slots=True, eq=False)
class _Facts:
    """A page before its neighbours are known; without its lines once it is done."""

    number: int
    margins: PageMargins
    vocabulary: set[str]
    language: str
    lines: list[TextLine]
    #: Once its neighbours are known.
    made: _Made | None = None


@dataclass(slots=True, eq=False)
class _Made:
    """A page's paragraphs and what is set aside, its neighbours considered."""

    language: str
    vocabulary: Vocabulary
    header: str
    footer: str
    paragraphs: list[Paragraph]
    #: So many of the last paragraphs are footnotes.
    notes: int

    @property
    def tail(self) -> Paragraph:
        """The paragraph that may go on overleaf."""
        return self.paragraphs[len(self.paragraphs) - self.notes - 1]


def running_texts(
    pages: Iterator[Page], *, after: int, carried: Carried
) -> Iterator[tuple[PageText, Carried]]:
    """Yield the text of each page above `after`, and what the next page takes over.

    `pages` begin at `after - REACH + 1`, or with the document, and come in order; numbers may be
    missing.
    """
    window = _Window(pages)
    number = after
    while (facts := window.next_above(number)) is not None:
        number = facts.number
        row, carried = _row(window, facts, carried)
        yield row, carried
        window.let_go(number)


class _Window:
    """The pages that are looked at: read as far as is asked, let go when they are far behind."""

    def __init__(self, pages: Iterator[Page]) -> None:
        self._pages = pages
        self._known = deque[_Facts]()
        self._ended = False

    def next_above(self, number: int) -> _Facts | None:
        self._read_to(number + 1)
        return next((facts for facts in self._known if facts.number > number), None)

    def numbered(self, number: int) -> _Facts | None:
        self._read_to(number)
        return next((facts for facts in self._known if facts.number == number), None)

    def made(self, facts: _Facts) -> _Made:
        if facts.made is None:
            self._read_to(facts.number + REACH)
            around = [
                other
                for other in self._known
                if other is not facts and abs(other.number - facts.number) <= REACH
            ]
            facts.made = _make(facts, around)
            facts.lines = []
        return facts.made

    def let_go(self, number: int) -> None:
        for facts in self._known:
            if facts.number <= number:
                facts.made = None
                facts.lines = []
        while self._known and self._known[0].number <= number - REACH:
            self._known.popleft()

    def _read_to(self, number: int) -> None:
        while not self._ended and (not self._known or self._known[-1].number < number):
            page = next(self._pages, None)
            if page is None:
                self._ended = True
            else:
                self._known.append(_facts(page))


def _facts(page: Page) -> _Facts:
    lines = lines_of(page)
    text = with_accents(page.text) if has_loose_accents(page.text) else page.text
    words = words_in(text)
    return _Facts(
        number=page.number,
        margins=margins_of(page.number, lines, aspect_of(page)),
        vocabulary=set(words),
        language=language_of(words, page.languages),
        lines=lines,
    )


def _make(facts: _Facts, around: Sequence[_Facts]) -> _Made:
    sizes = [other.margins.size for other in (facts, *around) if other.margins.size]
    size = median(sizes) if sizes else 0.0
    aside = set_aside(facts.margins, [other.margins for other in around], size)
    body = [line for line in facts.lines if line.place not in aside]
    paragraphs = paragraphs_of(body, size)
    language = facts.language
    if language == UNKNOWN and facts.lines:
        language = prevailing(other.language for other in around)
    return _Made(
        language=language,
        vocabulary=[facts.vocabulary, *(other.vocabulary for other in around)],
        header=_said(facts.lines, aside, top=True),
        footer=_said(facts.lines, aside, top=False),
        paragraphs=paragraphs,
        notes=notes_in(paragraphs, size),
    )


def _said(lines: Sequence[TextLine], aside: dict[int, bool], *, top: bool) -> str:
    return "\n".join(line.text for line in lines if aside.get(line.place) is top)


def _row(window: _Window, facts: _Facts, carried: Carried) -> tuple[PageText, Carried]:
    made = window.made(facts)
    paragraphs = made.paragraphs
    if not paragraphs:
        # A blank page, a picture: it hands on what it was handed.
        row = PageText(
            facts.number,
            "",
            carried.between,
            made.language,
            made.header,
            made.footer,
            Layout([], []),
        )
        return row, carried
    if carried.place:
        head = paragraphs[carried.place]
        paragraphs = [head, *(one for one in paragraphs if one is not head)]
    tail = made.tail
    # Footnotes stand before the paragraph that goes on overleaf, but where it has itself come from
    # the page before.
    alone = carried.continues and tail is paragraphs[0] and len(paragraphs) > 1
    ending = None if alone else _goes_on(window, facts, made)
    if ending is not None and made.notes:
        paragraphs = [*(one for one in paragraphs if one is not tail), tail]
    last = ending.seam if ending else None
    text, layout = Composer(made.language, made.vocabulary).compose(paragraphs, carried, last)
    row = PageText(
        facts.number,
        text,
        last.between if last else BREAK,
        made.language,
        made.header,
        made.footer,
        layout,
    )
    if ending is None:
        return row, Carried()
    kind = carried.kind if len(paragraphs) == 1 and carried.continues else tail.kind
    return row, Carried(True, ending.place, kind, ending.seam.between)


class _Ending(NamedTuple):
    """How a page's last paragraph goes on: how its last line does, and where on the next page."""

    seam: Seam
    place: int


def _goes_on(window: _Window, facts: _Facts, made: _Made) -> _Ending | None:
    number = facts.number + 1
    following = window.numbered(number)
    while following is not None and not window.made(following).paragraphs:
        number += 1
        following = window.numbered(number) if number <= facts.number + REACH else None
    if following is None:
        return None
    after = window.made(following).paragraphs
    tail = tail_of(made.tail, made.paragraphs)
    place = place_of_head(tail, after, facts.margins.size, made.language, made.vocabulary)
    if place is None:
        return None
    last, first = made.tail.lines[-1].words[-1], after[place].lines[0].words[0]
    return _Ending(seam(last.text, first.text, made.language, made.vocabulary), place)
