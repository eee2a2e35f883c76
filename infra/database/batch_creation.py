"""Makes a batch: in as many statements for ten thousand documents as for one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from common.access import Caller
from common.batch_creation import BatchPlan, KnownDocument, Standing, Wanted
from common.errors import InsufficientCredits, TransientError
from common.models import DocumentId, ObjectRef
from infra.database.idempotency import RequestKey, remember
from infra.database.ownership import OWNED, whose
from infra.database.pool import Pool


class PostgresBatchCreation:
    """Batches at the moment they are made."""

    DOCUMENTS: Final[LiteralString] = f"""
        SELECT id, bucket, object, generation, matter, size, sent_by = 'held' AS is_held
          FROM documents
         WHERE id = ANY(%(ids)s) AND abandoned_at IS NULL AND {OWNED}
    """  # noqa: S608 - put together of constants

    AT: Final[LiteralString] = f"""
        SELECT documents.bucket, documents.object, documents.generation, matter, {OWNED} AS is_own
          FROM json_to_recordset(%(places)s::json)
               AS place (bucket text, object text, generation bigint)
          JOIN documents USING (bucket, object, generation)
    """  # noqa: S608 - put together of constants

    BATCH: Final[LiteralString] = """
        INSERT INTO batches (id, owner, matter, name, purpose, status, priority, options,
                             webhook_url, total, unfinished, last_event)
        VALUES (%(batch_id)s, %(owner)s, %(matter)s, %(name)s, %(purpose)s, %(status)s,
                %(priority)s, %(options)s, %(webhook_url)s, %(total)s, %(total)s, 1)
    """

    # All lines as one JSON value: neither side takes long over ten thousand of them.
    LINES: Final[LiteralString] = """
        CREATE TEMPORARY TABLE batch_lines ON COMMIT DROP AS
        SELECT * FROM json_to_recordset(%(lines)s::json)
               AS line (position int, bucket text, object text, generation bigint, size bigint,
                        filename text, is_known bool, options jsonb, priority text)
    """

    # In the order of their key, so that two batches of the same objects do not wait for each
    # other in a circle; as all that is locked here is.
    NEW_DOCUMENTS: Final[LiteralString] = """
        INSERT INTO documents (id, owner, matter, filename, bucket, object, generation, size)
        SELECT gen_random_uuid(), %(owner)s, %(matter)s, filename, bucket, object, generation, size
          FROM (SELECT DISTINCT ON (bucket, object, generation) * FROM batch_lines
                 WHERE NOT is_known ORDER BY bucket, object, generation) AS new
        ON CONFLICT DO NOTHING
    """

    # Nobody else gives these documents runs meanwhile.
    READINGS: Final[LiteralString] = f"""
        CREATE TEMPORARY TABLE batch_readings ON COMMIT DROP AS
        WITH locked AS MATERIALIZED (
            SELECT id, bucket, object, generation,
                   -- One that no job has read yet gets the matter that its first batch has.
                   CASE sent_by WHEN 'held' THEN coalesce(matter, %(matter)s) ELSE matter END
                   AS matter
              FROM documents
             WHERE (bucket, object) IN (SELECT bucket, object FROM batch_lines)
               AND abandoned_at IS NULL AND {OWNED}
             ORDER BY id FOR UPDATE
        )
        SELECT locked.id AS document_id, matter, line.generation, size, options, priority,
               position, row_number() OVER (PARTITION BY locked.id ORDER BY position) AS place
          FROM batch_lines AS line
          JOIN locked ON locked.bucket = line.bucket AND locked.object = line.object
                     AND coalesce(locked.generation, line.generation) = line.generation
    """  # noqa: S608 - put together of constants

    # What landed unseen, and how large it is, is known from here on.
    LANDED: Final[LiteralString] = """
        UPDATE documents
           SET generation = reading.generation, size = coalesce(documents.size, reading.size),
               matter = reading.matter,
               sent_by = CASE sent_by WHEN 'held' THEN 'announced' ELSE sent_by END
          FROM batch_readings AS reading
         WHERE documents.id = document_id
           AND (documents.generation IS NULL OR documents.size IS NULL OR sent_by = 'held')
    """

    JOBS: Final[LiteralString] = """
        WITH earlier AS (
            SELECT document_id, max(run) AS run FROM jobs
             WHERE document_id IN (SELECT document_id FROM batch_readings) GROUP BY document_id
        ), job AS (
            INSERT INTO jobs (id, document_id, owner, matter, priority, options, run, batch_id,
                              batch_position, last_event)
            SELECT gen_random_uuid(), document_id, %(owner)s, matter, priority, options,
                   coalesce(earlier.run, 0) + place, %(batch_id)s, position, 1
              FROM batch_readings LEFT JOIN earlier USING (document_id)
             ORDER BY position
            RETURNING id, batch_position
        ), event AS (
            INSERT INTO job_events (job_id, id, kind) SELECT id, 1, 'job_created' FROM job
        )
        INSERT INTO batch_jobs (batch_id, position, job_id)
        SELECT %(batch_id)s, batch_position, id FROM job
    """

    CREATED: Final[LiteralString] = """
        INSERT INTO batch_events (batch_id, id, kind, details)
        VALUES (%(batch_id)s, 1, 'batch_created', %(details)s)
    """

    def __init__(self, pool: Pool, *, credits_enabled: bool, has_cache: bool = True) -> None:
        self._pool = pool
        self._credits_enabled = credits_enabled
        self._has_cache = has_cache

    def documents(self, ids: Sequence[UUID], caller: Caller) -> dict[UUID, KnownDocument]:
        """Return those that are the caller's, by their ids."""
        if not ids:
            return {}
        with self._pool.connection() as connection:
            rows = connection.execute(
                self.DOCUMENTS, {"ids": list(ids), **whose(caller)}
            ).fetchall()
        return {
            row["id"]: KnownDocument(
                DocumentId(row["id"]),
                ObjectRef(row["bucket"], row["object"], row["generation"]),
                row["matter"],
                row["size"],
                bool(row["is_held"]),
            )
            for row in rows
        }

    def at(self, refs: Sequence[ObjectRef], caller: Caller) -> dict[ObjectRef, Standing]:
        """Return of those objects that are documents already whose they are."""
        if not refs:
            return {}
        values = {"places": _as_json([_place(ref) for ref in refs]), **whose(caller)}
        with self._pool.connection() as connection:
            rows = connection.execute(self.AT, values).fetchall()
        return {
            ObjectRef(row["bucket"], row["object"], row["generation"]): Standing(
                row["is_own"], row["matter"]
            )
            for row in rows
        }

    def create(
        self,
        plan: BatchPlan,
        wanted: Sequence[Wanted],
        *,
        request: RequestKey | None = None,
        request_age: timedelta = timedelta(days=1),
    ) -> None:
        """Write the batch, its jobs and the documents that are new: all of it, or nothing.

        Raises InsufficientCredits where the account is empty and nothing may come from the cache,
        KeyTaken as for single documents, and TransientError where a document that was there has
        just gone.
        """
        values = _values(plan, wanted)
        with self._pool.connection() as connection:
            connection.execute(self.BATCH, values)
            if request is not None:
                remember(
                    connection,
                    owner=plan.caller.owner,
                    request=request,
                    batch_id=plan.id,
                    age=request_age,
                )
            # What was read before costs nothing, and which of it was, a split finds out.
            may_be_free = self._has_cache and any(each.options.cache for each in wanted)
            if self._credits_enabled and not may_be_free:
                _check_credits(connection, plan.caller.owner)
            connection.execute(self.LINES, values)
            connection.execute(self.NEW_DOCUMENTS, values)
            if connection.execute(self.READINGS, values).rowcount != len(wanted):
                raise TransientError(
                    "A document of this batch has changed at this moment. Send the manifest again.",
                    code="DOCUMENTS_CHANGED",
                )
            connection.execute(self.LANDED)
            connection.execute(self.JOBS, values)
            connection.execute(self.CREATED, values)


