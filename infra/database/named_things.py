"""What documents name, for whoever may see the document."""

from __future__ import annotations

from typing import Final, LiteralString
from uuid import UUID

from common.access import Caller
from common.named import PAGES_LISTED, NamedThing, NamedThings, WantedThings
from common.prepared import NotPrepared
from common.stage_rows import EntityKind
from infra.database.ownership import OWNED, whose
from infra.database.pool import Pool
from infra.database.time_limits import limited

_TOO_SLOW: Final = "What the document names takes too long to be counted. Ask for one kind of it."


class PostgresNamedThings:
    """The entities of documents' search_job, each thing once."""

    # A stage that is made again has not all of its rows until it is completed.
    DOCUMENT: Final[LiteralString] = f"""
        SELECT search_job,
               EXISTS (SELECT FROM job_stages WHERE job_id = search_job
                          AND stage = 'entities' AND status = 'completed') AS is_whole,
               EXISTS (SELECT FROM jobs JOIN job_stages ON job_id = jobs.id
                        WHERE document_id = documents.id AND jobs.finished_at IS NULL
                          AND job_stages.stage = 'entities') AS is_awaited
          FROM documents WHERE id = %(document_id)s AND {OWNED}
    """  # noqa: S608 - put together of constants

    # Two dates are one if they say the same day, two names if they differ in case, accents or
    # spaces only.
    THINGS: Final[LiteralString] = r"""
        WITH mentions AS (
            SELECT kind, text, value, page, confidence,
                   regexp_replace(regexp_replace(lower(normalize(text, NFKD)), '[\u0300-\u036f]',
                                                 '', 'g'), '\s+', ' ', 'g') AS folded
              FROM entities
             WHERE job_id = %(search_job)s AND (%(kind)s::text IS NULL OR kind = %(kind)s)
        ), things AS (
            SELECT kind, coalesce(value, folded) AS thing,
                   mode() WITHIN GROUP (ORDER BY text) AS text, max(value) AS value,
                   count(*) AS count, array_agg(DISTINCT page ORDER BY page) AS pages,
                   max(confidence) AS confidence
              FROM mentions
             GROUP BY kind, coalesce(value, folded)
            HAVING %(text)s::text IS NULL
                OR bool_or(strpos(folded, regexp_replace(regexp_replace(
                       lower(normalize(%(text)s, NFKD)), '[\u0300-\u036f]', '', 'g'),
                       '\s+', ' ', 'g')) > 0)
        ), counted AS (SELECT count(*) AS total FROM things)
        SELECT total, shown.*
          FROM counted LEFT JOIN LATERAL (
               SELECT kind, text, value, count, pages[:%(pages_listed)s] AS pages,
                      cardinality(pages) AS page_count, confidence
                 FROM things
                ORDER BY count DESC, kind, thing LIMIT %(limit)s OFFSET %(after)s) AS shown ON true
    """

    def __init__(self, pool: Pool, *, seconds: float = 5.0) -> None:
        self._pool = pool
        self._seconds = seconds

    def things(
        self, document_id: UUID, caller: Caller, wanted: WantedThings
    ) -> NamedThings | NotPrepared | None:
        """Return the next things, the most often named first; None without the document.

        Raises TransientError ENTITIES_TOO_SLOW.
        """
        with limited(self._pool, self._seconds, _TOO_SLOW, code="ENTITIES_TOO_SLOW") as statements:
            values = {"document_id": document_id, **whose(caller)}
            found = statements.rows(self.DOCUMENT, values)
            if not found:
                return None
            [document] = found
            if not document["is_whole"]:
                return NotPrepared(document["is_awaited"])
            values = {
                "search_job": document["search_job"],
                "kind": wanted.kind and wanted.kind.value,
                "text": wanted.text,
                "after": wanted.after,
                "limit": wanted.limit,
                "pages_listed": PAGES_LISTED,
            }
            rows = statements.rows(self.THINGS, values)
        return NamedThings(
            [
                NamedThing(
                    kind=EntityKind(row["kind"]),
                    text=row["text"],
                    value=row["value"],
                    count=row["count"],
                    pages=row["pages"],
                    page_count=row["page_count"],
                    confidence=row["confidence"],
                )
                for row in rows
                if row["kind"] is not None
            ],
            rows[0]["total"],
        )
