"""What is killed or emptied in the middle of a job changes nothing about its result."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_mixed

SHORT_LEASES = {
    "LEASES__CHUNK_SECONDS": "3",
    "LEASES__SPLIT_SECONDS": "3",
    "LEASES__MERGE_SECONDS": "3",
    "MAINTAIN__RESEND_AFTER_SECONDS": "3",
    "STAGES__LEASE_SECONDS": "3",
    # Many checkpoints, so that there is something between them.
    "STAGES__PAGES_AT_ONCE": "5",
    "STAGES__PASSAGES_AT_ONCE": "5",
}


@pytest.fixture(scope="module")
def breakable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuireClient]:
    """A stack of its own, whose leases are short enough to be waited for."""
    options = StackOptions(
        workers=2,
        maintain_every=1,
        extra_env=SHORT_LEASES,
    )
    home = Home(tmp_path_factory.mktemp("breakable"))
    with Stack(home, options=options) as stack, QuireClient(stack) as quire:
        yield quire


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "book.pdf"
    write_mixed(path, pages=425, scanned_every=1000)
    return path


@pytest.fixture(scope="module")
def undisturbed(breakable: QuireClient, book: Path) -> list[dict[str, Any]]:
    """The pages of a run in which nothing happened."""
    job_id = breakable.submit(book)
    assert breakable.wait(job_id)["status"] == "completed"
    pages: list[dict[str, Any]] = breakable.result(job_id)["pages"]
    return pages


def kill(name: str) -> Callable[[QuireClient], None]:
    def strike(quire: QuireClient) -> None:
        before = quire.stack.processes[name]
        # The whole group: a worker's children die with it, as when a machine is lost.
        os.killpg(os.getpgid(before), signal.SIGKILL)
        wait_for(lambda: quire.stack.processes.get(name) not in {None, before}, "the restart")

    return strike


def flush(quire: QuireClient) -> None:
    with Redis.from_url(quire.stack.endpoints["redis"]) as redis:
        redis.flushall()


@pytest.mark.parametrize(
    "strike", [kill("worker"), kill("functions"), flush], ids=["worker", "functions", "redis"]
)
def test_a_blow_in_the_middle_of_seventeen_chunks_changes_nothing_about_the_result(
    breakable: QuireClient,
    book: Path,
    undisturbed: list[dict[str, Any]],
    strike: Callable[[QuireClient], None],
) -> None:
    with breakable.document_ai(let_through=4):
        job_id = breakable.submit(book)

        def is_halfway() -> bool:
            query = "SELECT completed_chunks FROM jobs WHERE id = %s"
            return bool(breakable.rows(query, job_id)[0]["completed_chunks"] >= 4)

        wait_for(is_halfway, "four chunks to be done")
        strike(breakable)
        breakable.let_through(None)
        job = breakable.wait(job_id)
    assert job["status"] == "completed", job
    assert (job["total_chunks"], job["completed_chunks"], job["completed_pages"]) == (17, 17, 425)
    assert breakable.result(job_id)["pages"] == undisturbed
    kinds = [
        row["kind"]
        for row in breakable.rows("SELECT kind FROM job_events WHERE job_id = %s", job_id)
    ]
    assert kinds.count("chunk_completed") == 17
    assert kinds.count("merging") == kinds.count("job_completed") == 1


def test_workers_killed_in_two_stages_after_ocr_leave_the_same_rows(
    breakable: QuireClient, book: Path
) -> None:
    def rows(job_id: str) -> list[dict[str, Any]]:
        query = """
            SELECT position, text, page_start, page_end, first_sentence, last_sentence,
                   embedding::text
              FROM passages JOIN passage_vectors USING (job_id, position)
             WHERE job_id = %s ORDER BY position
        """
        return breakable.rows(query, job_id)

    undisturbed = breakable.submit(book, stages=["vectors"], cache=True)
    assert breakable.wait(undisturbed)["status"] == "completed"
    expected = rows(undisturbed)
    assert len(expected) > 20

    job_id = breakable.submit(book, stages=["vectors"], cache=True)
    for stage in ("text", "embedding"):

        def is_at_it(stage: str = stage) -> bool:
            query = """
                SELECT checkpoints FROM job_stages
                 WHERE job_id = %s AND stage = %s AND status = 'processing'
            """
            return any(row["checkpoints"] for row in breakable.rows(query, job_id, stage))

        wait_for(is_at_it, f"a checkpoint of {stage}")
        kill("worker")(breakable)
    job = breakable.wait(job_id)
    assert job["status"] == "completed", job
    assert rows(job_id) == expected
    for each in job["stages"]:
        assert each["repeated"] <= 2 * each["total"] / each["checkpoints"] + 5
    assert {each["stage"] for each in job["stages"] if each["attempts"] > 1} >= {"text"}


def test_a_split_whose_function_is_killed_goes_on_where_it_stopped(
    breakable: QuireClient, book: Path, undisturbed: list[dict[str, Any]]
) -> None:
    with breakable.document_ai(instant=False):
        job_id = breakable.submit(book, chunk_pages=1)

        def is_half_cut() -> bool:
            query = "SELECT count(*) FROM chunks WHERE job_id = %s AND source_object IS NOT NULL"
            return bool(breakable.rows(query, job_id)[0]["count"] >= 40)

        wait_for(is_half_cut, "forty chunks to be cut")
        kill("functions")(breakable)
        query = "SELECT attempt, stage, total_chunks FROM jobs WHERE id = %s"
        [before] = breakable.rows(query, job_id)
        assert before == {"attempt": 1, "stage": "splitting", "total_chunks": 425}
        job = breakable.wait(job_id)
    assert (job["status"], job["total_chunks"], job["completed_pages"]) == ("completed", 425, 425)
    pages = breakable.result(job_id)["pages"]
    assert [page["text"] for page in pages] == [page["text"] for page in undisturbed]
    kinds = [kind for _, kind, _ in breakable.events(job_id)]
    assert kinds.count("splitting") == 2
    assert kinds.count("planned") == 1


def test_a_stack_that_is_ended_in_the_middle_of_a_job_goes_on_with_it_when_it_is_started_again(
    tmp_path: Path, book: Path
) -> None:
    home = Home(tmp_path / "home")
    options = StackOptions(
        workers=2,
        maintain_every=1,
        extra_env=SHORT_LEASES,
    )
    with Stack(home, options=options) as stack, QuireClient(stack) as quire:
        # Until this stack's end.
        quire.let_through(3)
        job_id = quire.submit(book)
        wait_for(lambda: quire.job(job_id)["completed_chunks"] >= 3, "three chunks")
    with Stack(home, options=options) as stack, QuireClient(stack) as quire:
        job = quire.wait(job_id)
        assert (job["status"], job["completed_pages"]) == ("completed", 425)
        assert len(quire.result(job_id)["pages"]) == 425
