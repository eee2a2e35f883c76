"""The rows of the stages after OCR: written by COPY, a checkpoint's at once, and read in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from struct import Struct
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.rows import DictRow, TupleRow, tuple_row

from common.models import DocumentId, JobId
from common.stage_rows import (
    DIMENSIONS,
    Embedding,
    Entity,
    Layout,
    LineBox,
    PageText,
    Passage,
    PublishedVectors,
    Sentence,
    StageRow,
    TreeNode,
    Vector,
)
from infra.database import stage_statements as sql
from infra.database.languages import configuration
from infra.database.pool import Pool

#: Rows in memory at once. A page's layout is some 20 kB.
_PAGES_AT_ONCE: Final = 25
_ROWS_AT_ONCE: Final = 500
#: halfvec's binary form (pgvector, src/halfvec.c, halfvec_recv): dimensions, a reserved number, and
#: half-precision numbers.
_HALFVEC: Final = Struct(f">hh{DIMENSIONS}e")
_BOXES: Final = msgspec.json.Decoder(list[LineBox])


class _Table(NamedTuple):
    columns: LiteralString
    values: Callable[[Any], tuple[Any, ...]]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _halfvec(vector: Vector | None) -> str | None:
    return None if vector is None else _json(vector)


_TABLES: Final[Mapping[type, tuple[LiteralString, _Table]]] = {
    PageText: (
        "page_texts",
        _Table(
            "page, text, join_next, language, header, footer, layout",
            lambda row: (*row[:6], msgspec.msgpack.encode(row.layout)),
        ),
    ),
    Sentence: (
        "sentences",
        _Table(
            'position, text, language, page_start, start, page_end, "end", paragraph, boxes,'
            " normalized, level",
            lambda row: (*row[:8], _json(row.boxes), row.normalized, row.level),
        ),
    ),
    Passage: (
        "passages",
        _Table(
            "position, text, language, configuration, tokens, page_start, page_end,"
            " first_sentence, last_sentence, boxes",
            lambda row: (*row[:3], configuration(row.language), *row[3:8], _json(row.boxes)),
        ),
    ),
    Entity: (
        "entities",
        _Table(
            'passage, place, kind, text, start, "end", page, value, confidence',
            lambda row: (*row[:2], row.kind.value, *row[3:]),
        ),
    ),
    TreeNode: (
        "tree_nodes",
        _Table(
            "position, parent, depth, title, page_start, page_end, first_passage, last_passage,"
            " summary, centroid",
            lambda row: (*row[:9], _halfvec(row.centroid)),
        ),
    ),
}


def write(
    connection: Connection[DictRow], job_id: JobId, document_id: DocumentId, rows: Sequence[Any]
) -> None:
    """Write one checkpoint's rows."""
    kinds: defaultdict[type, list[StageRow]] = defaultdict(list)
    for row in rows:
        kinds[type(row)].append(row)
    for kind, some in kinds.items():
        if kind is PublishedVectors:
            for published in some:
                values = {"job_id": job_id, **published._asdict()}
                connection.execute(sql.PUBLISH, values)
        elif kind is Embedding:
            _write_embeddings(connection, job_id, document_id, some)
        else:
            name, table = _TABLES[kind]
            statement = f"COPY {name} (job_id, document_id, {table.columns}) FROM STDIN"
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in some:
                    copy.write_row((job_id, document_id, *table.values(row)))


