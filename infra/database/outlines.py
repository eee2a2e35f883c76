"""Documents' sections, for whoever may see the document."""

from __future__ import annotations

from typing import Final, LiteralString
from uuid import UUID

from common.access import Caller
from common.prepared import NotPrepared
from common.stage_rows import TreeNode
from infra.database.ownership import OWNED, whose
from infra.database.pool import Pool


class PostgresOutlines:
    """The trees of documents' search_job."""

    # The document itself, at 0, is written last: without it the others are not all of them.
    DOCUMENT: Final[LiteralString] = f"""
        SELECT search_job,
               EXISTS (SELECT FROM tree_nodes
                        WHERE job_id = search_job AND position = 0) AS is_whole,
               EXISTS (SELECT FROM jobs JOIN job_stages ON job_id = jobs.id
                        WHERE document_id = documents.id AND jobs.finished_at IS NULL
                          AND job_stages.stage = 'tree') AS is_awaited
          FROM documents WHERE id = %(document_id)s AND {OWNED}
    """  # noqa: S608 - put together of constants

    NODES: Final[LiteralString] = """
        SELECT position, parent, depth, title, page_start, page_end, first_passage, last_passage,
               summary, NULL AS centroid
          FROM tree_nodes
         WHERE job_id = %(search_job)s AND position > %(after)s
           AND (%(deepest)s::int IS NULL OR depth <= %(deepest)s)
         ORDER BY position LIMIT %(limit)s
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def nodes(
        self, document_id: UUID, caller: Caller, *, after: int, limit: int, deepest: int | None
    ) -> list[TreeNode] | NotPrepared | None:
        """Return the sections behind this position, without their centroids.

        None of them is deeper than `deepest`, which is 0 for the document itself. Returns None
        without the document.
        """
        with self._pool.connection() as connection:
            values = {"document_id": document_id, **whose(caller)}
            document = connection.execute(self.DOCUMENT, values).fetchone()
            if document is None:
                return None
            if not document["is_whole"]:
                return NotPrepared(document["is_awaited"])
            values = {
                "search_job": document["search_job"],
                "after": after,
                "deepest": deepest,
                "limit": limit,
            }
            return [TreeNode(**row) for row in connection.execute(self.NODES, values)]
