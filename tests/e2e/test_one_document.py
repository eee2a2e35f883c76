"""A document's whole way, on real parts."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Blob, Client
from storage3 import SyncStorageClient

from tests.e2e.quire_client import QuireClient, wait_for
from tests.e2e.services import as_caller
from tests.pdfs.documents import write_born_digital, write_scan
from tests.pdfs.odd import write_damaged, write_encrypted
from tests.pdfs.text import page_text


@pytest.fixture
def five_pages(tmp_path: Path) -> Path:
    path = tmp_path / "five.pdf"
    write_born_digital(path, [page_text(number) for number in range(1, 6)])
    return path


def test_a_document_becomes_text_boxes_and_a_verified_result(
    quire: QuireClient, five_pages: Path
) -> None:
    job_id = quire.submit(five_pages, chunk_pages=2)
    job = quire.wait(job_id)
    assert job["status"] == "completed"
    assert (job["total_chunks"], job["completed_pages"], job["progress_percent"]) == (3, 5, 100)
    assert job["message"] == "Completed: 5 pages"

    result = quire.result(job_id)
    assert [page["number"] for page in result["pages"]] == [1, 2, 3, 4, 5]
    text = quire.result(job_id, "text")
    assert len(text) == result["text_length"]
    for page in result["pages"]:
        assert text[page["start"] : page["end"]] == page["text"]
        expected = page_text(page["number"]).split()
        assert page["text"].split()[: len(expected)] == expected

    document = quire.rows("SELECT * FROM documents WHERE id = %s", result["document_id"])[0]
    assert (document["status"], document["page_count"]) == ("ocr_complete", 5)
    boxes = quire.rows(
        "SELECT page, word, text, text_start, text_end FROM bounding_boxes"
        " WHERE document_id = %s ORDER BY page, word",
        result["document_id"],
    )
    words = [
        (page["number"], word["text"], word["start"], word["end"])
        for page in result["pages"]
        for word in words_of(page)
    ]
    assert [(b["page"], b["text"], b["text_start"], b["text_end"]) for b in boxes] == words


def test_each_chunks_result_lies_under_its_documents_name_with_its_checksum(
    quire: QuireClient, five_pages: Path
) -> None:
    job_id = quire.submit(five_pages, chunk_pages=2)
    document_id = quire.wait(job_id)["document_id"]
    chunks = quire.rows("SELECT * FROM chunks WHERE job_id = %s ORDER BY index", job_id)
    assert [chunk["result_storage_path"] for chunk in chunks] == [
        f"{document_id}/{index}.json" for index in range(3)
    ]
    environment = quire.stack.environment
    key = environment["SUPABASE__SERVICE_KEY"]
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    with httpx.Client(headers=headers) as http:
        store = SyncStorageClient(
            f"{environment['SUPABASE__URL']}/storage/v1/", headers, http_client=http
        )
        for chunk in chunks:
            content = store.from_("ocr-chunks").download(chunk["result_storage_path"])
            assert hashlib.sha256(content).hexdigest() == chunk["result_checksum"]


def test_an_upload_straight_to_the_bucket_is_read_for_its_owner(
    quire: QuireClient, five_pages: Path
) -> None:
    blob = _upload(quire, "inbox/alice/report.pdf", five_pages)
    [job] = wait_for(
        lambda: quire.rows(
            "SELECT jobs.id FROM jobs JOIN documents ON documents.id = document_id"
            " WHERE object = 'inbox/alice/report.pdf' AND generation = %s",
            blob.generation,
        ),
        "the bucket's event to make a job",
    )
    assert quire.wait(str(job["id"]))["status"] == "completed"


def test_a_doubled_event_makes_one_job_and_not_two(quire: QuireClient, five_pages: Path) -> None:
    blob = _upload(quire, "inbox/alice/doubled.pdf", five_pages)
    event = {
        "ce-id": "1",
        "ce-source": f"//storage.googleapis.com/projects/_/buckets/{blob.bucket.name}",
        "ce-specversion": "1.0",
        "ce-type": "google.cloud.storage.object.v1.finalized",
    }
    body = {"bucket": blob.bucket.name, "name": blob.name, "generation": str(blob.generation)}
    for _ in range(3):
        headers = event | as_caller(quire.stack, "ingest")
        answer = quire.http.post("/ingest", headers=headers, json=body)
        assert answer.status_code == 200, answer.text
    rows = quire.rows(
        "SELECT jobs.id FROM jobs JOIN documents ON documents.id = document_id WHERE object = %s",
        blob.name,
    )
    assert len(rows) == 1
    assert quire.wait(str(rows[0]["id"]))["status"] == "completed"
    merges = "SELECT id FROM job_events WHERE job_id = %s AND kind = 'merge_started'"
    assert len(quire.rows(merges, rows[0]["id"])) == 1


def test_only_the_pages_asked_for_are_read_and_keep_their_numbers(
    quire: QuireClient, five_pages: Path
) -> None:
    job_id = quire.submit(five_pages, pages="2-3,5")
    job = quire.wait(job_id)
    result = quire.result(job_id)
    assert [page["number"] for page in result["pages"]] == [2, 3, 5]
    assert result["pages"][0]["text"].split() == page_text(2).split()
    assert (job["total_pages"], job["page_count"]) == (3, 5)


def test_a_page_range_that_the_document_does_not_have_ends_the_job_with_a_sentence(
    quire: QuireClient, five_pages: Path
) -> None:
    job = quire.wait(quire.upload(five_pages, pages="4-9"))
    assert (job["status"], job["error"]["code"]) == ("failed", "INVALID_PAGE_RANGE")
    assert "has 5 pages" in job["error"]["message"]


@pytest.mark.parametrize(
    ("password", "outcome"),
    [("secret", None), (None, "PASSWORD_REQUIRED"), ("guess", "PASSWORD_WRONG")],
)
def test_a_locked_document_opens_with_its_password_only(
    quire: QuireClient, tmp_path: Path, password: str | None, outcome: str | None
) -> None:
    path = tmp_path / "locked.pdf"
    write_encrypted(path, user="secret")
    options = {"password": password} if password else {}
    job = quire.wait(quire.upload(path, **options))
    assert (job["error"] or {}).get("code") == outcome
    assert job["status"] == ("failed" if outcome else "completed")
    assert quire.rows("SELECT job_id FROM job_passwords") == []


def test_a_poisoned_page_is_found_and_named_and_the_others_are_delivered(
    quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "poisoned.pdf"
    pages = [page_text(number) for number in range(1, 8)]
    pages[4] = "Cursed be the page that no engine reads."
    write_born_digital(path, pages)
    with quire.document_ai(poison="Cursed be the page"):
        job_id = quire.submit(path)
        job = quire.wait(job_id)
    assert job["status"] == "completed_with_errors"
    assert (job["completed_pages"], job["failed_pages"]) == (6, 1)
    assert [error["number"] for error in job["page_errors"]] == [5]
    result = quire.result(job_id)
    assert [page["number"] for page in result["pages"]] == [1, 2, 3, 4, 6, 7]
    assert [error["number"] for error in result["errors"]] == [5]
    assert result["partial"]


def test_an_outage_that_passes_costs_tries_but_no_page(
    quire: QuireClient, five_pages: Path
) -> None:
    fault = {"status": "UNAVAILABLE", "match": {}, "times": 2}
    with quire.document_ai(faults=[fault]):
        job_id = quire.submit(five_pages)
        assert quire.wait(job_id)["status"] == "completed"
    [chunk] = quire.rows("SELECT attempt, failures FROM chunks WHERE job_id = %s", job_id)
    assert chunk == {"attempt": 3, "failures": 2}


def test_a_chunk_that_times_out_for_good_says_so_in_the_users_words(
    quire: QuireClient, five_pages: Path
) -> None:
    fault = {"status": "DEADLINE_EXCEEDED", "match": {"pages": 2}}
    with quire.document_ai(faults=[fault]):
        job_id = quire.submit(five_pages, chunk_pages=2)
        job = quire.wait(job_id)
    assert job["status"] == "completed_with_errors"
    assert [error["text"] for error in job["chunk_errors"]] == [
        "Chunk 1 (pages 1-2) failed: Document AI timeout",
        "Chunk 2 (pages 3-4) failed: Document AI timeout",
    ]
    assert [page["number"] for page in quire.result(job_id)["pages"]] == [5]


def test_a_damaged_document_is_read_as_far_as_it_goes_and_says_that_it_is_partial(
    quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "damaged.pdf"
    write_damaged(path, keep=0.97)
    job_id = quire.submit(path)
    job = quire.wait(job_id)
    assert job["status"] == "completed_with_errors"
    assert job["warnings"]
    assert quire.result(job_id)["partial"]


def test_a_stored_result_that_was_damaged_is_read_again(
    quire: QuireClient, five_pages: Path
) -> None:
    with quire.document_ai(let_through=1):
        job_id = quire.submit(five_pages, chunk_pages=4)
        done = "SELECT id FROM chunks WHERE job_id = %s AND status = 'completed'"
        [chunk] = wait_for(lambda: quire.rows(done, job_id), "the first chunk to be done")
        quire.rows("UPDATE chunks SET result_checksum = 'wrong' WHERE id = %s", chunk["id"])
    assert quire.wait(job_id)["status"] == "completed"
    kinds = [kind for _, kind, _ in quire.events(job_id)]
    assert kinds.count("chunk_reopened") == 1
    assert len(quire.result(job_id)["pages"]) == 5


def test_events_tell_the_whole_way_and_are_replayed_from_any_point(
    quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "scan.pdf"
    write_scan(path, [page_text(number) for number in (1, 2)])
    job_id = quire.submit(path, chunk_pages=1)
    told = list(quire.events(job_id))
    assert told[-1][1] == "end"
    ids = [int(number) for number, kind, _ in told if kind != "end"]
    assert ids == list(range(1, len(ids) + 1))
    kinds = [kind for _, kind, _ in told]
    assert kinds[0] == "job_created"
    assert kinds[-2:] == ["job_completed", "end"]
    lines = {content["job"]["message"] for _, _, content in told}
    assert "Processing chunk 1/2" in lines
    again = [number for number, kind, _ in quire.events(job_id, after=3) if kind != "end"]
    assert [int(number) for number in again] == ids[3:]


def test_another_owner_and_an_anonymous_caller_see_nothing(
    quire: QuireClient, five_pages: Path
) -> None:
    job_id = quire.submit(five_pages)
    with QuireClient(quire.stack, owner="mallory") as other:
        for path in ("", "/events", "/result"):
            assert other.http.get(f"/v1/jobs/{job_id}{path}").status_code == 404
            url = f"{quire.stack.endpoints['api']}/v1/jobs/{job_id}{path}"
            assert httpx.get(url).status_code == 401


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [(b"", 415, "NOT_A_PDF"), (b"GIF89a", 415, "NOT_A_PDF")],
)
def test_what_is_not_a_pdf_is_refused_before_anything_is_stored(
    quire: QuireClient, content: bytes, status: int, code: str
) -> None:
    before = quire.rows("SELECT count(*) FROM documents")
    answer = quire.http.post("/v1/documents", files={"file": ("x.pdf", content)})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert quire.rows("SELECT count(*) FROM documents") == before


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"pages": "9-3"}, "INVALID_PAGE_RANGE"),
        ({"chunk_pages": 0}, "CHUNK_TOO_LARGE"),
        ({"chunk_pages": 1001}, "CHUNK_TOO_LARGE"),
        ({"languages": ["klingon!"]}, "INVALID_REQUEST"),
        ({"colour": "red"}, "INVALID_REQUEST"),
        ("no object", "INVALID_REQUEST"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_what_to_do(
    quire: QuireClient, five_pages: Path, options: object, code: str
) -> None:
    answer = quire.http.post(
        "/v1/documents",
        files={"file": ("x.pdf", five_pages.read_bytes())},
        data={"options": json.dumps(options)},
    )
    assert (answer.status_code // 100, answer.json()["code"]) == (4, code)
    assert answer.json()["detail"]


def test_a_large_document_goes_straight_to_the_bucket_by_a_resumable_upload(
    quire: QuireClient, five_pages: Path
) -> None:
    content = five_pages.read_bytes()
    answer = quire.http.post(
        "/v1/documents", json={"filename": "big.pdf", "size": len(content), "options": {}}
    )
    assert answer.status_code == 202, answer.text
    upload = answer.json()["upload"]
    assert upload["method"] == "PUT"
    assert httpx.put(upload["url"], content=content).status_code == 200
    assert quire.wait(answer.json()["job_id"])["status"] == "completed"


def words_of(page: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        word
        for block in page["blocks"]
        for paragraph in block["paragraphs"]
        for line in paragraph["lines"]
        for word in line["words"]
    ]


def _upload(quire: QuireClient, name: str, path: Path) -> Blob:
    """Put a file into the uploads bucket as anybody with rights on it could."""
    client = Client(
        project="quire-local",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": quire.stack.endpoints["gcs"]},
    )
    with closing(client):
        blob = client.bucket("quire-uploads").blob(name)
        blob.upload_from_filename(str(path))
    return blob
