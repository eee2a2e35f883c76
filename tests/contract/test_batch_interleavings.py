"""Any order of what can happen to a batch and its jobs keeps the batch's invariants.

A state machine on real Postgres: jobs begin, are read, end and are retried; owners pause, resume,
cancel and prioritize them one by one and all at once; a recovery takes failed ones over. What is
checked after every step stands in `check`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from common.access import Caller
from common.batches import BatchAction, BatchView, refusal
from common.errors import LeaseLost
from common.lifecycle import BATCH_STEPS, FINAL_BATCH_STATUSES, BatchStatus, JobStatus
from common.models import ChunkWork, MergedDocument, MergeWork, Priority, SplitWork
from common.pages import PageRange
from infra.database.batch_controls import PostgresBatchControls
from infra.database.batch_views import PostgresBatches
from infra.database.controls import PostgresControls
from infra.database.pool import Pool
from tests.world import World, cut

EXAMPLES = int(os.environ.get("QUIRE_BATCH_INTERLEAVINGS", "60"))
ALICE = Caller("alice")

#: Few, so that a batch ends, and goes on after its end, within some steps.
DOCUMENTS = 2
jobs = st.integers(min_value=0, max_value=DOCUMENTS - 1)


class BatchInterleavings(RuleBasedStateMachine):
    """One batch of two documents, and what may be done to it."""

    pool: Pool

    @initialize(paused=st.booleans())
    def make(self, paused: bool) -> None:
        self.world = World(self.pool)
        self.batch_id, self.jobs = self.world.add_batch(
            DOCUMENTS, paused=paused, webhook_url="https://example.com/hook"
        )
        self.controls = PostgresBatchControls(self.pool)
        self.single = PostgresControls(self.pool)
        self.views = PostgresBatches(self.pool)
        self.splits: dict[int, SplitWork] = {}
        self.chunks: dict[int, ChunkWork] = {}
        self.merges: dict[int, MergeWork] = {}
        self.before: BatchStatus | None = None
        self.is_recovered = False

    def view(self) -> BatchView:
        batch = self.views.find(self.batch_id, ALICE)
        assert batch is not None
        return batch

    # ── the jobs' way ────────────────────────────────────────────────────────────────────────

    @rule(number=jobs)
    def begin(self, number: int) -> None:
        before = self.view().status
        work = self.world.claim_split_of(self.jobs[number])
        if work is not None:
            self.splits[number] = work
            assert before is not BatchStatus.PAUSED or self.retried(number)

    def retried(self, number: int) -> bool:
        row = self.world.one("SELECT retries FROM jobs WHERE id = %s", self.jobs[number])
        return bool(row["retries"])

    @rule(number=jobs)
    @precondition(lambda self: self.splits)
    def split(self, number: int) -> None:
        work = self.splits.pop(number, None)
        if work is None:
            return
        with suppress(LeaseLost):
            if work.planned_pages is None:
                self.world.splits.plan(
                    work, page_count=2, size=1, warnings=[], chunks=[PageRange(1, 2)]
                )
            waiting = [each for each in self.world.splits.planned(work) if each.source is None]
            self.world.splits.dispatched(work, [(each, cut(work, each)) for each in waiting])
            self.world.splits.finish(work)

    @rule(number=jobs)
    @precondition(lambda self: self.splits)
    def fail_split(self, number: int) -> None:
        work = self.splits.pop(number, None)
        if work is not None:
            with suppress(LeaseLost):
                self.world.splits.fail(work, "STORAGE_UNAVAILABLE", "Cloud Storage was away.")

    @rule(number=jobs)
    def fail(self, number: int) -> None:
        """Let the job begin and fail."""
        self.begin(number)
        self.fail_split(number)

    @rule(number=jobs, is_read=st.booleans())
    def read(self, number: int, is_read: bool) -> None:
        with self.pool.connection() as connection:
            row = connection.execute(
                "SELECT id FROM chunks WHERE job_id = %s", (self.jobs[number],)
            ).fetchone()
        work = self.world.chunks.claim(row["id"]) if row else None
        if work is None:
            return
        with suppress(LeaseLost):
            if is_read:
                self.world.chunks.complete(work, path="p", checksum="c")
            else:
                self.world.chunks.fail(work, "TASK_TIMEOUT", "Document AI timeout")

    @rule(number=jobs)
    def claim_merge(self, number: int) -> None:
        work = self.world.merges.claim(self.jobs[number])
        if work is not None:
            self.merges[number] = work

    @rule(number=jobs)
    @precondition(lambda self: self.merges)
    def merge(self, number: int) -> None:
        work = self.merges.pop(number, None)
        if work is None:
            return
        row = self.world.one(
            "SELECT completed_pages, failed_pages FROM jobs WHERE id = %s", work.job_id
        )
        read, failed = int(str(row["completed_pages"])), int(str(row["failed_pages"]))
        if failed:
            merged = MergedDocument(
                JobStatus.FAILED, read, failed, None, None, None, "TASK_TIMEOUT", "Timeout."
            )
        else:
            merged = MergedDocument(JobStatus.COMPLETED, read, failed, "r", "t", "c")
        with suppress(LeaseLost):
            self.world.merges.finish(work, merged)

    # ── hands on one job ─────────────────────────────────────────────────────────────────────

    @rule(number=jobs, action=st.sampled_from(["pause", "resume", "cancel", "retry"]))
    def steer_one(self, number: int, action: str) -> None:
        getattr(self.single, action)(self.jobs[number], ALICE)

    # ── hands on the batch ───────────────────────────────────────────────────────────────────

    @rule(action=st.sampled_from([*BatchAction]))
    def steer(self, action: BatchAction) -> None:
        before = self.view()
        changed = getattr(self.controls, action.value)(self.batch_id, ALICE)
        assert bool(changed) == (refusal(action, before) is None)
        after = self.view()
        if action is BatchAction.CANCEL and changed:
            assert after.status is BatchStatus.CANCELLED
            assert after.finished_at is not None
        if action is BatchAction.PAUSE and changed:
            row = self.world.one(
                "SELECT count(*) AS number FROM jobs WHERE batch_id = %s"
                " AND status = 'processing' AND stage IN ('splitting', 'ocr')",
                self.batch_id,
            )
            assert row["number"] == 0

    @rule(priority=st.sampled_from([*Priority]))
    def prioritize(self, priority: Priority) -> None:
        self.controls.prioritize(self.batch_id, ALICE, priority)

    @rule()
    @precondition(lambda self: not self.is_recovered)
    def recover(self) -> None:
        """Have another batch take over what failed, as a recovery does it."""
        failed = [
            job_id
            for job_id in self.jobs
            if self.world.one("SELECT status FROM jobs WHERE id = %s", job_id)["status"] == "failed"
        ]
        if not failed:
            return
        self.is_recovered = True
        recovery = uuid4()
        with self.pool.connection() as connection:
            connection.execute(
                "INSERT INTO batches (id, owner, purpose, strategy, origin_id, total, unfinished,"
                " status) VALUES (%s, 'alice', 'recovery', 'all', %s, %s, %s, 'processing')",
                (recovery, self.batch_id, len(failed), len(failed)),
            )
            connection.execute(
                "UPDATE jobs SET status = 'processing', finished_at = NULL, batch_id = %s,"
                " stage = 'splitting', lease_expires_at = now(), error_code = NULL,"
                " error_message = NULL, retries = retries + 1, last_event = last_event + 1"
                " WHERE id = ANY(%s)",
                (recovery, failed),
            )
            connection.execute(
                "INSERT INTO job_events (job_id, id, kind) SELECT id, last_event, 'job_retried'"
                " FROM jobs WHERE id = ANY(%s)",
                (failed,),
            )
            connection.execute(
                "INSERT INTO batch_jobs (batch_id, position, job_id)"
                " SELECT %s, batch_position, id FROM jobs WHERE id = ANY(%s)",
                (recovery, failed),
            )

    # ── what is true at any moment ───────────────────────────────────────────────────────────

    @invariant()
    def check(self) -> None:
        for row in self.rows("SELECT id FROM batches"):
            batch = self.views.find(row["id"], ALICE)
            assert batch is not None
            self.fits(batch)
        now = self.view().status
        if self.before is not None and now is not self.before:
            # Of several steps that one action takes, some state between was passed through.
            reached = BATCH_STEPS[self.before]
            assert now in reached | {far for near in reached for far in BATCH_STEPS[near]}
        self.before = now

    def fits(self, batch: BatchView) -> None:
        facts = self.world.one("SELECT * FROM batches WHERE id = %s", batch.id)
        assert facts["unfinished"] == batch.total - batch.ended
        assert sum(batch.jobs.values()) == batch.total
        assert (batch.finished_at is not None) == (batch.ended == batch.total)
        assert batch.finished_at is not None or batch.status not in FINAL_BATCH_STATUSES
        assert batch.finished_at is None or batch.status in FINAL_BATCH_STATUSES
        told = self.rows(
            "SELECT id, kind FROM batch_events WHERE batch_id = %s ORDER BY id", batch.id
        )
        assert [each["id"] for each in told] == [*range(1, int(str(facts["last_event"])) + 1)]
        kinds = [each["kind"] for each in told]
        if batch.finished_at is not None:
            assert kinds[-1] == f"batch_{batch.status.value}"
        ends = sum(kind in ENDS for kind in kinds)
        ended = sum(kind in DOCUMENT_ENDS for kind in kinds) - kinds.count("document_retried")
        if batch.id == self.batch_id:
            assert ended == batch.ended
            deliveries = "SELECT count(*) AS number FROM webhook_deliveries WHERE batch_id = %s"
            assert self.world.one(deliveries, batch.id)["number"] == ends
        whole = {
            BatchStatus.COMPLETED: {JobStatus.COMPLETED},
            BatchStatus.FAILED: {JobStatus.FAILED, JobStatus.CANCELLED},
        }.get(batch.status)
        if whole is not None:
            assert {status for status, count in batch.jobs.items() if count} <= whole

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        with self.pool.connection() as connection:
            return connection.execute(query, values).fetchall()

    def teardown(self) -> None:
        if hasattr(self, "pool"):
            with self.pool.connection() as connection:
                connection.execute("TRUNCATE documents, batches CASCADE")


ENDS = {f"batch_{status.value}" for status in FINAL_BATCH_STATUSES}
DOCUMENT_ENDS = {
    f"document_{name}" for name in ("completed", "completed_with_errors", "failed", "cancelled")
}


@pytest.fixture
def quick_pool(database_url: str) -> Iterator[Pool]:
    """Connections that wait for no disk: nothing here is to outlive the test."""
    kwargs = {"row_factory": dict_row, "options": "-c synchronous_commit=off"}
    pool: Pool = ConnectionPool(database_url, kwargs=kwargs, min_size=1, max_size=2, open=False)
    with pool:
        yield pool


@pytest.mark.timeout(900)
def test_whatever_happens_to_a_batch_its_row_its_jobs_and_its_trail_agree(
    quick_pool: Pool,
) -> None:
    machine = type("Machine", (BatchInterleavings,), {"pool": quick_pool})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
