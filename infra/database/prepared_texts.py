"""What the stages after OCR have made of a document, for whoever may see the document."""

from __future__ import annotations

from typing import Any, Final, LiteralString
from uuid import UUID

from common.access import Caller
from common.lifecycle import Stage
from common.prepared import NotPrepared, Wanted
from common.stage_rows import Passage, Sentence
from infra.database.ownership import OWNED, whose
from infra.database.pool import Pool

_THOSE_WANTED: Final[LiteralString] = """
         WHERE job_id = %(search_job)s AND position > %(after)s
           AND (%(page)s::int IS NULL OR %(page)s BETWEEN page_start AND page_end)
           AND (%(language)s::text IS NULL OR lower(language) = %(language)s
                OR starts_with(lower(language), %(language)s || '-'))
         ORDER BY position LIMIT %(limit)s
"""


class PostgresPreparedTexts:
    """Sentences and passages of documents' search_job."""

    # A stage that is made again has not all of its rows until it is completed.
    DOCUMENT: Final[LiteralString] = f"""
        SELECT search_job,
               EXISTS (SELECT FROM job_stages WHERE job_id = search_job
                          AND stage = %(stage)s AND status = 'completed') AS is_whole,
               EXISTS (SELECT FROM jobs JOIN job_stages ON job_id = jobs.id
                        WHERE document_id = documents.id AND jobs.finished_at IS NULL
                          AND job_stages.stage = 'passages') AS is_awaited
          FROM documents WHERE id = %(document_id)s AND {OWNED}
    """  # noqa: S608 - put together of constants

    SENTENCES: Final[LiteralString] = f"""
        SELECT position, text, language, page_start, start, page_end, "end", paragraph, boxes,
               normalized, level
          FROM sentences
        {_THOSE_WANTED}
    """  # noqa: S608 - put together of constants

    PASSAGES: Final[LiteralString] = f"""
        SELECT position, text, language, tokens, page_start, page_end, first_sentence,
               last_sentence, boxes
          FROM passages
        {_THOSE_WANTED}
    """  # noqa: S608 - put together of constants

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def sentences(
        self, document_id: UUID, caller: Caller, wanted: Wanted
    ) -> list[Sentence] | NotPrepared | None:
        """Return the next sentences in the order of reading; None without the document."""
        rows = self._rows(Stage.SENTENCES, self.SENTENCES, document_id, caller, wanted)
        return [Sentence(**row) for row in rows] if isinstance(rows, list) else rows

    def passages(
        self, document_id: UUID, caller: Caller, wanted: Wanted
    ) -> list[Passage] | NotPrepared | None:
        """Return the next passages in the order of reading; None without the document."""
        rows = self._rows(Stage.PASSAGES, self.PASSAGES, document_id, caller, wanted)
        return [Passage(**row) for row in rows] if isinstance(rows, list) else rows

    def _rows(
        self,
        stage: Stage,
        statement: LiteralString,
        document_id: UUID,
        caller: Caller,
        wanted: Wanted,
    ) -> list[dict[str, Any]] | NotPrepared | None:
        with self._pool.connection() as connection:
            values = {"document_id": document_id, "stage": stage.value, **whose(caller)}
            document = connection.execute(self.DOCUMENT, values).fetchone()
            if document is None:
                return None
            if not document["is_whole"]:
                return NotPrepared(document["is_awaited"])
            values = {
                "search_job": document["search_job"],
                "after": wanted.after,
                "page": wanted.page,
                "language": wanted.language and wanted.language.lower(),
                "limit": wanted.limit,
            }
            return connection.execute(statement, values).fetchall()
