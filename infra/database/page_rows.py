"""The rows of a merge: its pages, each with its words, written in bulk under its attempt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from psycopg import Connection

from common.models import MergeWork, PageRow, Words
from infra.database.word_lists import packed


class Merge(NamedTuple):
    """Under what rows are written."""

    document_id: UUID
    job_id: UUID
    attempt: int


# Held until the rows are written: a document that is gone is found here, and none goes meanwhile.
DOCUMENT: Final[LiteralString] = """
    SELECT FROM documents WHERE id = %(document_id)s FOR KEY SHARE
"""

PAGES: Final[LiteralString] = """
    COPY pages (document_id, job_id, attempt, number, width, height, unit, text_start,
                text_end, confidence, languages, text, folded, words, word_starts, word_ends,
                word_x0, word_y0, word_x1, word_y1, word_confidences) FROM STDIN (FORMAT binary)
"""
# What is bytes here is packed as it is on the wire, which is read by the column's own type.
_PACKED: Final = "bytea"
TYPES: Final = (
    *(_PACKED, _PACKED, "int4", "int4", "float4", "float4", "text", "int4"),
    *("int4", "float4", "text[]", "text", "text"),
    *((_PACKED,) * len(Words._fields)),
)

OWN_ROWS: Final[LiteralString] = """
    DELETE FROM pages
     WHERE document_id = %(document_id)s AND job_id = %(job_id)s AND attempt = %(attempt)s
"""


def write(connection: Connection[Any], work: MergeWork, pages: Iterable[PageRow]) -> bool:
    """Copy rows within the connection's transaction; False where the document is gone."""
    if connection.execute(DOCUMENT, _fence(work)).rowcount == 0:
        return False
    copy(connection, [(Merge(work.document_id, work.job_id, work.attempt), pages)])
    return True


def delete(connection: Connection[Any], work: MergeWork) -> None:
    """Remove the rows of this merge's attempt."""
    connection.execute(OWN_ROWS, _fence(work))


def copy(connection: Connection[Any], documents: Iterable[tuple[Merge, Iterable[PageRow]]]) -> None:
    """Copy the pages of one or more merges."""
    with connection.cursor() as cursor, cursor.copy(PAGES) as rows:
        # In binary: twice as fast as text, for both sides.
        rows.set_types(TYPES)
        for merge, pages in documents:
            # Turned into bytes once, not once a row.
            named = (merge.document_id.bytes, merge.job_id.bytes, merge.attempt)
            for page in pages:
                rows.write_row((*named, *page[:-1], *packed(page.words)))


def _fence(work: MergeWork) -> dict[str, object]:
    return {"document_id": work.document_id, "job_id": work.job_id, "attempt": work.attempt}
