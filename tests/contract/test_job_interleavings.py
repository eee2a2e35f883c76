"""Any order of claim, finish, fail, pause, resume, cancel, retry and rescue keeps the invariants.

A state machine on real Postgres. Workers, splitters and merges are their tokens: each may act at
any moment, also long after it was given up. Beside the job another one reads an equal document:
what one has read the other finds. What is checked after every step stands in `check`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
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
from common.caching import ReadingKeys
from common.errors import InsufficientCredits, LeaseLost
from common.lifecycle import FINAL_JOB_STATUSES, JobStatus
from common.models import (
    ChunkId,
    ChunkOutcome,
    ChunkWork,
    JobId,
    MergedDocument,
    MergeWork,
    ObjectRef,
    SplitWork,
)
from common.pages import PageRange
from common.results import PageError
from infra.database.controls import PostgresControls
from infra.database.credits import PostgresCredits
from infra.database.pool import Pool
from infra.database.splits import PostgresSplits
from tests.world import LEASE, World, cut

PAGES = 2
EXAMPLES = int(os.environ.get("QUIRE_INTERLEAVINGS", "1000"))

#: Everything that must be true of a job at any moment, as columns of what is the case.
FACTS = """
    SELECT jobs.*, finished_at IS NOT NULL AS is_final,
           (SELECT count(*) FROM chunks WHERE job_id = jobs.id) AS chunk_rows,
           (SELECT count(*) FROM chunks WHERE job_id = jobs.id AND chunks.status = 'completed')
               AS completed_rows,
           (SELECT count(*) FROM chunks WHERE job_id = jobs.id AND chunks.status = 'failed')
               AS failed_rows,
           (SELECT coalesce(sum(page_end - page_start + 1 - chunks.failed_pages), 0)::int
              FROM chunks WHERE job_id = jobs.id AND chunks.status = 'completed')
               AS completed_row_pages,
           (SELECT coalesce(sum(chunks.failed_pages), 0)::int
              FROM chunks WHERE job_id = jobs.id AND chunks.status IN ('completed', 'failed'))
               AS failed_row_pages,
           (SELECT count(*) FROM chunks WHERE job_id = jobs.id AND is_cached) AS cached_rows,
           (SELECT coalesce(sum(page_end - page_start + 1), 0)::int
              FROM chunks WHERE job_id = jobs.id AND is_cached) AS cached_row_pages,
           (SELECT array_agg(kind ORDER BY id) FROM job_events WHERE job_id = jobs.id) AS kinds,
           (SELECT array_agg(id ORDER BY id) FROM job_events WHERE job_id = jobs.id) AS event_ids,
           (SELECT array_agg(details ->> 'attempt') FROM job_events
             WHERE job_id = jobs.id AND kind = 'merge_started') AS merge_attempts,
           (SELECT available FROM credit_accounts WHERE owner = jobs.owner) AS available,
           (SELECT reserved FROM credit_accounts WHERE owner = jobs.owner) AS reserved,
           (SELECT sum(available_change)::int FROM credit_ledger WHERE owner = jobs.owner)
               AS ledger_available,
           (SELECT sum(reserved_change)::int FROM credit_ledger WHERE owner = jobs.owner)
               AS ledger_reserved,
           (SELECT coalesce(-sum(reserved_change), 0)::int FROM credit_ledger
             WHERE job_id = jobs.id AND kind = 'settled') AS settled
      FROM jobs WHERE id = %s
"""


#: Who is reading a key now: chunks under work whose lease lives, with their attempt.
READING = """
    SELECT chunks.id, chunks.attempt, cache_key FROM chunks JOIN jobs ON jobs.id = job_id
     WHERE jobs.id = ANY(%s) AND chunks.status = 'processing'
       AND chunks.lease_expires_at >= now() AND jobs.status IN ('processing', 'paused')
