"""The facts that the workers are scaled by, from real rows; and the looks that are kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common.access import Caller
from common.lifecycle import Stage
from common.models import ChunkId, JobId
from common.pages import PageRange
from common.scaling import Decision, Load
from common.stages import StageWork
from infra.database.backlog import PostgresBacklog
from infra.database.controls import PostgresControls
from tests.contract.stage_fixtures import Desk
from tests.world import LEASE, World, cut

MINUTE = timedelta(minutes=1)


@pytest.fixture
def backlog(world: World) -> PostgresBacklog:
    return PostgresBacklog(world.pool, worker_pool="a", keep=timedelta(days=30))


def read_for(world: World, chunk_id: ChunkId, seconds: float) -> None:
    """Have the chunk read, as if that had taken so long."""
    world.finish_chunk(chunk_id)
    with world.pool.connection() as connection:
        connection.execute(
            "UPDATE chunks SET started_at = finished_at - %s WHERE id = %s",
            (timedelta(seconds=seconds), chunk_id),
        )


def put_back(world: World, chunk_id: ChunkId, delay: timedelta) -> None:
    work = world.chunks.claim(chunk_id)
    assert work is not None
    world.chunks.put_back(work, code="X", message="x", delay=delay, counted=False)


# ── what there is to read ────────────────────────────────────────────────────────────────────


def test_nothing_at_all_is_no_load(backlog: PostgresBacklog) -> None:
    assert backlog.load() == Load()


def test_what_is_sent_waits_and_what_is_claimed_is_being_read(
    world: World, backlog: PostgresBacklog
) -> None:
    _, chunk_ids = world.add_job(3, pages=25)
    world.add_job(1, pages=4, owner="bob")
    world.chunks.claim(chunk_ids[0])
    load = backlog.load()
    assert (load.waiting_pages, load.processing, load.processing_pages) == (54, 1, 25)


def test_what_is_done_or_failed_is_no_load(world: World, backlog: PostgresBacklog) -> None:
    _, [first, second] = world.add_job(2)
    world.finish_chunk(first)
    work = world.chunks.claim(second)
    assert work is not None
    world.chunks.fail(work, "X", "x")
    load = backlog.load()
    assert (load.waiting_pages, load.processing, load.processing_pages) == (0, 0, 0)


def test_the_oldest_is_what_waits_longest_and_not_what_is_read(
    world: World, backlog: PostgresBacklog
) -> None:
    _, [held, waiting] = world.add_job(2)
    world.add_job(1)
    world.age("chunks", "dispatched_at", 5 * MINUTE, id=held)
    world.age("chunks", "dispatched_at", 2 * MINUTE, id=waiting)
    world.chunks.claim(held)
    assert backlog.load().oldest_seconds == pytest.approx(120, abs=10)


def test_what_was_put_back_waits_from_its_due_time_on(
    world: World, backlog: PostgresBacklog
) -> None:
    _, [chunk_id] = world.add_job(1)
    put_back(world, chunk_id, 10 * MINUTE)
    assert backlog.load().waiting_pages == 0
    world.age("chunks", "due_at", 9.5 * MINUTE, id=chunk_id)
    # Due by the next look.
    assert backlog.load() == Load(waiting_pages=2)
    world.age("chunks", "due_at", MINUTE, id=chunk_id)
    assert backlog.load().oldest_seconds == pytest.approx(30, abs=10)


def test_a_chunk_whose_worker_fell_silent_waits_from_then_on(
    world: World, backlog: PostgresBacklog
) -> None:
    _, [chunk_id] = world.add_job(1)
    world.chunks.claim(chunk_id)
    world.age("chunks", "dispatched_at", 60 * MINUTE, id=chunk_id)
    world.age("chunks", "lease_expires_at", LEASE + MINUTE, id=chunk_id)
    load = backlog.load()
    assert (load.waiting_pages, load.processing) == (2, 0)
    assert load.oldest_seconds == pytest.approx(60, abs=10)


def test_what_is_being_cut_is_foreseen_while_its_splitter_lives(
    world: World, backlog: PostgresBacklog
) -> None:
    work = world.land()
    ranges = [PageRange(1, 25), PageRange(26, 50)]
    world.splits.plan(work, page_count=50, size=1, warnings=[], chunks=ranges)
    assert backlog.load() == Load(waiting_pages=50)
    first = world.splits.planned(work)[0]
    world.splits.dispatched(work, [(first, cut(work, first))])
    assert backlog.load().waiting_pages == 50
    world.age("jobs", "lease_expires_at", 2 * LEASE, id=work.job_id)
    assert backlog.load().waiting_pages == 25


def test_of_a_paused_job_only_what_is_still_read_counts_and_of_a_cancelled_one_nothing(
    world: World, backlog: PostgresBacklog
) -> None:
    controls = PostgresControls(world.pool)
    jobs: list[JobId] = []
    for _ in range(2):
        job_id, chunk_ids = world.add_job(3)
        world.chunks.claim(chunk_ids[0])
        jobs.append(job_id)
    alice = Caller("alice")
    controls.pause(jobs[0], alice)
    controls.cancel(jobs[1], alice)
    load = backlog.load()
    assert (load.waiting_pages, load.processing) == (0, 1)


# ── stages after OCR ─────────────────────────────────────────────────────────────────────────


def read_through(world: World, pages: int) -> tuple[Desk, JobId]:
    """Have a job's pages read and merged: its text stage is sent."""
    unused: Any = None
    desk = Desk(world, [], unused)
    job_id = desk.merged(pages, wanted=(Stage.TEXT, Stage.SENTENCES))
    # It counts as read an hour ago: what is read of late is another matter.
    world.age("chunks", "finished_at", 60 * MINUTE, job_id=job_id)
    return desk, job_id


