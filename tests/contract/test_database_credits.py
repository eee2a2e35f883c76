"""Credits: reserved by pages, settled by what was read, given back for what was not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from common.access import Caller
from common.errors import InsufficientCredits
from common.lifecycle import JobStatus
from common.models import JobId, MergedDocument, ObjectRef
from common.pages import PageRange
from common.results import PageError
from infra.database.controls import PostgresControls
from infra.database.credits import PostgresCredits
from infra.database.pool import Pool
from infra.database.splits import PostgresSplits
from tests.world import LEASE, World, cut

ALICE = Caller("alice")


@pytest.fixture
def ledger(pool: Pool) -> PostgresCredits:
    return PostgresCredits(pool)


def begin(world: World, chunks: int, pages: int = 2) -> JobId:
    """Make a job that pays for its pages, with every chunk cut."""
    splits = PostgresSplits(world.pool, lease=LEASE, credits_enabled=True)
    work = world.claim_split(ObjectRef("uploads", f"{chunks}-{pages}.pdf", 1))
    assert work is not None
    ranges = [PageRange(i * pages + 1, (i + 1) * pages) for i in range(chunks)]
    splits.plan(work, page_count=chunks * pages, size=1, warnings=[], chunks=ranges)
    splits.dispatched(work, [(chunk, cut(work, chunk)) for chunk in splits.planned(work)])
    splits.finish(work)
    return work.job_id


def read(world: World, job_id: JobId, *, bad_pages: int) -> None:
    """Read every chunk that waits; in each, so many pages can't be read. Then bind."""
    with world.pool.connection() as connection:
        rows = connection.execute(
            "SELECT id FROM chunks WHERE job_id = %s AND status = 'pending' ORDER BY index",
            (job_id,),
        ).fetchall()
    for row in rows:
        work = world.chunks.claim(row["id"])
        assert work is not None
        errors = [PageError(number, "X", "Y") for number in work.pages][:bad_pages]
        world.chunks.complete(work, path="p", checksum="c", errors=errors)
    merge = world.merges.claim(job_id)
    assert merge is not None
    status = JobStatus.COMPLETED_WITH_ERRORS if bad_pages else JobStatus.COMPLETED
    world.merges.finish(merge, MergedDocument(status, 1, bad_pages, "r", "t", "c"))


def account(ledger: PostgresCredits) -> tuple[int, int]:
    found = ledger.account("alice")
    return found.available, found.reserved


def test_pages_are_reserved_then_settled_as_read_and_the_rest_comes_back(
    world: World, ledger: PostgresCredits
) -> None:
    ledger.grant("alice", 10, note="to begin with")
    job_id = begin(world, chunks=2)
    assert account(ledger) == (6, 4)
    read(world, job_id, bad_pages=1)
    assert account(ledger) == (8, 0), "two of four pages were read"
    kinds = [(entry.kind, entry.available_change) for entry in ledger.entries("alice")]
    assert kinds == [("refunded", 2), ("settled", 0), ("reserved", -4), ("granted", 10)]


def test_a_page_that_fails_again_in_a_retry_is_not_paid_for_and_one_that_is_read_once(
    world: World, ledger: PostgresCredits
) -> None:
    ledger.grant("alice", 10)
    controls = PostgresControls(world.pool, credits_enabled=True)
    job_id = begin(world, chunks=1, pages=4)
    read(world, job_id, bad_pages=1)
    assert account(ledger) == (7, 0)
    assert controls.retry(job_id, ALICE) is not None
    assert account(ledger) == (6, 1), "only the page that failed is reserved"
    read(world, job_id, bad_pages=1)
    assert account(ledger) == (7, 0)
    assert controls.retry(job_id, ALICE) is not None
    read(world, job_id, bad_pages=0)
    assert account(ledger) == (6, 0), "four pages were read, and four are paid for"


def test_a_document_that_can_not_be_paid_for_is_not_planned(
    world: World, ledger: PostgresCredits
) -> None:
    ledger.grant("alice", 3)
    with pytest.raises(InsufficientCredits):
        begin(world, chunks=2)
    assert account(ledger) == (3, 0)
    assert world.one("SELECT count(*) AS n FROM chunks") == {"n": 0}


def test_a_retry_that_can_not_be_paid_for_leaves_the_job_as_it_was(
    world: World, ledger: PostgresCredits
) -> None:
    ledger.grant("alice", 4)
    controls = PostgresControls(world.pool, credits_enabled=True)
    job_id = begin(world, chunks=1, pages=4)
    read(world, job_id, bad_pages=4 - 1)
    begin(world, chunks=1, pages=3)
    before = world.one("SELECT * FROM jobs WHERE id = %s", job_id)
    with pytest.raises(InsufficientCredits):
        controls.retry(job_id, ALICE)
    assert world.one("SELECT * FROM jobs WHERE id = %s", job_id) == before


def test_a_cancelled_job_gives_everything_back(world: World, ledger: PostgresCredits) -> None:
    ledger.grant("alice", 4)
    job_id = begin(world, chunks=2)
    chunk = world.one("SELECT id FROM chunks WHERE index = 0")
    world.finish_chunk(chunk["id"])  # type: ignore[arg-type]
    assert PostgresControls(world.pool).cancel(job_id, ALICE)
    assert account(ledger) == (4, 0)


def test_a_document_whose_upload_could_not_be_stored_costs_nothing(
    world: World, ledger: PostgresCredits, pool: Pool
) -> None:
    ledger.grant("alice", 4)
    job_id = begin(world, chunks=2)
    with pool.connection() as connection:
        connection.execute("DELETE FROM jobs WHERE id = %s", (job_id,))
    assert account(ledger) == (4, 0)


def test_the_ledger_can_only_be_added_to(ledger: PostgresCredits, pool: Pool) -> None:
    ledger.grant("alice", 4)
    for change in (
        "UPDATE credit_ledger SET available_change = 400",
        "DELETE FROM credit_ledger",
        "TRUNCATE credit_ledger CASCADE",
    ):
        with pytest.raises(psycopg.errors.RaiseException), pool.connection() as connection:
            connection.execute(change)


def test_an_account_is_exact_when_many_spend_from_it_at_once(
    world: World, ledger: PostgresCredits
) -> None:
    ledger.grant("alice", 25)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda n: _spend(world, n), range(24)))
    spent = sum(pages for pages, is_paid in outcomes if is_paid)
    found = ledger.account("alice")
    assert found.available + found.reserved == 25
    assert found.reserved == spent
    assert not all(is_paid for _, is_paid in outcomes)
    assert found.available < 3, "nobody was refused what there was enough for"


def _spend(world: World, number: int) -> tuple[int, bool]:
    pages = number % 3 + 1
    splits = PostgresSplits(world.pool, lease=LEASE, credits_enabled=True)
    work = world.land()
    try:
        splits.plan(work, page_count=pages, size=1, warnings=[], chunks=[PageRange(1, pages)])
    except InsufficientCredits:
        return pages, False
    return pages, True
