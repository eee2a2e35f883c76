"""Lists through the door: what callers page through, and what they may ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.api_requests import announced, refused
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital
from tests.pdfs.text import page_text


@pytest.fixture
def caller(quire: QuireClient) -> QuireClient:
    """An owner who has nothing yet."""
    return QuireClient(quire.stack, owner=f"owner-{uuid4()}")


def test_jobs_are_paged_through_to_their_end(caller: QuireClient) -> None:
    with caller:
        made = [announced(caller, filename=f"{n}.pdf").json()["job_id"] for n in range(5)]
        for sort, expected in (("-created_at", made[::-1]), ("created_at", made)):
            seen: list[str] = []
            cursor: dict[str, Any] = {}
            while True:
                answer = caller.http.get("/v1/jobs", params={"limit": 2, "sort": sort, **cursor})
                assert answer.status_code == 200, answer.text
                seen += [job["job_id"] for job in answer.json()["jobs"]]
                if answer.json()["next_cursor"] is None:
                    break
                cursor = {"cursor": answer.json()["next_cursor"]}
            assert seen == expected


def test_a_job_in_a_list_is_as_it_is_alone(caller: QuireClient, tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    write_born_digital(path, [page_text(number) for number in range(1, 5)])
    fault = {"status": "INVALID_ARGUMENT", "match": {"pages": 2}}
    with caller:
        with caller.document_ai(poison=page_text(1)[:20], faults=[fault]):
            job = caller.wait(caller.submit(path, chunk_pages=2))
        [listed] = caller.http.get("/v1/jobs").json()["jobs"]
        assert listed == job
        assert caller.http.get("/v1/jobs", params={"status": "pending"}).json()["jobs"] == []
        several = {"status": ["pending", job["status"]], "filename": "BOOK"}
        assert caller.http.get("/v1/jobs", params=several).json()["jobs"] == [job]


def test_the_chunks_of_a_job_say_what_became_of_each(caller: QuireClient, tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    pages = [page_text(number) for number in range(1, 6)]
    pages[2] = "Cursed be the page that no engine reads."
    write_born_digital(path, pages)
    with caller:
        with caller.document_ai(poison="Cursed be the page"):
            job = caller.wait(caller.submit(path, chunk_pages=2))
        answer = caller.http.get(job["links"]["chunks"], params={"limit": 2})
        first = answer.json()
        cursor = {"cursor": first["next_cursor"]}
        rest = caller.http.get(job["links"]["chunks"], params=cursor).json()
        chunks = first["chunks"] + rest["chunks"]
        assert [(c["index"], c["page_start"], c["page_end"]) for c in chunks] == [
            (0, 1, 2),
            (1, 3, 4),
            (2, 5, 5),
        ]
        assert rest["next_cursor"] is None
        assert [chunk["failed_pages"] for chunk in chunks] == [0, 1, 0]
        assert [error["number"] for error in chunks[1]["page_errors"]] == [3]
        assert all(chunk["seconds"] > 0 for chunk in chunks)
        failed = caller.http.get(job["links"]["chunks"], params={"status": "failed"})
        assert failed.json() == {"chunks": [], "next_cursor": None}


def test_a_jobs_history_is_told_from_any_point(caller: QuireClient, tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    write_born_digital(path, [page_text(1)])
    with caller:
        job = caller.wait(caller.submit(path))
        url = job["links"]["history"]
        whole = caller.http.get(url).json()
        ids = [event["id"] for event in whole["events"]]
        assert ids == list(range(1, len(ids) + 1))
        assert whole["events"][0]["kind"] == "job_created"
        assert whole["next_after"] is None
        part = caller.http.get(url, params={"after": 1, "limit": 2}).json()
        assert (part["events"], part["next_after"]) == (whole["events"][1:3], 3)
        assert caller.http.get(url, params={"after": ids[-1]}).json()["events"] == []


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("limit=0", "`limit` must be 1 or more."),
        ("limit=101", "`limit` must be 100 or less."),
        ("limit=many", "`limit` must be a whole number."),
        ("limit=" + "9" * 5000, "`limit` must be a whole number."),
        ("status=done", "`status` must be 'pending', 'processing', 'paused', "),
        ("sort=filename", "`sort` must be '-created_at' or 'created_at'."),
        ("filename=", "`filename` must be a text of 1 or more characters."),
        ("filename=%00", "`filename` must be a text without the character NUL."),
        ("matter=" + "m" * 256, "`matter` must be a text of 255 or fewer characters."),
        ("created_after=yesterday", "`created_after` must be a time like "),
        ("created_after=1763805600", "`created_after` must be a time like "),
        ("created_before=2026-02-30T00:00:00Z", "`created_before` must be a time like "),
    ],
)
def test_a_value_that_does_not_fit_is_named(quire: QuireClient, query: str, detail: str) -> None:
    answer = quire.http.get(f"/v1/jobs?{query}")
    assert refused(answer, 422, "INVALID_REQUEST").startswith(detail)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_beyond_the_ends_of_time_is_no_error(quire: QuireClient, moment: str) -> None:
    for name in ("created_after", "created_before"):
        answer = quire.http.get("/v1/jobs", params={name: moment})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("cursor", ["", "x", "%00", "é", "-1", "0" * 45, "0" * 46 + "%0A"])
@pytest.mark.parametrize("path", ["", "/4b1f6a0e-6c1c-4a43-9a3e-0f6a3d0f5c11/chunks"])
def test_a_cursor_that_no_list_gave_is_refused(quire: QuireClient, path: str, cursor: str) -> None:
    answer = quire.http.get(f"/v1/jobs{path}?cursor={cursor}")
    assert "`cursor`" in refused(answer, 422, "INVALID_REQUEST")


@pytest.mark.parametrize("path", ["chunks", "history"])
def test_what_belongs_to_no_job_is_not_there(quire: QuireClient, path: str) -> None:
    refused(quire.http.get(f"/v1/jobs/{uuid4()}/{path}"), 404, "JOB_NOT_FOUND")
    refused(quire.http.get(f"/v1/documents/{uuid4()}"), 404, "DOCUMENT_NOT_FOUND")