def _write_embeddings(
    connection: Connection[DictRow], job_id: JobId, document_id: DocumentId, rows: Sequence[Any]
) -> None:
    statement = (
        "COPY passage_embeddings (job_id, document_id, position, embedding)"
        " FROM STDIN (FORMAT binary)"
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        # As bytes they are sent as they are, whatever the column's type.
        copy.set_types(("uuid", "uuid", "int4", "bytea"))
        for row in rows:
            packed = _HALFVEC.pack(DIMENSIONS, 0, *row.embedding)
            copy.write_row((job_id, document_id, row.position, packed))


class PostgresStageRows:
    """What earlier stages of one job have made; each lot of rows by a short transaction."""

    # Nobody has counted what was written a moment ago: Postgres takes the rows for a hundred, and
    # would sort all that follow for each lot. For 75,000 sentences: 280 ms a lot, not 0.5 ms.
    IN_ORDER: Final[LiteralString] = "SET LOCAL enable_sort = off"

    PAGE_TEXTS: Final[LiteralString] = """
        SELECT page, text, join_next, language, header, footer, layout FROM page_texts
         WHERE job_id = %(job_id)s AND page > %(after)s ORDER BY page LIMIT %(limit)s
    """
    SENTENCES: Final[LiteralString] = """
        SELECT position, text, language, page_start, start, page_end, "end", paragraph,
               boxes::text, normalized, level
          FROM sentences
         WHERE job_id = %(job_id)s AND position > %(after)s ORDER BY position LIMIT %(limit)s
    """
    PASSAGES: Final[LiteralString] = """
        SELECT position, text, language, tokens, page_start, page_end, first_sentence,
               last_sentence, boxes::text
          FROM passages
         WHERE job_id = %(job_id)s AND position > %(after)s ORDER BY position LIMIT %(limit)s
    """
    EMBEDDINGS: Final[LiteralString] = """
        SELECT position, halfvec_send(embedding) AS embedding FROM passage_embeddings
         WHERE job_id = %(job_id)s AND position > %(after)s ORDER BY position LIMIT %(limit)s
    """
    LAST_SENTENCE: Final[LiteralString] = """
        SELECT max(position) AS last FROM sentences WHERE job_id = %(job_id)s
    """
    LAST_PASSAGE: Final[LiteralString] = """
        SELECT max(position) AS last FROM passages WHERE job_id = %(job_id)s
    """

    def __init__(self, pool: Pool, job_id: JobId) -> None:
        self._pool = pool
        self._job_id: UUID = job_id

    def page_texts(self, *, after: int = 0) -> Iterator[PageText]:
        """Yield the pages above `after`."""
        for row in self._read(self.PAGE_TEXTS, after, _PAGES_AT_ONCE):
            yield PageText._make((*row[:6], msgspec.msgpack.decode(row[6], type=Layout)))

    def sentences(self, *, start: int = 0) -> Iterator[Sentence]:
        """Yield the sentences from this position on."""
        for row in self._read(self.SENTENCES, start - 1, _ROWS_AT_ONCE):
            yield Sentence._make((*row[:8], _BOXES.decode(row[8]), *row[9:]))

    def passages(self, *, start: int = 0) -> Iterator[Passage]:
        """Yield the passages from this position on."""
        for row in self._read(self.PASSAGES, start - 1, _ROWS_AT_ONCE):
            yield Passage._make((*row[:8], _BOXES.decode(row[8])))

    def embeddings(self, *, start: int = 0) -> Iterator[Embedding]:
        """Yield the embeddings from this position on."""
        for position, packed in self._read(self.EMBEDDINGS, start - 1, _ROWS_AT_ONCE):
            yield Embedding(position, list(_HALFVEC.unpack(packed)[2:]))

    def last_sentence(self) -> int | None:
        """Return the last sentence's position; None where there is none."""
        return self._last(self.LAST_SENTENCE)

    def last_passage(self) -> int | None:
        """Return the last passage's position; None where there is none."""
        return self._last(self.LAST_PASSAGE)

    def _last(self, statement: LiteralString) -> int | None:
        with self._pool.connection() as connection:
            row = connection.execute(statement, {"job_id": self._job_id}).fetchone()
        return row["last"] if row else None

    def _read(self, statement: LiteralString, after: int, limit: int) -> Iterator[TupleRow]:
        """Yield rows; the first of their columns is what they are ordered by."""
        while True:
            values = {"job_id": self._job_id, "after": after, "limit": limit}
            with (
                self._pool.connection() as connection,
                # A dictionary a row, and boxes read by psycopg, take twice as long.
                connection.cursor(row_factory=tuple_row) as cursor,
            ):
                cursor.execute(self.IN_ORDER)
                rows = cursor.execute(statement, values).fetchall()
            if rows:
                after = rows[-1][0]
            yield from rows
            if len(rows) < limit:
                return
