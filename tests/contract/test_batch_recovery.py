"""What failed in a batch is read again in place: what may pass, all of it, and never twice."""

from __future__ import annotations

from uuid import UUID

import pytest

from common.access import Caller
from common.errors import Conflict, InsufficientCredits, NotFound
from common.lifecycle import JobStatus
from common.models import JobId, MergedDocument, Priority
from common.pages import PageRange
from common.recovery import Skipped, Strategy
from infra.database.credits import PostgresCredits
from tests.contract.recovery_fixtures import (
    ALICE,
    AWAY,
    POISONED,
    READ,
    batch,
    chunk_ids,
    chunk_statuses,
    ended,
    job,
    kinds,
    lines,
    merge,
    planned,
    read,
    recoveries,
    refused,
)
from tests.world import World, cut

SELECTIVE, ALL = Strategy.SELECTIVE, Strategy.ALL


def skipped(world: World, batch_id: UUID) -> list[Skipped]:
    found = recoveries(world).skipped(batch_id, ALICE, limit=100)
    assert found is not None
    return [entry for _, entry in found]


def finish(world: World, job_id: JobId) -> None:
    """Read whatever of the job waits, and end it."""
    with world.pool.connection() as connection:
        rows = connection.execute(
            "SELECT id FROM chunks WHERE job_id = %s AND status = 'pending'", (job_id,)
        ).fetchall()
    for row in rows:
        read(world, row["id"])
    merge(world, job_id)


def test_a_selective_recovery_reads_what_may_pass_and_names_the_rest(world: World) -> None:
    origin, jobs = world.add_batch(4)
    ended(world, jobs[0], [READ])
    ended(world, jobs[1], [READ, AWAY])
    ended(world, jobs[2], [READ, {13: POISONED, 14: POISONED, 17: POISONED}, AWAY])
    ended(world, jobs[3], [POISONED])
    assert batch(world, origin) == ("completed_with_errors", 4, 0)

    made = recoveries(world).recover(origin, ALICE, strategy=SELECTIVE)
    assert (made.retried, made.rerun, made.skipped) == (2, 0, 2)
    assert batch(world, made.batch_id, "purpose, strategy, origin_id, status, unfinished") == (
        "recovery", "selective", origin, "processing", 2
    )  # fmt: skip
    assert lines(world, made.batch_id) == {2: jobs[1], 3: jobs[2]}
    assert batch(world, origin) == ("processing", 4, 2)
    counts = "status, stage, completed_chunks, failed_chunks, completed_pages, failed_pages"
    assert job(world, jobs[1], counts) == ("processing", "ocr", 1, 0, 10, 0)
    assert job(world, jobs[2], counts) == ("processing", "ocr", 2, 0, 17, 3)
    assert chunk_statuses(world, jobs[2]) == ["completed", "completed", "pending"]
    assert [(each.job_id, each.pages, each.code) for each in skipped(world, made.batch_id)] == [
        (jobs[2], "13-14,17", POISONED),
        (jobs[3], "1-10", POISONED),
    ]

    finish(world, jobs[1])
    finish(world, jobs[2])
    assert job(world, jobs[1], "status, retries") == ("completed", 1)
    assert job(world, jobs[2], "status, failed_pages") == ("completed_with_errors", 3)
    assert batch(world, made.batch_id) == ("completed_with_errors", 2, 0)
    assert batch(world, origin) == ("completed_with_errors", 4, 0)
    assert kinds(world, made.batch_id) == [
        "batch_created", "document_completed", "document_completed_with_errors",
        "batch_completed_with_errors",
    ]  # fmt: skip
    assert kinds(world, origin)[5:] == [
        "batch_completed_with_errors", "document_retried", "document_retried",
        "document_completed", "document_completed_with_errors", "batch_completed_with_errors",
    ]  # fmt: skip


def test_a_recovery_of_all_reads_again_what_a_retry_would_take(world: World) -> None:
    origin, jobs = world.add_batch(4)
    ended(world, jobs[0], [{3: POISONED}, AWAY])
    ended(world, jobs[1], [POISONED])
    ended(world, jobs[2], ["UNREADABLE_PDF"])
    refused(world, jobs[3], "NOT_A_PDF")
    made = recoveries(world).recover(origin, ALICE, strategy=ALL)
    assert (made.retried, made.skipped) == (2, 2)
    assert chunk_statuses(world, jobs[0]) == ["pending", "pending"]
    assert chunk_statuses(world, jobs[1]) == ["pending"]
    assert [(each.job_id, each.pages, each.code) for each in skipped(world, made.batch_id)] == [
        (jobs[2], "1-10", "UNREADABLE_PDF"),
        (jobs[3], None, "NOT_A_PDF"),
    ]
    # The nine pages that had been read keep their result.
    work = world.chunks.claim(chunk_ids(world, jobs[0])[0])
    assert work is not None
    assert work.earlier is not None
    assert [error.number for error in work.earlier.errors] == [3]


