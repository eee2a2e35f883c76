"""Batches whose documents have failed in every way there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from common.access import Caller
from common.lifecycle import JobStatus
from common.models import ChunkId, JobId, MergedDocument
from common.pages import PageRange
from common.results import PageError
from infra.database.batch_recovery import PostgresRecoveries
from tests.world import World, cut

ALICE = Caller("alice")
#: What became of a chunk of ten pages: read, failed as a whole by a code, or at some of its pages.
Fate = str | Mapping[int, str] | None
READ: Fate = None
AWAY = "CHUNK_PROCESSING_ERROR"
POISONED = "INVALID_ARGUMENT"


def recoveries(world: World, *, credits_enabled: bool = False) -> PostgresRecoveries:
    return PostgresRecoveries(world.pool, credits_enabled=credits_enabled)


def planned(world: World, job_id: JobId, chunks: int) -> list[ChunkId]:
    """Split the job's document into chunks of ten pages."""
    work = world.begin(job_id)
    ranges = [PageRange(i * 10 + 1, i * 10 + 10) for i in range(chunks)]
    world.splits.plan(work, page_count=chunks * 10, size=1000, warnings=[], chunks=ranges)
    rows = world.splits.planned(work)
    world.splits.dispatched(work, [(chunk, cut(work, chunk)) for chunk in rows])
    world.splits.finish(work)
    return [chunk.id for chunk in rows]


def read(world: World, chunk: ChunkId, fate: Fate = READ) -> bool:
    """Claim the chunk and end it as told; return whether it was the job's last."""
    work = world.chunks.claim(chunk)
    assert work is not None
    if isinstance(fate, str):
        return world.chunks.fail(work, fate, f"It is {fate}.").was_last
    errors = [PageError(page, code, f"It is {code}.") for page, code in (fate or {}).items()]
    return world.chunks.complete(work, path="p", checksum="c", errors=errors).was_last


def merge(world: World, job_id: JobId) -> None:
    """End the job as its chunks say."""
    work = world.merges.claim(job_id)
    assert work is not None
    row = world.one(
        "SELECT completed_pages AS pages, failed_pages AS failed,"
        "       (SELECT error_code FROM chunks WHERE job_id = jobs.id AND status = 'failed'"
        "         ORDER BY page_start LIMIT 1) AS code FROM jobs WHERE id = %s",
        job_id,
    )
    pages, failed = int(str(row["pages"])), int(str(row["failed"]))
    status = JobStatus.COMPLETED_WITH_ERRORS if failed else JobStatus.COMPLETED
    code = None
    if not pages:
        status, code = JobStatus.FAILED, str(row["code"])
    path = "result" if pages else None
    world.merges.finish(
        work,
        MergedDocument(status, pages, failed, path, path, path, code, code and f"It is {code}."),
    )


def ended(world: World, job_id: JobId, fates: Sequence[Fate]) -> list[ChunkId]:
    """Take the job to its end; each of its chunks meets its fate."""
    chunks = planned(world, job_id, len(fates))
    for chunk, fate in zip(chunks, fates, strict=True):
        read(world, chunk, fate)
    merge(world, job_id)
    return chunks


def refused(world: World, job_id: JobId, code: str) -> None:
    """Have the job's split fail."""
    world.splits.fail(world.begin(job_id), code, f"It is {code}.")


def job(world: World, job_id: JobId, columns: str = "status, stage") -> tuple[Any, ...]:
    return tuple(world.one(f"SELECT {columns} FROM jobs WHERE id = %s", job_id).values())


def chunk_statuses(world: World, job_id: JobId) -> list[str]:
    row = world.one(
        "SELECT array_agg(status ORDER BY index) AS statuses FROM chunks WHERE job_id = %s", job_id
    )
    statuses = row["statuses"]
    assert isinstance(statuses, list)
    return statuses


def batch(
    world: World, batch_id: UUID, columns: str = "status, total, unfinished"
) -> tuple[Any, ...]:
    return tuple(world.one(f"SELECT {columns} FROM batches WHERE id = %s", batch_id).values())


def lines(world: World, batch_id: UUID) -> dict[int, JobId]:
    """Return the batch's jobs by their lines."""
    with world.pool.connection() as connection:
        rows = connection.execute(
            "SELECT position, job_id FROM batch_jobs WHERE batch_id = %s ORDER BY position",
            (batch_id,),
        ).fetchall()
    return {row["position"]: JobId(row["job_id"]) for row in rows}


def kinds(world: World, batch_id: UUID) -> list[str]:
    """Return what the batch's trail says, and that its numbers have no gap."""
    with world.pool.connection() as connection:
        rows = connection.execute(
            "SELECT id, kind FROM batch_events WHERE batch_id = %s ORDER BY id", (batch_id,)
        ).fetchall()
    assert [row["id"] for row in rows] == list(range(1, len(rows) + 1))
    return [row["kind"] for row in rows]


def chunk_ids(world: World, job_id: JobId) -> list[ChunkId]:
    row = world.one(
        "SELECT array_agg(id ORDER BY index) AS ids FROM chunks WHERE job_id = %s", job_id
    )
    ids = row["ids"]
    assert isinstance(ids, list)
    return ids