def _check_credits(connection: Connection[Any], owner: str) -> None:
    """Pages are paid for when each document has been looked into; with nothing, none can be."""
    row = connection.execute(
        "SELECT FROM credit_accounts WHERE owner = %s AND available > 0", (owner,)
    ).fetchone()
    if row is None:
        raise InsufficientCredits(
            "You have no credits left, so none of the documents could be read."
        )


def _values(plan: BatchPlan, wanted: Sequence[Wanted]) -> dict[str, Any]:
    return {
        "batch_id": plan.id,
        **whose(plan.caller),
        "matter": plan.matter,
        "name": plan.name,
        "purpose": plan.purpose,
        "status": "paused" if plan.is_paused else "pending",
        "priority": plan.priority.value,
        "options": Jsonb(msgspec.to_builtins(plan.options)),
        "webhook_url": plan.webhook_url,
        "total": len(wanted),
        "details": Jsonb({"total": len(wanted)}),
        "lines": _as_json([_line(position, each) for position, each in enumerate(wanted, start=1)]),
    }


def _line(position: int, wanted: Wanted) -> dict[str, Any]:
    return {
        "position": position,
        **_place(wanted.source),
        "size": wanted.size,
        "filename": wanted.source.name.rsplit("/", 1)[-1][:255],
        "is_known": wanted.document_id is not None,
        "options": wanted.options,
        "priority": wanted.priority,
    }


def _place(ref: ObjectRef) -> dict[str, Any]:
    return {"bucket": ref.bucket, "object": ref.name, "generation": ref.generation}


def _as_json(rows: Sequence[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()
