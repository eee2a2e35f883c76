"""Sending a document: what is looked into before anything is made, and what is answered when."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from tests.e2e.api_requests import announced, refused
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital
from tests.pdfs.hostile import write_header_only, write_no_pages, write_page_loop
from tests.pdfs.odd import write_encrypted
from tests.pdfs.text import page_text


@pytest.fixture
def three_pages(tmp_path: Path) -> Path:
    path = tmp_path / "three.pdf"
    write_born_digital(path, [page_text(number) for number in (1, 2, 3)])
    return path


@pytest.fixture
def nothing_left(quire: QuireClient) -> Iterator[None]:
    """Nothing may have been made by the end of the test."""
    before = everything(quire)
    yield
    assert everything(quire) == before


# ── checks before any work ───────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("password", "code"), [(None, "PASSWORD_REQUIRED"), ("guess", "PASSWORD_WRONG")]
)
def test_a_locked_pdf_is_refused_without_its_password(
    quire: QuireClient, tmp_path: Path, password: str | None, code: str
) -> None:
    path = tmp_path / "locked.pdf"
    write_encrypted(path, user="secret")
    detail = refused(sent(quire, path, password=password), 422, code)
    assert "password" in detail
    assert "guess" not in detail


def test_a_locked_pdf_is_taken_with_its_password(quire: QuireClient, tmp_path: Path) -> None:
    path = tmp_path / "locked.pdf"
    write_encrypted(path, user="secret")
    answer = sent(quire, path, password="secret")
    assert answer.status_code == 202, answer.text
    assert quire.wait(answer.json()["job_id"])["status"] == "completed"


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("write", "codes"),
    [
        (write_no_pages, {"NO_PAGES"}),
        (write_header_only, {"UNREADABLE_PDF", "NO_PAGES"}),
        (write_page_loop, {"UNREADABLE_PDF", "NO_PAGES"}),
    ],
)
def test_a_pdf_that_can_not_be_read_is_refused(
    quire: QuireClient, tmp_path: Path, write: Any, codes: set[str]
) -> None:
    path = tmp_path / "odd.pdf"
    write(path)
    answer = sent(quire, path)
    assert answer.json()["code"] in codes
    refused(answer, 422, answer.json()["code"])


@pytest.mark.usefixtures("nothing_left")
def test_pages_that_the_document_does_not_have_are_refused(
    quire: QuireClient, three_pages: Path
) -> None:
    detail = refused(sent(quire, three_pages, pages="2-9"), 422, "INVALID_PAGE_RANGE")
    assert "has 3 pages" in detail


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.com/", "https://"),
        ("https://name:secret@example.com/", "password"),
        ("https://exa mple.com/", "percent-encoded"),
        ("", "https://"),
    ],
)
def test_a_webhook_that_can_not_be_told_is_refused(
    quire: QuireClient, three_pages: Path, url: str, reason: str
) -> None:
    assert reason in refused(sent(quire, three_pages, webhook_url=url), 422, "WEBHOOK_URL_REFUSED")
    refused(announced(quire, options={"webhook_url": url}), 422, "WEBHOOK_URL_REFUSED")


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("priority", "urgent"),
        ("matter", ""),
        ("matter", "m" * 256),
        ("matter", "a\0b"),
        ("webhook_url", "https://example.com/" + "x" * 2000),
        ("outputs", ["pdf"]),
        ("outputs", "text"),
        ("stages", ["summary"]),
    ],
)
def test_an_option_that_does_not_fit_is_named(
    quire: QuireClient, three_pages: Path, field: str, value: object
) -> None:
    options: dict[str, Any] = {field: value}
    detail = refused(sent(quire, three_pages, **options), 422, "INVALID_REQUEST")
    assert detail.startswith(f"`options.{field}` must be ")


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("sha256", ["", "abc", "g" * 64, 7])
def test_a_checksum_that_is_none_is_refused(quire: QuireClient, sha256: object) -> None:
    detail = refused(announced(quire, sha256=sha256), 422, "INVALID_REQUEST")
    assert detail.startswith("`sha256` must be ")


# ── what is stored ───────────────────────────────────────────────────────────────────────────


def test_everything_that_was_asked_for_is_kept(quire: QuireClient, three_pages: Path) -> None:
    answer = sent(
        quire,
        three_pages,
        pages="1-2",
        priority="high",
        matter="m1",
        webhook_url="https://example.com/hook",
        outputs=["json", "boxes"],
        stages=["ocr"],
    )
    assert answer.status_code == 202, answer.text
    job = quire.wait(answer.json()["job_id"])
    assert (job["priority"], job["matter"], job["total_pages"]) == ("high", "m1", 2)
    assert job["webhook_url"] == "https://example.com/hook"
    [row] = quire.rows("SELECT options FROM jobs WHERE id = %s", job["job_id"])
    assert row["options"] == {"pages": "1-2", "outputs": ["boxes"], "stages": []}
    document = quire.http.get(job["links"]["document"]).json()
    assert document["filename"] == "three.pdf"
    assert document["sha256"] == hashlib.sha256(three_pages.read_bytes()).hexdigest()
    assert (document["size"], document["page_count"]) == (three_pages.stat().st_size, 3)
    assert [each["job_id"] for each in document["jobs"]] == [job["job_id"]]


def test_every_link_of_a_job_leads_somewhere(quire: QuireClient, three_pages: Path) -> None:
    job = quire.wait(quire.submit(three_pages))
    for name, link in job["links"].items():
        answer = quire.http.get(link)
        assert answer.status_code == 200, f"{name}: {answer.text}"


def test_a_job_says_whether_it_has_a_result(quire: QuireClient, three_pages: Path) -> None:
    waiting = announced(quire).json()
    job = quire.job(waiting["job_id"])
    assert (job["has_result"], job["links"]["result"], job["webhook_url"]) == (False, None, None)
    assert waiting["links"]["result"] is None
    job = quire.wait(quire.submit(three_pages))
    assert (job["has_result"], job["links"]["result"]) == (True, f"/v1/jobs/{job['job_id']}/result")


def test_a_text_that_was_not_asked_for_is_said_so(quire: QuireClient, three_pages: Path) -> None:
    job = quire.wait(quire.submit(three_pages, outputs=[]))
    assert job["status"] == "completed"
    answer = quire.http.get(job["links"]["result"], params={"format": "text"})
    assert "`outputs`" in refused(answer, 409, "OUTPUT_NOT_MADE")
    assert len(quire.result(job["job_id"])["pages"]) == 3


# ── whose matter ─────────────────────────────────────────────────────────────────────────────


def test_a_caller_of_one_matter_need_not_name_it(quire: QuireClient, three_pages: Path) -> None:
    with limited(quire, "m1") as clerk:
        answer = sent(clerk, three_pages)
        assert answer.status_code == 202, answer.text
        assert clerk.wait(answer.json()["job_id"])["matter"] == "m1"


@pytest.mark.usefixtures("nothing_left")
def test_a_caller_of_some_matters_names_one_of_theirs(
    quire: QuireClient, three_pages: Path
) -> None:
    with limited(quire, "m1", "m2") as clerk:
        refused(sent(clerk, three_pages), 422, "MATTER_REQUIRED")
        refused(sent(clerk, three_pages, matter="m3"), 403, "FORBIDDEN")
        refused(announced(clerk), 422, "MATTER_REQUIRED")
        refused(announced(clerk, options={"matter": "m3"}), 403, "FORBIDDEN")
    with limited(quire) as nobody:
        refused(sent(nobody, three_pages), 422, "MATTER_REQUIRED")


# ── when it is answered ──────────────────────────────────────────────────────────────────────


def test_a_small_document_is_answered_with_its_result(
    quire: QuireClient, three_pages: Path
) -> None:
    answer = sent(quire, three_pages, prefer=None)
    assert answer.status_code == 200, answer.text
    job, result = answer.json()["job"], answer.json()["result"]
    assert (job["status"], job["message"]) == ("completed", "Completed: 3 pages")
    assert job == quire.job(job["job_id"])
    assert result == quire.result(job["job_id"])
    assert answer.headers["location"] == job["links"]["self"]
    assert "preference-applied" not in answer.headers


def test_a_document_above_the_threshold_is_not_waited_for(
    quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "eleven.pdf"
    write_born_digital(path, [page_text(number) for number in range(1, 12)])
    answer = sent(quire, path, prefer=None)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['job_id']}"
    answer = sent(quire, path, prefer="wait=60")
    assert answer.status_code == 200, answer.text
    assert answer.headers["preference-applied"] == "wait=60"
    assert answer.json()["job"]["completed_pages"] == 11
    assert sent(quire, path, prefer=None, pages="3-4").status_code == 200


def test_who_will_not_wait_does_not(quire: QuireClient, three_pages: Path) -> None:
    for prefer in ("respond-async", "wait=0"):
        answer = sent(quire, three_pages, prefer=prefer)
        assert answer.status_code == 202, answer.text
        assert answer.headers["preference-applied"] == prefer
        assert answer.json()["status"] == "pending"


def test_a_wait_ends_after_its_time_and_the_job_goes_on(
    quire: QuireClient, three_pages: Path
) -> None:
    with quire.document_ai(let_through=0):
        answer = sent(quire, three_pages, prefer="wait=1", cache=False)
        assert answer.status_code == 202, answer.text
        assert answer.headers["preference-applied"] == "wait=1"
    assert quire.wait(answer.json()["job_id"])["status"] == "completed"


def test_many_waits_hold_no_thread_and_no_other_request_up(
    quire: QuireClient, three_pages: Path
) -> None:
    # More than the server has threads; all of them wait for one job.
    callers, key = 60, str(uuid4())
    asked = Semaphore(0)
    with quire.document_ai(let_through=0), ThreadPoolExecutor(callers) as threads:
        headers = {"Idempotency-Key": key}
        first = sent(quire, three_pages, headers=headers, cache=False).json()["job_id"]

        def wait(_: int) -> httpx.Response:
            with QuireClient(quire.stack) as caller:
                caller.http.event_hooks = {"request": [lambda _: asked.release()]}
                return sent(caller, three_pages, prefer="wait=60", headers=headers, cache=False)

        waits = [threads.submit(wait, number) for number in range(callers)]
        for _ in range(callers):
            assert asked.acquire(timeout=60)
        for _ in range(20):
            assert quire.job(first)["job_id"] == first
        assert not any(wait.done() for wait in waits)
        quire.let_through(None)
        answers = [wait.result() for wait in waits]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["job"]["job_id"] for answer in answers} == {first}


def test_a_job_that_failed_while_one_waited_is_answered_as_it_is(
    quire: QuireClient, three_pages: Path
) -> None:
    fault = {"status": "INVALID_ARGUMENT", "match": {}}
    with quire.document_ai(faults=[fault]):
        answer = sent(quire, three_pages, prefer="wait=60", cache=False)
    assert answer.status_code == 200, answer.text
    job, result = answer.json()["job"], answer.json()["result"]
    assert job["status"] == "failed"
    assert job["error"]["code"]
    assert (result, job["has_result"], job["links"]["result"]) == (None, False, None)
    [error] = job["chunk_errors"]
    assert (error["page_start"], error["page_end"]) == (1, 3)


def test_an_announced_document_is_not_waited_for(quire: QuireClient) -> None:
    answer = quire.http.post(
        "/v1/documents", json={"filename": "a.pdf", "size": 9}, headers={"Prefer": "wait=60"}
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["upload"]["method"] == "PUT"
    assert "preference-applied" not in answer.headers


def test_the_file_that_arrives_must_be_the_one_that_was_announced(
    quire: QuireClient, three_pages: Path
) -> None:
    content = three_pages.read_bytes()
    whole, other = hashlib.sha256(content).hexdigest(), hashlib.sha256(b"other").hexdigest()
    for sha256, status in ((whole.upper(), "completed"), (other, "failed")):
        answer = announced(quire, size=len(content), sha256=sha256)
        put = httpx.put(answer.json()["upload"]["url"], content=content)
        assert put.status_code == 200, put.text
        job = quire.wait(answer.json()["job_id"])
        assert job["status"] == status
    assert job["error"]["code"] == "UPLOAD_DAMAGED"


def sent(
    quire: QuireClient,
    path: Path,
    *,
    prefer: str | None = "respond-async",
    headers: dict[str, str] | None = None,
    **options: object,
) -> httpx.Response:
    """Send a document as a form."""
    return quire.http.post(
        "/v1/documents",
        files={"file": (path.name, path.read_bytes(), "application/pdf")},
        data={"options": json.dumps({k: v for k, v in options.items() if v is not None})},
        headers={**({"Prefer": prefer} if prefer else {}), **(headers or {})},
    )


def limited(quire: QuireClient, *matters: str) -> QuireClient:
    """Return a client of the same owner who may only see these matters."""
    clerk = QuireClient(quire.stack)
    claims = {
        "sub": "alice",
        "aud": "authenticated",
        "exp": time.time() + 3600,
        "app_metadata": {"matters": list(matters)},
    }
    secret = quire.stack.environment["SUPABASE__JWT_SECRET"]
    clerk.http.headers["Authorization"] = f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"
    return clerk


def everything(quire: QuireClient) -> list[dict[str, Any]]:
    return quire.rows(
        "SELECT (SELECT count(*) FROM documents) AS documents, (SELECT count(*) FROM jobs) AS jobs,"
        " (SELECT count(*) FROM job_passwords) AS passwords,"
        " (SELECT count(*) FROM idempotency_keys) AS keys"
    )
