"""Giving out turns on real Postgres: what waits, what goes to the broker, and in which order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from common.access import Caller
from common.models import (
    ChunkId,
    ChunkRef,
    DocumentId,
    Given,
    JobId,
    JobOptions,
    ObjectRef,
    Priority,
)
from common.pages import PageRange
from infra.database.controls import PostgresControls
from infra.database.turns import PostgresTurns
from tests.world import World, cut


@pytest.fixture
def turns(world: World) -> PostgresTurns:
    return world.turns


def add_cut(world: World, chunks: int, owner: str = "alice") -> tuple[JobId, list[ChunkId]]:
    """Make a job whose chunks are cut, and wait."""
    work = world.land(owner)
    ranges = [PageRange(i * 2 + 1, i * 2 + 2) for i in range(chunks)]
    world.splits.plan(work, page_count=chunks * 2, size=1000, warnings=[], chunks=ranges)
    planned = world.splits.planned(work)
    world.splits.dispatched(work, [(chunk, cut(work, chunk)) for chunk in planned])
    world.splits.finish(work)
    return work.job_id, [chunk.id for chunk in planned]


def prefer(world: World, priority: Priority, job_id: JobId) -> None:
    with world.pool.connection() as connection:
        connection.execute("UPDATE jobs SET priority = %s WHERE id = %s", (priority, job_id))


def test_only_a_window_of_what_waits_is_given_and_more_once_there_is_room(
    world: World, turns: PostgresTurns
) -> None:
    _, chunk_ids = add_cut(world, 20)
    given = turns.give(something_new=True)
    assert [chunk.id for chunk in given.chunks] == chunk_ids[:8]
    assert [chunk.is_first for chunk in given.chunks] == [True] + [False] * 7
    assert turns.give(something_new=True) == Given()
    for chunk_id in chunk_ids[:3]:
        world.finish_chunk(chunk_id)
    assert turns.give(something_new=False) == Given(), "more than half is still there"
    world.finish_chunk(chunk_ids[3])
    given = turns.give(something_new=False)
    assert [chunk.id for chunk in given.chunks] == chunk_ids[8:12]


def test_small_documents_travel_together_and_large_ones_are_split_in_the_manifests_order(
    world: World, turns: PostgresTurns
) -> None:
    batch_id, jobs = world.add_batch(40)
    with world.pool.connection() as connection:
        connection.execute(
            "UPDATE documents SET size = CASE WHEN batch_position = 2 THEN 50000000 ELSE 1000 END"
            "  FROM jobs WHERE jobs.document_id = documents.id AND batch_id = %s",
            (batch_id,),
        )
    given = turns.give(something_new=True)
    assert [large.job_id for large in given.large] == [jobs[1]]
    sent = [job_id for message in given.documents for job_id in message.job_ids]
    assert sent == jobs[:1] + jobs[2:]
    assert {len(message.job_ids) for message in given.documents} == {4, 5}
    assert [message.is_first for message in given.documents].count(True) == 1


def test_documents_of_a_large_batch_travel_as_many_together_when_the_window_is_filled_up(
    world: World, turns: PostgresTurns
) -> None:
    _, jobs = world.add_batch(100)
    assert [len(each.job_ids) for each in turns.give(something_new=True).documents] == [8] * 8
    with world.pool.connection() as connection:
        connection.execute(
            "UPDATE jobs SET status = 'completed', finished_at = now() WHERE id = ANY(%s)",
            (jobs[:40],),
        )
    given = turns.give(something_new=False)
    assert [len(each.job_ids) for each in given.documents] == [8] * 4 + [4]
    assert [job for each in given.documents for job in each.job_ids] == jobs[64:]


def test_a_batch_that_is_paused_or_cancelled_gets_no_turn(
    world: World, turns: PostgresTurns
) -> None:
    batch_id, jobs = world.add_batch(3, paused=True)
    assert turns.give(something_new=True) == Given()
    set_status(world, batch_id, "cancelled")
    assert turns.give(something_new=True) == Given()
    assert all(world.claim_split_of(job_id) is None for job_id in jobs)
    set_status(world, batch_id, "processing")
    assert sum(len(message.job_ids) for message in turns.give(something_new=True).documents) == 3


def test_a_job_that_is_paused_keeps_no_other_from_its_turn(
    world: World, turns: PostgresTurns
) -> None:
    job_id, _ = add_cut(world, 30)
    _, [other] = add_cut(world, 1)
    controls, caller = PostgresControls(world.pool), Caller("alice")
    assert controls.pause(job_id, caller)
    assert [chunk.id for chunk in turns.give(something_new=True).chunks] == [other]
    resumed = controls.resume(job_id, caller)
    assert resumed is not None
    assert not resumed.chunks, "they wait for their turns"
    assert len(turns.give(something_new=True).chunks) == 7


def test_another_owners_single_document_is_sent_ahead_of_a_full_window(
    world: World, turns: PostgresTurns
) -> None:
    add_cut(world, 100)
    turns.give(something_new=True)
    _, [single] = add_cut(world, 1, owner="bob")
    [chunk] = turns.give(something_new=True).chunks
    assert (chunk.id, chunk.is_first) == (single, True)


def test_first_chunks_of_all_documents_go_before_any_second(
    world: World, turns: PostgresTurns
) -> None:
    add_cut(world, 50)
    _, short = add_cut(world, 1)
    assert short[0] in {chunk.id for chunk in turns.give(something_new=True).chunks}


def test_a_changed_priority_takes_what_waits_along(world: World, turns: PostgresTurns) -> None:
    job_id, chunk_ids = add_cut(world, 20)
    turns.give(something_new=True)
    prefer(world, Priority.HIGH, job_id)
    # What is in the broker counts for the class in which it would be sent now.
    for chunk_id in chunk_ids[:8]:
        world.finish_chunk(chunk_id)
    given = turns.give(something_new=True)
    assert {chunk.priority for chunk in given.chunks} == {Priority.HIGH}


def test_however_many_give_at_once_nothing_is_given_twice_and_no_window_overfilled(
    world: World, turns: PostgresTurns
) -> None:
    add_cut(world, 60)
    world.add_batch(50, owner="bob")
    with ThreadPoolExecutor(8) as threads:
        rounds = list(threads.map(lambda _: turns.give(something_new=True), range(24)))
    chunks = [chunk.id for given in rounds for chunk in given.chunks]
    documents = [job for given in rounds for message in given.documents for job in message.job_ids]
    assert len(set(chunks)) == len(chunks)
    assert len(set(documents)) == len(documents)
    # Of eight messages four each; a message is one chunk or eight documents.
    assert (len(chunks), len(documents)) == (4, 32)


def test_a_chunk_whose_equal_is_being_read_waits_until_that_has_ended(
    world: World, turns: PostgresTurns
) -> None:
    _, [reader] = add_cut(world, 1)
    job_id, [equal] = add_cut(world, 1)
    with world.pool.connection() as connection:
        connection.execute("UPDATE chunks SET cache_key = 'k'")
        connection.execute(
            "INSERT INTO cache_readers (owner, key, chunk_id) VALUES ('alice', 'k', %s)", (reader,)
        )
        connection.execute(
            "UPDATE chunks SET status = 'processing', lease_expires_at = now() + interval '1 h'"
            " WHERE id = %s",
            (reader,),
        )
    assert turns.give(something_new=True) == Given()
    world.age("chunks", "lease_expires_at", timedelta(hours=2), id=reader)
    assert [chunk.id for chunk in turns.give(something_new=True).chunks] == [equal]
    assert job_id


def test_low_priority_is_read_however_much_of_high_priority_comes(world: World) -> None:
    """A broker that is strict, one worker, and high priority that never ends."""
    turns = PostgresTurns(
        world.pool, window=8, documents_per_message=8, small_document_bytes=1_000_000
    )
    urgent, _ = add_cut(world, 300)
    prefer(world, Priority.HIGH, urgent)
    jobs = {}
    for priority in (Priority.NORMAL, Priority.LOW):
        job_id, chunk_ids = add_cut(world, 4, owner=priority.value)
        prefer(world, priority, job_id)
        jobs[priority] = set(chunk_ids)
    broker: dict[Priority, list[ChunkRef]] = {priority: [] for priority in Priority}
    read: list[ChunkId] = []
    for something_new in [True] + [False] * 200:
        for chunk in turns.give(something_new=something_new).chunks:
            broker[chunk.priority].append(chunk)
        taken = next(messages.pop(0) for messages in broker.values() if messages)
        if world.chunks.claim(taken.id) is not None:
            work = world.one("SELECT attempt FROM chunks WHERE id = %s", taken.id)
            assert work["attempt"] == 1
            with world.pool.connection() as connection:
                connection.execute(
                    "UPDATE chunks SET status = 'completed', lease_expires_at = NULL,"
                    " result_storage_path = 'p', result_checksum = 'c' WHERE id = %s",
                    (taken.id,),
                )
            read.append(taken.id)
    assert jobs[Priority.NORMAL] | jobs[Priority.LOW] <= set(read)
    helped = [number for number, chunk in enumerate(read) if chunk in jobs[Priority.LOW]]
    assert len(read) - len(jobs[Priority.NORMAL]) - len(jobs[Priority.LOW]) >= 150
    assert helped[0] < 40, "not only when everything else is done"


def test_documents_whose_message_is_lost_wait_for_their_turn_again(
    world: World, turns: PostgresTurns
) -> None:
    _, jobs = world.add_batch(2)
    turns.give(something_new=True)
    assert world.upkeep.stopped_documents(broker_is_empty=False) == 0
    world.age("jobs", "dispatched_at", timedelta(seconds=10))
    assert world.upkeep.stopped_documents(broker_is_empty=False) == 0
    assert world.upkeep.stopped_documents(broker_is_empty=True) == 2
    given = turns.give(something_new=True)
    assert {job for message in given.documents for job in message.job_ids} == set(jobs)


def test_a_landing_begins_no_job_of_a_batch(world: World) -> None:
    _, [job_id] = world.add_batch(1)
    assert world.claim_landing_of(job_id) is None
    assert world.claim_split_of(job_id) is not None


def set_status(world: World, batch_id: UUID, status: str) -> None:
    with world.pool.connection() as connection:
        connection.execute("UPDATE batches SET status = %s WHERE id = %s", (status, batch_id))


@pytest.mark.parametrize("stands", ["paused", "failed"])
def test_messages_of_what_stands_still_keep_nobody_from_a_turn(
    world: World, turns: PostgresTurns, stands: str
) -> None:
    job_id, _ = add_cut(world, 8)
    assert len(turns.give(something_new=True).chunks) == 8
    # Redis is emptied: nobody will ever drop these messages.
    with world.pool.connection() as connection:
        connection.execute(
            "UPDATE jobs SET status = %s, error_code = 'PROCESSING_ERROR',"
            " finished_at = CASE WHEN %s = 'failed' THEN now() END WHERE id = %s",
            (stands, stands, job_id),
        )
    add_cut(world, 9)
    assert len(turns.give(something_new=False).chunks) == 8


def test_a_priority_is_changed_beside_a_worker_that_claims(world: World) -> None:
    job_id, [chunk_id] = add_cut(world, 1)
    with world.pool.connection() as connection, connection.transaction():
        connection.execute("SELECT FROM chunks WHERE id = %s FOR UPDATE", (chunk_id,))
        with ThreadPoolExecutor(1) as thread:
            # Nobody waits for whom: the claim goes on, and the rest of the job's chunks follow.
            thread.submit(prefer, world, Priority.HIGH, job_id).result(timeout=60)


def test_an_upload_whose_event_is_lost_is_begun_by_the_message_that_names_its_job(
    world: World,
) -> None:
    job_id, document_id = JobId(uuid4()), DocumentId(uuid4())
    source = ObjectRef("uploads", f"documents/{document_id}/source.pdf")
    world.jobs.create(
        job_id=job_id,
        document_id=document_id,
        owner="alice",
        filename="book.pdf",
        source=source,
        size=10,
        options=JobOptions(),
        password=None,
    )
    landed = replace(source, generation=7)
    work = world.claim_split(landed, promised=True, job_id=job_id)
    assert work is not None
    assert work.job_id == job_id
