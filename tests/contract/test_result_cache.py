"""What was read once is found again, by whoever it belongs to, on real Postgres."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from common.access import Caller
from common.caching import ReadingKeys
from common.errors import InsufficientCredits
from common.lifecycle import JobStatus
from common.models import MergedDocument
from common.pages import PageRange
from common.results import PageError
from infra.database.controls import PostgresControls
from infra.database.credits import PostgresCredits
from infra.database.pool import Pool
from infra.database.splits import PostgresSplits
from tests.contract.result_cache_fixtures import Desk, Sent, keys_of
from tests.world import LEASE, World, cut

DAY = timedelta(days=1)
ALICE = Caller("alice")


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def test_an_equal_document_is_completed_by_its_plan_and_its_merge_is_due(
    desk: Desk, world: World
) -> None:
    first = desk.send(chunks=3)
    for number, chunk_id in enumerate(first.chunks):
        desk.read(chunk_id, f"first/{number}.json")
    second = desk.send(chunks=3)
    assert (second.outcome.cached_chunks, second.outcome.cached_pages) == (3, 6)
    assert second.outcome.merge is not None
    assert second.outcome.merge.was_last
    job = world.one("SELECT * FROM jobs WHERE id = %s", second.job_id)
    assert (job["stage"], job["completed_chunks"], job["completed_pages"]) == ("merging", 3, 6)
    assert (job["cached_chunks"], job["cached_pages"]) == (3, 6)
    assert job["dispatches"] == second.outcome.merge.dispatches == 1
    merge = world.merges.claim(second.job_id)
    assert merge is not None
    chunks = world.merges.chunks(merge)
    assert [chunk.result_path for chunk in chunks] == [
        f"first/{number}.json" for number in range(3)
    ]
    assert world.one("SELECT sum(hits)::int AS hits FROM result_cache") == {"hits": 3}


def test_only_what_is_not_there_is_left_to_be_read(desk: Desk, world: World) -> None:
    ranges = [PageRange(1, 2), PageRange(3, 4), PageRange(7, 8)]
    keys = keys_of("same", 9)
    first = desk.send(chunks=9)
    for chunk_id in first.chunks[:2]:
        desk.read(chunk_id, f"first/{chunk_id}.json")
    work = world.land()
    outcome = world.splits.plan(
        work, page_count=18, size=1, warnings=[], chunks=ranges, keys=keys.keys(ranges)
    )
    assert (outcome.cached_chunks, outcome.merge) == (2, None)
    planned = world.splits.planned(work)
    assert [chunk.status.value for chunk in planned] == ["completed", "completed", "pending"]
    world.splits.dispatched(work, [(planned[2], cut(work, planned[2]))])
    world.splits.finish(work)
    assert world.jobs.find(work.job_id, ALICE).completed_pages == 4  # type: ignore[union-attr]
    claimed = desk.claim(planned[2].id)
    assert desk.workers.complete(claimed, path="p", checksum="c").was_last


def test_the_events_of_what_was_found_say_so_and_their_numbers_have_no_gap(
    desk: Desk, world: World
) -> None:
    desk.read(desk.send().chunks[0])
    found = desk.send()
    events = world.jobs.events(found.job_id, ALICE)
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert [event.kind for event in events[-3:]] == ["planned", "chunk_completed", "merging"]
    assert events[-2].details["cached"] is True


def test_nobody_finds_what_another_owner_has_read(desk: Desk) -> None:
    desk.read(desk.send(owner="alice").chunks[0])
    other = desk.send(owner="bob")
    assert other.outcome.cached_chunks == 0
    assert desk.claim(other.chunks[0]).cached is None


def test_an_entry_that_appears_after_the_plan_is_found_by_the_claim(
    desk: Desk, world: World
) -> None:
    first, second = desk.send(), desk.send()
    desk.read(first.chunks[0], "first/0.json")
    work = desk.claim(second.chunks[0])
    assert work.cached is not None
    assert work.cached.path == "first/0.json"
    assert desk.reader() is None, "what is found keeps nobody waiting"
    assert desk.workers.complete_cached(work).was_last
    job = world.one("SELECT * FROM jobs WHERE id = %s", second.job_id)
    assert (job["cached_chunks"], job["cached_pages"], job["completed_pages"]) == (1, 2, 2)
    assert desk.kept() == ["first/0.json"]


@pytest.mark.parametrize("why", ["a page could not be read", "the file is damaged", "nobody asked"])
def test_only_whole_results_of_sound_files_are_kept(desk: Desk, why: str) -> None:
    sent = desk.send(warnings=["no %%EOF"] if "damaged" in why else [], is_kept="nobody" not in why)
    work = desk.claim(sent.chunks[0])
    errors = [PageError(1, "X", "Y")] if "page" in why else []
    desk.workers.complete(work, path="p", checksum="c", errors=errors)
    assert desk.kept() == []


def test_nothing_is_kept_where_the_deployment_keeps_nothing(world: World) -> None:
    desk = Desk(world, keep=None)
    desk.read(desk.send().chunks[0])
    assert desk.kept() == []


def test_a_result_is_forgotten_when_its_time_is_over_and_read_again(
    desk: Desk, world: World
) -> None:
    desk.read(desk.send().chunks[0], "old.json")
    world.age("result_cache", "expires_at", 30 * DAY)
    again = desk.send()
    assert again.outcome.cached_chunks == 0
    desk.read(again.chunks[0], "new.json")
    assert desk.kept() == ["new.json"]
    assert world.one("SELECT path FROM outdated_results") == {"path": "old.json"}
    assert desk.send().outcome.cached_chunks == 1


def test_a_result_that_is_read_twice_is_kept_as_the_first_left_it(desk: Desk, world: World) -> None:
    first, second = desk.send(), desk.send()
    one = desk.claim(first.chunks[0])
    world.age("chunks", "lease_expires_at", LEASE * 2, id=first.chunks[0])
    two = desk.claim(second.chunks[0])
    desk.workers.complete(one, path="one.json", checksum="c")
    desk.workers.complete(two, path="two.json", checksum="c")
    assert desk.kept() == ["one.json"]


def test_what_is_found_costs_nothing_and_what_is_not_is_paid_for(desk: Desk, world: World) -> None:
    ledger = PostgresCredits(world.pool)
    ledger.grant("alice", 6)
    first = desk.send(chunks=2, credits_enabled=True)
    for chunk_id in first.chunks:
        desk.read(chunk_id, f"{chunk_id}.json")
    _bind(world, first)
    assert ledger.account("alice").available == 2
    found = desk.send(chunks=2, credits_enabled=True)
    assert ledger.account("alice").reserved == 0
    _bind(world, found)
    assert ledger.account("alice").available == 2
    with pytest.raises(InsufficientCredits):
        desk.send("another", chunks=2, credits_enabled=True)


def test_what_is_found_only_when_it_is_claimed_is_given_back(desk: Desk, world: World) -> None:
    ledger = PostgresCredits(world.pool)
    ledger.grant("alice", 10)
    first = desk.send(credits_enabled=True)
    second = desk.send(credits_enabled=True)
    assert ledger.account("alice").reserved == 4
    desk.read(first.chunks[0])
    desk.workers.complete_cached(desk.claim(second.chunks[0]))
    for sent in (first, second):
        _bind(world, sent)
    account = ledger.account("alice")
    assert (account.available, account.reserved) == (8, 0)


def test_a_job_that_is_cancelled_leaves_nothing_to_be_had_for_nothing(
    desk: Desk, world: World
) -> None:
    ledger = PostgresCredits(world.pool)
    ledger.grant("alice", 10)
    sent = desk.send(chunks=3, credits_enabled=True)
    for chunk_id in sent.chunks[:2]:
        desk.read(chunk_id, f"{chunk_id}.json")
    assert PostgresControls(world.pool).cancel(sent.job_id, ALICE)
    assert ledger.account("alice").available == 10
    assert desk.kept() == []
    again = desk.send(chunks=3, credits_enabled=True)
    assert again.outcome.cached_chunks == 0
    assert ledger.account("alice").reserved == 6


def test_what_others_have_found_of_a_cancelled_job_is_paid_for_once(
    desk: Desk, world: World
) -> None:
    ledger = PostgresCredits(world.pool)
    ledger.grant("alice", 20)
    first = desk.send(chunks=3, credits_enabled=True)
    second = desk.send(chunks=3, credits_enabled=True)
    for chunk_id in first.chunks[:2]:
        desk.read(chunk_id, f"{chunk_id}.json")
    desk.workers.complete_cached(desk.claim(second.chunks[0]))
    assert PostgresControls(world.pool).cancel(first.job_id, ALICE)
    assert ledger.account("alice").available == 20 - 2 - 6
    assert desk.kept() == [f"{first.chunks[0]}.json"]
    for number in (1, 2):
        desk.read(second.chunks[number], f"second/{number}.json")
    _bind(world, second)
    account = ledger.account("alice")
    assert (account.available, account.reserved) == (20 - 6, 0), "six pages were read"


def test_a_cancelled_retry_takes_nothing_away_that_was_paid_for(desk: Desk, world: World) -> None:
    ledger = PostgresCredits(world.pool)
    ledger.grant("alice", 20)
    sent = desk.send(chunks=4, credits_enabled=True)
    for chunk_id in sent.chunks[:2]:
        desk.read(chunk_id, f"{chunk_id}.json")
    for chunk_id in sent.chunks[2:]:
        desk.workers.fail(desk.claim(chunk_id), "TASK_TIMEOUT", "Too slow.")
    merge = world.merges.claim(sent.job_id)
    assert merge is not None
    ended = MergedDocument(JobStatus.COMPLETED_WITH_ERRORS, 4, 4, "r", "t", "c")
    world.merges.finish(merge, ended)
    assert ledger.account("alice").available == 20 - 4
    controls = PostgresControls(world.pool, credits_enabled=True)
    assert controls.retry(sent.job_id, ALICE) is not None
    desk.read(sent.chunks[2], "retried.json")
    assert controls.cancel(sent.job_id, ALICE)
    account = ledger.account("alice")
    assert (account.available, account.reserved) == (20 - 4, 0)
    assert desk.kept() == sorted(f"{chunk_id}.json" for chunk_id in sent.chunks[:2])
    again = desk.send(chunks=4, credits_enabled=True)
    assert again.outcome.cached_chunks == 2
    assert ledger.account("alice").reserved == 4


def test_what_others_found_of_a_cancelled_retry_is_paid_for_beside_its_first_run(
    desk: Desk, world: World
) -> None:
    ledger = PostgresCredits(world.pool)
    ledger.grant("alice", 20)
    first = desk.send(chunks=2, credits_enabled=True)
    desk.read(first.chunks[0], "one.json")
    desk.workers.fail(desk.claim(first.chunks[1]), "TASK_TIMEOUT", "Too slow.")
    merge = world.merges.claim(first.job_id)
    assert merge is not None
    ended = MergedDocument(JobStatus.COMPLETED_WITH_ERRORS, 2, 2, "r", "t", "c")
    world.merges.finish(merge, ended)
    controls = PostgresControls(world.pool, credits_enabled=True)
    assert controls.retry(first.job_id, ALICE) is not None
    second = desk.send(chunks=2, credits_enabled=True)
    desk.read(first.chunks[1], "two.json")
    desk.workers.complete_cached(desk.claim(second.chunks[1]))
    assert controls.cancel(first.job_id, ALICE)
    _bind(world, second)
    account = ledger.account("alice")
    assert (account.available, account.reserved) == (20 - 4, 0), "four pages were read"
    assert desk.kept() == ["one.json", "two.json"]


def test_without_credits_a_cancelled_jobs_results_stay(desk: Desk, world: World) -> None:
    sent = desk.send(chunks=2)
    desk.read(sent.chunks[0], "p.json")
    assert PostgresControls(world.pool).cancel(sent.job_id, ALICE)
    assert desk.kept() == ["p.json"]


class _Counting:
    """Stands for a pool, and counts what is asked of the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.statements = 0

    def connection(self) -> Any:
        counting = self

        class Connection:
            def __enter__(self) -> Connection:
                self._context = counting._pool.connection()
                self._connection = self._context.__enter__()
                return self

            def __exit__(self, *error: Any) -> None:
                self._context.__exit__(*error)

            def execute(self, *values: Any) -> Any:
                counting.statements += 1
                return self._connection.execute(*values)

        return Connection()