def test_documents_that_failed_before_they_had_chunks_go_by_their_own_code(world: World) -> None:
    origin, jobs = world.add_batch(4)
    refused(world, jobs[0], "INSUFFICIENT_CREDITS")
    refused(world, jobs[1], "PASSWORD_REQUIRED")
    refused(world, jobs[2], "SERVICE_MISCONFIGURED")
    ended(world, jobs[3], [READ])
    made = recoveries(world).recover(origin, ALICE, strategy=SELECTIVE)
    assert (made.retried, made.splits, made.merges) == (2, (), ())
    # They wait for their turn, as they did at first.
    waiting = "status, stage, dispatched_at, batch_id, priority, error_code"
    for each in (jobs[0], jobs[2]):
        assert job(world, each, waiting) == (
            "pending", "received", None, made.batch_id, "high", None
        )  # fmt: skip
    assert batch(world, made.batch_id) == ("pending", 2, 2)
    assert batch(world, origin) == ("processing", 4, 2)
    [entry] = skipped(world, made.batch_id)
    assert (entry.job_id, entry.code, entry.message) == (
        jobs[1], "PASSWORD_REQUIRED", "It is PASSWORD_REQUIRED."
    )  # fmt: skip
    given = world.turns.give(something_new=True)
    assert {id_ for message in given.documents for id_ in message.job_ids} == {jobs[0], jobs[2]}
    ended(world, jobs[0], [READ])
    assert batch(world, made.batch_id) == ("processing", 2, 1)
    ended(world, jobs[2], [READ])
    assert batch(world, made.batch_id) == ("completed", 2, 0)


def test_a_document_that_was_cut_in_part_is_cut_further(world: World) -> None:
    origin, jobs = world.add_batch(1)
    work = world.begin(jobs[0])
    ranges = [PageRange(1, 10), PageRange(11, 20)]
    world.splits.plan(work, page_count=20, size=1000, warnings=[], chunks=ranges)
    first = world.splits.planned(work)[0]
    world.splits.dispatched(work, [(first, cut(work, first))])
    read(world, first.id, AWAY)
    world.splits.fail(work, "SERVICE_MISCONFIGURED", "It is misconfigured.")
    made = recoveries(world).recover(origin, ALICE, strategy=SELECTIVE)
    [split] = made.splits
    assert (split.job_id, split.source) == (jobs[0], world.source_of(jobs[0]))
    assert job(world, jobs[0]) == ("processing", "splitting")
    again = world.claim_split_of(jobs[0])
    assert again is not None
    assert again.planned_pages == 20
    assert batch(world, made.batch_id) == ("processing", 1, 1)


def test_a_result_that_could_not_be_stored_is_bound_again_without_reading(world: World) -> None:
    origin, jobs = world.add_batch(1)
    [chunk] = planned(world, jobs[0], 1)
    read(world, chunk)
    work = world.merges.claim(jobs[0])
    assert work is not None
    gone = MergedDocument(JobStatus.FAILED, 0, 0, None, None, None, "RESULTS_REFUSED", "No.")
    world.merges.finish(work, gone)
    made = recoveries(world).recover(origin, ALICE, strategy=SELECTIVE)
    assert [job_id for job_id, _ in made.merges] == [jobs[0]]
    assert job(world, jobs[0]) == ("processing", "merging")
    merge(world, jobs[0])
    assert batch(world, made.batch_id) == ("completed", 1, 0)


@pytest.mark.parametrize(
    ("fates", "strategy", "says"),
    [
        ([READ], SELECTIVE, "Nothing of this batch has failed."),
        ([POISONED], SELECTIVE, "INVALID_ARGUMENT"),
        (["UNREADABLE_PDF"], ALL, "Send it anew"),
    ],
)
def test_where_nothing_can_be_recovered_nothing_is_made(
    world: World, fates: list[str | None], strategy: Strategy, says: str
) -> None:
    origin, jobs = world.add_batch(1)
    ended(world, jobs[0], fates)
    with pytest.raises(Conflict, match=says) as raised:
        recoveries(world).recover(origin, ALICE, strategy=strategy)
    assert raised.value.code == "NOTHING_TO_RECOVER"
    assert world.one("SELECT count(*) AS batches FROM batches")["batches"] == 1


