"""The rows of a merge: pages and the boxes of their words, written in bulk under its attempt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, LiteralString

from psycopg import Connection

from common.models import BoxRow, MergeWork, PageRow

# Held until the rows are written, so that the document can't go meanwhile and leave them.
DOCUMENT: Final[LiteralString] = """
    SELECT FROM documents WHERE id = %(document_id)s FOR KEY SHARE
"""

PAGES: Final[LiteralString] = """
    COPY pages (document_id, job_id, attempt, number, width, height, unit, text_start,
                text_end, confidence, languages, text, folded) FROM STDIN (FORMAT binary)
"""
PAGE_TYPES: Final = (
    *("bytea", "bytea", "int4", "int4", "float4", "float4", "text", "int4"),
    *("int4", "float4", "text[]", "text", "text"),
)

BOXES: Final[LiteralString] = """
    COPY bounding_boxes (document_id, job_id, attempt, page, word, text, text_start, text_end,
                         x0, y0, x1, y1, confidence) FROM STDIN (FORMAT binary)
"""
BOX_TYPES: Final = (
    *("bytea", "bytea", "int4", "int4", "int4", "text", "int4"),
    *("int4", "float4", "float4", "float4", "float4", "float4"),
)

OWN_ROWS: Final[LiteralString] = """
    WITH boxes AS (
        DELETE FROM bounding_boxes
         WHERE document_id = %(document_id)s AND job_id = %(job_id)s AND attempt = %(attempt)s
    )
    DELETE FROM pages
     WHERE document_id = %(document_id)s AND job_id = %(job_id)s AND attempt = %(attempt)s
"""


def write(
    connection: Connection[Any],
    work: MergeWork,
    pages: Iterable[PageRow],
    boxes: Iterable[BoxRow],
) -> bool:
    """Copy rows within the connection's transaction; False where the document is gone."""
    if connection.execute(DOCUMENT, _fence(work)).rowcount == 0:
        return False
    copy_rows(connection, PAGES, PAGE_TYPES, work, pages)
    copy_rows(connection, BOXES, BOX_TYPES, work, boxes)
    return True


def delete(connection: Connection[Any], work: MergeWork) -> None:
    """Remove the rows of this merge's attempt."""
    connection.execute(OWN_ROWS, _fence(work))


def copy_rows(
    connection: Connection[Any],
    statement: LiteralString,
    types: Sequence[str],
    work: MergeWork,
    rows: Iterable[tuple[object, ...]],
) -> None:
    """Copy rows of one table, each behind what names the merge."""
    # As the bytes that they are on the wire: turned into them once, not once a row.
    merge = (work.document_id.bytes, work.job_id.bytes, work.attempt)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        # In binary: twice as fast as text, for both sides.
        copy.set_types(types)
        for row in rows:
            copy.write_row((*merge, *row))


def _fence(work: MergeWork) -> dict[str, object]:
    return {"document_id": work.document_id, "job_id": work.job_id, "attempt": work.attempt}
