"""A worker keeps its lease from the claim on, whatever it waits for before it reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import msgspec
import pytest

from common.models import ChunkId, ChunkRef, DocumentId, JobId
from common.names import chunk_result
from common.pages import PageRange
from common.ports import ChunkLocks, Dispatch, LiveUpdates, Results, Tasks, Uploads
from common.results import ChunkResult, Page
from functions.pipeline.process_chunk import RetryPolicy, process_chunk
from tests.contract.result_cache_fixtures import PAGES, Desk
from tests.e2e.quire_client import wait_for
from tests.world import World

RETRIES = RetryPolicy(
    max_tries=3, max_lost_leases=5, base=timedelta(seconds=2), longest=timedelta(seconds=60)
)


@dataclass
class Worker:
    """A worker's ports, one of which takes so long that the lease has to be renewed meanwhile."""

    desk: Desk
    chunk_id: ChunkId
    #: "cache" or "turns".
    slow: str
    stored: dict[str, bytes] = field(default_factory=dict)
    merges: list[JobId] = field(default_factory=list)

    def lease(self) -> datetime | None:
        row = self.desk.world.one(
            "SELECT lease_expires_at FROM chunks WHERE id = %s", self.chunk_id
        )
        return cast("datetime | None", row["lease_expires_at"])

    def take_long(self, at: str) -> None:
        if at == self.slow and (before := self.lease()) is not None:
            wait_for(lambda: self.lease() != before, "the lease to be renewed", 5)

    @contextmanager
    def acquire(self, chunk: ChunkRef) -> Iterator[bool]:
        yield True

    def give_turns(self, *, something_new: bool = False) -> None:
        self.take_long("turns")

    def read_chunk(self, name: str) -> bytes:
        self.take_long("cache")
        return self.stored[name]

    def send_merge(self, job_id: JobId, dispatch: int) -> None:
        self.merges.append(job_id)

    def publish(self, changed: UUID) -> None:
        pass

    def unread(self) -> object:
        raise AssertionError("It was read before.")

    def run(self) -> None:
        process_chunk(
            ChunkRef(self.chunk_id, DocumentId(UUID(int=0)), 0),
            chunks=self.desk.workers,
            locks=cast(ChunkLocks, self),
            uploads=cast(Uploads, self),
            engine=self.unread,  # type: ignore[arg-type]
            cutter=self.unread,  # type: ignore[arg-type]
            results=cast(Results, self),
            dispatch=cast(Dispatch, self),
            tasks=cast(Tasks, self),
            give_turns=self.give_turns,
            live=cast(LiveUpdates, self),
            retries=RETRIES,
            lease=timedelta(milliseconds=300),
        )


@pytest.mark.parametrize("slow", ["cache", "turns"])
def test_a_lease_is_renewed_while_what_was_read_before_is_fetched(world: World, slow: str) -> None:
    desk = Desk(world)
    waiting, first = (desk.send() for _ in range(2))
    worker = Worker(desk, waiting.chunks[0], slow)
    work = desk.claim(first.chunks[0])
    content = msgspec.json.encode(_result(str(work.document_id), work.pages))
    path = chunk_result(work.document_id, work.index, work.run, work.attempt)
    worker.stored[path] = content
    desk.workers.complete(work, path=path, checksum=hashlib.sha256(content).hexdigest())
    worker.run()
    chunk = world.one("SELECT status, is_cached FROM chunks WHERE id = %s", worker.chunk_id)
    assert chunk == {"status": "completed", "is_cached": True}
    assert worker.merges == [waiting.job_id]


def _result(document_id: str, pages: PageRange) -> ChunkResult:
    read = [
        Page(number, 10, 10, "pixels", 0, 1, f"{number}\n", 0.9, ["en"], []) for number in pages
    ]
    return ChunkResult(
        document_id=document_id,
        chunk_index=0,
        page_start=1,
        page_end=PAGES,
        page_count=PAGES,
        overall_confidence=0.9,
        full_text="".join(page.text for page in read),
        pages=read,
    )