def test_a_running_batch_is_recovered_for_what_has_failed_so_far(world: World) -> None:
    origin, jobs = world.add_batch(3)
    ended(world, jobs[0], [AWAY])
    planned(world, jobs[1], 1)
    made = recoveries(world).recover(origin, ALICE, strategy=SELECTIVE)
    assert lines(world, made.batch_id) == {1: jobs[0]}
    assert job(world, jobs[1], "status, batch_id") == ("processing", origin)
    assert job(world, jobs[2], "status, batch_id") == ("pending", origin)
    assert batch(world, origin) == ("processing", 3, 3)
    with pytest.raises(Conflict, match="so far"):
        recoveries(world).recover(origin, ALICE, strategy=SELECTIVE)


def test_a_recovery_can_be_recovered_and_heals_every_batch_before_it(world: World) -> None:
    origin, jobs = world.add_batch(1)
    ended(world, jobs[0], [READ, AWAY])
    first = recoveries(world).recover(origin, ALICE, strategy=SELECTIVE)
    read(world, chunk_ids(world, jobs[0])[1], AWAY)
    merge(world, jobs[0])
    assert batch(world, first.batch_id) == ("completed_with_errors", 1, 0)
    second = recoveries(world).recover(first.batch_id, ALICE, strategy=SELECTIVE)
    assert batch(world, second.batch_id, "origin_id, priority") == (first.batch_id, "high")
    assert batch(world, origin) == ("processing", 1, 1)
    assert batch(world, first.batch_id) == ("processing", 1, 1)
    finish(world, jobs[0])
    for each in (origin, first.batch_id, second.batch_id):
        assert batch(world, each) == ("completed", 1, 0)


def test_a_job_whose_remains_are_gone_is_run_anew_in_its_line(world: World) -> None:
    origin, jobs = world.add_batch(2)
    ended(world, jobs[0], [READ, AWAY])
    ended(world, jobs[1], [READ])
    with world.pool.connection() as connection:
        connection.execute("UPDATE jobs SET cleaned_at = now() WHERE id = %s", (jobs[0],))
    made = recoveries(world).recover(origin, ALICE, strategy=SELECTIVE)
    assert (made.retried, made.rerun) == (0, 1)
    fresh = lines(world, made.batch_id)[1]
    assert fresh != jobs[0]
    assert lines(world, origin) == {1: fresh, 2: jobs[1]}
    assert job(world, fresh, "status, stage, run, batch_id, batch_position") == (
        "pending", "received", 2, made.batch_id, 1
    )  # fmt: skip
    assert job(world, jobs[0], "status") == ("completed_with_errors",)
    assert batch(world, origin) == ("processing", 2, 1)
    assert kinds(world, origin)[-1] == "document_retried"
    assert batch(world, made.batch_id) == ("pending", 1, 1)
    with pytest.raises(Conflict):
        recoveries(world).recover(origin, ALICE, strategy=SELECTIVE)
    ended(world, fresh, [READ, READ])
    assert batch(world, made.batch_id) == ("completed", 1, 0)
    assert batch(world, origin) == ("completed", 2, 0)


def test_an_upload_that_never_came_or_has_gone_is_named(world: World) -> None:
    origin, jobs = world.add_batch(3)
    ended(world, jobs[0], [AWAY])
    refused(world, jobs[1], "SERVICE_MISCONFIGURED")
    ended(world, jobs[2], [AWAY])
    with world.pool.connection() as connection:
        connection.execute(
            "UPDATE documents SET generation = NULL"
            " WHERE id = (SELECT document_id FROM jobs WHERE id = %s)", (jobs[0],)
        )  # fmt: skip
        connection.execute(
            "UPDATE documents SET object = 'documents/x/source.pdf'"
            " WHERE id = (SELECT document_id FROM jobs WHERE id = %s)", (jobs[1],)
        )  # fmt: skip
        connection.execute("UPDATE jobs SET cleaned_at = now() WHERE id = %s", (jobs[1],))
    made = recoveries(world).recover(origin, ALICE, strategy=ALL)
    assert [(each.job_id, each.code) for each in skipped(world, made.batch_id)] == [
        (jobs[0], "UPLOAD_MISSING"),
        (jobs[1], "JOB_CLEANED_UP"),
    ]


