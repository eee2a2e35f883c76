"""Where a document's sections begin: at its PDF's bookmarks, and at its headings.

Sentences are read once, in order. What is kept of them is a page's worth of text and five bytes
each.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from common.folding import fold
from common.stage_rows import Sentence
from common.stages import OutlineEntry
from common.tree_headings import is_bare, rank_of, ranks, without_number

#: Letters of a title.
TITLE_LETTERS: Final = 200
#: Sections that a tree has at most, parts that have no title not counted.
MAX_SECTIONS: Final = 5_000
_MOST_HEADINGS: Final = 50_000
#: A bookmark's section of more pages than this is divided further, by its headings.
_COARSE_PAGES: Final = 4
#: Bookmarks stand above all headings.
_BELOW_BOOKMARKS: Final = 1000.0
#: How far above its line a bookmark may point, as a share of the page.
_ABOVE_LINE: Final = 0.03


class Start(NamedTuple):
    """Where a section begins."""

    sentence: int
    page: int
    #: On which the sentence before it ends.
    page_before: int
    title: str
    #: A section ends where one begins whose rank is not higher.
    rank: float
    is_bookmark: bool


class _Mark(NamedTuple):
    """A paragraph, or a heading of several."""

    sentence: int
    last_sentence: int
    text: str
    level: int
    #: From the page's top, as a share of it.
    top: float
    page: int
    page_before: int


@dataclass(slots=True)
class Beginnings:
    """What was found, and what is known of each sentence."""

    starts: list[Start] = field(default_factory=list)
    #: Of each sentence's text, in code points.
    lengths: array[int] = field(default_factory=lambda: array("i"))
    #: Whether it is (part of) a heading.
    headings: bytearray = field(default_factory=bytearray)
    #: What the document begins with, if that is a heading and none is larger.
    title: str = ""
    #: The first and the last with text; 0 where there is none.
    first_page: int = 0
    last_page: int = 0


def find_beginnings(
    sentences: Iterable[Sentence], outline: Sequence[OutlineEntry], pages: int
) -> Beginnings:
    """Return where sections begin. `pages` is how many were read.

    A bookmark's section begins at the paragraph that says its title, else at the one it points
    to, else with its page. Headings count where there are no bookmarks, and within long sections.
    """
    found = Beginnings()
    placing = _Placing(outline)
    page: list[_Mark] = []
    paragraph, before = -1, 0
    for sentence in sentences:
        found.lengths.append(len(sentence.text))
        found.headings.append(sentence.level > 0)
        found.first_page = found.first_page or sentence.page_start
        if page and page[-1].page != sentence.page_start:
            placing.place(page)
            page = []
        if sentence.paragraph != paragraph:
            top = sentence.boxes[0][2] if sentence.boxes else 0.0
            text = sentence.text[:TITLE_LETTERS]
            position, number = sentence.position, sentence.page_start
            page.append(
                _Mark(position, position, text, sentence.level, top, number, before or number)
            )
        elif sentence.level and page:
            text = f"{page[-1].text} {sentence.text}"[:TITLE_LETTERS]
            page[-1] = page[-1]._replace(text=text, last_sentence=sentence.position)
        paragraph, before = sentence.paragraph, sentence.page_end
    placing.place(page)
    found.last_page = before
    placing.place_rest(len(found.lengths), before, max(pages, before))
    found.starts = _chosen(placing.bookmarks, placing.headings, found.last_page)
    found.title = placing.title
    return found


class _Placing:
    """Bookmarks that wait for their page, and what was placed."""

    def __init__(self, outline: Sequence[OutlineEntry]) -> None:
        # One that points backwards would hold what others hold.
        self._waiting = deque(sorted(outline, key=lambda entry: entry.page))
        self.bookmarks: list[Start] = []
        self.headings: list[_Mark] = []
        self.title = ""
        self._largest = 0

    def place(self, marks: Sequence[_Mark]) -> None:
        """Take in what begins on a page."""
        if not marks:
            return
        marks = _whole(marks)
        page, reached = marks[0].page, 0
        self._look_for_title(marks)
        titles: list[str] = []
        taken: set[int] = set()
        while self._waiting and self._waiting[0].page <= page:
            entry = self._waiting.popleft()
            titles = titles or [fold(mark.text) for mark in marks]
            reached, is_said = _place_of(entry, marks, titles, reached, page)
            mark = marks[reached]
            if is_said:
                taken.add(reached)
            self._add(entry, mark.sentence, mark.page_before)
        if len(self.headings) < _MOST_HEADINGS:
            self.headings.extend(
                mark for number, mark in enumerate(marks) if mark.level and number not in taken
            )

    def _look_for_title(self, marks: Sequence[_Mark]) -> None:
        first = marks[0]
        if first.sentence == 0 and first.level and rank_of(first.text) is None:
            self.title, self._largest = first.text, first.level
        if self.title and any(0 < mark.level < self._largest for mark in marks):
            self.title = ""

    def place_rest(self, sentence: int, page_before: int, last_page: int) -> None:
        """Place what points behind the last text, at pages that are there."""
        for entry in self._waiting:
            if entry.page <= last_page:
                self._add(entry, sentence, page_before)

    def _add(self, entry: OutlineEntry, sentence: int, page_before: int) -> None:
        title = entry.title[:TITLE_LETTERS]
        start = Start(sentence, entry.page, page_before, title, float(entry.level), True)
        self.bookmarks.append(start)


def _place_of(
    entry: OutlineEntry, marks: Sequence[_Mark], titles: Sequence[str], reached: int, page: int
) -> tuple[int, bool]:
    """Return which paragraph a bookmark means, not before `reached`; and whether it says so."""
    if entry.page < page:
        return reached, False
    wanted = fold(entry.title)
    bare = fold(without_number(entry.title))
    for number in range(reached, len(marks)):
        said = titles[number]
        if wanted and said.startswith(wanted):
            return number, True
        if bare and marks[number].level and bare == fold(without_number(marks[number].text)):
            return number, True
    if entry.top is not None:
        for number in range(reached, len(marks)):
            if marks[number].top >= entry.top - _ABOVE_LINE:
                return number, bool(marks[number].level)
    return reached, False


def _chosen(bookmarks: list[Start], marks: list[_Mark], last_page: int) -> list[Start]:
    """Return the starts in order: all bookmarks, and the headings that add to them."""
    graded = ranks([(mark.text, mark.level) for mark in marks])
    if marks and _is_title(marks):
        graded[0] = 0.0
    headings = [
        Start(mark.sentence, mark.page, mark.page_before, mark.text, rank, False)
        for mark, rank in zip(marks, graded, strict=True)
    ]
    if bookmarks:
        headings = _within_coarse(bookmarks, headings, last_page)
    room = MAX_SECTIONS - len(bookmarks)
    if len(headings) > room:
        highest = sorted(headings, key=lambda start: (start.rank, start.sentence))[: max(0, room)]
        headings = highest
    # A bookmark stands before the headings of its sentence.
    return sorted(
        [*bookmarks[:MAX_SECTIONS], *headings],
        key=lambda start: (start.sentence, not start.is_bookmark),
    )


def _is_title(marks: Sequence[_Mark]) -> bool:
    """Whether the first heading is the document's: at its beginning, and larger than all others."""
    first = marks[0]
    return (
        first.sentence == 0
        and rank_of(first.text) is None
        and all(mark.level > first.level for mark in marks[1:])
    )


