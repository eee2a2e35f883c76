"""What jobs leave behind in a whole stack, and what maintain leaves of that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage
from storage3 import SyncStorageClient

from infra.local.stack import Stack
from tests.contract.storage_fixtures import google_client, supabase_client
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_mixed


@dataclass(frozen=True)
class Buckets:
    """A look into the stack's storages."""

    google: storage.Client
    supabase: SyncStorageClient

    def of(self, job: dict[str, Any]) -> dict[str, int]:
        """Return how many objects a job and its document have."""
        job_id, document_id = job["job_id"], job["document_id"]
        google, supabase = self.google, self.supabase
        return {
            "source": len(
                list(google.list_blobs("quire-uploads", prefix=f"documents/{document_id}/"))
            ),
            "chunk PDFs": len(list(google.list_blobs("quire-chunks", prefix=f"{job_id}/"))),
            "chunk results": len(supabase.from_("ocr-chunks").list(document_id)),
            "results": len(supabase.from_("ocr-results").list(document_id)),
        }


@pytest.fixture
def buckets(stack: Stack) -> Iterator[Buckets]:
    with (
        closing(google_client(stack.endpoints["gcs"])) as google,
        supabase_client(
            stack.endpoints["supabase"], stack.environment["SUPABASE__SERVICE_KEY"]
        ) as supabase,
    ):
        yield Buckets(google, supabase)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "book.pdf"
    write_mixed(path, pages=6, scanned_every=1000)
    return path


def cleaned(quire: QuireClient, job_id: str) -> bool:
    """Have maintain run, and say whether nobody is cleaning up after the job any more."""
    quire.maintain()
    [row] = quire.rows(
        "SELECT cleaned_at IS NOT NULL AND cleaning_until IS NULL AS is_done"
        " FROM jobs WHERE id = %s",
        job_id,
    )
    return bool(row["is_done"])


def test_chunk_pdfs_go_with_the_jobs_end_and_a_day_later_all_but_the_result(
    quire: QuireClient, buckets: Buckets, book: Path
) -> None:
    job_id = quire.submit(book, chunk_pages=2)
    job = quire.wait(job_id)
    assert job["status"] == "completed"
    wait_for(lambda: cleaned(quire, job_id), "the first clean-up")
    before = {"source": 1, "chunk PDFs": 0, "chunk results": 3, "results": 2}
    assert buckets.of(job) == before
    assert [page["number"] for page in quire.result(job_id)["pages"]] == [1, 2, 3, 4, 5, 6]

    quire.rows(
        "UPDATE jobs SET finished_at = finished_at - interval '25 hours' WHERE id = %s", job_id
    )
    wait_for(lambda: cleaned(quire, job_id) and buckets.of(job) != before, "the second clean-up")
    assert buckets.of(job) == {"source": 1, "chunk PDFs": 0, "chunk results": 0, "results": 2}
    assert len(quire.result(job_id)["pages"]) == 6
    assert len(quire.result(job_id, format="text")) > 100
    again = quire.job(job_id)
    assert (again["status"], again["progress_percent"]) == ("completed", 100)


def test_a_job_with_failed_pages_keeps_its_pieces_and_can_be_retried(
    quire: QuireClient, buckets: Buckets, book: Path
) -> None:
    with quire.document_ai(poison="Page three"):
        job_id = quire.submit(book, chunk_pages=2)
        job = quire.wait(job_id)
    assert job["status"] == "completed_with_errors", job
    quire.maintain()
    assert buckets.of(job) == {"source": 1, "chunk PDFs": 3, "chunk results": 3, "results": 2}
    assert job["can_retry"]
    assert quire.http.post(f"/v1/jobs/{job_id}/retry").status_code == 200
    assert quire.wait(job_id)["status"] == "completed"
    wait_for(lambda: cleaned(quire, job_id), "the clean-up")
    assert buckets.of(job)["chunk PDFs"] == 0
    assert len(quire.result(job_id)["pages"]) == 6


def test_a_cancelled_job_leaves_nothing_behind(
    quire: QuireClient, buckets: Buckets, book: Path
) -> None:
    with quire.document_ai(let_through=1):
        job_id = quire.submit(book, chunk_pages=1)
        wait_for(lambda: quire.job(job_id)["completed_chunks"] > 0, "a first chunk")
        answer = quire.http.post(f"/v1/jobs/{job_id}/cancel")
        assert answer.status_code == 200
        job = answer.json()
        quire.maintain()
        # A worker is still at it, until its lease is over.
        assert buckets.of(job)["chunk PDFs"] == 6

    def gone() -> bool:
        quire.rows("UPDATE chunks SET lease_expires_at = lease_expires_at - interval '1 minute'")
        return cleaned(quire, job_id)

    wait_for(gone, "the clean-up")
    wait_for(lambda: set(buckets.of(job).values()) == {0} or None, "nothing to be there")
    assert quire.rows("SELECT id FROM chunks WHERE job_id = %s", job_id) == []
    assert quire.job(job_id)["status"] == "cancelled"
    assert quire.http.get(f"/v1/jobs/{job_id}/history").json()["events"]
