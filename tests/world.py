"""Builds rows for tests as the pipeline itself would, and moves their time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from common.models import ChunkId, JobId, ObjectRef, PlannedChunk, SplitWork
from common.pages import PageRange
from infra.database.arrivals import PostgresArrivals
from infra.database.chunks import PostgresChunks
from infra.database.jobs import PostgresJobs
from infra.database.merges import PostgresMerges
from infra.database.pool import Pool
from infra.database.splits import PostgresSplits
from infra.database.turns import PostgresTurns
from infra.database.upkeep import PostgresUpkeep

LEASE = timedelta(minutes=5)


BATCH = """
    WITH batch AS (
        INSERT INTO batches (id, owner, matter, name, status, webhook_url, total, unfinished,
                             last_event)
        VALUES (%(batch_id)s, %(owner)s, %(matter)s, 'Archive', %(status)s, %(webhook_url)s,
                %(total)s, %(total)s, 1)
    ), event AS (
        INSERT INTO batch_events (batch_id, id, kind) VALUES (%(batch_id)s, 1, 'batch_created')
    ), line AS (
        SELECT * FROM unnest(%(documents)s::uuid[], %(jobs)s::uuid[])
                      WITH ORDINALITY AS line (document_id, job_id, position)
    ), document AS (
        INSERT INTO documents (id, owner, matter, filename, bucket, object, generation, size)
        SELECT document_id, %(owner)s, %(matter)s, 'page-' || position || '.pdf', 'uploads',
               'inbox/' || document_id || '.pdf', 1, 1000
          FROM line
    ), job AS (
        INSERT INTO jobs (id, document_id, owner, matter, batch_id, batch_position, last_event)
        SELECT job_id, document_id, %(owner)s, %(matter)s, %(batch_id)s, position, 1 FROM line
    ), made AS (
        INSERT INTO job_events (job_id, id, kind) SELECT job_id, 1, 'job_created' FROM line
    )
    INSERT INTO batch_jobs (batch_id, position, job_id)
    SELECT %(batch_id)s, position, job_id FROM line
"""


@dataclass(frozen=True)
class World:
    """The repositories over one test's database."""

    pool: Pool

    @property
    def splits(self) -> PostgresSplits:
        return PostgresSplits(self.pool, lease=LEASE)

    @property
    def chunks(self) -> PostgresChunks:
        return PostgresChunks(self.pool, lease=LEASE)

    @property
    def merges(self) -> PostgresMerges:
        return PostgresMerges(self.pool, lease=LEASE)

    @property
    def jobs(self) -> PostgresJobs:
        return PostgresJobs(self.pool)

    @property
    def upkeep(self) -> PostgresUpkeep:
        return PostgresUpkeep(
            self.pool, resend_after=timedelta(minutes=1), upload_deadline=timedelta(days=7)
        )

    @property
    def turns(self) -> PostgresTurns:
        return PostgresTurns(
            self.pool, window=8, documents_per_message=8, small_document_bytes=1_000_000
        )

    def given(self) -> list[int]:
        """Give turns; return the chunks' indexes that are sent."""
        return [chunk.index for chunk in self.turns.give(something_new=True).chunks]

    @property
    def arrivals(self) -> PostgresArrivals:
        return PostgresArrivals(self.pool, lease=LEASE)

    def claim_split(
        self,
        source: ObjectRef,
        *,
        owner: str = "alice",
        promised: bool = False,
        job_id: JobId | None = None,
    ) -> SplitWork | None:
        """Tell that an upload has landed, or that a job of it is to begin."""
        return self.arrivals.claim(
            source, owner=owner, filename="book.pdf", promised=promised, job_id=job_id
        )

    def land(self, owner: str = "alice") -> SplitWork:
        """Claim the split of a new upload."""
        source = ObjectRef("uploads", f"{uuid4()}.pdf", 1)
        work = self.claim_split(source, owner=owner)
        assert work is not None
        return work

    def add_job(
        self, chunks: int, *, pages: int = 2, owner: str = "alice"
    ) -> tuple[JobId, list[ChunkId]]:
        """Make a job whose chunks are all cut and dispatched."""
        work = self.land(owner)
        ranges = [PageRange(i * pages + 1, (i + 1) * pages) for i in range(chunks)]
        self.splits.plan(work, page_count=chunks * pages, size=1000, warnings=[], chunks=ranges)
        planned = self.splits.planned(work)
        self.splits.dispatched(work, [(chunk, cut(work, chunk)) for chunk in planned])
        self.splits.finish(work)
        with self.pool.connection() as connection:
            connection.execute(
                "UPDATE chunks SET dispatches = 1, dispatched_at = clock_timestamp()"
                " WHERE job_id = %s",
                (work.job_id,),
            )
        return work.job_id, [chunk.id for chunk in planned]

    def add_batch(
        self,
        documents: int,
        *,
        owner: str = "alice",
        matter: str | None = None,
        paused: bool = False,
        webhook_url: str | None = None,
    ) -> tuple[UUID, list[JobId]]:
        """Make a batch of landed documents, none of which has begun, with each one's job."""
        batch_id = uuid4()
        jobs = [JobId(uuid4()) for _ in range(documents)]
        values = {
            "batch_id": batch_id,
            "documents": [uuid4() for _ in jobs],
            "jobs": jobs,
            "total": documents,
            "owner": owner,
            "matter": matter,
            "status": "paused" if paused else "pending",
            "webhook_url": webhook_url,
        }
        with self.pool.connection() as connection:
            connection.execute(BATCH, values)
        return batch_id, jobs

    def begin(self, job_id: JobId) -> SplitWork:
        """Claim the split of a landed document's job."""
        work = self.claim_split_of(job_id)
        assert work is not None
        return work

    def claim_split_of(self, job_id: JobId) -> SplitWork | None:
        """Have ingest called for this job."""
        return self.claim_split(self.source_of(job_id), promised=True, job_id=job_id)

    def claim_landing_of(self, job_id: JobId) -> SplitWork | None:
        """Tell that a job's document has landed."""
        return self.claim_split(self.source_of(job_id), promised=True)

    def source_of(self, job_id: JobId) -> ObjectRef:
        """Return where a job's document is."""
        row = self.one(
            "SELECT bucket, object, generation FROM documents JOIN jobs ON document_id ="
            " documents.id WHERE jobs.id = %s",
            job_id,
        )
        return ObjectRef(str(row["bucket"]), str(row["object"]), int(str(row["generation"])))

    def finish_chunk(self, chunk_id: ChunkId) -> bool:
        """Claim and complete a chunk; return whether it was the last."""
        work = self.chunks.claim(chunk_id)
        assert work is not None
        return self.chunks.complete(work, path="p", checksum="c").was_last

    def age(self, table: str, column: str, by: timedelta, **where: object) -> None:
        """Move a time in a row into the past, instead of waiting."""
        names = " AND ".join(["true"] + [f"{name} = %({name})s" for name in where])
        with self.pool.connection() as connection:
            connection.execute(
                f"UPDATE {table} SET {column} = {column} - %(by)s WHERE {names}",
                {"by": by, **where},
            )

    def one(self, query: str, *values: object) -> dict[str, object]:
        """Return the single row of a query."""
        with self.pool.connection() as connection:
            row = connection.execute(query, values).fetchone()
        assert row is not None
        return row


def cut(work: SplitWork, chunk: PlannedChunk) -> ObjectRef:
    return ObjectRef("chunks", f"{work.job_id}/{chunk.index}.pdf", 1)
