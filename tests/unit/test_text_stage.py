"""The text stage as it runs: from checkpoint to checkpoint, with exact places for every word."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.lifecycle import Stage
from common.models import DocumentId, JobId, JobOptions, ObjectRef, Priority
from common.results import Block, Line, Page, Paragraph, Word
from common.stage_rows import PageText, ParagraphKind
from common.stages import StageInputs, StageLimits, StageRows, StageWork, Step
from common.text_pages import REACH
from functions.pipeline.stages.text import text
from tests.text_books import STYLES
from tests.text_typesetting import typeset


class _NoRows:
    """Nothing was made before the first stage."""


def _never() -> Any:
    raise AssertionError("the text stage asks for no engine")


def _inputs(pages: Sequence[Page], at_once: int = 50) -> StageInputs:
    def above(number: int) -> Iterator[Page]:
        return (page for page in pages if page.number > number)

    return StageInputs(
        work=StageWork(
            job_id=JobId(UUID(int=1)),
            document_id=DocumentId(UUID(int=2)),
            stage=Stage.TEXT,
            attempt=1,
            stalls=1,
            cursor=None,
            options=JobOptions(),
            priority=Priority.NORMAL,
            source=ObjectRef("b", "o", 1),
            filename="a.pdf",
            result_path="r",
            result_checksum="",
            pages=len(pages),
        ),
        rows=cast(StageRows, _NoRows()),
        result_pages=above,
        segmenter=_never,
        entities=_never,
        embedder=_never,
        normalizer=None,
        outline=_never,
        limits=replace(StageLimits(), pages_at_once=at_once),
    )


def _rows(steps: Sequence[Step]) -> list[PageText]:
    return [cast(PageText, row) for step in steps for row in step.rows]


BOOKS = {style.name: style for style in STYLES}


@pytest.mark.parametrize("name", ["left and right pages", "number in dashes", "two pages"])
@pytest.mark.parametrize("missing", [(), (1, 4, 5, 9)], ids=["whole", "with gaps"])
def test_broken_off_at_any_checkpoint_it_makes_the_same_rows(
    name: str, missing: tuple[int, ...]
) -> None:
    pages = [one.page for one in typeset(BOOKS[name], 3) if one.page.number not in missing]
    whole = _rows(list(text(_inputs(pages), None)))
    steps = list(text(_inputs(pages, 1), None))
    assert _rows(steps) == whole
    for place, step in enumerate(steps):
        cursor = json.loads(json.dumps(step.cursor))
        rest = list(text(_inputs(pages, 4), cursor))
        assert _rows(steps[: place + 1]) + _rows(rest) == whole


def test_steps_are_as_many_pages_as_are_asked_for_and_count_to_the_end() -> None:
    pages = [one.page for one in typeset(BOOKS["number below"], 5)]
    steps = list(text(_inputs(pages, 4), None))
    assert [len(step.rows) for step in steps] == [4, 4, 4, 2]
    assert [(step.done, step.total) for step in steps] == [(4, 14), (8, 14), (12, 14), (14, 14)]
    assert list(text(_inputs(pages), steps[-1].cursor)) == []


def test_no_pages_are_no_steps() -> None:
    assert list(text(_inputs([]), None)) == []


def test_no_more_pages_are_read_ahead_than_the_reach() -> None:
    pages = [one.page for one in typeset(BOOKS["number below"], 5)] * 3
    for number, page in enumerate(pages, start=1):
        pages[number - 1] = replace_number(page, number)
    read: list[int] = []
    inputs = _inputs(pages, 1)

    def watched(number: int) -> Iterator[Page]:
        for page in pages[number:]:
            read.append(page.number)
            yield page

    for step in text(replace(inputs, result_pages=watched), None):
        assert read[-1] - step.done <= 2 * REACH + 1


def replace_number(page: Page, number: int) -> Page:
    return Page(
        number,
        page.width,
        page.height,
        page.unit,
        page.start,
        page.end,
        page.text,
        page.confidence,
        page.languages,
        page.blocks,
    )


WORDS = st.text(st.sampled_from("abcdeéß-\u00ad\u200bﬁ.,•1中A\u00b4"), min_size=1, max_size=8)
LINES = st.lists(WORDS, min_size=1, max_size=6)


@st.composite
def _pages(draw: st.DrawFn) -> list[Page]:
    pages = []
    for number in draw(st.sets(st.integers(1, 12), max_size=4)):
        offset = draw(st.integers(0, 900))
        body = ""
        blocks = []
        for paragraph in draw(st.lists(st.lists(LINES, min_size=1, max_size=3), max_size=4)):
            lines = []
            for words in paragraph:
                made = []
                y = draw(st.integers(0, 98)) / 100
                first = offset + len(body)
                for place, word in enumerate(words):
                    start = offset + len(body)
                    spaced = place == len(words) - 1 or draw(st.booleans())
                    body += word + (" " if spaced else "")
                    x = place / len(words)
                    box = (x, y, x + 0.1, y + draw(st.sampled_from([0.0, 0.01, 0.02])))
                    made.append(Word(word, start, offset + len(body), box, 0.9))
                lines.append(Line(first, offset + len(body), (0.0, y, 1.0, y + 0.01), 0.9, made))
            start, end = lines[0].start, lines[-1].end
            box = (0.0, 0.0, 1.0, 1.0)
            blocks.append(Block(start, end, box, 0.9, [Paragraph(start, end, box, 0.9, lines)]))
        size = draw(st.sampled_from([0.0, 1000.0]))
        pages.append(
            Page(number, size, size, "", offset, offset + len(body), body, 0.9, [], blocks)
        )
    return sorted(pages, key=lambda page: page.number)


@settings(max_examples=80, deadline=None)
@given(_pages())
def test_paragraphs_tile_a_pages_text_and_words_lie_in_them(pages: list[Page]) -> None:
    for row in _rows(list(text(_inputs(pages, 2), None))):
        _check(row)


def test_so_they_do_on_the_pages_of_a_book() -> None:
    for name in ("left and right pages", "no margins, ragged", "scanned askew"):
        pages = [one.page for one in typeset(BOOKS[name], 8)]
        for row in _rows(list(text(_inputs(pages), None))):
            _check(row)


def _check(row: PageText) -> None:
    at = 0
    for number, paragraph in enumerate(row.layout.paragraphs):
        if number:
            assert row.text[at : at + 2] == "\n\n"
            at += 2
        assert paragraph.start == at
        inside = row.text[paragraph.start : paragraph.end]
        assert inside
        assert inside == " ".join(inside.split())
        assert (paragraph.level > 0) == (paragraph.kind is ParagraphKind.HEADING)
        at = paragraph.end
    assert at == len(row.text)
    covered = set[int]()
    before = -1
    for word in row.layout.words:
        assert before <= word.start < word.end <= len(row.text)
        before = word.end
        assert not any(
            letter.isspace() and letter == "\n" for letter in row.text[word.start : word.end]
        )
        covered.update(range(word.start, word.end))
    assert all(place in covered or letter.isspace() for place, letter in enumerate(row.text))


@settings(max_examples=30, deadline=None)
@given(_pages(), st.integers(1, 3))
def test_any_pages_broken_off_anywhere_make_the_same_rows(pages: list[Page], at_once: int) -> None:
    whole = _rows(list(text(_inputs(pages), None)))
    steps = list(text(_inputs(pages, at_once), None))
    for place, step in enumerate(steps):
        rest = list(text(_inputs(pages), step.cursor))
        assert _rows(steps[: place + 1]) + _rows(rest) == whole
