"""Jobs whose chunks have keys, as the splitter plans them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from common.caching import PlanOutcome, ReadingKeys
from common.models import ChunkId, ChunkWork, JobId, SplitWork
from common.pages import PageRange
from infra.database.chunks import PostgresChunks
from infra.database.splits import PostgresSplits
from tests.world import LEASE, World, cut

PAGES = 2


def keys_of(content: str, chunks: int) -> ReadingKeys:
    return ReadingKeys(content, chunks * PAGES, "engine")


@dataclass
class Sent:
    """A document of `chunks` chunks that was planned; what was not found is cut."""

    job_id: JobId
    chunks: list[ChunkId]
    outcome: PlanOutcome
    split: SplitWork


@dataclass
class Desk:
    """Sends documents and reads their chunks."""

    world: World
    keep: timedelta | None = field(default=timedelta(days=30))

    @property
    def workers(self) -> PostgresChunks:
        return PostgresChunks(self.world.pool, lease=LEASE, keep=self.keep)

    def send(
        self,
        content: str = "same",
        chunks: int = 1,
        *,
        owner: str = "alice",
        is_kept: bool = True,
        warnings: Sequence[str] = (),
        credits_enabled: bool = False,
    ) -> Sent:
        splits = PostgresSplits(self.world.pool, lease=LEASE, credits_enabled=credits_enabled)
        work = self.world.land(owner)
        ranges = [PageRange(i * PAGES + 1, (i + 1) * PAGES) for i in range(chunks)]
        outcome = splits.plan(
            work,
            page_count=chunks * PAGES,
            size=1,
            warnings=warnings,
            chunks=ranges,
            keys=keys_of(content, chunks).keys(ranges) if is_kept else None,
        )
        planned = splits.planned(work)
        waiting = [chunk for chunk in planned if chunk.status.value == "pending"]
        if waiting:
            splits.dispatched(work, [(chunk, cut(work, chunk)) for chunk in waiting], warnings)
        splits.finish(work)
        return Sent(work.job_id, [chunk.id for chunk in planned], outcome, work)

    def claim(self, chunk_id: ChunkId) -> ChunkWork:
        work = self.workers.claim(chunk_id)
        assert work is not None
        return work

    def read(self, chunk_id: ChunkId, path: str | None = None) -> None:
        """Claim a chunk that is to be read, and store its result."""
        work = self.claim(chunk_id)
        assert work.cached is None
        self.workers.complete(work, path=path or f"{work.document_id}/0.json", checksum="c")

    def reader(self) -> object:
        return self.world.one("SELECT max(chunk_id::text) AS id FROM cache_readers")["id"]

    def kept(self) -> list[str]:
        with self.world.pool.connection() as connection:
            rows = connection.execute("SELECT path FROM result_cache ORDER BY path").fetchall()
        return [row["path"] for row in rows]