def test_a_thousand_keys_are_looked_up_by_one_statement(desk: Desk, world: World) -> None:
    counts = []
    for chunks in (1, 1000):
        counting = _Counting(world.pool)
        splits = PostgresSplits(cast(Pool, counting), lease=LEASE)
        ranges = [PageRange(number, number) for number in range(1, chunks + 1)]
        keys = ReadingKeys(f"{chunks}", chunks, "engine").keys(ranges)
        splits.plan(world.land(), page_count=chunks, size=1, warnings=[], chunks=ranges, keys=keys)
        counts.append(counting.statements)
    assert counts == [2, 2]


def test_halves_of_a_chunk_have_keys_of_their_own(desk: Desk, world: World) -> None:
    keys = keys_of("same", 1)
    work = world.land()
    pages = PageRange(1, 2)
    world.splits.plan(
        work, page_count=2, size=1, warnings=[], chunks=[pages], keys=keys.keys([pages])
    )
    [chunk] = world.splits.planned(work)
    world.splits.halve(work, chunk, keys)
    with world.pool.connection() as connection:
        rows = connection.execute("SELECT cache_key FROM chunks ORDER BY page_start").fetchall()
    assert [row["cache_key"] for row in rows] == [
        keys.key(PageRange(1, 1)),
        keys.key(PageRange(2, 2)),
    ]


