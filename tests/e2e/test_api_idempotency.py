"""One key is one request, however often and however simultaneously it is sent."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.api_requests import TINY_PDF, refused
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital
from tests.pdfs.text import page_text


@pytest.fixture
def page(tmp_path: Path) -> bytes:
    path = tmp_path / "page.pdf"
    write_born_digital(path, [page_text(1)])
    return path.read_bytes()


def test_the_same_request_with_the_same_key_gives_the_same_job(
    quire: QuireClient, page: bytes
) -> None:
    key, before = str(uuid4()), documents(quire)
    first, again = (sent(quire, key, page) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["job_id"] == first.json()["job_id"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert documents(quire) == before + 1


def test_a_replay_that_waits_is_answered_with_the_first_ones_result(
    quire: QuireClient, page: bytes
) -> None:
    key = str(uuid4())
    first, again = (sent(quire, key, page, prefer="wait=60") for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    "change",
    [
        {"content": TINY_PDF},
        {"filename": "other.pdf"},
        {"options": {"priority": "low"}},
        {"options": {"password": "secret"}},
        {"options": {"matter": "m1"}},
    ],
)
def test_another_request_with_the_same_key_is_refused(
    quire: QuireClient, page: bytes, change: dict[str, Any]
) -> None:
    key = str(uuid4())
    job_id = sent(quire, key, page).json()["job_id"]
    answer = sent(quire, key, **{"content": page, **change})
    refused(answer, 422, "IDEMPOTENCY_KEY_REUSED")
    announced = {"filename": "a.pdf", "size": len(page)}
    answer = quire.http.post("/v1/documents", json=announced, headers={"Idempotency-Key": key})
    refused(answer, 422, "IDEMPOTENCY_KEY_REUSED")
    assert sent(quire, key, page).json()["job_id"] == job_id


def test_another_password_is_another_request_and_neither_is_kept(
    quire: QuireClient, page: bytes
) -> None:
    key = str(uuid4())
    for password, status in (("first", 202), ("first", 202), ("second", 422)):
        assert sent(quire, key, page, options={"password": password}).status_code == status
    [row] = quire.rows("SELECT * FROM idempotency_keys WHERE key = %s", key)
    assert "first" not in str(row)


def test_twins_that_come_at_one_moment_make_exactly_one_job(
    quire: QuireClient, page: bytes
) -> None:
    for _ in range(3):
        key, start, before = str(uuid4()), Barrier(8), documents(quire)

        def send(_: int, key: str = key, start: Barrier = start) -> httpx.Response:
            with QuireClient(quire.stack) as twin:
                start.wait()
                return sent(twin, key, page)

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(send, range(8)))
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json()["job_id"] for answer in answers}) == 1
        assert sum("idempotency-replayed" in answer.headers for answer in answers) == 7
        assert documents(quire) == before + 1
        assert quire.wait(answers[0].json()["job_id"])["status"] == "completed"


def test_a_key_is_its_owners_alone(quire: QuireClient, page: bytes) -> None:
    key = str(uuid4())
    mine = sent(quire, key, page).json()["job_id"]
    with QuireClient(quire.stack, owner="bob") as bob:
        answer = sent(bob, key, TINY_PDF)
        assert answer.status_code == 202, answer.text
        assert answer.json()["job_id"] != mine


def test_an_old_key_is_as_good_as_new(quire: QuireClient, page: bytes) -> None:
    key = str(uuid4())
    first = sent(quire, key, page).json()["job_id"]
    older = (
        "UPDATE idempotency_keys SET created_at = created_at - make_interval(hours => %s)"
        " WHERE key = %s"
    )
    quire.rows(older, 23, key)
    assert sent(quire, key, page).json()["job_id"] == first
    quire.rows(older, 2, key)
    answer = sent(quire, key, TINY_PDF)
    assert answer.status_code == 202, answer.text
    assert answer.json()["job_id"] != first
    assert len(quire.rows("SELECT * FROM idempotency_keys WHERE key = %s", key)) == 1


def test_a_request_that_died_before_its_upload_is_completed_by_the_next(
    quire: QuireClient, page: bytes
) -> None:
    key = str(uuid4())
    announced = {"filename": "a.pdf", "size": len(page), "options": {"pages": "1"}}

    def announce() -> httpx.Response:
        return quire.http.post("/v1/documents", json=announced, headers={"Idempotency-Key": key})

    first, again = announce(), announce()
    assert again.json()["job_id"] == first.json()["job_id"]
    assert httpx.put(again.json()["upload"]["url"], content=page).status_code == 200
    assert quire.wait(first.json()["job_id"])["status"] == "completed"
    done = announce()
    assert (done.status_code, done.json()["job"]["status"]) == (200, "completed")


def test_a_file_that_could_not_be_stored_is_stored_by_the_request_that_is_sent_again(
    quire: QuireClient, page: bytes
) -> None:
    key = str(uuid4())
    job_id = sent(quire, key, page).json()["job_id"]
    assert quire.wait(job_id)["status"] == "completed"
    # As the database is after a process that died between the row and the upload.
    lost = str(uuid4())
    quire.rows(
        "WITH document AS (INSERT INTO documents (id, owner, filename, bucket, object, size)"
        " SELECT %s::uuid, owner, filename, bucket, 'documents/' || %s || '/source.pdf', size"
        " FROM documents WHERE id = (SELECT document_id FROM jobs WHERE id = %s) RETURNING id),"
        " job AS (INSERT INTO jobs (id, document_id, owner, last_event)"
        " SELECT gen_random_uuid(), id, 'alice', 1 FROM document RETURNING id),"
        " event AS (INSERT INTO job_events (job_id, id, kind) SELECT id, 1, 'job_created' FROM job)"
        " UPDATE idempotency_keys SET job_id = (SELECT id FROM job) WHERE key = %s",
        lost,
        lost,
        job_id,
        key,
    )
    answer = sent(quire, key, page, prefer="wait=60")
    assert answer.status_code == 200, answer.text
    assert answer.json()["job"]["document_id"] == lost
    assert answer.json()["job"]["status"] == "completed"


def test_what_was_refused_uses_no_key(quire: QuireClient, page: bytes) -> None:
    key = str(uuid4())
    refused(sent(quire, key, page, options={"pages": "9"}), 422, "INVALID_PAGE_RANGE")
    assert sent(quire, key, page).status_code == 202


@pytest.mark.parametrize("key", ["", "a b", "ü", "x" * 256])
def test_a_key_that_is_none_is_refused(quire: QuireClient, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    answer = quire.http.post("/v1/documents", json={}, headers=headers)
    assert "Idempotency-Key" in refused(answer, 422, "INVALID_REQUEST")


def sent(
    quire: QuireClient,
    key: str,
    content: bytes,
    *,
    filename: str = "a.pdf",
    options: dict[str, object] | None = None,
    prefer: str = "respond-async",
) -> httpx.Response:
    return quire.http.post(
        "/v1/documents",
        files={"file": (filename, content)},
        data={"options": json.dumps(options or {})},
        headers={"Idempotency-Key": key, "Prefer": prefer},
    )


def documents(quire: QuireClient) -> int:
    count: int = quire.rows("SELECT count(*) FROM documents")[0]["count"]
    return count
