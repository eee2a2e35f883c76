"""A document's pages, and search in their text, for whoever may see the document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.errors import QueryCanceled

from common.access import Caller
from common.errors import TransientError
from common.folding import find, fold, snippet
from common.models import ObjectRef
from common.reading import Hit, Hits, MissingPage, PageView, PictureSource, WordView
from infra.database.ownership import OWNED, whose
from infra.database.pool import Pool


class PostgresPages:
    """Pages as their document's owner sees them: always those of the merge that counts."""

    DOCUMENT: Final[LiteralString] = f"""
        SELECT id, bucket, object, generation, size, page_count, result_job, result_attempt
          FROM documents
         WHERE id = %(document_id)s AND {OWNED}
    """  # noqa: S608 - put together of constants

    PAGE: Final[LiteralString] = """
        SELECT * FROM pages
         WHERE document_id = %(id)s AND job_id = %(result_job)s
           AND attempt = %(result_attempt)s AND number = %(number)s
    """

    # Of a page that an earlier version wrote.
    OLDER_WORDS: Final[LiteralString] = """
        SELECT text, text_start, text_end, x0, y0, x1, y1, confidence FROM older_words
         WHERE document_id = %(id)s AND job_id = %(result_job)s
           AND attempt = %(result_attempt)s AND page = %(number)s
         ORDER BY word
    """

    WHY_NOT: Final[LiteralString] = """
        SELECT jobs.finished_at IS NULL AS is_awaited,
               coalesce((SELECT error ->> 'message' FROM jsonb_array_elements(page_errors) AS error
                          WHERE error -> 'number' = to_jsonb(%(number)s::int) LIMIT 1),
                        CASE WHEN chunks.status = 'failed' THEN chunks.error_message END,
                        CASE WHEN jobs.status = 'failed' THEN jobs.error_message END) AS message
          FROM jobs LEFT JOIN chunks
               ON job_id = jobs.id AND %(number)s BETWEEN page_start AND page_end
         WHERE document_id = %(id)s
         ORDER BY run DESC LIMIT 1
    """

    # Matches do not overlap, so what is lost by taking them all out says how many there are.
    # Which pages hold those asked for follows from the numbers on the pages before. Texts are
    # fetched one by one (LIMIT 1): statistics that are too young make a join read all of them.
    SEARCH: Final[LiteralString] = """
        WITH matching AS MATERIALIZED (
            SELECT number,
                   (octet_length(folded) - octet_length(replace(folded, %(wanted)s, '')))
                   / octet_length(%(wanted)s) AS hits
              FROM pages
             WHERE document_id = %(id)s AND job_id = %(result_job)s
               AND attempt = %(result_attempt)s AND strpos(folded, %(wanted)s) > 0
        ), counted AS (
            SELECT number, hits, sum(hits) OVER (ORDER BY number) - hits AS before,
                   sum(hits) OVER () AS total
              FROM matching
        )
        SELECT number, before::int, total::int, text, text_start
          FROM counted CROSS JOIN LATERAL (
               SELECT text, text_start FROM pages
                WHERE document_id = %(id)s AND job_id = %(result_job)s
                  AND attempt = %(result_attempt)s AND pages.number = counted.number
                LIMIT 1) AS page
         WHERE (before < %(after)s::bigint + %(limit)s AND before + hits > %(after)s)
            OR before = 0
         ORDER BY number
    """

    HAS_PAGES: Final[LiteralString] = """
        SELECT FROM pages
         WHERE document_id = %(id)s AND job_id = %(result_job)s
           AND attempt = %(result_attempt)s LIMIT 1
    """

    TOUCHED: Final[LiteralString] = """
        SELECT hit, touched.words
          FROM unnest(%(pages)s::int[], %(starts)s::int[], %(ends)s::int[])
               WITH ORDINALITY AS hits (number, hit_start, hit_end, hit)
         CROSS JOIN LATERAL (
               SELECT array_agg(word ORDER BY word) AS words FROM bounding_boxes
                WHERE document_id = %(id)s AND job_id = %(result_job)s
                  AND attempt = %(result_attempt)s AND page = number
                  AND text_start < hit_end AND text_end > hit_start) AS touched
         WHERE touched.words IS NOT NULL
    """

    def __init__(self, pool: Pool, *, search_seconds: float = 5.0) -> None:
        self._pool = pool
        self._search_ms = int(search_seconds * 1000)

    def find(self, document_id: UUID, number: int, caller: Caller) -> PageView | MissingPage | None:
        """Return a page, or what is known of one without text; None without the document."""
        with self._pool.connection() as connection:
            document = self._document(connection, document_id, caller)
            if document is None:
                return None
            values = document | {"number": number}
            page = connection.execute(self.PAGE, values).fetchone()
            if page is not None:
                if page["words"] is None:
                    older = connection.execute(self.OLDER_WORDS, values).fetchall()
                    return _page(page, [tuple(word.values()) for word in older])
                return _page(page, zip(*(page[column] for column in _WORD), strict=True))
            return self._missing(connection, values)

    def search(
        self, document_id: UUID, wanted: str, caller: Caller, *, after: int, limit: int
    ) -> Hits | MissingPage | None:
        """Return the hits behind the first `after`; None without the document.

        MissingPage where no page has been read. `wanted` matches in any case, with or without
        accents, hyphens and line ends. Raises TransientError SEARCH_TOO_SLOW.
        """
        folded = fold(wanted)
        with self._pool.connection() as connection:
            document = self._document(connection, document_id, caller)
            if document is None:
                return None
            if connection.execute(self.HAS_PAGES, document).fetchone() is None:
                return self._missing(connection, document | {"number": 0})
            if not folded:
                return Hits(0, ())
            try:
                return self._hits(connection, document, folded, after, limit)
            except QueryCanceled as error:
                raise TransientError(
                    "The search takes too long. Search for something rarer.",
                    code="SEARCH_TOO_SLOW",
                ) from error

    def picture_source(self, document_id: UUID, caller: Caller) -> PictureSource | None:
        """Return where the document's pages are drawn from, or None without the document."""
        with self._pool.connection() as connection:
            document = self._document(connection, document_id, caller)
        if document is None:
            return None
        return PictureSource(
            ObjectRef(document["bucket"], document["object"], document["generation"]),
            document["size"] or 0,
            document["page_count"],
        )

    def _document(
        self, connection: Connection[dict[str, Any]], document_id: UUID, caller: Caller
    ) -> dict[str, Any] | None:
        values = {"document_id": document_id, **whose(caller)}
        return connection.execute(self.DOCUMENT, values).fetchone()

    def _missing(
        self, connection: Connection[dict[str, Any]], values: dict[str, Any]
    ) -> MissingPage:
        why = connection.execute(self.WHY_NOT, values).fetchone()
        assert why is not None, "a document is made with its job"
        return MissingPage(values["page_count"], why["is_awaited"], why["message"])

    def _hits(
        self,
        connection: Connection[dict[str, Any]],
        document: dict[str, Any],
        wanted: str,
        after: int,
        limit: int,
    ) -> Hits:
        connection.execute(
            "SELECT set_config('statement_timeout', %s, true)", (f"{self._search_ms}ms",)
        )
        values = document | {"wanted": wanted, "after": after, "limit": limit}
        pages = connection.execute(self.SEARCH, values).fetchall()
        if not pages:
            return Hits(0, ())
        places = [
            (page, place)
            for page in pages
            for place in find(
                page["text"],
                wanted,
                skip=max(0, after - page["before"]),
                limit=max(0, after + limit - page["before"]) - max(0, after - page["before"]),
            )
        ]
        touched = self._touched(connection, document, places)
        return Hits(
            pages[0]["total"],
            tuple(
                _hit(page, place, touched.get(number, ()))
                for number, (page, place) in enumerate(places, 1)
            ),
        )

    def _touched(
        self,
        connection: Connection[dict[str, Any]],
        document: dict[str, Any],
        places: list[tuple[dict[str, Any], tuple[int, int]]],
    ) -> dict[int, tuple[int, ...]]:
        values = document | {
            "pages": [page["number"] for page, _ in places],
            "starts": [page["text_start"] + start for page, (start, _) in places],
            "ends": [page["text_start"] + end for page, (_, end) in places],
        }
        rows = connection.execute(self.TOUCHED, values).fetchall()
        return {row["hit"]: tuple(row["words"]) for row in rows}


#: A word's columns in a page's row.
_WORD: Final = (
    *("words", "word_starts", "word_ends", "word_x0", "word_y0", "word_x1", "word_y1"),
    "word_confidences",
)


def _page(row: dict[str, Any], words: Iterable[tuple[Any, ...]]) -> PageView:
    return PageView(
        number=row["number"],
        width=row["width"],
        height=row["height"],
        unit=row["unit"],
        start=row["text_start"],
        end=row["text_end"],
        confidence=row["confidence"],
        languages=tuple(row["languages"]),
        text=row["text"],
        words=tuple(
            WordView(text, start, end, (x0, y0, x1, y1), confidence)
            for text, start, end, x0, y0, x1, y1, confidence in words
        ),
    )


def _hit(page: dict[str, Any], place: tuple[int, int], words: tuple[int, ...]) -> Hit:
    start, end = place
    around, first, last = snippet(page["text"], start, end)
    return Hit(
        page=page["number"],
        start=page["text_start"] + start,
        end=page["text_start"] + end,
        snippet=around,
        snippet_start=first,
        snippet_end=last,
        words=words,
    )
