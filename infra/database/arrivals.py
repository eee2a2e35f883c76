"""Uploads that land: each becomes one document with one job, however often it is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, LiteralString
from uuid import uuid4

import msgspec

from common.models import DocumentId, JobId, JobOptions, ObjectRef, Priority, SplitWork
from infra.database.pool import Pool


class PostgresArrivals:
    """Documents at the moment their upload is there."""

    # The upload that the API promised: from now on it has a generation.
    LANDED: Final[LiteralString] = """
        UPDATE documents SET generation = %(generation)s
         WHERE bucket = %(bucket)s AND object = %(object)s AND generation IS NULL
    """

    # An object that came straight to the bucket makes its document and job here; a doubled
    # event finds them made.
    ARRIVED: Final[LiteralString] = """
        WITH arrived AS (
            INSERT INTO documents (id, owner, filename, bucket, object, generation)
            VALUES (%(document_id)s, %(owner)s, %(filename)s,
                    %(bucket)s, %(object)s, %(generation)s)
            ON CONFLICT DO NOTHING
            RETURNING id, owner
        ), job AS (
            INSERT INTO jobs (id, document_id, owner, last_event)
            SELECT %(new_job_id)s, id, owner, 1 FROM arrived
            RETURNING id
        )
        INSERT INTO job_events (job_id, id, kind) SELECT id, 1, 'job_created' FROM job
    """

    # The job that came with the document.
    OWN_JOB: Final[LiteralString] = """
        SELECT jobs.id FROM jobs JOIN documents ON documents.id = document_id
         WHERE bucket = %(bucket)s AND object = %(object)s AND generation = %(generation)s
           AND batch_id IS NULL
         ORDER BY run LIMIT 1
    """

    # A split may begin once, and again when the one who had it let the lease run out.
    CLAIM: Final[LiteralString] = """
        WITH claimed AS (
            UPDATE jobs
               SET status = 'processing', stage = 'splitting', attempt = attempt + 1,
                   stalls = stalls + 1, lease_expires_at = now() + %(lease)s, heartbeat_at = now(),
                   started_at = coalesce(started_at, now()), last_event = last_event + 1
              FROM documents
             WHERE jobs.document_id = documents.id
               AND documents.bucket = %(bucket)s AND documents.object = %(object)s
               AND documents.generation = %(generation)s
               AND jobs.id = %(job_id)s
               AND NOT EXISTS (SELECT FROM batches
                                WHERE batches.id = jobs.batch_id AND jobs.status = 'pending'
                                  AND batches.status NOT IN ('pending', 'processing'))
               AND ((jobs.status = 'pending' AND stage = 'received')
                    OR (jobs.status = 'processing' AND stage = 'splitting'
                        AND lease_expires_at < now()))
            RETURNING jobs.id, jobs.document_id, jobs.owner, jobs.attempt, jobs.stalls,
                      jobs.options, jobs.priority, jobs.total_chunks, jobs.last_event,
                      extract(epoch FROM clock_timestamp()
                              - coalesce(jobs.dispatched_at, jobs.created_at))::float8 AS waited,
                      documents.page_count, documents.sha256,
                      options @> '{"warm": true}' AS is_warm
        ), document AS (
            UPDATE documents SET status = 'processing'
             WHERE id = (SELECT document_id FROM claimed WHERE NOT is_warm)
        ), event AS (
            INSERT INTO job_events (job_id, id, kind, details)
            SELECT id, last_event, 'splitting', jsonb_build_object('attempt', attempt) FROM claimed
        )
        SELECT claimed.*, password
          FROM claimed LEFT JOIN job_passwords ON job_id = id
    """

    def __init__(self, pool: Pool, *, lease: timedelta) -> None:
        self._pool = pool
        self._lease = lease

    def claim(
        self,
        source: ObjectRef,
        *,
        owner: str,
        filename: str,
        promised: bool,
        job_id: JobId | None = None,
    ) -> SplitWork | None:
        """Take the right to split what lies at `source`; None where it is done or taken.

        A `promised` object has its document already, or has none any more; `owner` and
        `filename` are those of a document that any other object becomes. The event of its landing
        names no `job_id`: then it is about the document's own job, never a batch's, which has its
        turn later.
        """
        values = {
            "bucket": source.bucket,
            "object": source.name,
            "generation": source.generation,
            "owner": owner,
            "filename": filename,
            "document_id": uuid4(),
            "job_id": job_id,
            "new_job_id": uuid4(),
            "lease": self._lease,
        }
        with self._pool.connection() as connection:
            # Also where a job is named: maintain found the upload whose event was lost.
            landed = connection.execute(self.LANDED, values).rowcount
            if job_id is None:
                if not landed and not promised:
                    connection.execute(self.ARRIVED, values)
                own = connection.execute(self.OWN_JOB, values).fetchone()
                values["job_id"] = own["id"] if own else None
            row = connection.execute(self.CLAIM, values).fetchone()
        if row is None:
            return None
        return SplitWork(
            job_id=JobId(row["id"]),
            document_id=DocumentId(row["document_id"]),
            owner=row["owner"],
            source=source,
            attempt=row["attempt"],
            stalls=row["stalls"],
            options=msgspec.convert(row["options"], JobOptions),
            password=row["password"],
            planned_pages=row["page_count"] if row["total_chunks"] else None,
            sha256=row["sha256"],
            priority=Priority(row["priority"]),
            waited=row["waited"],
        )