"""


class JobMachine(RuleBasedStateMachine):
    """One job, its splitters, workers and merges, its owner, and maintain."""

    world: World

    @initialize(
        chunks=st.integers(1, 4),
        waves=st.integers(0, 9),
        finished=st.integers(0, 4),
        granted=st.sampled_from([1000, 8, 3]),
        is_damaged=st.booleans(),
        twins=st.integers(0, 4),
    )
    def begin(
        self, chunks: int, waves: int, finished: int, granted: int, is_damaged: bool, twins: int
    ) -> None:
        """Begin somewhere on the way: some chunks cut, some of those read, here or by the twin."""
        self.owner = f"owner-{uuid4()}"
        self.caller = Caller(self.owner)
        self.controls = PostgresControls(self.world.pool, credits_enabled=True)
        self.splits = PostgresSplits(self.world.pool, lease=LEASE, credits_enabled=True)
        PostgresCredits(self.world.pool).grant(self.owner, granted)
        self.planned_chunks = chunks
        self.is_damaged = is_damaged
        self.source = ObjectRef("uploads", f"{uuid4()}.pdf", 1)
        self.splitters: list[SplitWork] = []
        self.workers: list[ChunkWork] = []
        self.merges: list[MergeWork] = []
        #: The key of which each stored result is a whole one.
        self.stored: dict[str, str] = {}
        #: Who had fallen silent, and renewed a lease that another had followed by then.
        self.revived: set[tuple[ChunkId, int]] = set()
        self.was_reopened = False
        self.keys = ReadingKeys(self.owner, chunks * PAGES, "engine")
        self.add_twin(twins)
        self.is_begun = True
        self.claim_split()
        self.job_id: JobId = self.splitters[0].job_id
        self.split(0, waves)
        self.check()
        for which in range(finished):
            self.claim(which)
            if self.workers:
                self.check()
                self.finish(0, 0)
                self.check()

    def add_twin(self, finished: int) -> None:
        """Make a job of an equal document, all of it cut and some of it read. It costs nothing."""
        work = self.world.land(self.owner)
        ranges = self.ranges()
        self.world.splits.plan(
            work,
            page_count=len(ranges) * PAGES,
            size=1000,
            warnings=[],
            chunks=ranges,
            keys=self.keys.keys(ranges),
        )
        planned = self.world.splits.planned(work)
        self.world.splits.dispatched(work, [(chunk, cut(work, chunk)) for chunk in planned])
        self.world.splits.finish(work)
        self.twin: JobId = work.job_id
        self.twin_chunks = [chunk.id for chunk in planned]
        for chunk_id in self.twin_chunks[:finished]:
            claimed = self.world.chunks.claim(chunk_id)
            assert claimed is not None
            self.complete(claimed)

    def ranges(self) -> list[PageRange]:
        return [PageRange(i * PAGES + 1, (i + 1) * PAGES) for i in range(self.planned_chunks)]

    def complete(self, work: ChunkWork, errors: Sequence[PageError] = ()) -> ChunkOutcome:
        """Record what a worker has read, or found."""
        if work.cached is not None:
            assert self.stored[work.cached.path] == work.cache_key, "only an equal one's is found"
            return self.world.chunks.complete_cached(work)
        path = f"{work.id}.{work.attempt}"
        outcome = self.world.chunks.complete(work, path=path, checksum="c", errors=errors)
        if not errors and work.cache_key is not None:
            self.stored[path] = work.cache_key
        return outcome

    # ── the splitter ─────────────────────────────────────────────────────────────────────────

    @rule()
    def claim_split(self) -> None:
        work = self.world.arrivals.claim(
            self.source, owner=self.owner, filename="book.pdf", promised=False
        )
        if work is not None:
            self.splitters.append(work)

    @precondition(lambda self: self.splitters)
    @rule(which=st.integers(0, 9), waves=st.integers(0, 9))
    def split(self, which: int, waves: int) -> None:
        """Plan, cut some of the chunks in waves of one, and say so where all are cut."""
        work = self.splitters[which % len(self.splitters)]
        ranges = self.ranges()
        try:
            if work.planned_pages is None and not self.world.splits.planned(work):
                self.splits.plan(
                    work,
                    page_count=len(ranges) * PAGES,
                    size=1000,
                    warnings=[],
                    chunks=ranges,
                    keys=self.keys.keys(ranges),
                )
            uncut = [
                chunk
                for chunk in self.splits.planned(work)
                if chunk.source is None and chunk.status.value == "pending"
            ]
            for chunk in uncut[:waves]:
                self.splits.dispatched(work, [(chunk, cut(work, chunk))])
            if waves >= len(uncut):
                self.splits.finish(work)
        except LeaseLost:
            self.splitters.remove(work)
        except InsufficientCredits as error:
            self.splits.fail(work, error.code, error.message)
            self.splitters.remove(work)

    @precondition(lambda self: self.splitters)
    @rule(which=st.integers(0, 9))
    def fail_split(self, which: int) -> None:
        work = self.splitters.pop(which % len(self.splitters))
        self.splits.fail(work, "UNREADABLE_PDF", "It can't be read.")

    # ── workers ──────────────────────────────────────────────────────────────────────────────

    @rule(which=st.integers(0, 3))
    def claim(self, which: int) -> None:
        before = self.seen
        chunks = self.chunk_ids()
        if not chunks:
            return
        work = self.world.chunks.claim(chunks[which % len(chunks)])
        if work is not None:
            assert before["status"] == "processing", "no chunk starts in any other status"
            self.workers.append(work)

    @rule(which=st.integers(0, 3))
    def claim_twins(self, which: int) -> None:
        work = self.world.chunks.claim(self.twin_chunks[which % len(self.twin_chunks)])
        if work is not None:
            self.workers.append(work)

    @rule(which=st.integers(0, 3))
    def be_a_zombie(self, which: int) -> None:
        """A worker falls silent, another takes its chunk, and then the first one ends."""
        chunks = self.chunk_ids()
        work = self.world.chunks.claim(chunks[which % len(chunks)]) if chunks else None
        if work is None:
            return
        self.world.age("chunks", "lease_expires_at", LEASE * 2, id=work.id)
        again = self.world.chunks.claim(work.id)
        assert again is not None
        before = self.facts()
        with pytest.raises(LeaseLost):
            self.complete(work)
        assert self.facts() == before, "what does not count changes nothing"
        self.workers.append(again)

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 9), bad_pages=st.sampled_from([0, 0, 0, 1]))
    def finish(self, which: int, bad_pages: int) -> None:
        work = self.workers.pop(which % len(self.workers))
        errors = [PageError(work.pages.start, "PAGE_UNREADABLE", "It can't be read.")][:bad_pages]
        self.counted(
            work,
            lambda: self.complete(work, errors),
        )

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 9))
    def fail(self, which: int) -> None:
        work = self.workers.pop(which % len(self.workers))
        self.counted(
            work, lambda: self.world.chunks.fail(work, "OCR_REFUSED", "Document AI timeout")
        )

    def counted(self, work: ChunkWork, record: Callable[[], ChunkOutcome]) -> None:
        if work.job_id == self.twin:
            with suppress(LeaseLost):
                record()
            return
        before = self.seen
        chunk = self.world.one("SELECT status, attempt FROM chunks WHERE id = %s", work.id)
        try:
            outcome = record()
        except LeaseLost:
            assert self.facts() == before, "what does not count changes nothing"
            return
        assert before["status"] in ("processing", "paused"), "nothing counts after the end"
        assert chunk == {"status": "processing", "attempt": work.attempt}, "only the holder counts"
        done = before["completed_chunks"] + before["failed_chunks"]
        whole = done + 1 == before["total_chunks"]
        assert outcome.was_last == (whole and before["status"] == "processing")

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 9), counts=st.booleans())
    def put_back(self, which: int, counts: bool) -> None:
        work = self.workers.pop(which % len(self.workers))
        before = self.seen
        try:
            self.world.chunks.put_back(
                work, code="X", message="Y", delay=timedelta(seconds=5), counted=counts
            )
        except LeaseLost:
            assert self.facts() == before

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 9))
    def renew(self, which: int) -> None:
        work = self.workers[which % len(self.workers)]
        is_live = (work.id, work.attempt) in {(row["id"], row["attempt"]) for row in self.reading()}
        if self.world.chunks.renew(work):
            if not is_live:
                self.revived.add((work.id, work.attempt))
            if work.job_id == self.twin:
                return
            assert self.facts()["status"] in ("processing", "paused")

    # ── the merge ────────────────────────────────────────────────────────────────────────────

    @rule()
    def claim_merge(self) -> None:
        work = self.world.merges.claim(self.job_id)
        if work is not None:
            facts = self.facts()
            assert facts["status"] == "processing"
            assert facts["completed_rows"] + facts["failed_rows"] == facts["chunk_rows"]
            self.merges.append(work)

    @precondition(lambda self: self.merges)
    @rule(which=st.integers(0, 9))
    def finish_merge(self, which: int) -> None:
        work = self.merges.pop(which % len(self.merges))
        before = self.seen
        try:
            self.world.merges.finish(work, self.merged())
        except LeaseLost:
            assert self.facts() == before
        else:
            assert before["attempt"] == work.attempt, "only the newest merge counts"

    @precondition(lambda self: self.merges)
    @rule(which=st.integers(0, 9))
    def find_damage(self, which: int) -> None:
        """A stored result does not match its checksum: its chunk is read again."""
        work = self.merges.pop(which % len(self.merges))
        damaged = [
            chunk for chunk in self.world.merges.chunks(work) if chunk.status.value == "completed"
        ]
        if damaged:
            before = self.seen
            try:
                self.world.merges.reopen(work, damaged[0])
            except LeaseLost:
                assert self.facts() == before
            else:
                self.was_reopened = True

    def merged(self) -> MergedDocument:
        facts = self.facts()
        status = JobStatus.COMPLETED
        if facts["failed_pages"] or self.is_damaged:
            status = JobStatus.COMPLETED_WITH_ERRORS
        if not facts["completed_pages"]:
            status = JobStatus.FAILED
        failed = status is JobStatus.FAILED
        return MergedDocument(
            status=status,
            pages=facts["completed_pages"],
            failed_pages=facts["failed_pages"],
            result_path="r",
            text_path="t",
            checksum="c",
            error_code="OCR_REFUSED" if failed else None,
            error_message="Nothing could be read." if failed else None,
        )

    # ── the owner ────────────────────────────────────────────────────────────────────────────

    @rule()
    def pause(self) -> None:
        before = self.seen
        if self.controls.pause(self.job_id, self.caller):
            assert before["status"] == "processing"
            assert self.facts()["status"] == "paused"
        else:
            assert self.facts() == before

    @rule()
    def resume(self) -> None:
        before = self.seen
        to_send = self.controls.resume(self.job_id, self.caller)
        if to_send is None:
            assert self.facts() == before
        else:
            assert (before["status"], self.facts()["status"]) == ("paused", "processing")

    @rule(really=st.sampled_from([False, False, False, False, True]))
    def cancel(self, really: bool) -> None:
        if not really:
            return
        before = self.seen
        assert self.controls.cancel(self.job_id, self.caller) == (not before["is_final"])

    @rule()
    def retry(self) -> None:
        before = self.seen
        to_send = None
        with suppress(InsufficientCredits):
            to_send = self.controls.retry(self.job_id, self.caller)
        if to_send is None:
            assert self.facts() == before
        else:
            assert before["status"] in ("failed", "completed_with_errors")
            assert before["status"] == "failed" or before["failed_pages"], "there is what to retry"

    @rule(really=st.sampled_from([False, False, False, True]))
    def cancel_twin(self, really: bool) -> None:
        if really:
            self.controls.cancel(self.twin, self.caller)

    # ── time, and maintain ───────────────────────────────────────────────────────────────────

    @rule()
    def time_passes(self) -> None:
        """Every lease ends, everything is due, every message is old."""
        with self.world.pool.connection() as connection:
            connection.execute(
                "UPDATE chunks SET lease_expires_at = lease_expires_at - interval '1 day',"
                " due_at = due_at - interval '1 day',"
                " dispatched_at = dispatched_at - interval '3 days' WHERE job_id = ANY(%s)",
                ([self.job_id, self.twin],),
            )
            connection.execute(
                "UPDATE jobs SET lease_expires_at = lease_expires_at - interval '1 day',"
                " heartbeat_at = heartbeat_at - interval '1 day',"
                " dispatched_at = dispatched_at - interval '3 days' WHERE id = %s",
                (self.job_id,),
            )

    @rule()
    def rescue(self) -> None:
        before = self.seen
        ours = set(self.chunk_ids())
        resent = self.world.upkeep.stopped_chunks(broker_is_empty=True)
        resent += self.world.turns.give(something_new=True).chunks
        stranded = self.world.upkeep.stopped_jobs()
        if before["status"] != "processing":
            assert not ours & {chunk.id for chunk in resent}, "only running jobs are rescued"
            assert self.job_id not in {each.job_id for each in stranded}

    # ── what is always true ──────────────────────────────────────────────────────────────────

    @precondition(lambda self: getattr(self, "is_begun", False))
    @invariant()
    def check(self) -> None:
        #: What the next step finds; nobody else changes this job.
        self.seen = facts = self.facts()
        assert facts["chunk_rows"] == facts["total_chunks"]
        assert facts["completed_rows"] == facts["completed_chunks"]
        assert facts["failed_rows"] == facts["failed_chunks"]
        assert facts["completed_row_pages"] == facts["completed_pages"]
        assert facts["failed_row_pages"] == facts["failed_pages"]
        assert facts["cached_rows"] == facts["cached_chunks"]
        assert facts["cached_row_pages"] == facts["cached_pages"]

        # Who had been followed by another may come back to life; it reads to its end.
        reading = [row for row in self.reading() if (row["id"], row["attempt"]) not in self.revived]
        found = {(work.id, work.attempt) for work in self.workers if work.cached is not None}
        begun = {(work.id, work.attempt) for work in self.workers if work.earlier is not None}
        keys = [
            row["cache_key"] for row in reading if (row["id"], row["attempt"]) not in found | begun
        ]
        assert len(keys) == len(set(keys)), "equal chunks are read once"

        whole = facts["total_chunks"] == facts["completed_chunks"] + facts["failed_chunks"]
        if not facts["is_final"] and facts["total_chunks"]:
            assert whole == (facts["stage"] == "merging"), "the merge is due exactly when all is"

        kinds = facts["kinds"]
        assert facts["event_ids"] == list(range(1, facts["last_event"] + 1)), "no gap, no double"
        if "job_cancelled" in kinds:
            assert kinds[-1] == "job_cancelled", "nothing happens after cancel"
        ends = [kind for kind in kinds if kind.removeprefix("job_") in FINAL_JOB_STATUSES]
        assert len(ends) == facts["retries"] + facts["is_final"], "each run ends once"
        attempts = facts["merge_attempts"] or []
        assert len(attempts) == len(set(attempts)), "one merge an attempt"
        pausing = False
        for kind in kinds:
            assert not (pausing and kind in ("chunk_started", "merge_started", "splitting"))
            pausing = (pausing or kind == "job_paused") and kind not in (
                "job_resumed",
                "job_cancelled",
            )

        assert facts["ledger_available"] == facts["available"] >= 0
        assert facts["ledger_reserved"] == facts["reserved"] >= 0
        assert facts["reserved"] == facts["credits_reserved"]
        assert facts["settled"] == facts["credits_settled"]
        if facts["is_final"]:
            assert facts["credits_reserved"] == 0
        if facts["status"] in ("completed", "completed_with_errors"):
            paid = facts["completed_pages"] - facts["cached_pages"]
            assert facts["settled"] == paid or self.was_reopened, "every page is paid for once"

    def teardown(self) -> None:
        """Whatever happened, a job that is not cancelled can be brought to its end."""
        if not getattr(self, "is_begun", False):
            return
        self.controls.resume(self.job_id, self.caller)
        self.controls.cancel(self.twin, self.caller)
        for _ in range(40):
            if self.facts()["is_final"]:
                break
            self.time_passes()
            sent = self.world.upkeep.stopped_chunks(broker_is_empty=True)
            sent += self.world.turns.give(something_new=True).chunks
            for chunk in sent:
                work = self.world.chunks.claim(chunk.id)
                if work is not None and work.job_id == self.job_id:
                    self.complete(work)
            for stranded in self.world.upkeep.stopped_jobs():
                if stranded.job_id != self.job_id:
                    continue
                if stranded.is_merge:
                    merge = self.world.merges.claim(self.job_id)
                    if merge is not None:
                        self.world.merges.finish(merge, self.merged())
                else:
                    self.splitters.clear()
                    self.claim_split()
                    self.split(0, 9)
        assert self.facts()["is_final"], "maintain alone brings it to its end"
        self.check()
        # No worker drops the messages of what was cancelled: they would fill the next one's window.
        with self.world.pool.connection() as connection:
            connection.execute("DELETE FROM documents WHERE owner = %s", (self.owner,))

    def facts(self) -> dict[str, Any]:
        with self.world.pool.connection() as connection:
            row = connection.execute(FACTS, (self.job_id,)).fetchone()
        assert row is not None
        return row

    def reading(self) -> list[dict[str, Any]]:
        with self.world.pool.connection() as connection:
            return connection.execute(READING, ([self.job_id, self.twin],)).fetchall()

    def chunk_ids(self) -> list[ChunkId]:
        with self.world.pool.connection() as connection:
            rows = connection.execute(
                "SELECT id FROM chunks WHERE job_id = %s ORDER BY index", (self.job_id,)
            ).fetchall()
        return [ChunkId(row["id"]) for row in rows]


@pytest.fixture
def fast_pool(database_url: str) -> Iterator[Pool]:
    """Connections that no restart can break and whose commits need not reach the disk."""
    kwargs = {"row_factory": dict_row, "options": "-c synchronous_commit=off"}
    pool: Pool = ConnectionPool(database_url, kwargs=kwargs, min_size=2, max_size=4, open=False)
    with pool:
        yield pool


@pytest.mark.timeout(1800)
def test_a_thousand_random_interleavings_keep_every_invariant(fast_pool: Pool) -> None:
    class Machine(JobMachine):
        world = World(fast_pool)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
