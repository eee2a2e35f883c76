"""Found passages as they are shown: what of them the query's words are, and where on the pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final
from uuid import UUID

import msgspec

from common.search import FoundPassage, Ranked
from common.search_words import places, snippet, word_boxes
from common.stage_rows import Layout, LineBox
from infra.database import search_statements as sql
from infra.database.time_limits import LimitedStatements, Row

_Pages = dict[tuple[UUID, int], tuple[str, Layout]]

#: A passage of one word a thousand times must not make the answer large.
_MOST_BOXES: Final = 100
#: A passage has a page or two; a table of one word a page may have many.
_MOST_PAGES: Final = 4


def found_passages(
    statements: LimitedStatements,
    found: Sequence[Ranked],
    rows: Sequence[Row],
    matched: Sequence[set[str]],
) -> list[FoundPassage]:
    """Return the passages in their ranks' order; `matched` are the query's words in each row."""
    pages = _pages(statements, rows)
    by_key = {
        (row["job_id"], row["position"]): (row, words)
        for row, words in zip(rows, matched, strict=True)
    }
    return [
        _passage(rank, *by_key[rank.job_id, rank.position], pages)
        for rank in found
        # A document that was read again in this moment has other rows now.
        if (rank.job_id, rank.position) in by_key
    ]


def _numbers(row: Row) -> range:
    return range(row["page_start"], min(row["page_end"], row["page_start"] + _MOST_PAGES - 1) + 1)


def _pages(statements: LimitedStatements, rows: Sequence[Row]) -> _Pages:
    wanted = [(row["job_id"], number) for row in rows for number in _numbers(row)]
    values = {"jobs": [job for job, _ in wanted], "pages": [number for _, number in wanted]}
    return {
        (page["job_id"], page["page"]): (
            page["text"],
            msgspec.msgpack.decode(page["layout"], type=Layout),
        )
        for page in statements.rows(sql.LAYOUTS, values)
    }


def _passage(rank: Ranked, row: Row, words: set[str], pages: _Pages) -> FoundPassage:
    piece, marks = snippet(row["text"], places(row["text"], words))
    return FoundPassage(
        document_id=row["document_id"],
        job_id=row["read_by"],
        filename=row["filename"],
        passage=row["position"],
        page_start=row["page_start"],
        page_end=row["page_end"],
        language=row["language"],
        text=row["text"],
        snippet=piece,
        marks=tuple(marks),
        boxes=tuple((int(box[0]), *box[1:]) for box in row["boxes"]),
        highlights=tuple(islice(_highlights(row, words, pages), _MOST_BOXES)),
        score=rank.score,
        text_rank=rank.text_rank,
        vector_rank=rank.vector_rank,
    )


def _highlights(row: Row, words: set[str], pages: _Pages) -> Iterator[LineBox]:
    for number in _numbers(row):
        if (row["job_id"], number) not in pages:
            continue
        text, layout = pages[row["job_id"], number]
        start = (row["start"] or 0) if number == row["page_start"] else 0
        end = row["end"] if number == row["page_end"] else None
        yield from word_boxes(number, layout.words, places(text, words, start, end))
