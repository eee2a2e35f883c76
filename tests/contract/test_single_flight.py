"""Equal chunks are read once, however many workers are at them at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from common.access import Caller
from common.errors import LeaseLost
from common.models import ChunkId
from infra.database.controls import PostgresControls
from infra.database.pool import Pool
from infra.database.turns import PostgresTurns
from tests.contract.held_transaction import race
from tests.contract.result_cache_fixtures import Desk
from tests.world import LEASE, World

ALICE = Caller("alice")


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def test_of_sixteen_workers_with_equal_chunks_one_reads_and_all_others_find_it(
    desk: Desk,
) -> None:
    for round_ in range(8):
        sent = [desk.send(f"round {round_}") for _ in range(16)]
        together = Barrier(16)

        def work(
            chunk_id: ChunkId, name: str = f"{round_}.json", together: Barrier = together
        ) -> str:
            together.wait()
            for _ in range(1000):
                claimed = desk.workers.claim(chunk_id)
                if claimed is None:
                    continue  # as a turn would send it again
                if claimed.cached is not None:
                    desk.workers.complete_cached(claimed)
                    return claimed.cached.path
                desk.workers.complete(claimed, path=name, checksum="c")
                return "read"
            return "never"

        with ThreadPoolExecutor(16) as threads:
            ends = list(threads.map(work, [each.chunks[0] for each in sent]))
        assert sorted(ends) == [f"{round_}.json"] * 15 + ["read"]


def test_one_that_is_refused_waits_without_a_message_and_without_losing_an_attempt(
    desk: Desk, world: World
) -> None:
    reader, waiting = desk.send().chunks[0], desk.send().chunks[0]
    desk.claim(reader)
    world.one("UPDATE chunks SET dispatched_at = now() WHERE id = %s RETURNING id", waiting)
    before = world.one("SELECT last_event FROM jobs ORDER BY created_at DESC LIMIT 1")
    assert desk.workers.claim(waiting) is None
    chunk = world.one("SELECT * FROM chunks WHERE id = %s", waiting)
    assert (chunk["status"], chunk["attempt"], chunk["dispatched_at"]) == ("pending", 0, None)
    assert world.one("SELECT last_event FROM jobs ORDER BY created_at DESC LIMIT 1") == before


def test_turns_pass_by_what_is_being_read_and_give_it_out_afterwards(
    desk: Desk, world: World
) -> None:
    turns = PostgresTurns(world.pool, window=8, documents_per_message=8, small_document_bytes=1)
    reader, waiting = desk.send().chunks[0], desk.send().chunks[0]
    work = desk.claim(reader)
    assert turns.give(something_new=True).chunks == ()
    desk.workers.complete(work, path="p", checksum="c")
    assert [ref.id for ref in turns.give(something_new=True).chunks] == [waiting]


def test_a_reader_that_falls_silent_is_followed_by_another(desk: Desk, world: World) -> None:
    first, second, third = (desk.send().chunks[0] for _ in range(3))
    silent = desk.claim(first)
    assert desk.workers.claim(second) is None
    world.age("chunks", "lease_expires_at", LEASE * 2, id=first)
    following = desk.claim(second)
    assert following.cached is None
    # It was only slow: what it has read counts for its own job, and ends nobody else's reading.
    desk.workers.complete(silent, path="late.json", checksum="c")
    assert desk.reader() == str(second)
    assert desk.workers.claim(third) is None
    desk.workers.complete(following, path="p.json", checksum="c")
    found = desk.claim(third)
    assert found.cached is not None
    assert desk.reader() is None


def test_one_that_fell_silent_is_not_claimed_again_beside_who_followed_it(
    desk: Desk, world: World
) -> None:
    first, second = desk.send().chunks[0], desk.send().chunks[0]
    silent = desk.claim(first)
    world.age("chunks", "lease_expires_at", LEASE * 2, id=first)
    following = desk.claim(second)
    assert desk.workers.claim(first) is None
    chunk = world.one("SELECT status, attempt, lost_leases FROM chunks WHERE id = %s", first)
    assert chunk == {"status": "pending", "attempt": 1, "lost_leases": 1}
    with pytest.raises(LeaseLost):
        desk.workers.complete(silent, path="late.json", checksum="c")
    desk.workers.complete(following, path="p.json", checksum="c")
    again = desk.claim(first)
    assert again.cached is not None
    assert again.attempt == 2


def test_a_reader_that_fails_for_good_lets_the_next_try(desk: Desk) -> None:
    first, second = desk.send().chunks[0], desk.send().chunks[0]
    desk.workers.fail(desk.claim(first), "OCR_REFUSED", "It was refused.")
    assert desk.reader() is None
    assert desk.claim(second).cached is None


def test_a_reader_that_is_put_back_lets_the_next_try(desk: Desk) -> None:
    first, second = desk.send().chunks[0], desk.send().chunks[0]
    desk.workers.put_back(desk.claim(first), code="Q", message="q", delay=LEASE, counted=False)
    assert desk.reader() is None
    assert desk.claim(second).cached is None


def test_a_reader_whose_job_is_cancelled_lets_the_next_try(desk: Desk, world: World) -> None:
    first, second = desk.send(), desk.send()
    work = desk.claim(first.chunks[0])
    assert PostgresControls(world.pool).cancel(first.job_id, ALICE)
    following = desk.claim(second.chunks[0])
    assert following.cached is None
    with pytest.raises(LeaseLost):
        desk.workers.complete(work, path="late.json", checksum="c")
    assert desk.reader() == str(second.chunks[0])


def test_a_reader_whose_job_is_paused_reads_to_its_end(desk: Desk, world: World) -> None:
    first, second = desk.send(), desk.send()
    work = desk.claim(first.chunks[0])
    assert PostgresControls(world.pool).pause(first.job_id, ALICE)
    assert desk.workers.claim(second.chunks[0]) is None
    desk.workers.complete(work, path="p.json", checksum="c")
    assert desk.claim(second.chunks[0]).cached is not None


def test_a_claim_that_waits_for_another_claim_is_refused_by_it(
    desk: Desk, database_url: str, pool: Pool
) -> None:
    first, second = desk.send().chunks[0], desk.send().chunks[0]
    reader, refused, waited = race(
        database_url,
        lambda world: Desk(world).workers.claim(first),
        lambda world: Desk(world).workers.claim(second),
        pool,
    )
    assert waited
    assert reader is not None
    assert refused.result() is None


def test_a_claim_that_waits_for_a_reader_to_end_finds_what_it_has_read(
    desk: Desk, database_url: str, pool: Pool
) -> None:
    first, second = desk.send().chunks[0], desk.send().chunks[0]
    work = desk.claim(first)
    _, found, waited = race(
        database_url,
        lambda world: Desk(world).workers.complete(work, path="p.json", checksum="c"),
        lambda world: Desk(world).workers.claim(second),
        pool,
    )
    assert waited
    claimed = found.result()
    assert claimed is not None
    assert claimed.cached is not None
    assert claimed.cached.path == "p.json"


def test_of_two_that_wait_to_follow_a_silent_reader_one_does(
    desk: Desk, world: World, database_url: str, pool: Pool
) -> None:
    first, second, third = (desk.send().chunks[0] for _ in range(3))
    desk.claim(first)
    world.age("chunks", "lease_expires_at", LEASE * 2, id=first)
    following, refused, waited = race(
        database_url,
        lambda world: Desk(world).workers.claim(second),
        lambda world: Desk(world).workers.claim(third),
        pool,
    )
    assert waited
    assert following is not None
    assert refused.result() is None
    assert desk.reader() == str(second)


def test_a_plan_beside_a_reader_that_ends_leaves_its_chunk_to_the_claim(
    desk: Desk, database_url: str, pool: Pool
) -> None:
    first = desk.send().chunks[0]
    work = desk.claim(first)
    _, planned, waited = race(
        database_url,
        lambda world: Desk(world).workers.complete(work, path="p.json", checksum="c"),
        lambda world: Desk(world).send(),
        pool,
    )
    assert not waited
    sent = planned.result()
    assert sent.outcome.cached_chunks == 0
    assert desk.claim(sent.chunks[0]).cached is not None


def test_of_two_that_find_a_damaged_result_one_reads_and_the_other_waits_for_it(
    desk: Desk,
) -> None:
    desk.read(desk.send().chunks[0], "damaged.json")
    # Planned before it was there.
    desk.keep = None
    first, second = (desk.send("other").chunks[0] for _ in range(2))
    desk.keep = LEASE
    desk.world.one("UPDATE chunks SET cache_key = (SELECT key FROM result_cache) RETURNING 1")
    one, two = desk.claim(first), desk.claim(second)
    assert one.cached == two.cached is not None
    to_read = desk.workers.evict(one)
    assert to_read is not None
    assert to_read.cached is None
    assert desk.workers.evict(two) is None
    with pytest.raises(LeaseLost):
        desk.workers.complete_cached(two)
    desk.workers.complete(to_read, path="sound.json", checksum="c")
    again = desk.claim(second)
    assert again.cached is not None
    assert again.cached.path == "sound.json"
    assert desk.kept() == ["sound.json"]


def test_evicting_a_result_that_another_has_replaced_finds_the_new_one(desk: Desk) -> None:
    second = desk.send().chunks[0]
    first = desk.send().chunks[0]
    desk.read(first, "damaged.json")
    work = desk.claim(second)
    third = desk.send("other").chunks[0]
    desk.world.one(
        "UPDATE result_cache SET path = 'sound.json', document_id = gen_random_uuid() RETURNING 1"
    )
    assert third is not None
    replaced = desk.workers.evict(work)
    assert replaced is not None
    assert replaced.cached is not None
    assert replaced.cached.path == "sound.json"


def test_a_result_is_not_evicted_by_who_has_lost_its_lease(desk: Desk, world: World) -> None:
    waiting = desk.send().chunks[0]
    desk.read(desk.send().chunks[0], "p.json")
    work = desk.claim(waiting)
    world.age("chunks", "lease_expires_at", LEASE * 2, id=waiting)
    desk.claim(waiting)
    with pytest.raises(LeaseLost):
        desk.workers.evict(work)
    assert desk.kept() == ["p.json"]