def claimed(desk: Desk, job_id: JobId) -> StageWork:
    work = desk.stages.claim(job_id, Stage.TEXT, interval=50)
    assert work is not None
    return work


def test_a_stage_that_is_sent_waits_as_a_twentieth_of_its_pages(
    world: World, backlog: PostgresBacklog
) -> None:
    read_through(world, 100)
    assert backlog.load().waiting_pages == 5
    _, short = read_through(world, 3)
    world.age("jobs", "dispatched_at", 2 * MINUTE, id=short)
    load = backlog.load()
    assert (load.waiting_pages, load.processing, load.processing_pages) == (6, 0, 0)
    assert load.oldest_seconds == pytest.approx(120, abs=10)


def test_a_stage_that_a_worker_is_at_counts_as_being_read_also_while_its_job_is_being_paused(
    world: World, backlog: PostgresBacklog
) -> None:
    desk, job_id = read_through(world, 100)
    claimed(desk, job_id)
    assert backlog.load() == Load(processing=1, processing_pages=5)
    assert PostgresControls(world.pool).pause(job_id, Caller("alice"))
    assert backlog.load() == Load(processing=1, processing_pages=5)
    world.age("jobs", "lease_expires_at", 2 * LEASE, id=job_id)
    assert backlog.load() == Load()


def test_a_stage_whose_worker_fell_silent_waits_from_then_on(
    world: World, backlog: PostgresBacklog
) -> None:
    desk, job_id = read_through(world, 100)
    claimed(desk, job_id)
    world.age("jobs", "dispatched_at", 60 * MINUTE, id=job_id)
    world.age("jobs", "lease_expires_at", LEASE + MINUTE, id=job_id)
    load = backlog.load()
    assert (load.waiting_pages, load.processing) == (5, 0)
    assert load.oldest_seconds == pytest.approx(60, abs=10)


def test_a_stage_that_was_put_back_waits_once_it_is_nearly_due(
    world: World, backlog: PostgresBacklog
) -> None:
    desk, job_id = read_through(world, 100)
    work = claimed(desk, job_id)
    assert desk.stages.put_back(work, 10 * MINUTE, counted=True, most=8)
    assert backlog.load() == Load()
    world.age("job_stages", "due_at", 9.5 * MINUTE, job_id=job_id, stage="text")
    assert backlog.load() == Load(waiting_pages=5)


def test_stages_and_chunks_are_added_up_and_the_older_one_is_the_oldest(
    world: World, backlog: PostgresBacklog
) -> None:
    _, job_id = read_through(world, 100)
    _, [held, _] = world.add_job(2, pages=25)
    world.chunks.claim(held)
    desk, other = read_through(world, 40)
    claimed(desk, other)
    world.age("jobs", "dispatched_at", 3 * MINUTE, id=job_id)
    load = backlog.load()
    assert (load.waiting_pages, load.processing, load.processing_pages) == (30, 2, 27)
    assert load.oldest_seconds == pytest.approx(180, abs=10)


