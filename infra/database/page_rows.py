"""The rows of a merge: pages and the boxes of their words, written in bulk under its attempt."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from psycopg import Connection

from common.models import BoxRow, MergeWork, PageRow


class Merge(NamedTuple):
    """Under what rows are written."""

    document_id: UUID
    job_id: UUID
    attempt: int


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
# A page has 400 of them, so they are packed here: five times as fast as a call for each value.
# COPY's binary format (PostgreSQL's documentation, SQL COPY, "File Formats"): a signature, flags
# and the length of an extension; rows of a count of fields, each behind its length; and -1.
_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_MERGE: Final = Struct(">hi16si16sii")
_PLACE: Final = Struct(">iiiii")
_ANCHOR: Final = Struct(">iiiiififififif")
_BOX_FIELDS: Final = 13
#: Bytes that are handed to the connection at once.
_PIECE_BYTES: Final = 1 << 16

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
    merge = Merge(work.document_id, work.job_id, work.attempt)
    copy_pages(connection, [(merge, pages)])
    copy_boxes(connection, [(merge, boxes)])
    return True


def delete(connection: Connection[Any], work: MergeWork) -> None:
    """Remove the rows of this merge's attempt."""
    connection.execute(OWN_ROWS, _fence(work))


def copy_pages(
    connection: Connection[Any], documents: Iterable[tuple[Merge, Iterable[PageRow]]]
) -> None:
    """Copy the pages of one or more merges."""
    with connection.cursor() as cursor, cursor.copy(PAGES) as copy:
        # In binary: twice as fast as text, for both sides.
        copy.set_types(PAGE_TYPES)
        for merge, pages in documents:
            # As the bytes that they are on the wire: turned into them once, not once a row.
            named = (merge.document_id.bytes, merge.job_id.bytes, merge.attempt)
            for page in pages:
                copy.write_row((*named, *page))


def copy_boxes(
    connection: Connection[Any], documents: Iterable[tuple[Merge, Iterable[BoxRow]]]
) -> None:
    """Copy the boxes of one or more merges."""
    with connection.cursor() as cursor, cursor.copy(BOXES) as copy:
        waiting = bytearray(_BEGIN)
        for merge, boxes in documents:
            named = _MERGE.pack(
                *(_BOX_FIELDS, 16, merge.document_id.bytes, 16, merge.job_id.bytes),
                *(4, merge.attempt),
            )
            for page, word, text, start, end, x0, y0, x1, y1, confidence in boxes:
                content = text.encode()
                waiting += named
                waiting += _PLACE.pack(4, page, 4, word, len(content))
                waiting += content
                waiting += _ANCHOR.pack(
                    *(4, start, 4, end, 4, x0, 4, y0, 4, x1, 4, y1, 4, confidence)
                )
                if len(waiting) > _PIECE_BYTES:
                    copy.write(waiting)
                    waiting = bytearray()
        copy.write(waiting + _END)


def _fence(work: MergeWork) -> dict[str, object]:
    return {"document_id": work.document_id, "job_id": work.job_id, "attempt": work.attempt}
