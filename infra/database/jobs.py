"""What the API asks and tells: documents and jobs, always by owner."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal, LiteralString
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from common.access import Caller
from common.models import (
    DocumentId,
    JobEvent,
    JobId,
    JobOptions,
    JobView,
    ObjectRef,
    Priority,
)
from infra.database.credits import reserve
from infra.database.idempotency import RequestKey, remember
from infra.database.job_views import VIEW, views_of
from infra.database.ownership import OWN_JOBS, OWNED, whose
from infra.database.pool import Pool


class PostgresJobs:
    """Jobs as their owners see them. A job of another owner is not there."""

    CREATE: Final[LiteralString] = """
        WITH document AS (
            INSERT INTO documents (id, owner, matter, filename, bucket, object, size, sha256,
                                   page_count, sent_by)
            VALUES (%(document_id)s, %(owner)s, %(matter)s, %(filename)s, %(bucket)s, %(object)s,
                    %(size)s, %(sha256)s, %(page_count)s, %(sent_by)s)
            RETURNING id, matter
        ), job AS (
            INSERT INTO jobs (id, document_id, owner, matter, priority, options, webhook_url,
                              last_event)
            SELECT %(job_id)s, id, %(owner)s, matter, %(priority)s, %(options)s,
                   %(webhook_url)s, 1
              FROM document
            RETURNING id
        ), event AS (
            INSERT INTO job_events (job_id, id, kind) SELECT id, 1, 'job_created' FROM job
        )
        INSERT INTO job_passwords (job_id, password)
        SELECT id, %(password)s::text FROM job WHERE %(password)s::text IS NOT NULL
    """

    FIND: Final[LiteralString] = VIEW + f" WHERE jobs.id = %(job_id)s AND {OWN_JOBS}"

    EVENTS: Final[LiteralString] = f"""
        SELECT job_events.* FROM job_events JOIN jobs ON jobs.id = job_id
         WHERE job_id = %(job_id)s AND {OWNED} AND job_events.id > %(after)s
         ORDER BY job_events.id LIMIT %(limit)s
    """  # noqa: S608 - put together of constants

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def create(
        self,
        *,
        job_id: JobId,
        document_id: DocumentId,
        owner: str,
        filename: str,
        source: ObjectRef,
        size: int,
        options: JobOptions,
        password: str | None,
        sent_by: Literal["form", "announced"] = "announced",
        matter: str | None = None,
        priority: Priority = Priority.NORMAL,
        webhook_url: str | None = None,
        sha256: str | None = None,
        page_count: int | None = None,
        reserved_pages: int | None = None,
        request: RequestKey | None = None,
        request_age: timedelta = timedelta(days=1),
    ) -> None:
        """Write a document whose upload is awaited, and its job: all of it, or nothing.

        `sent_by` a form, the API stores the file itself, at once; an announced one is its
        sender's to upload.
        `reserved_pages` are paid for here, and InsufficientCredits is raised where they can't
        be. `request` is the key that the request came with: KeyTaken where it, or its twin, has
        been here before in the last `request_age`.
        """
        values = {
            "job_id": job_id,
            "document_id": document_id,
            "owner": owner,
            "matter": matter,
            "priority": priority.value,
            "webhook_url": webhook_url,
            "filename": filename,
            "bucket": source.bucket,
            "object": source.name,
            "size": size,
            "sha256": sha256,
            "page_count": page_count,
            "sent_by": sent_by,
            "options": Jsonb(msgspec.to_builtins(options)),
            "password": password,
        }
        with self._pool.connection() as connection:
            connection.execute(self.CREATE, values)
            if request is not None:
                remember(connection, owner=owner, request=request, job_id=job_id, age=request_age)
            if reserved_pages is not None:
                reserve(connection, owner=owner, job_id=job_id, attempt=0, pages=reserved_pages)

    def discard(self, document_id: DocumentId) -> None:
        """Forget a document whose upload could not even begin."""
        with self._pool.connection() as connection:
            connection.execute(
                "DELETE FROM documents WHERE id = %s AND generation IS NULL", (document_id,)
            )

    def find(self, job_id: UUID, caller: Caller) -> JobView | None:
        """Return the job, or None where there is none for this caller."""
        values = {"job_id": job_id, **whose(caller)}
        with self._pool.connection() as connection:
            rows = connection.execute(self.FIND, values).fetchall()
            views = views_of(connection, rows)
        return views[0] if views else None

    def events(
        self, job_id: UUID, caller: Caller, *, after: int = 0, limit: int = 500
    ) -> list[JobEvent]:
        """Return the job's events behind number `after`, in order."""
        values = {
            "job_id": job_id,
            **whose(caller),
            "after": after,
            "limit": limit,
        }
        with self._pool.connection() as connection:
            rows = connection.execute(self.EVENTS, values).fetchall()
        return [
            JobEvent(row["id"], JobId(row["job_id"]), row["kind"], row["at"], row["details"])
            for row in rows
        ]

    def ping(self) -> None:
        """Raise psycopg.Error where the database does not answer."""
        with self._pool.connection(timeout=2) as connection:
            connection.execute("SELECT 1")
