"""A cached result is used only where it proves to be what was kept."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import msgspec
import pytest

from common.errors import LeaseLost, NotFound, TransientError
from common.models import ChunkId, ChunkOutcome, ChunkWork
from common.names import chunk_result
from common.pages import PageRange
from common.results import ChunkResult, Page, PageError
from functions.pipeline.use_cache import use_cache
from tests.contract.result_cache_fixtures import Desk
from tests.world import LEASE, World


class Shelf:
    """Results in memory; away where told so."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}
        self.is_away = False

    def read_chunk(self, name: str) -> bytes:
        if self.is_away:
            raise TransientError("away")
        if name not in self.stored:
            raise NotFound(name)
        return self.stored[name]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def store(desk: Desk, shelf: Shelf, work: ChunkWork, *, pages: PageRange | None = None) -> str:
    """Read a chunk as a worker does."""
    content = msgspec.json.encode(_result(work, pages or work.pages))
    path = chunk_result(work.document_id, work.index, work.run, work.attempt)
    shelf.stored[path] = content
    desk.workers.complete(work, path=path, checksum=hashlib.sha256(content).hexdigest())
    return path


def found(desk: Desk, shelf: Shelf, *, pages: PageRange | None = None) -> tuple[ChunkWork, str]:
    """Return a claimed chunk with what an equal one was read as, and where that lies."""
    waiting = desk.send().chunks[0]
    path = store(desk, shelf, desk.claim(desk.send().chunks[0]), pages=pages)
    work = desk.claim(waiting)
    assert work.cached is not None
    return work, path


def use(desk: Desk, shelf: Shelf, work: ChunkWork) -> ChunkOutcome | ChunkWork | None:
    return use_cache(work, chunks=desk.workers, results=shelf)  # type: ignore[arg-type]


def test_a_sound_result_completes_the_chunk(desk: Desk, shelf: Shelf) -> None:
    work, path = found(desk, shelf)
    outcome = use(desk, shelf, work)
    assert isinstance(outcome, ChunkOutcome)
    assert outcome.was_last
    chunk = desk.world.one("SELECT * FROM chunks WHERE id = %s", work.id)
    assert (chunk["status"], chunk["is_cached"]) == ("completed", True)
    assert chunk["result_storage_path"] == path


def test_one_that_has_nothing_in_the_cache_is_to_be_read(desk: Desk, shelf: Shelf) -> None:
    work = desk.claim(desk.send().chunks[0])
    assert use(desk, shelf, work) is work


@pytest.mark.parametrize("damage", ["gone", "bit rot", "another's pages", "an error"])
def test_a_result_that_is_not_what_was_kept_is_evicted_and_read(
    desk: Desk, shelf: Shelf, damage: str
) -> None:
    work, path = found(desk, shelf, pages=PageRange(3, 4) if damage == "another's pages" else None)
    if damage == "gone":
        del shelf.stored[path]
    elif damage == "bit rot":
        shelf.stored[path] += b" "
    elif damage == "an error":
        result = _result(work, PageRange(1, 1))
        result.errors = [PageError(2, "X", "Y")]
        shelf.stored[path] = msgspec.json.encode(result)
        checksum = hashlib.sha256(shelf.stored[path]).hexdigest()
        assert work.cached is not None
        work = replace(work, cached=replace(work.cached, checksum=checksum))
    to_read = use(desk, shelf, work)
    assert isinstance(to_read, ChunkWork)
    assert to_read.cached is None
    assert desk.kept() == []
    assert desk.reader() == str(work.id)
    store(desk, shelf, to_read)
    assert len(desk.kept()) == 1


def test_of_two_with_a_damaged_result_the_second_waits_for_the_first(
    desk: Desk, shelf: Shelf
) -> None:
    other: ChunkId = desk.send().chunks[0]
    work, path = found(desk, shelf)
    second = desk.claim(other)
    shelf.stored[path] = b"bit rot"
    to_read = use(desk, shelf, work)
    assert use(desk, shelf, second) is None
    assert isinstance(to_read, ChunkWork)
    store(desk, shelf, to_read)
    assert isinstance(use(desk, shelf, desk.claim(other)), ChunkOutcome)


def test_a_store_that_is_away_evicts_nothing(desk: Desk, shelf: Shelf) -> None:
    work, path = found(desk, shelf)
    shelf.is_away = True
    with pytest.raises(TransientError):
        use(desk, shelf, work)
    assert desk.kept() == [path]


def test_who_has_lost_the_lease_completes_nothing(desk: Desk, shelf: Shelf) -> None:
    work, _ = found(desk, shelf)
    desk.world.age("chunks", "lease_expires_at", LEASE * 2, id=work.id)
    again = desk.claim(work.id)
    with pytest.raises(LeaseLost):
        use(desk, shelf, work)
    assert isinstance(use(desk, shelf, again), ChunkOutcome)


def _result(work: ChunkWork, pages: PageRange) -> ChunkResult:
    read = [
        Page(number, 10, 10, "pixels", 0, 1, f"{number}\n", 0.9, ["en"], []) for number in pages
    ]
    return ChunkResult(
        document_id=str(work.document_id),
        chunk_index=work.index,
        page_start=pages.start,
        page_end=pages.end,
        page_count=len(read),
        overall_confidence=0.9,
        full_text="".join(page.text for page in read),
        pages=read,
    )