def test_what_has_ended_or_is_cancelled_has_no_stage_that_waits(
    world: World, backlog: PostgresBacklog
) -> None:
    _, job_id = read_through(world, 100)
    assert PostgresControls(world.pool).cancel(job_id, Caller("alice"))
    assert backlog.load() == Load()


# ── how long reading takes ───────────────────────────────────────────────────────────────────


def test_seconds_and_pages_are_those_of_the_chunks_that_were_read_of_late(
    world: World, backlog: PostgresBacklog
) -> None:
    _, [first, second, old] = world.add_job(3, pages=10)
    read_for(world, first, 8)
    read_for(world, second, 12)
    read_for(world, old, 1000)
    world.age("chunks", "finished_at", 31 * MINUTE, id=old)
    load = backlog.load()
    assert (load.read_chunks, load.read_pages) == (2, 20)
    assert load.read_seconds == pytest.approx(20, abs=0.01)


def test_no_more_than_the_newest_500_are_looked_at(world: World, backlog: PostgresBacklog) -> None:
    world.add_job(510, pages=1)
    with world.pool.connection() as connection:
        connection.execute(
            "UPDATE chunks SET status = 'completed', result_storage_path = 'p',"
            " result_checksum = 'c', finished_at = now() - index * interval '1 second',"
            " started_at = now() - (index + 2) * interval '1 second'"
        )
    load = backlog.load()
    assert (load.read_chunks, load.read_pages, load.read_seconds) == (500, 500, 1000.0)


def test_the_facts_are_read_by_indexes(world: World, backlog: PostgresBacklog) -> None:
    with world.pool.connection() as connection:
        connection.execute("SET LOCAL enable_seqscan = off")
        plan = connection.execute(
            "EXPLAIN " + backlog.LOAD,
            {"soon": MINUTE, "of_late": 30 * MINUTE, "newest": 500, "page_bytes": 150_000},
        ).fetchall()
    text = "\n".join(row["QUERY PLAN"] for row in plan)
    assert "chunks_newest_read" in text
    assert "Seq Scan" not in text


# ── looks ────────────────────────────────────────────────────────────────────────────────────


def test_a_look_is_found_again_with_its_age_by_its_own_pool_alone(
    world: World, backlog: PostgresBacklog
) -> None:
    other = PostgresBacklog(world.pool, worker_pool="b", keep=timedelta(days=30))
    backlog.record(Load(), 3, Decision(enough=2, wanted=3))
    world.age("worker_scaling", "at", 2 * MINUTE, pool="a")
    backlog.record(Load(), 3, Decision(enough=1, wanted=3))
    found = sorted(backlog.looks(), key=lambda look: look.seconds_ago)
    assert [look.enough for look in found] == [1, 2]
    assert found[1].seconds_ago == pytest.approx(120, abs=10)
    assert other.looks() == []


def test_the_whole_decision_is_kept(world: World, backlog: PostgresBacklog) -> None:
    load = Load(waiting_pages=100, processing=2, processing_pages=50, oldest_seconds=12.5)
    backlog.record(load, None, Decision(enough=4, wanted=5))
    row = world.one("SELECT * FROM worker_scaling")
    assert row.pop("at") is not None
    assert row == {
        "pool": "a",
        "waiting_pages": 100,
        "processing": 2,
        "oldest_seconds": 12.5,
        "seconds_per_page": 1.0,
        "enough": 4,
        "current": None,
        "wanted": 5,
    }


def test_changes_are_kept_as_long_as_logs_and_other_looks_for_an_hour(
    world: World, backlog: PostgresBacklog
) -> None:
    for days, minutes in ((0, 59), (0, 61), (29, 0), (31, 0)):
        for wanted in (1, 2):
            backlog.record(Load(), 1, Decision(enough=1, wanted=wanted))
            world.age(
                "worker_scaling",
                "at",
                timedelta(days=days, minutes=minutes),
                at=world.one("SELECT max(at) AS at FROM worker_scaling")["at"],
            )
    backlog.record(Load(), 1, Decision(enough=1, wanted=1))
    left = world.one(
        "SELECT count(*) FILTER (WHERE wanted = 2) AS changes,"
        " count(*) FILTER (WHERE wanted = 1) AS others FROM worker_scaling"
    )
    assert left == {"changes": 3, "others": 2}
    assert len(backlog.looks()) == 3
