"""Documents without a job: written many at once, and forgotten where no batch ever names them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, LiteralString

from common.held_documents import HeldDocument
from common.models import DocumentId, ObjectRef
from infra.database.idempotency import RequestKey, remember
from infra.database.pool import Pool


class PostgresHeldDocuments:
    """Documents that wait for a batch."""

    HOLD: Final[LiteralString] = """
        INSERT INTO documents (id, owner, matter, filename, bucket, object, size, sha256, sent_by)
        SELECT id, %(owner)s, %(matter)s, filename, bucket, object, size, sha256, 'held'
          FROM unnest(%(ids)s::uuid[], %(filenames)s::text[], %(buckets)s::text[],
                      %(objects)s::text[], %(sizes)s::bigint[], %(hashes)s::text[])
               AS new (id, filename, bucket, object, size, sha256)
    """

    # A batch that is just being made of one has its row locked. Those that a run of this has
    # claimed and not ended with are taken up again.
    CLAIM: Final[LiteralString] = """
        UPDATE documents SET abandoned_at = now()
         WHERE id IN (
               SELECT id FROM documents
                WHERE sent_by = 'held' AND created_at < now() - %(deadline)s
                  AND (abandoned_at IS NULL OR abandoned_at < now() - interval '5 minutes')
                ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
        RETURNING id, bucket, object
    """

    FORGET: Final[LiteralString] = """
        DELETE FROM documents
         WHERE id = ANY(%(ids)s) AND sent_by = 'held' AND abandoned_at IS NOT NULL
    """

    def __init__(self, pool: Pool, *, deadline: timedelta) -> None:
        self._pool = pool
        self._deadline = deadline

    def hold(
        self,
        documents: Sequence[HeldDocument],
        *,
        owner: str,
        matter: str | None,
        request: RequestKey | None = None,
        request_age: timedelta = timedelta(days=1),
    ) -> None:
        """Write documents whose uploads are awaited: all of them, or nothing.

        `request` is the key that a request for a single one came with. Raises KeyTaken.
        """
        values = {
            "owner": owner,
            "matter": matter,
            "ids": [document.id for document in documents],
            "filenames": [document.filename for document in documents],
            "buckets": [document.source.bucket for document in documents],
            "objects": [document.source.name for document in documents],
            "sizes": [document.size for document in documents],
            "hashes": [document.sha256 for document in documents],
        }
        with self._pool.connection() as connection:
            connection.execute(self.HOLD, values)
            if request is not None:
                [document] = documents
                remember(
                    connection,
                    owner=owner,
                    request=request,
                    document_id=document.id,
                    age=request_age,
                )

    def claim(self) -> list[tuple[DocumentId, ObjectRef]]:
        """Return a few that were held for too long; from now on no batch begins with them."""
        values = {"deadline": self._deadline, "limit": 100}
        with self._pool.connection() as connection:
            rows = connection.execute(self.CLAIM, values).fetchall()
        # Whatever generation it may have by now: the object is the document's alone.
        return [(DocumentId(row["id"]), ObjectRef(row["bucket"], row["object"])) for row in rows]

    def forget(self, ids: Sequence[DocumentId]) -> int:
        """Remove their rows, once their objects are gone; return how many."""
        with self._pool.connection() as connection:
            return connection.execute(self.FORGET, {"ids": list(ids)}).rowcount