def _whole(marks: Sequence[_Mark]) -> list[_Mark]:
    """Join headings that are one: a title of several lines, or a number with its title."""
    joined: list[_Mark] = []
    for mark in marks:
        last = joined[-1] if joined else None
        if last is not None and last.level and mark.level and _is_one(last, mark):
            joined[-1] = last._replace(
                text=_joined(last.text, mark.text),
                level=min(last.level, mark.level),
                last_sentence=mark.last_sentence,
            )
        else:
            joined.append(mark)
    return joined


def _is_one(first: _Mark, second: _Mark) -> bool:
    if rank_of(second.text) is not None or is_bare(second.text):
        return False
    if len(first.text) + len(second.text) >= TITLE_LETTERS:
        return False
    return first.level == second.level or is_bare(first.text) or first.text.endswith("-")


def _joined(first: str, second: str) -> str:
    if first.endswith("-"):
        return (first[:-1] if second[:1].islower() else first) + second
    return f"{first} {second}"


def _within_coarse(
    bookmarks: Sequence[Start], headings: Sequence[Start], last_page: int
) -> list[Start]:
    """Return the headings within long sections of bookmarks, ranked below them."""
    places = [*bookmarks, None]
    kept: list[Start] = []
    waiting = deque(headings)
    page = waiting[0].page if waiting else 0
    for bookmark in places:
        end = bookmark.sentence if bookmark else None
        until = bookmark.page if bookmark else last_page
        section: list[Start] = []
        while waiting and (end is None or waiting[0].sentence < end):
            section.append(waiting.popleft())
        if until - page > _COARSE_PAGES:
            kept.extend(start._replace(rank=start.rank + _BELOW_BOOKMARKS) for start in section)
        page = until
    return kept
