"""Builds rows for tests as the pipeline itself would, and moves their time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from common.models import ChunkId, JobId, ObjectRef, PlannedChunk, SplitWork
from common.pages import PageRange
from infra.database.arrivals import PostgresArrivals
from infra.database.chunks import PostgresChunks
from infra.database.jobs import PostgresJobs
from infra.database.merges import PostgresMerges
from infra.database.pool import Pool
from infra.database.splits import PostgresSplits
from infra.database.upkeep import PostgresUpkeep

LEASE = timedelta(minutes=5)


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
    def arrivals(self) -> PostgresArrivals:
        return PostgresArrivals(self.pool, lease=LEASE)

    def claim_split(
        self, source: ObjectRef, *, owner: str = "alice", promised: bool = False
    ) -> SplitWork | None:
        """Tell that an upload has landed."""
        return self.arrivals.claim(source, owner=owner, filename="book.pdf", promised=promised)

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
        return work.job_id, [chunk.id for chunk in planned]

    def finish_chunk(self, chunk_id: ChunkId) -> bool:
        """Claim and complete a chunk; return whether it was the last."""
        work = self.chunks.claim(chunk_id)
        assert work is not None
        return self.chunks.complete(work, path="p", checksum="c").was_last

    def age(self, table: str, column: str, by: timedelta, **where: object) -> None:
        """Move a time in a row into the past, instead of waiting."""
        names = " AND ".join(f"{name} = %({name})s" for name in where)
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