def test_a_document_that_is_read_whole_but_damaged_is_named(world: World) -> None:
    origin, jobs = world.add_batch(2)
    ended(world, jobs[0], [AWAY])
    [chunk] = planned(world, jobs[1], 1)
    read(world, chunk)
    work = world.merges.claim(jobs[1])
    assert work is not None
    world.merges.finish(work, MergedDocument(JobStatus.COMPLETED_WITH_ERRORS, 10, 0, "r", "t", "c"))
    made = recoveries(world).recover(origin, ALICE, strategy=ALL)
    assert [(e.job_id, e.code) for e in skipped(world, made.batch_id)] == [
        (jobs[1], "FILE_DAMAGED")
    ]


@pytest.mark.parametrize(
    ("given", "asked", "becomes"),
    [("low", None, "normal"), ("high", None, "high"), ("normal", Priority.LOW, "low")],
)
def test_a_recovery_is_one_class_above_its_original_unless_told(
    world: World, given: str, asked: Priority | None, becomes: str
) -> None:
    origin, jobs = world.add_batch(1)
    [chunk] = ended(world, jobs[0], [AWAY])
    with world.pool.connection() as connection:
        connection.execute("UPDATE batches SET priority = %s", (given,))
        connection.execute("UPDATE jobs SET priority = %s", (given,))
    made = recoveries(world).recover(origin, ALICE, strategy=SELECTIVE, priority=asked)
    assert batch(world, made.batch_id, "priority") == (becomes,)
    assert job(world, jobs[0], "priority") == (becomes,)
    # Its chunks have their turns with it, and wait for them.
    row = world.one("SELECT priority, lane, dispatched_at FROM chunks WHERE id = %s", chunk)
    assert row == {"priority": becomes, "lane": made.batch_id, "dispatched_at": None}
    given_now = world.turns.give(something_new=True)
    assert [each.id for each in given_now.chunks] == [chunk]


def test_what_is_read_again_is_reserved_as_a_retry_does(world: World) -> None:
    origin, jobs = world.add_batch(3)
    ended(world, jobs[0], [{1: POISONED, 2: POISONED}, AWAY])
    ended(world, jobs[1], [AWAY, POISONED])
    refused(world, jobs[2], "INSUFFICIENT_CREDITS")
    PostgresCredits(world.pool).grant("alice", 19)
    before = world.one("SELECT status, last_event FROM batches")
    with pytest.raises(InsufficientCredits, match="20 pages"):
        recoveries(world, credits_enabled=True).recover(origin, ALICE, strategy=SELECTIVE)
    assert world.one("SELECT status, last_event FROM batches") == before
    assert job(world, jobs[0], "status") == ("completed_with_errors",)
    assert chunk_statuses(world, jobs[0]) == ["completed", "failed"]

    PostgresCredits(world.pool).grant("alice", 1)
    recoveries(world, credits_enabled=True).recover(origin, ALICE, strategy=SELECTIVE)
    account = PostgresCredits(world.pool).account("alice")
    assert (account.available, account.reserved) == (0, 20)
    for job_id in jobs[:2]:
        assert job(world, job_id, "credits_reserved") == (10,)
        finish(world, job_id)
    account = PostgresCredits(world.pool).account("alice")
    assert (account.available, account.reserved) == (0, 0)
    total = world.one(
        "SELECT sum(available_change) AS a, sum(reserved_change) AS r FROM credit_ledger"
    )
    assert total == {"a": 0, "r": 0}


def test_another_owner_or_matter_finds_no_batch(world: World) -> None:
    origin, jobs = world.add_batch(1, matter="blue")
    ended(world, jobs[0], [AWAY])
    for stranger in (Caller("bob"), Caller("alice", matters=("red",))):
        with pytest.raises(NotFound):
            recoveries(world).recover(origin, stranger, strategy=ALL)
        assert recoveries(world).skipped(origin, stranger, limit=1) is None


def test_what_was_skipped_is_paged(world: World) -> None:
    origin, jobs = world.add_batch(4)
    ended(world, jobs[0], [AWAY])
    for job_id in jobs[1:]:
        refused(world, job_id, "NOT_A_PDF")
    made = recoveries(world).recover(origin, ALICE, strategy=SELECTIVE)
    first = recoveries(world).skipped(made.batch_id, ALICE, limit=2)
    assert first is not None
    assert [(place, entry.job_id) for place, entry in first] == [(1, jobs[1]), (2, jobs[2])]
    rest = recoveries(world).skipped(made.batch_id, ALICE, after=2, limit=2)
    assert rest is not None
    assert [(place, entry.job_id) for place, entry in rest] == [(3, jobs[3])]
    assert recoveries(world).skipped(made.batch_id, ALICE, after=3, limit=2) == []
    assert recoveries(world).skipped(origin, ALICE, limit=2) == []