def test_the_documents_own_hash_is_kept_where_nobody_announced_one(world: World) -> None:
    work = world.land()
    world.splits.plan(
        work, page_count=1, size=1, warnings=[], chunks=[PageRange(1, 1)], sha256="abc"
    )
    assert world.one("SELECT sha256 FROM documents") == {"sha256": "abc"}


def test_a_damaged_result_that_was_never_cut_sends_its_job_back_to_the_splitter(
    desk: Desk, world: World
) -> None:
    desk.read(desk.send().chunks[0])
    found = desk.send()
    merge = world.merges.claim(found.job_id)
    assert merge is not None
    to_send = world.merges.reopen(merge, world.merges.chunks(merge)[0])
    assert (to_send.chunks, to_send.source) == ((), found.split.source)
    job = world.one("SELECT * FROM jobs WHERE id = %s", found.job_id)
    assert (job["stage"], job["completed_chunks"], job["cached_chunks"]) == ("splitting", 0, 0)
    assert (job["completed_pages"], job["cached_pages"]) == (0, 0)
    assert job["dispatches"] == to_send.dispatch
    assert desk.kept() == [], "nobody is given it any more"
    work = world.arrivals.claim(
        found.split.source, owner="alice", filename="f", promised=False, job_id=found.job_id
    )
    assert work is not None
    assert work.planned_pages == 2
    [chunk] = world.splits.planned(work)
    world.splits.dispatched(work, [(chunk, cut(work, chunk))])
    world.splits.finish(work)
    desk.read(chunk.id, "again.json")
    assert world.merges.claim(found.job_id) is not None
    assert desk.kept() == ["again.json"]


