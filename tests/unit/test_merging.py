from __future__ import annotations

import pytest

from common.errors import PermanentError
from common.merging import (
    check_pages,
    join,
    mean_confidence,
    number_pages,
    shift_page,
    words_of,
)
from common.models import Words
from common.pages import PageRange
from common.results import Block, ChunkResult, Line, Page, PageError, Paragraph, Word

BOX = (0.1, 0.2, 0.3, 0.4)


def page(number: int, text: str, confidence: float = 0.9) -> Page:
    word = Word(text.strip(), 0, len(text), BOX, confidence)
    line = Line(0, len(text), BOX, confidence, [word])
    paragraph = Paragraph(0, len(text), BOX, confidence, [line])
    block = Block(0, len(text), BOX, confidence, [paragraph])
    return Page(number, 100, 200, "pixels", 0, len(text), text, confidence, ["en"], [block])


def chunk(*pages: Page, errors: tuple[PageError, ...] = ()) -> ChunkResult:
    offset = 0
    for each in pages:
        shift_page(each, offset)
        offset += len(each.text)
    numbers = [*(page.number for page in pages), *(error.number for error in errors)]
    return ChunkResult(
        document_id="d",
        chunk_index=0,
        page_start=min(numbers),
        page_end=max(numbers),
        page_count=len(pages),
        overall_confidence=mean_confidence(list(pages)),
        full_text="".join(each.text for each in pages),
        pages=list(pages),
        errors=list(errors),
    )


def test_joined_parts_have_anchors_into_the_joined_text() -> None:
    joined = join([chunk(page(1, "one\n"), page(2, "zwölf\n")), chunk(page(3, "drei\n"))])
    assert joined.full_text == "one\nzwölf\ndrei\n"
    for each in joined.pages:
        assert joined.full_text[each.start : each.end] == each.text
        [word] = [w for b in each.blocks for p in b.paragraphs for li in p.lines for w in li.words]
        assert joined.full_text[word.start : word.end].strip() == word.text
    assert (joined.page_start, joined.page_end, joined.page_count) == (1, 3, 3)


def test_a_chunks_pages_get_the_documents_own_numbers() -> None:
    pages = [page(1, "a\n"), page(2, "b\n")]
    number_pages(pages, 26)
    assert [each.number for each in pages] == [26, 27]


@pytest.mark.parametrize(
    "numbers", [[1, 2], [1, 2, 2], [2, 1, 3], [1, 2, 4]], ids=["short", "doubled", "order", "alien"]
)
def test_a_result_that_does_not_account_for_each_page_once_is_refused(numbers: list[int]) -> None:
    with pytest.raises(PermanentError) as refused:
        check_pages(chunk(*(page(n, "x\n") for n in numbers)), PageRange(1, 3))
    assert refused.value.code == "RESULT_INCONSISTENT"


def test_a_page_with_an_error_is_accounted_for() -> None:
    result = chunk(page(1, "a\n"), page(3, "c\n"), errors=(PageError(2, "X", "x"),))
    check_pages(result, PageRange(1, 3))


def test_confidence_is_weighed_by_length_and_empty_pages_do_not_count() -> None:
    assert mean_confidence([page(1, "aaa\n", 1.0), page(2, "bbbbbbbbbbb\n", 0.6)]) == 0.7
    assert mean_confidence([page(1, "", 1.0)]) == 0.0


def test_a_pages_words_stand_in_their_order_and_hold_no_nul() -> None:
    words = words_of(page(7, "a\0b\n"))
    assert words == Words(["ab"], [0], [4], [0.1], [0.2], [0.3], [0.4], [0.9])
