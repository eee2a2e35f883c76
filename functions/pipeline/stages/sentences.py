"""Sentences: paragraphs are put together over page breaks and cut, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from common.paragraphs import PageWords, Paragraph, Piece
from common.sentences import Span, whole
from common.stage_rows import PageText, ParagraphKind, Sentence
from common.stages import Cursor, Normalizer, Segmenter, StageInputs, Step

#: Characters of a paragraph that does not end: behind a page, all of it but the last sentence goes.
_LONGEST_PARAGRAPH: Final = 20_000
_PARAGRAPH_ENDS: Final = "\n\n"


def sentences(inputs: StageInputs, cursor: Cursor) -> Iterator[Step]:
    """Cut the pages' paragraphs into sentences; a step is at most `pages_at_once` pages.

    A heading is one sentence. So is a table's paragraph: its cells are found by search, and no
    reader takes them for prose. In memory are the pages of a step and of one open paragraph.
    """
    cutting = _Cutting(inputs.segmenter(), cursor or {})
    normalizer = inputs.normalizer() if inputs.normalizer else None
    total = inputs.work.pages
    waiting = 0
    place = cursor
    for page in inputs.rows.page_texts(after=cutting.resumes_at - 1):
        cutting.read(page)
        waiting += 1
        # Pages of an open paragraph are read again: it must be another one each time.
        if waiting >= inputs.limits.pages_at_once and place != (reached := cutting.cursor()):
            place, done = reached, reached["pages"]
            yield Step(_normalized(cutting.taken(), normalizer), place, done, max(total, done))
            waiting = 0
    cutting.close()
    rows = _normalized(cutting.taken(), normalizer)
    if rows or waiting or not cutting.pages:
        total = max(total, cutting.pages)
        yield Step(rows, cutting.cursor(), total, total)


class _Cutting:
    """What has been read, cut and not yet handed over."""

    def __init__(self, segmenter: Segmenter, cursor: dict[str, int]) -> None:
        self._segmenter = segmenter
        #: The page to go on with, and where in its text.
        self.resumes_at = cursor.get("page", 1)
        self._offset = cursor.get("offset", 0)
        self._paragraphs = cursor.get("paragraph", 0)
        self._sentences = cursor.get("sentence", 0)
        #: Pages that have been read.
        self.pages = cursor.get("pages", 0)
        self._next_page = self.resumes_at
        self._open: Paragraph | None = None
        self._join = _PARAGRAPH_ENDS
        self._rows: list[Sentence] = []

    def read(self, page: PageText) -> None:
        """Take a page in, and cut what ends on it."""
        words = PageWords(page)
        skipped = self._offset if page.page == self.resumes_at else 0
        for laid in page.layout.paragraphs:
            start = max(laid.start, skipped)
            text = page.text[start : laid.end]
            if not text.strip():
                continue
            if self._join == _PARAGRAPH_ENDS:
                self.close()
            if self._open is None:
                self._open = Paragraph(self._paragraphs)
            piece = Piece(words, start, laid.end, 0, laid.kind, laid.level, self.pages)
            self._open.add(piece, text, self._join)
            self._join = _PARAGRAPH_ENDS
        self.pages += 1
        self._next_page = page.page + 1
        if self._open is None or page.join_next == _PARAGRAPH_ENDS:
            self.close()
            return
        self._join = page.join_next
        if len(self._open.text) > _LONGEST_PARAGRAPH:
            *ended, last = self._spans(self._open)
            self._write(self._open, ended)
            self._open = self._open.behind(last[0])

    def close(self) -> None:
        """Cut the open paragraph: it does not go on."""
        if self._open is not None:
            self._write(self._open, self._spans(self._open))
            self._paragraphs += 1
        self._open = None
        self._join = _PARAGRAPH_ENDS

    def taken(self) -> list[Sentence]:
        """Hand over the sentences since the last time."""
        rows, self._rows = self._rows, []
        return rows

    def cursor(self) -> Cursor:
        """Return where to go on: at the open paragraph, or with the next page."""
        page, offset, pages = self._next_page, 0, self.pages
        if self._open is not None:
            first = self._open.first
            page, offset, pages = first.words.page, first.start, first.pages_before
        return {
            "page": page,
            "offset": offset,
            "paragraph": self._paragraphs,
            "sentence": self._sentences,
            "pages": pages,
        }

    def _spans(self, paragraph: Paragraph) -> list[Span]:
        first = paragraph.first
        if first.kind in {ParagraphKind.HEADING, ParagraphKind.TABLE}:
            return whole(paragraph.text)
        return self._segmenter.spans(paragraph.text, first.words.language)

    def _write(self, paragraph: Paragraph, spans: Sequence[Span]) -> None:
        level = paragraph.first.level if paragraph.first.kind is ParagraphKind.HEADING else 0
        for begin, end in spans:
            place = paragraph.place(begin, end)
            self._rows.append(
                Sentence(
                    position=self._sentences,
                    text=paragraph.text[begin:end].replace("\n", " "),
                    language=place.language,
                    page_start=place.page_start,
                    start=place.start,
                    page_end=place.page_end,
                    end=place.end,
                    paragraph=paragraph.number,
                    boxes=place.boxes,
                    level=level,
                )
            )
            self._sentences += 1


def _normalized(rows: list[Sentence], normalizer: Normalizer | None) -> list[Sentence]:
    """Return the sentences with what the model makes of them: one call a language."""
    if normalizer is None:
        return rows
    by_language = sorted(rows, key=lambda row: (row.language, row.position))
    found: list[Sentence] = []
    for language, group in groupby(by_language, key=lambda row: row.language):
        some = list(group)
        texts = normalizer.normalize([row.text for row in some], language)
        found += [row._replace(normalized=text) for row, text in zip(some, texts, strict=True)]
    return sorted(found, key=lambda row: row.position)
