"""Batches through the real door: manifests in three forms, checked whole, made once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Bucket, Client

from tests.e2e.api_requests import refused
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_born_digital
from tests.pdfs.text import page_text

BUCKET = "gs://quire-uploads"


@pytest.fixture
def uploads(quire: QuireClient) -> Iterator[Bucket]:
    """The uploads bucket, written to directly."""
    client = Client(
        project="quire-local",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": quire.stack.endpoints["gcs"]},
    )
    with closing(client):
        yield client.bucket("quire-uploads")


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path: Path = tmp_path_factory.mktemp("page") / "page.pdf"
    write_born_digital(path, [page_text(1)])
    return path.read_bytes()


@pytest.fixture
def folder() -> str:
    return f"batches/alice/{uuid4()}"


def put(bucket: Bucket, content: bytes, *names: str, kind: str = "application/pdf") -> None:
    for name in names:
        bucket.blob(name).upload_from_string(content, content_type=kind)


def submit(quire: QuireClient, *documents: dict[str, Any], **fields: Any) -> httpx.Response:
    return quire.http.post("/v1/batches", json={"documents": documents, **fields})


def made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    batch: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/batches/{batch['batch_id']}"
    return batch


def wrong(answer: httpx.Response) -> list[tuple[int, str]]:
    """Return the line and code of all that is said to be wrong with a manifest."""
    refused(answer, 422, "MANIFEST_INVALID")
    problem = answer.json()
    assert problem["error_count"] == len(problem["errors"])
    for error in problem["errors"]:
        assert error["message"].endswith("."), error
    return [(error["line"], error["code"]) for error in problem["errors"]]


def ended(quire: QuireClient, batch_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        batch: dict[str, Any] = quire.http.get(f"/v1/batches/{batch_id}").json()
        return batch if batch["finished_at"] else None

    return wait_for(look, f"batch {batch_id} to end")


def documents_of(quire: QuireClient, batch: dict[str, Any]) -> list[dict[str, Any]]:
    answer = quire.http.get(f"/v1/batches/{batch['batch_id']}/documents")
    assert answer.status_code == 200, answer.text
    documents: list[dict[str, Any]] = answer.json()["documents"]
    return documents


def counts(quire: QuireClient) -> dict[str, Any]:
    [row] = quire.rows(
        "SELECT (SELECT count(*) FROM documents) AS documents,"
        "       (SELECT count(*) FROM jobs) AS jobs, (SELECT count(*) FROM batches) AS batches,"
        "       (SELECT count(*) FROM idempotency_keys) AS keys"
    )
    return row


def test_objects_are_read_as_the_manifest_names_them(
    quire: QuireClient, uploads: Bucket, folder: str, page: bytes
) -> None:
    put(uploads, page, f"{folder}/a.pdf", f"{folder}/b/c.pdf", f"{folder}/b/d/e.PDF")
    put(uploads, b"no pdf", f"{folder}/b/note.txt", kind="text/plain")
    batch = made(
        submit(
            quire,
            {"uri": f"{BUCKET}/{folder}/a.pdf"},
            {"uri": f"{BUCKET}/{folder}/b/", "priority": "high"},
            name="boxes",
        )
    )
    assert (batch["name"], batch["total"]) == ("boxes", 3)
    assert ended(quire, batch["batch_id"])["status"] == "completed"
    documents = documents_of(quire, batch)
    assert [each["filename"] for each in documents] == ["a.pdf", "c.pdf", "e.PDF"]
    assert [quire.job(each["job_id"])["priority"] for each in documents] == [
        "normal",
        "high",
        "high",
    ]


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson", "text/csv"])
def test_the_three_forms_say_the_same(
    quire: QuireClient, uploads: Bucket, folder: str, page: bytes, kind: str
) -> None:
    put(uploads, page, f"{folder}/a.pdf", f"{folder}/é, b.pdf")
    first = {"uri": f"{BUCKET}/{folder}/a.pdf", "options": {"languages": ["en", "de"]}}
    second = {
        "uri": f"{BUCKET}/{folder}/é, b.pdf",
        "options": {"pages": "1", "chunk_pages": 5},
        "priority": "low",
    }
    stated = {"name": "boxes", "priority": "high", "paused": "true"}
    match kind:
        case "application/json":
            told = {"documents": [first, second], **stated, "paused": True}
            content, stated = json.dumps(told).encode(), {}
        case "application/x-ndjson":
            content = b"\xef\xbb\xbf" + b"\r\n\r\n".join(
                json.dumps(each).encode() for each in (first, second)
            )
        case _:
            content = (
                "\ufeffURI;Pages;Languages;chunk_pages;priority;\r\n"
                f"{first['uri']};;en de;;;\r\n;;;;;\r\n{second['uri']};1;;5;low;\r\n"
            ).encode()
    batch = made(
        quire.http.post(
            "/v1/batches",
            params=stated,
            content=content,
            headers={"Content-Type": f"{kind}; charset=utf-8"},
        )
    )
    assert (batch["name"], batch["priority"], batch["status"]) == ("boxes", "high", "paused")
    jobs = quire.rows(
        "SELECT options - 'outputs' AS options, priority, filename"
        "  FROM jobs JOIN documents ON documents.id = document_id"
        " WHERE batch_id = %s ORDER BY batch_position",
        batch["batch_id"],
    )
    assert jobs == [
        {"options": {"languages": ["en", "de"]}, "priority": "high", "filename": "a.pdf"},
        {
            "options": {"pages": "1", "chunk_pages": 5},
            "priority": "low",
            "filename": "é, b.pdf",
        },
    ]


def test_every_bad_line_is_named_and_nothing_is_written(
    quire: QuireClient, uploads: Bucket, folder: str, page: bytes
) -> None:
    put(uploads, page, f"{folder}/a.pdf")
    put(uploads, b"text", f"{folder}/note.txt", kind="text/plain")
    before = counts(quire)
    good = {"uri": f"{BUCKET}/{folder}/a.pdf"}
    answer = submit(
        quire,
        good,
        {},
        {**good, "document_id": str(uuid4())},
        {"uri": f"{BUCKET}/{folder}/none.pdf"},
        {"uri": f"{BUCKET}/{folder}/note.txt"},
        {"uri": f"{BUCKET}/{folder}/x*.pdf"},
        {"uri": "s3://bucket/a.pdf"},
        {"uri": "gs://quire-chunks/batches/alice/a.pdf"},
        {"uri": f"{BUCKET}/batches/alice/../bob/a.pdf"},
        {"document_id": str(uuid4())},
        {"document_id": "7"},
        {**good, "options": {"pages": "3-1"}},
        {**good, "options": {"chunk_pages": 5000}},
        {**good, "options": {"password": "x"}},
        {**good, "colour": "red"},
        {**good, "priority": "urgent"},
        good,
        {**good, "options": {"pages": "1"}},
        "a.pdf",  # type: ignore[arg-type]
    )
    assert wrong(answer) == [
        (2, "NO_SOURCE"),
        (3, "TWO_SOURCES"),
        (4, "OBJECT_NOT_FOUND"),
        (5, "NOT_A_PDF"),
        (6, "NOTHING_MATCHES"),
        (7, "INVALID_URI"),
        (8, "BUCKET_NOT_ALLOWED"),
        (9, "INVALID_URI"),
        (10, "DOCUMENT_NOT_FOUND"),
        (11, "INVALID_REQUEST"),
        (12, "INVALID_PAGE_RANGE"),
        (13, "CHUNK_TOO_LARGE"),
        (14, "INVALID_REQUEST"),
        (15, "INVALID_REQUEST"),
        (16, "INVALID_REQUEST"),
        (17, "DUPLICATE"),
        (19, "INVALID_REQUEST"),
    ]
    assert "line 1" in answer.json()["errors"][15]["message"]
    assert counts(quire) == before


@pytest.mark.parametrize(
    "uri",
    [
        f"{BUCKET}/batches/bob/secret.pdf",
        f"{BUCKET}/inbox/bob/secret.pdf",
        f"{BUCKET}/batches/bob/*",
        f"{BUCKET}/batches/*/secret.pdf",
        f"{BUCKET}/**",
        f"{BUCKET}/batches/alice*/secret.pdf",
        f"{BUCKET}/secret.pdf",
    ],
)
def test_nobody_learns_what_lies_in_others_folders(
    quire: QuireClient, uploads: Bucket, page: bytes, uri: str
) -> None:
    def answer() -> dict[str, Any]:
        answered = submit(quire, {"uri": uri})
        assert wrong(answered) == [(1, "OBJECT_NOT_ALLOWED")]
        problem: dict[str, Any] = answered.json()
        return problem

    names = ("batches/bob/secret.pdf", "inbox/bob/secret.pdf", "secret.pdf")
    for name in names:
        if uploads.blob(name).exists():
            uploads.blob(name).delete()
    before = answer()
    put(uploads, page, *names)
    assert answer() == before


def test_another_owners_document_is_not_there(quire: QuireClient) -> None:
    [own] = announced(quire, 1)
    with QuireClient(quire.stack, owner="bob") as bob:
        answer = submit(bob, {"document_id": own["document_id"]})
        assert wrong(answer) == [(1, "DOCUMENT_NOT_FOUND")]
        assert answer.json()["detail"] == (
            f"Line 1 of the manifest: There is no document `{own['document_id']}`. Nothing was "
            "begun."
        )


def submit_as_operator(quire: QuireClient, uri: str) -> httpx.Response:
    token = jwt.encode(
        {
            "sub": "root",
            "aud": "authenticated",
            "exp": time.time() + 3600,
            "app_metadata": {"role": "admin"},
        },
        quire.stack.environment["SUPABASE__JWT_SECRET"],
        algorithm="HS256",
    )
    return quire.http.post(
        "/v1/batches",
        json={"documents": [{"uri": uri}]},
        headers={"Authorization": f"Bearer {token}"},
    )


def test_an_operator_may_name_any_object_of_these_buckets(
    quire: QuireClient, uploads: Bucket, page: bytes
) -> None:
    name = f"batches/bob/{uuid4()}.pdf"
    put(uploads, page, name)
    answer = submit_as_operator(quire, f"{BUCKET}/{name}")
    assert made(answer)["total"] == 1
    # It is the operator's document from then on, and so it is not bob's.
    with QuireClient(quire.stack, owner="bob") as bob:
        assert wrong(submit(bob, {"uri": f"{BUCKET}/{name}"})) == [(1, "OBJECT_NOT_FOUND")]


def test_an_upload_whose_landing_nobody_told_yet_is_its_owners_whatever_an_operator_names(
    quire: QuireClient, uploads: Bucket, page: bytes
) -> None:
    [own] = announced(quire, 1, len(page))
    name = f"documents/{own['document_id']}/source.pdf"
    put(uploads, page, name)
    assert wrong(submit_as_operator(quire, f"{BUCKET}/{name}")) == [(1, "UPLOAD_BY_URI")]
    below = f"{BUCKET}/documents/{own['document_id']}/*"
    assert wrong(submit_as_operator(quire, below)) == [(1, "UPLOAD_BY_URI")]
    around = f"{BUCKET}/documents*/{own['document_id']}/*"
    assert wrong(submit_as_operator(quire, around)) == [(1, "NOTHING_MATCHES")]
    assert made(submit(quire, {"document_id": own["document_id"]}))["total"] == 1


def test_who_is_limited_to_a_matter_reads_its_folder_alone(
    quire: QuireClient, uploads: Bucket, page: bytes
) -> None:
    name = f"{uuid4()}.pdf"
    names = [f"batches/alice/{name}", f"batches/alice/m1/{name}", f"batches/alice/m2/{name}"]
    put(uploads, page, *names)
    answer = quire.http.post(
        "/v1/api-keys",
        json={"name": "m1", "scopes": ["documents:write", "jobs:read"], "matters": ["m1"]},
    )
    limited = {"Authorization": f"Bearer {answer.json()['key']}"}

    def submitted(name: str, **fields: Any) -> httpx.Response:
        manifest = {"documents": [{"uri": f"{BUCKET}/{name}"}], **fields}
        return quire.http.post("/v1/batches", json=manifest, headers=limited)

    for other in (names[0], names[2]):
        assert wrong(submitted(other)) == [(1, "OBJECT_NOT_ALLOWED")]
    refused(submitted(names[2], matter="m2"), 403, "FORBIDDEN")
    batch = made(submitted(names[1]))
    assert batch["matter"] == "m1"
    other_matter = {"documents": [{"uri": f"{BUCKET}/{names[1]}"}], "matter": "m2"}
    assert wrong(quire.http.post("/v1/batches", json=other_matter)) == [(1, "OTHER_MATTER")]


def announced(quire: QuireClient, count: int, size: int = 9, **fields: Any) -> list[dict[str, Any]]:
    documents = [{"filename": f"a/{at}.pdf", "size": size} for at in range(count)]
    answer = quire.http.post("/v1/uploads", json={"documents": documents, **fields})
    assert answer.status_code == 201, answer.text
    found: list[dict[str, Any]] = answer.json()["uploads"]
    return found


def test_documents_are_announced_sent_and_read_by_a_batch_at_once(
    quire: QuireClient, page: bytes
) -> None:
    places = announced(quire, 5, len(page))
    for place in places[:4]:
        assert httpx.put(place["upload_url"], content=page).status_code == 200
    entries = [{"document_id": place["document_id"]} for place in places]
    # The last has not been sent; of the others nobody may have heard yet.
    assert wrong(submit(quire, *entries)) == [(5, "UPLOAD_MISSING")]
    batch = made(submit(quire, *entries[:4], matter="2026-7"))
    end = ended(quire, batch["batch_id"])
    assert (end["status"], end["completed"]) == ("completed", 4)
    document = quire.http.get(f"/v1/documents/{places[0]['document_id']}").json()
    assert (document["filename"], document["matter"]) == ("0.pdf", "2026-7")
    assert len(document["jobs"]) == 1
    # Another batch may read them again, and not for another matter.
    made(submit(quire, entries[0], matter="2026-7"))
    assert wrong(submit(quire, entries[0], matter="2026-8")) == [(1, "OTHER_MATTER")]


def test_a_single_document_is_held_for_a_batch(quire: QuireClient, page: bytes) -> None:
    key, before = str(uuid4()), counts(quire)

    def announce(**changes: Any) -> httpx.Response:
        wanted = {"filename": "a.pdf", "size": len(page), "process": False, **changes}
        return quire.http.post("/v1/documents", json=wanted, headers={"Idempotency-Key": key})

    first, again = announce(), announce()
    assert (first.status_code, again.status_code) == (201, 201)
    document_id = first.json()["document_id"]
    assert again.json()["document_id"] == document_id
    assert again.headers["idempotency-replayed"] == "true"
    assert first.headers["location"] == f"/v1/documents/{document_id}"
    refused(announce(filename="b.pdf"), 422, "IDEMPOTENCY_KEY_REUSED")
    refused(announce(process=True), 422, "IDEMPOTENCY_KEY_REUSED")
    assert httpx.put(again.json()["upload"]["url"], content=page).status_code == 200
    assert "upload" not in announce().json()
    after = counts(quire)
    assert (after["documents"], after["jobs"]) == (before["documents"] + 1, before["jobs"])
    batch = made(submit(quire, {"document_id": document_id}))
    assert ended(quire, batch["batch_id"])["status"] == "completed"


def test_what_is_held_says_nothing_of_reading(quire: QuireClient) -> None:
    answer = quire.http.post(
        "/v1/documents",
        json={"filename": "a.pdf", "size": 9, "process": False, "options": {"pages": "1"}},
    )
    assert "matter" in refused(answer, 422, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "documents",
    [
        [],
        [{"filename": "a.pdf", "size": 0}],
        [{"filename": "a.pdf"}],
        [{"filename": "a.pdf", "size": 9}] * 1001,
        "a",
    ],
)
def test_announcements_that_make_no_sense_are_refused(
    quire: QuireClient, documents: object
) -> None:
    before = counts(quire)
    answer = quire.http.post("/v1/uploads", json={"documents": documents})
    refused(answer, 422, "INVALID_REQUEST")
    too_large = [{"filename": "a.pdf", "size": 5 * 10**12}]
    answer = quire.http.post("/v1/uploads", json={"documents": too_large})
    refused(answer, 413, "DOCUMENT_TOO_LARGE")
    assert counts(quire) == before


def test_what_lies_ready_for_a_batch_is_not_read_when_it_lands(
    quire: QuireClient, uploads: Bucket, folder: str, page: bytes
) -> None:
    put(uploads, page, f"{folder}/a.pdf")
    name = f"inbox/alice/{uuid4()}.pdf"
    put(uploads, page, name)
    # Events are delivered in their order, so the first has been here when the second was.
    wait_for(lambda: quire.rows("SELECT id FROM documents WHERE object = %s", name), "the inbox")
    assert not quire.rows("SELECT id FROM documents WHERE object = %s", f"{folder}/a.pdf")
    # What was read when it landed may be read again by a batch.
    batch = made(submit(quire, {"uri": f"{BUCKET}/{name}"}))
    [document] = documents_of(quire, batch)
    jobs = quire.rows(
        "SELECT run, batch_id::text FROM jobs WHERE document_id = %s ORDER BY run",
        document["document_id"],
    )
    assert [(job["run"], job["batch_id"]) for job in jobs] == [(1, None), (2, batch["batch_id"])]


def test_one_key_is_one_batch_however_often_and_simultaneously_it_is_sent(
    quire: QuireClient, uploads: Bucket, folder: str, page: bytes
) -> None:
    put(uploads, page, f"{folder}/a.pdf", f"{folder}/b.pdf")
    key, start, before = str(uuid4()), Barrier(4), counts(quire)
    manifest = {"documents": [{"uri": f"{BUCKET}/{folder}/*.pdf"}], "paused": True}

    def send(content: object) -> httpx.Response:
        with QuireClient(quire.stack) as twin:
            if content is manifest:
                start.wait()
            headers = {"Idempotency-Key": key}
            return twin.http.post("/v1/batches", json=content, headers=headers)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(send, [manifest] * 4))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["batch_id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 3
    refused(send({**manifest, "name": "other"}), 422, "IDEMPOTENCY_KEY_REUSED")
    after = counts(quire)
    assert (after["batches"], after["jobs"]) == (before["batches"] + 1, before["jobs"] + 2)


def test_a_key_of_another_matters_caller_is_another_request(
    quire: QuireClient, uploads: Bucket, page: bytes
) -> None:
    name = f"batches/alice/m1/{uuid4()}.pdf"
    put(uploads, page, name)
    key, before = str(uuid4()), counts(quire)["batches"]

    def send(matter: str) -> httpx.Response:
        scopes = ["documents:write", "jobs:read"]
        asked = {"name": matter, "scopes": scopes, "matters": [matter]}
        token = quire.http.post("/v1/api-keys", json=asked).json()["key"]
        manifest = {"documents": [{"uri": f"{BUCKET}/{name}"}], "paused": True}
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        return quire.http.post("/v1/batches", json=manifest, headers=headers)

    batch = made(send("m1"))
    refused(send("m2"), 422, "IDEMPOTENCY_KEY_REUSED")
    assert made(send("m1"))["batch_id"] == batch["batch_id"]
    assert counts(quire)["batches"] == before + 1


def test_a_warm_batch_is_low_and_says_so_to_its_jobs(
    quire: QuireClient, uploads: Bucket, folder: str, page: bytes
) -> None:
    put(uploads, page, f"{folder}/a.pdf")
    batch = made(submit(quire, {"uri": f"{BUCKET}/{folder}/a.pdf"}, purpose="warm", paused=True))
    assert (batch["purpose"], batch["priority"]) == ("warm", "low")
    [job] = quire.rows(
        "SELECT options - 'outputs' AS options, priority FROM jobs WHERE batch_id = %s",
        batch["batch_id"],
    )
    assert job == {"options": {"warm": True}, "priority": "low"}


def test_what_is_no_manifest_is_refused(quire: QuireClient) -> None:
    def send(content: bytes, kind: str, **params: str) -> httpx.Response:
        headers = {"Content-Type": kind}
        return quire.http.post("/v1/batches", content=content, headers=headers, params=params)

    refused(send(b"{}", "application/xml"), 415, "UNSUPPORTED_MEDIA_TYPE")
    refused(send(b"{", "application/json"), 400, "INVALID_REQUEST")
    refused(send(b"[" * 100_000, "application/json"), 400, "INVALID_REQUEST")
    refused(send(b"[]", "application/json"), 422, "INVALID_REQUEST")
    refused(send(b"{}", "application/json"), 422, "INVALID_REQUEST")
    refused(send(b'{"documents": {}}', "application/json"), 422, "INVALID_REQUEST")
    refused(send(b'{"documents": [], "colour": 1}', "application/json"), 422, "INVALID_REQUEST")
    refused(send(b'{"documents": []}', "application/json"), 422, "MANIFEST_INVALID")
    refused(send(b" " * (16 * 1024 * 1024 + 1), "text/csv"), 413, "REQUEST_TOO_LARGE")
    refused(send(b"", "text/csv"), 422, "MANIFEST_INVALID")
    refused(send(b"", "application/x-ndjson"), 422, "MANIFEST_INVALID")
    line = b'{"uri": "gs://quire-uploads/batches/alice/a.pdf"}\n'
    assert "webhook" in refused(
        send(line, "application/x-ndjson", webhook_url="ftp://x"), 422, "WEBHOOK_URL_REFUSED"
    )
    refused(send(line, "application/x-ndjson", priority="urgent"), 422, "INVALID_REQUEST")
    many = send(line * 10_001, "application/x-ndjson")
    assert wrong(many)[-1] == (10_001, "TOO_MANY_DOCUMENTS")
