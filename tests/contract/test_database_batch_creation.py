"""A batch is made at once: its documents, jobs and events, in a constant number of statements."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any, ClassVar
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from common.access import Caller
from common.batch_creation import BatchPlan, Wanted
from common.errors import InsufficientCredits, TransientError
from common.models import DocumentId, JobId, JobOptions, ObjectRef, Priority
from infra.database.batch_creation import PostgresBatchCreation
from infra.database.credits import PostgresCredits
from infra.database.idempotency import KeyTaken, PostgresRequestKeys, RequestKey
from infra.database.pool import Pool
from tests.world import World

ALICE = Caller("alice")


class CountingCursor(psycopg.Cursor[Any]):
    """A cursor that counts what is sent to the database, in all of them together."""

    sent: ClassVar[Counter[str]] = Counter()

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        self.sent["statements"] += 1
        return super().execute(query, *arguments, **options)


@pytest.fixture
def batches(pool: Pool) -> PostgresBatchCreation:
    return PostgresBatchCreation(pool, credits_enabled=False)


def plan(**changes: Any) -> BatchPlan:
    made = BatchPlan(
        id=uuid4(),
        caller=ALICE,
        name="boxes",
        matter=None,
        purpose="ocr",
        priority=Priority.NORMAL,
        options=JobOptions(),
        webhook_url=None,
        is_paused=False,
    )
    return replace(made, **changes)


def objects(count: int, *, folder: str = "batches/alice", **changes: Any) -> list[Wanted]:
    return [
        replace(
            Wanted(
                line,
                ObjectRef("uploads", f"{folder}/{line:05d}.pdf", 1),
                1000,
                JobOptions(),
                Priority.NORMAL,
            ),
            **changes,
        )
        for line in range(1, count + 1)
    ]


def held(world: World, document_id: UUID, *, owner: str = "alice") -> ObjectRef:
    """Store the row of a document that waits for its upload, and for a batch."""
    source = ObjectRef("uploads", f"documents/{document_id}/source.pdf")
    with world.pool.connection() as connection:
        connection.execute(
            "INSERT INTO documents (id, owner, filename, bucket, object, sent_by)"
            " VALUES (%s, %s, 'a.pdf', %s, %s, 'held')",
            (document_id, owner, source.bucket, source.name),
        )
    return source


def test_a_batch_is_its_jobs_in_the_manifests_order(
    world: World, batches: PostgresBatchCreation
) -> None:
    made = plan(name="boxes", webhook_url="https://example.com/", priority=Priority.LOW)
    lines = objects(3, priority=Priority.HIGH, options=JobOptions(pages="1-2"))
    batches.create(made, lines)
    with world.pool.connection() as connection:
        rows = connection.execute(
            "SELECT batch_jobs.position, object, filename, size, jobs.status, stage, run,"
            "       jobs.owner, jobs.priority, jobs.options, batch_position, jobs.batch_id,"
            "       dispatched_at,"
            "       (SELECT array_agg(kind) FROM job_events WHERE job_id = jobs.id) AS events"
            "  FROM batch_jobs JOIN jobs ON jobs.id = job_id"
            "  JOIN documents ON documents.id = document_id"
            " WHERE batch_jobs.batch_id = %s ORDER BY position",
            (made.id,),
        ).fetchall()
    assert rows == [
        {
            "position": line,
            "object": f"batches/alice/{line:05d}.pdf",
            "filename": f"{line:05d}.pdf",
            "size": 1000,
            "status": "pending",
            "stage": "received",
            "run": 1,
            "owner": "alice",
            "priority": "high",
            "options": {"pages": "1-2"},
            "batch_position": line,
            "batch_id": made.id,
            "dispatched_at": None,
            "events": ["job_created"],
        }
        for line in (1, 2, 3)
    ]
    batch = world.one("SELECT * FROM batches WHERE id = %s", made.id)
    assert (batch["total"], batch["unfinished"], batch["status"]) == (3, 3, "pending")
    assert (batch["priority"], batch["name"], batch["last_event"]) == ("low", "boxes", 1)
    event = world.one("SELECT id, kind, details FROM batch_events WHERE batch_id = %s", made.id)
    assert event == {"id": 1, "kind": "batch_created", "details": {"total": 3}}


def test_ten_and_a_thousand_documents_take_the_same_number_of_statements(
    database_url: str,
) -> None:
    counts = {}
    counting: Pool = ConnectionPool(
        database_url,
        min_size=0,
        max_size=2,
        open=False,
        kwargs={"row_factory": dict_row, "cursor_factory": CountingCursor},
    )
    with counting as pool:
        batches = PostgresBatchCreation(pool, credits_enabled=False)
        for count in (10, 1000):
            CountingCursor.sent.clear()
            batches.create(
                plan(),
                objects(count, folder=f"batches/{count}"),
                request=RequestKey(str(count), "f"),
            )
            counts[count] = CountingCursor.sent["statements"]
    assert counts[10] == counts[1000] <= 10


def test_a_document_that_is_read_once_more_gets_its_next_run(
    world: World, batches: PostgresBatchCreation
) -> None:
    work = world.land()
    [line] = objects(1)
    again = replace(line, source=work.source, document_id=work.document_id)
    batches.create(plan(), [again, replace(again, line=2, options=JobOptions(pages="2"))])
    batches.create(plan(), [again])
    rows = world.one(
        "SELECT array_agg(run ORDER BY created_at, run) AS runs FROM jobs WHERE document_id = %s",
        work.document_id,
    )
    assert rows == {"runs": [1, 2, 3, 4]}


def test_objects_of_two_batches_at_once_are_one_document_each(
    world: World, batches: PostgresBatchCreation
) -> None:
    start = Barrier(4)

    def make(order: int) -> None:
        start.wait()
        batches.create(plan(), objects(200)[::order])

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(make, order) for order in (1, -1, 1, -1)]:
            done.result()
    assert world.one("SELECT count(*) AS n FROM documents") == {"n": 200}
    assert world.one("SELECT count(*) AS n, max(run) AS last FROM jobs") == {"n": 800, "last": 4}


def test_an_upload_of_which_nobody_has_told_has_landed_from_then_on(
    world: World, batches: PostgresBatchCreation
) -> None:
    document_id = uuid4()
    source = replace(held(world, document_id), generation=7)
    [line] = objects(1)
    batches.create(plan(), [replace(line, source=source, document_id=DocumentId(document_id))])
    row = world.one("SELECT generation, size, sent_by FROM documents")
    assert row == {"generation": 7, "size": 1000, "sent_by": "announced"}
    # Its event comes late, and begins nothing: the job waits for its turn.
    assert world.claim_split(source, promised=True) is None


def test_a_document_of_another_owner_makes_nothing(
    world: World, batches: PostgresBatchCreation
) -> None:
    document_id = uuid4()
    source = replace(held(world, document_id, owner="bob"), generation=7)
    lines = objects(2)
    lines[1] = replace(lines[1], source=source, document_id=DocumentId(document_id))
    assert batches.documents([document_id], ALICE) == {}
    assert not batches.at([source], ALICE)
    with pytest.raises(TransientError):
        batches.create(plan(), lines)
    assert world.one("SELECT count(*) AS n FROM batches") == {"n": 0}
    assert world.one("SELECT count(*) AS n FROM documents") == {"n": 1}


def test_a_document_of_another_matter_is_not_a_limited_callers(
    world: World, batches: PostgresBatchCreation
) -> None:
    document_id = uuid4()
    held(world, document_id)
    with world.pool.connection() as connection:
        connection.execute("UPDATE documents SET matter = 'm1', generation = 3")
    ref = ObjectRef("uploads", f"documents/{document_id}/source.pdf", 3)
    for matters, is_theirs in ((("m1",), True), (("m2",), False), (None, True)):
        caller = Caller("alice", matters)
        assert (document_id in batches.documents([document_id], caller)) is is_theirs
        standing = batches.at([ref], caller)[ref]
        assert (standing.is_own, standing.matter) == (is_theirs, "m1")


@pytest.mark.parametrize(
    ("has_cache", "asked"), [(True, JobOptions(cache=False)), (False, JobOptions())]
)
def test_an_account_without_credits_has_no_batch_that_nothing_of_may_be_cached(
    world: World, pool: Pool, has_cache: bool, asked: JobOptions
) -> None:
    batches = PostgresBatchCreation(pool, credits_enabled=True, has_cache=has_cache)
    lines = objects(2, options=asked)
    with pytest.raises(InsufficientCredits):
        batches.create(plan(), lines)
    assert world.one("SELECT count(*) AS n FROM batches") == {"n": 0}
    PostgresCredits(pool).grant("alice", 1)
    batches.create(plan(), lines)


def test_an_account_without_credits_has_batches_of_what_the_cache_may_have(
    world: World, pool: Pool
) -> None:
    batches = PostgresBatchCreation(pool, credits_enabled=True, has_cache=True)
    unlike = objects(1, options=JobOptions(cache=False), folder="batches/alice/unlike")
    batches.create(plan(), objects(2) + unlike)
    assert world.one("SELECT count(*) AS n FROM jobs") == {"n": 3}


def test_one_key_makes_one_batch_however_many_ask_at_once(
    world: World, batches: PostgresBatchCreation, pool: Pool
) -> None:
    start, request = Barrier(4), RequestKey("k", "f")

    def make(_: int) -> UUID | None:
        made = plan()
        start.wait()
        try:
            batches.create(made, objects(20), request=request)
        except KeyTaken:
            return None
        return made.id

    with ThreadPoolExecutor(4) as threads:
        made = [each for each in threads.map(make, range(4)) if each]
    assert len(made) == 1
    known = PostgresRequestKeys(pool, age=timedelta(days=1)).recall("alice", "k")
    assert known is not None
    assert (known.batch_id, known.job_id) == (made[0], None)
    assert world.one("SELECT count(*) AS n FROM jobs") == {"n": 20}


def test_a_paused_batch_is_made_paused(world: World, batches: PostgresBatchCreation) -> None:
    made = plan(is_paused=True)
    [line] = objects(1)
    batches.create(made, [line])
    assert world.one("SELECT status FROM batches") == {"status": "paused"}
    [job_id] = world.one("SELECT job_id FROM batch_jobs").values()
    assert isinstance(job_id, UUID)
    claimed = world.arrivals.claim(
        line.source, owner="alice", filename="a", promised=False, job_id=JobId(job_id)
    )
    assert claimed is None
