"""Outlines on real Postgres: whose they are, which job's, and only once they are whole."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from common.access import Caller
from common.errors import NotFound, PermanentError, TransientError
from common.models import DocumentId, JobId, ObjectRef
from common.prepared import NotPrepared
from common.stage_rows import DIMENSIONS, TreeNode
from common.stages import OutlineEntry
from functions.pipeline.read_outline import read_outline
from infra.database.outlines import PostgresOutlines
from infra.database.stage_rows import write
from infra.pdf.outline import Bookmarks
from tests.contract.test_bookmarks import blank
from tests.world import World

ALICE = Caller("alice")

ROOT = TreeNode(0, None, 0, "The mill", 1, 9, 0, 30, "It turns.", [0.5] * DIMENSIONS)
CHAPTER = TreeNode(1, 0, 1, "Water", 1, 4, 0, 12, "It falls.", None)
SECTION = TreeNode(2, 1, 2, "The race", 3, 3, 5, 4, "", None)
LAST = TreeNode(3, 0, 1, "Stones", 5, 9, 13, 30, "They wear.", None)


@pytest.fixture
def outlines(world: World) -> PostgresOutlines:
    return PostgresOutlines(world.pool)


def made(world: World, *nodes: TreeNode, searched: bool = True) -> UUID:
    """Return a document whose job has made these."""
    job_id, _ = world.add_job(1)
    row = world.one("SELECT document_id FROM jobs WHERE id = %s", job_id)
    document = DocumentId(UUID(str(row["document_id"])))
    with world.pool.connection() as connection:
        write(connection, JobId(job_id), document, nodes)
    if searched:
        world.one(
            "UPDATE documents SET search_job = %s WHERE id = %s RETURNING id", job_id, document
        )
    return document


def all_of(
    outlines: PostgresOutlines,
    document: UUID,
    caller: Caller = ALICE,
    *,
    after: int = -1,
    limit: int = 99,
    deepest: int | None = None,
) -> list[str] | NotPrepared | None:
    found = outlines.nodes(document, caller, after=after, limit=limit, deepest=deepest)
    return [node.title for node in found] if isinstance(found, list) else found


def test_sections_come_in_the_order_of_reading_whatever_order_they_were_written_in(
    world: World, outlines: PostgresOutlines
) -> None:
    document = made(world, SECTION, CHAPTER, LAST, ROOT)
    found = outlines.nodes(document, ALICE, after=-1, limit=99, deepest=None)
    assert found == [ROOT._replace(centroid=None), CHAPTER, SECTION, LAST]


def test_they_can_be_had_in_pages_and_down_to_a_depth(
    world: World, outlines: PostgresOutlines
) -> None:
    document = made(world, ROOT, CHAPTER, SECTION, LAST)
    assert all_of(outlines, document, limit=2) == ["The mill", "Water"]
    assert all_of(outlines, document, after=1, limit=2) == ["The race", "Stones"]
    assert all_of(outlines, document, deepest=1) == ["The mill", "Water", "Stones"]
    assert all_of(outlines, document, deepest=0) == ["The mill"]


def test_only_the_owner_within_the_callers_matters_sees_them(
    world: World, outlines: PostgresOutlines
) -> None:
    document = made(world, ROOT)
    world.one("UPDATE documents SET matter = 'm1' WHERE id = %s RETURNING id", document)
    for caller in (ALICE, Caller("alice", ("m0", "m1"))):
        assert all_of(outlines, document, caller) == ["The mill"]
    for caller in (Caller("bob"), Caller("alice", ()), Caller("alice", ("m2",))):
        assert all_of(outlines, document, caller) is None
    assert all_of(outlines, uuid4()) is None


def test_only_those_of_the_job_whose_rows_are_searched_are_shown_and_only_when_all_are_there(
    world: World, outlines: PostgresOutlines
) -> None:
    assert all_of(outlines, made(world, ROOT, searched=False)) == NotPrepared(False)
    document = made(world, CHAPTER, SECTION)
    assert all_of(outlines, document) == NotPrepared(False)
    world.one(
        "INSERT INTO job_stages (job_id, stage, place, version)"
        " SELECT id, 'tree', 6, '1' FROM jobs WHERE document_id = %s RETURNING job_id",
        document,
    )
    assert all_of(outlines, document) == NotPrepared(True)


class Shelf:
    """An upload in a folder, or what its storage says instead."""

    def __init__(self, path: Path, trouble: Exception | None = None) -> None:
        self.path, self.trouble = path, trouble

    def download(self, ref: ObjectRef, target: Path, *, max_bytes: int) -> int:
        if self.trouble is not None:
            raise self.trouble
        return target.write_bytes(self.path.read_bytes())

    def put_chunk(self, name: str, path: Path) -> ObjectRef:
        raise AssertionError

    def read_chunk(self, ref: ObjectRef) -> bytes:
        raise AssertionError

    def find(self, ref: ObjectRef) -> ObjectRef | None:
        raise AssertionError


def test_an_uploads_bookmarks_are_read_and_nothing_is_left_on_the_disk(tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    pdf = blank()
    with pdf.open_outline() as outline:
        outline.add("One", 2)
    pdf.save(tmp_path / "book.pdf")
    ref = ObjectRef("uploads", "book.pdf", 1)
    shelf = Shelf(tmp_path / "book.pdf")
    assert read_outline(ref, folder, uploads=shelf, reader=Bookmarks()) == [
        OutlineEntry("One", 1, 3)
    ]
    for nothing in (NotFound("It is gone."), PermanentError("Big.", code="DOCUMENT_TOO_LARGE")):
        shelf.trouble = nothing
        assert not read_outline(ref, folder, uploads=shelf, reader=Bookmarks())
    for trouble in (TransientError("It is away."), PermanentError("No.")):
        shelf.trouble = trouble
        with pytest.raises(type(trouble)):
            read_outline(ref, folder, uploads=shelf, reader=Bookmarks())
    assert list(folder.iterdir()) == []