def test_a_damaged_result_that_was_read_here_is_given_to_nobody_else(
    desk: Desk, world: World
) -> None:
    sent = desk.send()
    desk.read(sent.chunks[0], "damaged.json")
    merge = world.merges.claim(sent.job_id)
    assert merge is not None
    to_send = world.merges.reopen(merge, world.merges.chunks(merge)[0])
    assert [ref.id for ref, _ in to_send.chunks] == sent.chunks
    assert desk.kept() == []
    desk.read(sent.chunks[0], "again.json")
    assert desk.kept() == ["again.json"]


def test_a_cached_result_that_is_given_up_is_uncounted_as_one(desk: Desk, world: World) -> None:
    desk.read(desk.send().chunks[0])
    found = desk.send()
    merge = world.merges.claim(found.job_id)
    assert merge is not None
    world.merges.give_up(merge, world.merges.chunks(merge)[0], "RESULT_DAMAGED", "It is damaged.")
    job = world.one("SELECT * FROM jobs WHERE id = %s", found.job_id)
    assert (job["failed_chunks"], job["failed_pages"]) == (1, 2)
    assert (job["cached_chunks"], job["cached_pages"], job["completed_pages"]) == (0, 0, 0)


def _bind(world: World, sent: Sent) -> None:
    merge = world.merges.claim(sent.job_id)
    assert merge is not None
    world.merges.finish(merge, MergedDocument(JobStatus.COMPLETED, 1, 0, "r", "t", "c"))
