"""What was read once is not paid for twice: the same document sent again, on real parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from storage3 import SyncStorageClient

from tests.e2e.batch_client import calls
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital
from tests.pdfs.odd import write_damaged
from tests.pdfs.text import page_text

Pdf = Callable[..., Path]


@pytest.fixture
def pdf(tmp_path: Path) -> Pdf:
    """Writes PDFs that no other test has sent."""

    def write(pages: int) -> Path:
        path = tmp_path / f"{uuid4().hex}.pdf"
        texts = [f"{path.stem} {page_text(number)}" for number in range(1, pages + 1)]
        write_born_digital(path, texts)
        return path

    return write


def read(quire: QuireClient, path: Path, **options: object) -> tuple[dict[str, Any], int, Any]:
    """Send a document; return its job, how many pages were asked of Document AI, its result."""
    before = len(calls(quire))
    job_id = quire.upload(path, cache=True, **options)
    job = quire.wait(job_id)
    pages = sum(call["pages"] for call in calls(quire)[before:])
    return job, pages, quire.result(job_id)


def test_the_same_document_is_not_read_again_and_its_result_is_the_same_page_by_page(
    quire: QuireClient, pdf: Pdf
) -> None:
    path = pdf(7)
    first, read_first, one = read(quire, path, chunk_pages=3)
    again, read_again, two = read(quire, path, chunk_pages=3)
    assert (first["status"], read_first) == ("completed", 7)
    assert (again["status"], read_again) == ("completed", 0)
    assert two["pages"] == one["pages"]
    assert two["document_id"] != one["document_id"]
    row = quire.rows("SELECT * FROM jobs WHERE id = %s", again["job_id"])[0]
    assert (row["cached_chunks"], row["cached_pages"], row["completed_pages"]) == (3, 7, 7)
    boxes = [
        quire.rows(
            "SELECT page, word, text, x0, y0 FROM bounding_boxes WHERE document_id = %s"
            " ORDER BY page, word",
            result["document_id"],
        )
        for result in (one, two)
    ]
    assert boxes[0] == boxes[1] != []


def test_of_added_pages_only_those_are_read_and_a_changed_option_reads_what_it_changes(
    quire: QuireClient, pdf: Pdf
) -> None:
    path = pdf(12)
    assert read(quire, path, pages="1-4", chunk_pages=2)[1] == 4
    job, pages, result = read(quire, path, pages="1-4,9-12", chunk_pages=2)
    assert pages == 4
    assert [page["number"] for page in result["pages"]] == [1, 2, 3, 4, 9, 10, 11, 12]
    assert job["completed_pages"] == 8
    assert read(quire, path, pages="1-4", chunk_pages=2, outputs=["text"])[1] == 0
    assert read(quire, path, pages="1-4", chunk_pages=2, languages=["fr"])[1] == 4
    assert read(quire, path, pages="1-4", chunk_pages=4)[1] == 4


def test_whoever_asks_for_it_has_everything_read(quire: QuireClient, pdf: Pdf) -> None:
    path = pdf(2)
    read(quire, path)
    before = len(calls(quire))
    quire.wait(quire.upload(path, cache=False))
    assert len(calls(quire)) - before == 1


def test_another_owner_pays_for_the_same_document(quire: QuireClient, pdf: Pdf) -> None:
    path = pdf(2)
    assert read(quire, path)[1] == 2
    with QuireClient(quire.stack, owner="bob") as bob:
        assert read(bob, path)[1] == 2


def test_two_at_the_same_moment_are_read_once(quire: QuireClient, pdf: Pdf) -> None:
    path = pdf(6)
    before = len(calls(quire))
    with quire.document_ai(let_through=0):
        jobs = [quire.upload(path, cache=True, chunk_pages=2) for _ in range(4)]
        quire.let_through(None)
        ends = [quire.wait(job_id) for job_id in jobs]
    assert [end["status"] for end in ends] == ["completed"] * 4
    assert sum(call["pages"] for call in calls(quire)[before:]) == 6
    [found] = quire.rows(
        "SELECT sum(cached_pages)::int AS pages FROM jobs WHERE id = ANY(%s)", jobs
    )
    assert found == {"pages": 18}


def test_the_first_readers_failure_is_not_the_seconds(quire: QuireClient, pdf: Pdf) -> None:
    path = pdf(1)
    first = quire.upload(path, cache=True)
    second = quire.upload(path, cache=True)
    quire.act(first, "cancel")
    assert quire.wait(second)["status"] == "completed"


def test_a_damaged_result_is_read_again_and_kept_anew(quire: QuireClient, pdf: Pdf) -> None:
    path = pdf(4)
    _, _, one = read(quire, path, chunk_pages=2)
    [kept] = quire.rows(
        "SELECT path FROM result_cache WHERE document_id = %s AND path LIKE '%%/1.json'",
        one["document_id"],
    )
    _damage(quire, kept["path"])
    job, pages, two = read(quire, path, chunk_pages=2)
    assert (job["status"], pages) == ("completed", 2)
    assert two["pages"] == one["pages"]
    row = quire.rows("SELECT * FROM jobs WHERE id = %s", job["job_id"])[0]
    assert (row["cached_chunks"], row["cached_pages"]) == (1, 2)
    assert read(quire, path, chunk_pages=2)[1] == 0


def test_nothing_is_kept_of_a_damaged_document(quire: QuireClient, tmp_path: Path) -> None:
    path = tmp_path / "damaged.pdf"
    write_damaged(path, keep=0.97)
    for _ in range(2):
        _, pages, result = read(quire, path)
        assert result["partial"]
        assert pages > 0
    kept = "SELECT key FROM result_cache WHERE document_id = %s"
    assert quire.rows(kept, result["document_id"]) == []


def _damage(quire: QuireClient, path: str) -> None:
    environment = quire.stack.environment
    key = environment["SUPABASE__SERVICE_KEY"]
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    with httpx.Client(headers=headers) as http:
        store = SyncStorageClient(
            f"{environment['SUPABASE__URL']}/storage/v1/", headers, http_client=http
        )
        bucket = store.from_("ocr-chunks")
        bucket.remove([path])
        bucket.upload(path, b"bit rot", {"content-type": "application/json"})
