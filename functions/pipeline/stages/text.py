"""Clean text per page: words whole, paragraphs in one piece, headers and page numbers set aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from common.stage_rows import PageText, ParagraphKind
from common.stages import Cursor, StageInputs, Step
from common.text_layout import BREAK, Carried
from common.text_pages import REACH, running_texts

_BEGIN: Final[dict[str, Any]] = {
    "page": 0,
    "done": 0,
    "continues": False,
    "place": 0,
    "between": BREAK,
    "kind": ParagraphKind.BODY.value,
}


def text(inputs: StageInputs, cursor: Cursor) -> Iterator[Step]:
    """Yield the document's page texts, so many pages a step.

    The cursor names the last page that is done and says how its text goes on. Pages a little
    before it are read again, for what they tell of those behind it.
    """
    at = cursor or _BEGIN
    total = inputs.work.pages
    done: int = at["done"]
    carried = Carried(at["continues"], at["place"], ParagraphKind(at["kind"]), at["between"])
    pages = inputs.result_pages(max(0, at["page"] - REACH))
    rows: list[PageText] = []
    for row, next_carried in running_texts(pages, after=at["page"], carried=carried):
        if len(rows) == inputs.limits.pages_at_once:
            done += len(rows)
            yield Step(rows, _cursor(rows[-1], done, carried), done, max(total, done))
            rows = []
        rows.append(row)
        carried = next_carried
    if rows:
        done += len(rows)
        yield Step(rows, _cursor(rows[-1], done, carried), done, done)


def _cursor(last: PageText, done: int, carried: Carried) -> Cursor:
    return {
        "page": last.page,
        "done": done,
        "continues": carried.continues,
        "place": carried.place,
        "between": carried.between,
        "kind": carried.kind.value,
    }
