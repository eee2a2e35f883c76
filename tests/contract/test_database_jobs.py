"""Uploads that become jobs, merges, and what maintain finds, on real Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from common.access import Caller
from common.errors import LeaseLost
from common.lifecycle import ChunkStatus, JobStatus, Stage
from common.models import (
    DocumentId,
    JobId,
    JobOptions,
    MergedDocument,
    ObjectRef,
    PageRow,
    Words,
)
from common.pages import PageRange
from infra.database.migrate import migrate
from tests.world import LEASE, World, cut

LONG_AGO = timedelta(hours=1)

WORDS = Words(["word"], [0], [5], [0.1], [0.1], [0.2], [0.2], [0.9])
TWO_WORDS = Words._make(each * 2 for each in WORDS)
PAGE = PageRow(1, 595.0, 842.0, "points", 0, 5, 0.9, ["en"], "word ", "word", WORDS)


def test_ten_deliveries_of_one_event_at_once_make_one_job_with_one_splitter(world: World) -> None:
    source = ObjectRef("uploads", "inbox/alice/book.pdf", 7)
    with ThreadPoolExecutor(10) as threads:
        works = list(threads.map(lambda _: world.claim_split(source), range(10)))
    assert sum(work is not None for work in works) == 1
    assert world.one("SELECT count(*) FROM jobs") == {"count": 1}


def test_a_new_generation_of_an_object_is_a_new_document(world: World) -> None:
    for generation in (1, 2):
        source = ObjectRef("uploads", "inbox/alice/book.pdf", generation)
        assert world.claim_split(source) is not None
    assert world.one("SELECT count(*) FROM documents") == {"count": 2}


def test_a_promised_upload_becomes_the_job_that_was_promised(world: World) -> None:
    job_id, source = _promise(world, password="secret")
    work = world.claim_split(source, owner="somebody", promised=True)
    assert work is not None
    assert (work.job_id, work.owner, work.password) == (job_id, "alice", "secret")
    assert world.claim_split(source, owner="somebody", promised=True) is None


def test_the_password_is_forgotten_when_the_split_ends(world: World) -> None:
    for end in ("finish", "fail"):
        _, source = _promise(world, password="secret")
        work = world.claim_split(source, promised=True)
        assert work is not None
        if end == "finish":
            world.splits.finish(work)
        else:
            world.splits.fail(work, "NOT_A_PDF", "The file is not a PDF.")
        assert world.one("SELECT count(*) FROM job_passwords") == {"count": 0}


def test_a_split_that_fell_silent_goes_on_with_the_rows_it_has_planned(world: World) -> None:
    first = world.land()
    ranges = [PageRange(1, 5), PageRange(6, 10)]
    world.splits.plan(first, page_count=10, size=1, warnings=[], chunks=ranges)
    chunk = world.splits.planned(first)[0]
    world.splits.dispatched(first, [(chunk, cut(first, chunk))])
    world.age("jobs", "lease_expires_at", LEASE * 2, id=first.job_id)
    second = world.claim_split(first.source)
    assert second is not None
    assert second.planned_pages == 10
    assert [chunk.source is None for chunk in world.splits.planned(second)] == [False, True]
    with pytest.raises(LeaseLost):
        world.splits.dispatched(first, [(chunk, cut(first, chunk))])
    assert not world.splits.renew(first)


def test_a_chunk_that_is_too_large_gives_half_its_pages_to_a_new_one(world: World) -> None:
    work = world.land()
    world.splits.plan(work, page_count=9, size=1, warnings=[], chunks=[PageRange(1, 9)])
    [chunk] = world.splits.planned(work)
    first, second = world.splits.halve(work, chunk)
    assert (first.pages, second.pages, second.index) == (PageRange(1, 5), PageRange(6, 9), 1)
    assert [chunk.pages for chunk in world.splits.planned(work)] == [first.pages, second.pages]
    assert world.one("SELECT total_chunks FROM jobs") == {"total_chunks": 2}


def test_a_page_that_cannot_be_cut_fails_alone_and_counts(world: World) -> None:
    work = world.land()
    ranges = [PageRange(1, 1), PageRange(2, 2)]
    world.splits.plan(work, page_count=2, size=1, warnings=[], chunks=ranges)
    first, second = world.splits.planned(work)
    world.splits.dispatched(work, [(first, cut(work, first))], ["The file is damaged."])
    with pytest.raises(LeaseLost):
        world.chunks.fail_uncut(first.id, first.pages, "UNREADABLE_PDF", "damaged")
    assert not world.chunks.fail_uncut(second.id, second.pages, "UNREADABLE_PDF", "d").was_last
    assert world.finish_chunk(first.id)
    merge = world.merges.claim(work.job_id)
    assert merge is not None
    assert merge.warnings == ("The file is damaged.",)
    job = world.one("SELECT completed_pages, failed_pages, failed_chunks FROM jobs")
    assert job == {"completed_pages": 1, "failed_pages": 1, "failed_chunks": 1}


def test_the_last_chunk_may_be_done_before_the_splitter_says_that_it_is(world: World) -> None:
    work = world.land()
    world.splits.plan(work, page_count=2, size=1, warnings=[], chunks=[PageRange(1, 2)])
    [chunk] = world.splits.planned(work)
    world.splits.dispatched(work, [(chunk, cut(work, chunk))])
    assert world.finish_chunk(chunk.id)
    world.splits.finish(work)
    assert world.one("SELECT stage FROM jobs") == {"stage": "merging"}


def test_only_the_merge_that_holds_the_lease_writes(world: World) -> None:
    job_id, [chunk_id] = world.add_job(1)
    world.finish_chunk(chunk_id)
    first = world.merges.claim(job_id)
    assert first is not None
    assert world.merges.claim(job_id) is None
    world.age("jobs", "lease_expires_at", LEASE * 2, id=job_id)
    second = world.merges.claim(job_id)
    assert second is not None
    world.merges.write_pages(first, [PAGE])
    world.merges.write_pages(second, [PAGE._replace(words=TWO_WORDS)])
    with pytest.raises(LeaseLost):
        world.merges.finish(first, _merged())
    world.merges.finish(second, _merged())
    row = world.one("SELECT count(*), min(attempt) AS attempt FROM bounding_boxes")
    assert row == {"count": 2, "attempt": second.attempt}
    row = world.one("SELECT count(*), min(attempt) AS attempt FROM pages")
    assert row == {"count": 1, "attempt": second.attempt}
    row = world.one("SELECT result_job, result_attempt FROM documents")
    assert row == {"result_job": job_id, "result_attempt": second.attempt}
    assert world.one("SELECT status FROM documents") == {"status": "ocr_complete"}
    assert world.merges.claim(job_id) is None


def test_a_merge_that_lost_its_lease_takes_its_rows_with_it(world: World) -> None:
    job_id, [chunk_id] = world.add_job(1)
    world.finish_chunk(chunk_id)
    work = world.merges.claim(job_id)
    assert work is not None
    world.merges.write_pages(work, [PAGE])
    world.merges.discard_pages(work)
    assert world.one("SELECT count(*) FROM bounding_boxes") == {"count": 0}
    assert world.one("SELECT count(*) FROM pages") == {"count": 0}


def test_a_document_that_is_deleted_takes_its_rows_with_it_and_gets_no_more(world: World) -> None:
    job_id, [chunk_id] = world.add_job(1)
    world.finish_chunk(chunk_id)
    work = world.merges.claim(job_id)
    assert work is not None
    world.merges.write_pages(work, [PAGE])
    with world.pool.connection() as connection:
        connection.execute("DELETE FROM documents")
    assert world.one("SELECT count(*) FROM bounding_boxes") == {"count": 0}
    assert world.one("SELECT count(*) FROM pages") == {"count": 0}
    with pytest.raises(LeaseLost):
        world.merges.write_pages(work, [PAGE])
    assert world.one("SELECT count(*) FROM bounding_boxes") == {"count": 0}


def test_who_deletes_a_document_waits_for_the_rows_that_are_being_written(world: World) -> None:
    job_id, [chunk_id] = world.add_job(1)
    world.finish_chunk(chunk_id)
    work = world.merges.claim(job_id)
    assert work is not None

    def rows() -> Iterator[PageRow]:
        with world.pool.connection() as connection:
            connection.execute("SET LOCAL lock_timeout = '20ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                connection.execute("DELETE FROM documents")
        yield PAGE

    world.merges.write_pages(work, rows())
    assert world.one("SELECT count(*) FROM bounding_boxes") == {"count": 1}


def test_a_released_split_or_merge_is_free_at_once_and_counts_what_may_not_pass(
    world: World,
) -> None:
    split = world.land()
    assert world.claim_split(split.source) is None
    world.splits.release(split, counted=True)
    again = world.claim_split(split.source)
    assert again is not None
    assert (again.attempt, again.stalls) == (2, 2)
    world.splits.release(again, counted=False)
    third = world.claim_split(split.source)
    assert third is not None
    assert third.stalls == 2

    job_id, [chunk_id] = world.add_job(1)
    world.finish_chunk(chunk_id)
    merge = world.merges.claim(job_id)
    assert merge is not None
    assert merge.stalls == 1
    world.merges.release(merge, counted=False)
    again_merge = world.merges.claim(job_id)
    assert again_merge is not None
    assert again_merge.stalls == 1


def test_a_wave_that_is_sent_is_progress(world: World) -> None:
    work = world.land()
    world.splits.release(work, counted=True)
    second = world.claim_split(work.source)
    assert second is not None
    world.splits.plan(second, page_count=1, size=1, warnings=[], chunks=[PageRange(1, 1)])
    [chunk] = world.splits.planned(second)
    world.splits.dispatched(second, [(chunk, cut(second, chunk))])
    assert world.one("SELECT stalls FROM jobs") == {"stalls": 0}


def test_an_object_with_a_promised_name_whose_document_is_gone_becomes_nobodys(
    world: World,
) -> None:
    source = ObjectRef("uploads", f"documents/{uuid4()}/source.pdf", 3)
    assert world.claim_split(source, owner="shared", promised=True) is None
    assert world.one("SELECT count(*) FROM documents") == {"count": 0}


def test_a_late_splitter_does_not_take_the_password_from_its_successor(world: World) -> None:
    _, source = _promise(world, password="secret")
    first = world.claim_split(source, promised=True)
    assert first is not None
    world.age("jobs", "lease_expires_at", LEASE * 2, id=first.job_id)
    second = world.claim_split(source, promised=True)
    assert second is not None
    world.splits.finish(first)
    assert world.one("SELECT count(*) FROM job_passwords") == {"count": 1}
    assert second.password == "secret"


def test_a_damaged_result_is_uncounted_and_its_chunk_can_be_read_again(world: World) -> None:
    job_id, chunk_ids = world.add_job(2)
    for chunk_id in chunk_ids:
        world.finish_chunk(chunk_id)
    work = world.merges.claim(job_id)
    assert work is not None
    damaged = world.merges.chunks(work)[1]
    [(reopened, _)] = world.merges.reopen(work, damaged).chunks
    assert reopened.id == chunk_ids[1]
    job = world.one("SELECT stage, completed_chunks, completed_pages FROM jobs")
    assert job == {"stage": "ocr", "completed_chunks": 1, "completed_pages": 2}
    assert world.finish_chunk(chunk_ids[1])
    assert world.merges.claim(job_id) is not None


def test_a_result_that_stays_damaged_fails_its_chunk_and_the_counts_add_up(world: World) -> None:
    job_id, chunk_ids = world.add_job(2)
    for chunk_id in chunk_ids:
        world.finish_chunk(chunk_id)
    work = world.merges.claim(job_id)
    assert work is not None
    damaged = world.merges.chunks(work)[0]
    world.merges.give_up(work, damaged, "RESULT_DAMAGED", "damaged")
    job = world.one(
        "SELECT stage, completed_chunks, failed_chunks, completed_pages, failed_pages FROM jobs"
    )
    assert job == {
        "stage": "merging",
        "completed_chunks": 1,
        "failed_chunks": 1,
        "completed_pages": 2,
        "failed_pages": 2,
    }
    assert [chunk.status for chunk in world.merges.chunks(work)] == ["failed", "completed"]


def test_maintain_finds_a_chunk_whose_worker_fell_silent(world: World) -> None:
    _, [chunk_id, _] = world.add_job(2)
    assert world.chunks.claim(chunk_id) is not None
    assert world.upkeep.stopped_chunks(broker_is_empty=False) == []
    world.age("chunks", "dispatched_at", LONG_AGO, id=chunk_id)
    world.age("chunks", "lease_expires_at", LEASE * 2, id=chunk_id)
    stopped = world.upkeep.stopped_chunks(broker_is_empty=False)
    assert [chunk.id for chunk in stopped] == [chunk_id]
    assert world.upkeep.stopped_chunks(broker_is_empty=False) == [], "one message is enough"


def test_maintain_leaves_a_long_queue_alone_while_its_job_moves(world: World) -> None:
    job_id, chunk_ids = world.add_job(2)
    world.age("chunks", "dispatched_at", LONG_AGO, job_id=job_id)
    assert world.upkeep.stopped_chunks(broker_is_empty=False) == []
    world.age("jobs", "heartbeat_at", LONG_AGO, id=job_id)
    assert len(world.upkeep.stopped_chunks(broker_is_empty=False)) == 2
    assert world.upkeep.stopped_chunks(broker_is_empty=False) == []
    assert world.chunks.claim(chunk_ids[0]) is not None


def test_maintain_resends_what_a_flushed_broker_has_lost_even_while_the_job_moves(
    world: World,
) -> None:
    job_id, _ = world.add_job(3)
    world.age("chunks", "dispatched_at", timedelta(seconds=6), job_id=job_id)
    assert world.upkeep.stopped_chunks(broker_is_empty=False) == []
    assert len(world.upkeep.stopped_chunks(broker_is_empty=True)) == 3


def test_maintain_finds_splits_and_merges_that_stopped_and_numbers_each_message(
    world: World,
) -> None:
    split = world.land()
    job_id, [chunk_id] = world.add_job(1)
    world.finish_chunk(chunk_id)
    assert world.upkeep.stopped_jobs() == []
    world.age("jobs", "lease_expires_at", LEASE * 2, id=split.job_id)
    world.age("jobs", "dispatched_at", LONG_AGO, id=job_id)
    found = {stranded.job_id: stranded for stranded in world.upkeep.stopped_jobs()}
    assert found[job_id].is_merge
    assert found[job_id].dispatch == 2
    assert found[split.job_id].source == split.source


def test_an_upload_that_never_came_ends_its_job_with_a_reason(world: World) -> None:
    job_id, _ = _promise(world)
    assert world.upkeep.expire_uploads() == 0
    world.age("jobs", "created_at", timedelta(days=8), id=job_id)
    assert [stranded.job_id for stranded in world.upkeep.awaited_uploads()] == [job_id]
    assert world.upkeep.expire_uploads() == 1
    job = world.jobs.find(job_id, Caller("alice"))
    assert job is not None
    assert (job.status, job.error_code) == (JobStatus.FAILED, "UPLOAD_MISSING")


def test_migrating_again_changes_nothing(database_url: str) -> None:
    assert migrate(database_url) == []


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        ("jobs", "status", {status.value for status in JobStatus}),
        ("jobs", "stage", {stage.value for stage in Stage}),
        ("chunks", "status", {status.value for status in ChunkStatus}),
    ],
)
def test_the_database_knows_the_same_states_as_the_code(
    world: World, table: str, column: str, words: set[str]
) -> None:
    row = world.one(
        "SELECT pg_get_constraintdef(oid) AS rule FROM pg_constraint WHERE conname = %s",
        f"{table}_{column}_check",
    )
    assert set(str(row["rule"]).split("'")[1::2]) == words


def test_no_table_shows_a_row_to_a_caller_without_a_policy(world: World) -> None:
    world.add_job(1)
    with world.pool.connection() as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [row["tablename"] for row in rows]
        assert {"documents", "pages", "schema_migrations"} <= set(tables)
        connection.execute("CREATE ROLE visitor")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO visitor")
        connection.execute("SET LOCAL ROLE visitor")
        for table in tables:
            row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert row == {"count": 0}
        connection.rollback()


def test_a_final_job_without_its_end_time_is_refused_by_the_database(world: World) -> None:
    job_id, _ = world.add_job(1)
    with pytest.raises(psycopg.errors.CheckViolation, match="final_is_finished"):
        world.one("UPDATE jobs SET status = 'completed' WHERE id = %s RETURNING id", job_id)


def _promise(world: World, password: str | None = None) -> tuple[JobId, ObjectRef]:
    job_id, document_id = JobId(uuid4()), DocumentId(uuid4())
    source = ObjectRef("uploads", f"documents/{document_id}/source.pdf")
    world.jobs.create(
        job_id=job_id,
        document_id=document_id,
        owner="alice",
        filename="book.pdf",
        source=source,
        size=10,
        options=JobOptions(pages="1-3"),
        password=password,
    )
    return job_id, ObjectRef(source.bucket, source.name, 5)


def _merged() -> MergedDocument:
    return MergedDocument(
        status=JobStatus.COMPLETED,
        pages=2,
        failed_pages=0,
        result_path="r",
        text_path="t",
        checksum="c",
    )
