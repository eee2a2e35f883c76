"""An owner's hand on a job, through the HTTPS door, with real workers: the words and the flags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_born_digital, write_mixed

ACTIONS = ("pause", "resume", "cancel", "retry")


@pytest.fixture
def one_worker(tmp_path: Path) -> Iterator[QuireClient]:
    """A stack that reads one chunk after the other, and each once."""
    options = StackOptions(workers=1, extra_env={"RETRIES__MAX_TRIES": "1"})
    with Stack(Home(tmp_path / "home"), options=options) as stack, QuireClient(stack) as quire:
        yield quire


def flags(job: dict[str, Any]) -> set[str]:
    """Return what the job says can be done to it."""
    return {action for action in ACTIONS if job[f"can_{action}"]}


def under_work(quire: QuireClient, job_id: str, done: int) -> None:
    """Wait until so many chunks are done and the next one is being read."""
    query = (
        "SELECT jobs.id FROM jobs JOIN chunks ON job_id = jobs.id AND chunks.status = 'processing'"
        " WHERE jobs.id = %s AND completed_chunks + failed_chunks = %s"
    )
    wait_for(lambda: quire.rows(query, job_id, done), f"{done} chunks to be done")


def settled(quire: QuireClient, job_id: str) -> dict[str, Any]:
    """Return the job once no chunk of it is under work."""
    query = "SELECT id FROM chunks WHERE job_id = %s AND status = 'processing'"
    wait_for(lambda: not quire.rows(query, job_id), "the running chunks to end")
    return quire.job(job_id)


def found_current(job: dict[str, Any]) -> dict[str, Any] | None:
    """Return the job if a chunk of it is under work."""
    return job if job["current"] else None


def calls(quire: QuireClient) -> list[dict[str, Any]]:
    """Return what Document AI has been asked so far."""
    found: list[dict[str, Any]] = httpx.get(
        f"{quire.stack.endpoints['control']}/document-ai/calls"
    ).json()
    return found


def test_seventeen_chunks_say_word_by_word_where_they_are_and_what_can_be_done(
    one_worker: QuireClient, tmp_path: Path
) -> None:
    quire = one_worker
    path = tmp_path / "book.pdf"
    write_born_digital(path, [f"This is leaf number {number}." for number in range(1, 426)])

    with quire.document_ai(latency_per_call_seconds=0.3, let_through=3):
        job_id = quire.submit(path)
        under_work(quire, job_id, done=3)
        paused = quire.act(job_id, "pause")
        assert (paused["status"], flags(paused)) == ("paused", {"resume", "cancel"})
        quire.let_through(None)
        paused = settled(quire, job_id)
        assert paused["message"] == "Paused at chunk 5/17"
        assert (paused["completed_chunks"], paused["progress_percent"]) == (4, 23)

        # Whichever chunk is the next.
        quire.let_through(2, faults=[{"status": "DEADLINE_EXCEEDED", "times": 1}])
        resumed = quire.act(job_id, "resume")
        assert resumed["message"] == "Processing chunk 5/17"
        assert (resumed["status"], flags(resumed)) == ("processing", {"pause", "cancel"})

        under_work(quire, job_id, done=6)
        failing = wait_for(lambda: found_current(quire.job(job_id)), "the next to be read")
        query = "SELECT index FROM chunks WHERE job_id = %s AND status = 'failed'"
        [failed] = [row["index"] for row in quire.rows(query, job_id)]
        assert [error["text"] for error in failing["chunk_errors"]] == [
            f"Chunk {failed + 1} (pages {failed * 25 + 1}-{failed * 25 + 25}) failed:"
            " Document AI timeout"
        ]
        done = failing["completed_chunks"] + 1
        assert failing["message"] == f"Processing chunk {done + 1}/17"
        assert failing["progress_percent"] == done * 100 // 17
        first = failing["current"]["chunk_index"] * 25 + 1
        assert (failing["current"]["page_start"], failing["current"]["page_end"]) == (
            first,
            first + 24,
        )
        assert failing["eta"]["seconds"] >= 1
        assert re.fullmatch(rf"{done - 4} of 13 chunks in \d+ s", failing["eta"]["basis"])
        quire.let_through(10)
        under_work(quire, job_id, done=16)
        quire.act(job_id, "pause")
        quire.let_through(None)
        assert settled(quire, job_id)["stage"] == "merging"
        merging = quire.act(job_id, "resume")
        assert (merging["message"], flags(merging)) == ("Merging OCR results", {"cancel"})
        assert merging["progress_percent"] == 100

    done = quire.wait(job_id)
    assert done["message"] == "Completed with errors: 400 of 425 pages read"
    assert (done["status"], flags(done)) == ("completed_with_errors", {"retry"})

    asked = len(calls(quire))
    retried = quire.act(job_id, "retry")
    assert (retried["message"], retried["retries"]) == ("Processing chunk 17/17", 1)
    done = quire.wait(job_id)
    assert [call["pages"] for call in calls(quire)[asked:]] == [25], "only what had failed"
    assert (done["message"], flags(done)) == ("Completed: 425 pages", set())
    assert done["chunk_errors"] == []


def test_a_paused_job_starts_nothing_and_its_result_is_that_of_an_unpaused_one(
    quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "book.pdf"
    write_mixed(path, pages=34, scanned_every=10)
    undisturbed = quire.submit(path, chunk_pages=2)
    quire.wait(undisturbed)

    with quire.document_ai(let_through=4):
        job_id = quire.submit(path, chunk_pages=2)
        wait_for(lambda: quire.job(job_id)["completed_chunks"] >= 4, "some chunks to be done")
        quire.act(job_id, "pause")
        quire.let_through(None)
        paused = settled(quire, job_id)
    done = quire.rows(
        "SELECT index, attempt, finished_at FROM chunks WHERE job_id = %s"
        " AND status = 'completed' ORDER BY index",
        job_id,
    )
    assert 4 <= len(done) == paused["completed_chunks"] < 17
    # Messages are still there, maintain looks for stopped work, and the workers are idle: a
    # second document goes all the way through them, and still nothing of the paused one starts.
    quire.rows(
        "UPDATE chunks SET dispatched_at = dispatched_at - interval '1 hour' WHERE job_id = %s",
        job_id,
    )
    quire.maintain()
    assert quire.wait(quire.submit(path, chunk_pages=17))["status"] == "completed"
    assert quire.job(job_id)["completed_chunks"] == len(done)
    kinds = [event["kind"] for event in quire.history(job_id)]
    assert "chunk_started" not in kinds[kinds.index("job_paused") + 1 :]

    quire.act(job_id, "resume")
    assert quire.wait(job_id)["status"] == "completed"
    kept = quire.rows(
        "SELECT index, attempt, finished_at FROM chunks WHERE job_id = %s AND index = ANY(%s)"
        " ORDER BY index",
        job_id,
        [chunk["index"] for chunk in done],
    )
    assert kept == done, "finished chunks stay as they are"
    assert quire.result(job_id, "text") == quire.result(undisturbed, "text")
    assert quire.result(job_id)["pages"] == quire.result(undisturbed)["pages"]


def test_a_retry_reads_only_the_page_that_failed(quire: QuireClient, tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    pages = [f"This is leaf number {number}." for number in range(1, 8)]
    pages[4] = "Cursed be the page that no engine reads."
    write_born_digital(path, pages)
    undisturbed = quire.submit(path)
    quire.wait(undisturbed)
    with quire.document_ai(poison="Cursed be the page"):
        job_id = quire.submit(path)
        assert quire.wait(job_id)["status"] == "completed_with_errors"
        # As long as it is poisoned, a retry changes nothing and loses nothing.
        quire.act(job_id, "retry")
        again = quire.wait(job_id)
        assert (again["status"], again["completed_pages"]) == ("completed_with_errors", 6)
    asked = len(calls(quire))
    assert flags(again) == {"retry"}
    quire.act(job_id, "retry")
    done = quire.wait(job_id)
    assert (done["status"], done["completed_pages"], done["failed_pages"]) == ("completed", 7, 0)
    assert [call["pages"] for call in calls(quire)[asked:]] == [1]
    assert quire.result(job_id)["pages"] == quire.result(undisturbed)["pages"]
    assert quire.result(job_id, "text") == quire.result(undisturbed, "text")


def test_a_cancelled_job_reads_nothing_more_and_every_refusal_says_why(
    quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "book.pdf"
    write_born_digital(path, [f"This is leaf number {number}." for number in range(1, 31)])
    with quire.document_ai(let_through=2):
        job_id = quire.submit(path, chunk_pages=1)
        wait_for(lambda: quire.job(job_id)["completed_chunks"] >= 2, "some chunks to be done")
        for _ in range(2):
            cancelled = quire.act(job_id, "cancel")
            assert (cancelled["status"], flags(cancelled)) == ("cancelled", set())
            assert cancelled["message"] == "Cancelled"
    refused = {
        "pause": "JOB_ENDED",
        "resume": "JOB_ENDED",
        "retry": "JOB_CANCELLED",
    }
    for action, code in refused.items():
        answer = quire.http.post(f"/v1/jobs/{job_id}/{action}")
        assert (answer.status_code, answer.json()["code"]) == (409, code)
        assert answer.headers["content-type"] == "application/problem+json"
    answer = quire.http.get(f"/v1/jobs/{job_id}/result")
    assert (answer.status_code, answer.json()["code"]) == (409, "JOB_CANCELLED")
    assert quire.history(job_id)[-1]["kind"] == "job_cancelled"


def test_a_document_without_its_password_is_retried_with_it(
    quire: QuireClient, tmp_path: Path
) -> None:
    import pikepdf

    plain, locked = tmp_path / "plain.pdf", tmp_path / "locked.pdf"
    write_born_digital(plain, ["Open sesame."])
    with pikepdf.open(plain) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="o", user="sesame"))
    job_id = quire.upload(locked)
    failed = quire.wait(job_id)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "PASSWORD_REQUIRED")
    assert flags(failed) == {"retry"}
    quire.act(job_id, "retry", json={"password": "sesame"})
    assert quire.wait(job_id)["status"] == "completed"
    assert "sesame" in quire.result(job_id, "text").lower()
    assert quire.rows("SELECT job_id FROM job_passwords WHERE job_id = %s", job_id) == []
