"""Warm batches: the documents of another are read into the cache, and nothing is delivered."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, LiteralString
from uuid import UUID, uuid4

from common.access import Caller
from common.errors import Conflict, NotFound
from common.models import Priority
from infra.database.idempotency import RequestKey, remember
from infra.database.ownership import OWN_JOBS, OWNED, whose
from infra.database.pool import Pool


class PostgresWarming:
    """Batches whose documents are read ahead. Each call is one transaction."""

    ORIGIN: Final[LiteralString] = f"""
        SELECT FROM batches WHERE id = %(origin)s AND {OWNED}
    """

    # Nobody else gives these documents runs meanwhile. One that is not to be cached is left out,
    # and one whose upload has not come.
    LOCK: Final[LiteralString] = f"""
        SELECT id FROM documents
         WHERE id IN (SELECT document_id
                        FROM batch_jobs JOIN jobs ON jobs.id = job_id
                       WHERE batch_jobs.batch_id = %(origin)s AND {OWN_JOBS}
                         AND NOT options @> '{{"cache": false}}')
           AND generation IS NOT NULL
         ORDER BY id FOR NO KEY UPDATE
    """  # noqa: S608 - put together of constants

    # At the lines of the original, with its options but for what is done with what was read.
    CREATE: Final[LiteralString] = f"""
        WITH line AS (
            SELECT position, document_id, jobs.owner, jobs.matter, options,
                   gen_random_uuid() AS job_id,
                   row_number() OVER (PARTITION BY document_id ORDER BY position) AS place
              FROM batch_jobs JOIN jobs ON jobs.id = job_id
             WHERE batch_jobs.batch_id = %(origin)s AND {OWN_JOBS}
               AND document_id = ANY(%(documents)s)
               AND NOT options @> '{{"cache": false}}'
        ), last AS (
            SELECT document_id, max(run) AS run FROM jobs
             WHERE document_id = ANY(%(documents)s) GROUP BY document_id
        ), batch AS (
            INSERT INTO batches (id, owner, matter, name, purpose, priority, options, origin_id,
                                 total, unfinished, last_event)
            SELECT %(batch_id)s, owner, matter, name, 'warm', %(priority)s, options, id,
                   (SELECT count(*) FROM line), (SELECT count(*) FROM line), 1
              FROM batches WHERE id = %(origin)s
        ), told AS (
            INSERT INTO batch_events (batch_id, id, kind, details)
            SELECT %(batch_id)s, 1, 'batch_created',
                   jsonb_build_object('total', count(*), 'origin_id', %(origin)s::uuid)
              FROM line
        ), job AS (
            INSERT INTO jobs (id, document_id, owner, matter, run, priority, options, batch_id,
                              batch_position, last_event)
            SELECT job_id, document_id, owner, matter, last.run + place, %(priority)s,
                   options || '{{"warm": true}}', %(batch_id)s, position, 1
              FROM line JOIN last USING (document_id)
        ), event AS (
            INSERT INTO job_events (job_id, id, kind) SELECT job_id, 1, 'job_created' FROM line
        )
        INSERT INTO batch_jobs (batch_id, position, job_id)
        SELECT %(batch_id)s, position, job_id FROM line
    """  # noqa: S608 - put together of constants

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def warm(
        self,
        origin: UUID,
        caller: Caller,
        *,
        priority: Priority = Priority.LOW,
        request: RequestKey | None = None,
        request_age: timedelta = timedelta(days=1),
    ) -> UUID:
        """Make a batch that reads the same documents into the cache; return its id.

        Raises NotFound, Conflict `NOTHING_TO_WARM` where none of them may be cached, and KeyTaken;
        then nothing has changed.
        """
        made = uuid4()
        values = {
            "origin": origin,
            "batch_id": made,
            "priority": priority.value,
            **whose(caller),
        }
        with self._pool.connection() as connection, connection.transaction():
            if connection.execute(self.ORIGIN, values).fetchone() is None:
                raise NotFound("There is no batch with this id.", code="BATCH_NOT_FOUND")
            documents = [row["id"] for row in connection.execute(self.LOCK, values)]
            if not documents:
                raise Conflict(
                    "None of this batch's documents can be read ahead: they are not there yet, or "
                    "are not to be cached.",
                    code="NOTHING_TO_WARM",
                )
            connection.execute(self.CREATE, {**values, "documents": documents})
            if request is not None:
                remember(
                    connection,
                    owner=caller.owner,
                    request=request,
                    batch_id=made,
                    age=request_age,
                )
        return made
