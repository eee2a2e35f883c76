"""A warm job reads like any other, ends by its counts, and leaves its document as it was."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from common.access import Caller
from common.errors import Conflict, NotFound
from common.models import JobId, Priority
from common.recovery import Strategy
from functions.pipeline.merge_chunks import merge_chunks
from infra.database.batch_warming import PostgresWarming
from infra.database.cleanup import PostgresCleanup
from infra.database.controls import PostgresControls
from tests.contract.recovery_fixtures import (
    ALICE,
    AWAY,
    POISONED,
    READ,
    Fate,
    batch,
    ended,
    job,
    kinds,
    lines,
    planned,
    read,
    recoveries,
    refused,
)
from tests.contract.recovery_fixtures import merge as bind
from tests.world import LEASE, World


def warm(world: World, origin: UUID) -> tuple[UUID, list[JobId]]:
    made = PostgresWarming(world.pool).warm(origin, ALICE)
    return made, list(lines(world, made).values())


def merge(world: World, job_id: JobId) -> None:
    """Have the merge function called. There is nothing that a warm job needs of a storage."""
    needed = {"results": None, "dispatch": None, "tasks": None}
    merge_chunks(job_id, merges=world.merges, live=_Nobody(), lease=LEASE, **needed)  # type: ignore[arg-type]


class _Nobody:
    def publish(self, changed: UUID) -> None:
        """Nobody watches."""


def document(world: World, job_id: JobId) -> tuple[object, ...]:
    row = world.one(
        "SELECT documents.status, result_job, result_attempt FROM documents"
        "  JOIN jobs ON document_id = documents.id WHERE jobs.id = %s",
        job_id,
    )
    return tuple(row.values())


def test_a_warm_batch_has_a_new_run_of_each_line_with_its_options(world: World) -> None:
    origin, jobs = world.add_batch(3)
    with world.pool.connection() as connection:
        connection.execute(
            """UPDATE jobs SET options = '{"languages": ["de"]}', webhook_url = 'https://x.test'
                WHERE id = %s""",
            (jobs[0],),
        )
        connection.execute(
            "UPDATE jobs SET options = '{\"cache\": false}' WHERE id = %s", (jobs[1],)
        )
    made, warmed = warm(world, origin)
    assert list(lines(world, made)) == [1, 3], "what is not to be cached is left out"
    assert batch(world, made, "purpose, origin_id, status, priority, total, unfinished") == (
        "warm", origin, "pending", "low", 2, 2
    )  # fmt: skip
    assert job(world, warmed[0], "run, options, priority, batch_id, webhook_url") == (
        2, {"languages": ["de"], "warm": True}, "low", made, None
    )  # fmt: skip
    assert kinds(world, made) == ["batch_created"]
    given = world.turns.give(something_new=True)
    assert {large.job_id for large in given.large} == set(warmed), "they begin with a split"


def test_one_document_on_two_lines_is_warmed_for_both_options(world: World) -> None:
    origin, jobs = world.add_batch(2)
    with world.pool.connection() as connection:
        connection.execute(
            "UPDATE jobs SET run = 2, document_id = (SELECT document_id FROM jobs WHERE id = %s)"
            " WHERE id = %s",
            (jobs[0], jobs[1]),
        )
    _, warmed = warm(world, origin)
    assert [job(world, each, "run")[0] for each in warmed] == [3, 4]


@pytest.mark.parametrize(
    ("fates", "status", "code"),
    [
        ([READ, READ], "completed", None),
        ([READ, POISONED], "completed_with_errors", None),
        ([{3: POISONED}], "completed_with_errors", None),
        ([POISONED, AWAY], "failed", POISONED),
    ],
)
def test_a_warm_job_ends_by_its_counts_and_delivers_nothing(
    world: World, fates: list[Fate], status: str, code: str | None
) -> None:
    origin, jobs = world.add_batch(1)
    made, [warmed] = warm(world, origin)
    before = document(world, warmed)
    assert before == ("pending", None, None)
    for chunk, fate in zip(planned(world, warmed, len(fates)), fates, strict=True):
        read(world, chunk, fate)
    merge(world, warmed)
    assert job(world, warmed, "status, error_code, result_path, text_path") == (
        status, code, None, None
    )  # fmt: skip
    assert document(world, warmed) == before
    assert batch(world, made) == (status, 1, 0)
    assert job(world, jobs[0]) == ("pending", "received")


def test_a_document_that_was_read_stays_read_whatever_becomes_of_its_warm_jobs(
    world: World,
) -> None:
    origin, jobs = world.add_batch(1)
    ended(world, jobs[0], [READ])
    before = document(world, jobs[0])
    assert before == ("ocr_complete", jobs[0], 2)
    _, [fails] = warm(world, origin)
    refused(world, fails, "UNREADABLE_PDF")
    assert document(world, jobs[0]) == before
    _, [cancelled] = warm(world, origin)
    planned(world, cancelled, 1)
    assert document(world, jobs[0]) == before
    assert PostgresControls(world.pool).cancel(cancelled, ALICE)
    assert document(world, jobs[0]) == before
    _, [retried] = warm(world, origin)
    [chunk] = planned(world, retried, 1)
    read(world, chunk, AWAY)
    merge(world, retried)
    assert PostgresControls(world.pool).retry(retried, ALICE) is not None
    assert document(world, jobs[0]) == before


def test_a_document_that_was_never_read_stays_so_whatever_becomes_of_its_warm_jobs(
    world: World,
) -> None:
    origin, jobs = world.add_batch(1)
    _, [fails] = warm(world, origin)
    refused(world, fails, "UNREADABLE_PDF")
    assert document(world, jobs[0])[0] == "pending"
    _, [cancelled] = warm(world, origin)
    planned(world, cancelled, 1)
    assert PostgresControls(world.pool).cancel(cancelled, ALICE)
    assert document(world, jobs[0])[0] == "pending"
    # One whose end is tried again and again, and does not come.
    _, [stalls] = warm(world, origin)
    read(world, planned(world, stalls, 1)[0])
    with world.pool.connection() as connection:
        connection.execute("UPDATE jobs SET stalls = 20 WHERE id = %s", (stalls,))
    merge(world, stalls)
    assert job(world, stalls, "status, error_code") == ("failed", "PROCESSING_ERROR")
    assert document(world, jobs[0])[0] == "pending"
    ended(world, jobs[0], [READ])
    assert document(world, jobs[0])[0] == "ocr_complete"


def test_a_warm_batch_is_recovered_like_any_other_and_stays_warm(world: World) -> None:
    origin, _ = world.add_batch(1)
    made, [warmed] = warm(world, origin)
    for chunk, fate in zip(planned(world, warmed, 2), [READ, AWAY], strict=True):
        read(world, chunk, fate)
    merge(world, warmed)
    recovery = recoveries(world).recover(made, ALICE, strategy=Strategy.SELECTIVE)
    assert batch(world, recovery.batch_id, "purpose, priority") == ("recovery", "normal")
    assert document(world, warmed)[0] == "pending"
    row = world.one("SELECT id FROM chunks WHERE job_id = %s AND status = 'pending'", warmed)
    read(world, row["id"])  # type: ignore[arg-type]
    merge(world, warmed)
    assert job(world, warmed, "status, result_path") == ("completed", None)
    assert document(world, warmed)[0] == "pending"
    assert batch(world, recovery.batch_id) == ("completed", 1, 0)


def test_a_warm_merge_that_was_cancelled_meanwhile_ends_nothing(world: World) -> None:
    origin, _ = world.add_batch(1)
    _, [warmed] = warm(world, origin)
    [chunk] = planned(world, warmed, 1)
    read(world, chunk)
    assert PostgresControls(world.pool).cancel(warmed, ALICE)
    merge(world, warmed)
    assert job(world, warmed, "status") == ("cancelled",)


def test_the_real_job_beside_a_warm_one_delivers(world: World) -> None:
    origin, jobs = world.add_batch(1)
    _, [warmed] = warm(world, origin)
    [warm_chunk] = planned(world, warmed, 1)
    [chunk] = planned(world, jobs[0], 1)
    assert document(world, jobs[0])[0] == "processing"
    read(world, warm_chunk)
    merge(world, warmed)
    assert document(world, jobs[0])[0] == "processing"
    read(world, chunk)
    bind(world, jobs[0])
    assert document(world, jobs[0]) == ("ocr_complete", jobs[0], 2)


def test_a_later_job_that_fails_leaves_an_earlier_ones_document_read(world: World) -> None:
    origin, jobs = world.add_batch(2)
    ended(world, jobs[0], [READ])
    with world.pool.connection() as connection:
        connection.execute(
            "UPDATE jobs SET run = 2, document_id = (SELECT document_id FROM jobs WHERE id = %s)"
            " WHERE id = %s",
            (jobs[0], jobs[1]),
        )
    ended(world, jobs[1], [AWAY])
    assert job(world, jobs[1], "status") == ("failed",)
    assert document(world, jobs[0]) == ("ocr_complete", jobs[0], 2)
    assert batch(world, origin) == ("completed_with_errors", 2, 0)


def test_where_nothing_may_be_cached_nothing_is_made(world: World) -> None:
    origin, _ = world.add_batch(1)
    with world.pool.connection() as connection:
        connection.execute("UPDATE jobs SET options = '{\"cache\": false}'")
    with pytest.raises(Conflict) as raised:
        PostgresWarming(world.pool).warm(origin, ALICE)
    assert raised.value.code == "NOTHING_TO_WARM"
    with pytest.raises(NotFound):
        PostgresWarming(world.pool).warm(origin, Caller("bob"), priority=Priority.HIGH)
    assert world.one("SELECT count(*) AS n FROM batches")["n"] == 1


def test_an_upload_that_was_read_ahead_stays_for_whoever_has_it_read(world: World) -> None:
    origin, jobs = world.add_batch(1)
    _, [warmed] = warm(world, origin)
    read(world, planned(world, warmed, 1)[0])
    merge(world, warmed)
    with world.pool.connection() as connection:
        connection.execute("UPDATE documents SET object = 'documents/x/source.pdf'")
        # Nothing but the warm job speaks for the upload.
        connection.execute("DELETE FROM batch_jobs WHERE job_id = %s", (jobs[0],))
        connection.execute("DELETE FROM jobs WHERE id = %s", (jobs[0],))
    world.age("jobs", "finished_at", timedelta(days=100), id=warmed)
    day = timedelta(days=1)
    cleanup = PostgresCleanup(
        world.pool, keep_intermediates=day, keep_failed=day, keep_keys=day, keep_logs=day,
        upload_deadline=day, longest_lease=day,
    )  # fmt: skip
    [remains] = cleanup.claim()
    assert remains.job_id == warmed
    assert remains.lets_results_go
    assert cleanup.needs_source(remains)
