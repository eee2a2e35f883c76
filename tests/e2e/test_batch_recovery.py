"""Batches by the real door and real workers: outages, poisoned pages, what is read twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from tests.e2e.api_requests import refused
from tests.e2e.batch_client import (
    begin,
    calls,
    documents_of,
    ended,
    look_at,
    put_folder,
    skipped_of,
    submit,
)
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital
from tests.pdfs.text import page_text

#: While it is away, Document AI does not read a page with this word; the other it never reads.
UNLUCKY, POISON = "Unglueckstag", "Giftschrank"

Pdf = Callable[..., bytes]


@pytest.fixture
def pdf(tmp_path: Path) -> Pdf:
    """Makes a PDF of so many pages that no other test has; some pages bear a word."""

    def make(pages: int = 1, **words: str) -> bytes:
        path = tmp_path / f"{uuid4()}.pdf"
        texts = [f"{page_text(n)} {words.get(f'p{n}', '')} {uuid4()}" for n in range(1, pages + 1)]
        write_born_digital(path, texts)
        return path.read_bytes()

    return make


def away() -> dict[str, object]:
    return {
        "faults": [{"status": "UNAVAILABLE", "match": {"page_text": UNLUCKY}}],
        "poison": POISON,
    }


def test_a_selective_recovery_completes_what_an_outage_left_and_names_the_rest(
    quire: QuireClient, pdf: Pdf
) -> None:
    folder = put_folder(
        quire,
        {
            "a.pdf": pdf(),
            "b-unlucky.pdf": pdf(p1=UNLUCKY),
            "c-poisoned.pdf": pdf(p1=POISON),
            "d-long.pdf": pdf(30, p3=POISON, p27=UNLUCKY),
            "e-no.pdf": b"no pdf at all",
        },
    )
    with quire.document_ai(**away()):
        origin = submit(quire, folder, options={"chunk_pages": 10})
        before = ended(quire, origin)
    assert before["status"] == "completed_with_errors"
    assert (before["completed"], before["completed_with_errors"], before["failed"]) == (1, 1, 3)
    assert {each["code"] for each in before["failures"]} == {
        "CHUNK_PROCESSING_ERROR", "UNREADABLE_PAGE", "NOT_A_PDF"
    }  # fmt: skip

    made_before = len(calls(quire))
    with quire.document_ai(poison=POISON):
        recovery = begin(quire, origin, "recover", strategy="selective")
        after = ended(quire, recovery)
    assert len(calls(quire)) - made_before == 2, "only what was missing was read"
    assert (after["purpose"], after["strategy"], after["origin_id"], after["priority"]) == (
        "recovery", "selective", origin, "high"
    )  # fmt: skip
    states = {each["filename"]: each["status"] for each in documents_of(quire, recovery)}
    assert states == {"b-unlucky.pdf": "completed", "d-long.pdf": "completed_with_errors"}
    named = [
        (each["filename"], each["pages"], each["code"]) for each in skipped_of(quire, recovery)
    ]
    assert named == [
        ("c-poisoned.pdf", "1", "UNREADABLE_PAGE"),
        ("d-long.pdf", "3", "UNREADABLE_PAGE"),
        ("e-no.pdf", None, "NOT_A_PDF"),
    ]
    assert after["skipped_count"] == 3
    healed = look_at(quire, origin)
    assert (healed["completed"], healed["completed_with_errors"], healed["failed"]) == (2, 1, 2)
    assert healed["failed_pages"] == 2
    assert healed["recoveries"] == [recovery]
    again = quire.http.post(f"/v1/batches/{origin}/recover", json={"strategy": "selective"})
    refused(again, 409, "NOTHING_TO_RECOVER")

    # The page is read by now: whoever knows has everything read again.
    second = begin(quire, origin, "recover", strategy="all", priority="normal")
    assert ended(quire, second)["status"] == "completed"
    assert [each["filename"] for each in documents_of(quire, second)] == [
        "c-poisoned.pdf", "d-long.pdf"
    ]  # fmt: skip
    assert [each["code"] for each in skipped_of(quire, second)] == ["NOT_A_PDF"]
    [job] = [each for each in documents_of(quire, origin) if each["filename"] == "d-long.pdf"]
    pages = quire.result(job["job_id"])["pages"]
    assert [page["number"] for page in pages] == list(range(1, 31))


def test_the_same_request_makes_one_recovery(quire: QuireClient, pdf: Pdf) -> None:
    folder = put_folder(quire, {"a.pdf": pdf(p1=UNLUCKY)})
    with quire.document_ai(**away()):
        origin = submit(quire, folder)
        ended(quire, origin)
    path, key = f"/v1/batches/{origin}/recover", {"Idempotency-Key": str(uuid4())}
    first = quire.http.post(path, headers=key)
    assert first.status_code == 202, first.text
    again = quire.http.post(path, headers=key)
    assert again.json()["batch_id"] == first.json()["batch_id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    other = quire.http.post(path, headers=key, json={"strategy": "all"})
    refused(other, 422, "IDEMPOTENCY_KEY_REUSED")
    assert ended(quire, first.json()["batch_id"])["status"] == "completed"


def test_a_warmed_batch_is_read_without_a_call(quire: QuireClient, pdf: Pdf) -> None:
    folder = put_folder(quire, {"a.pdf": pdf(), "b.pdf": pdf(2), "c.pdf": pdf(25)})
    origin = submit(quire, folder, paused=True, options={"chunk_pages": 10})
    made_before = len(calls(quire))
    warm = ended(quire, begin(quire, origin, "warm"))
    assert (warm["status"], warm["purpose"], warm["priority"]) == ("completed", "warm", "low")
    assert (warm["total_pages"], warm["cached_pages"]) == (28, 0)
    assert len(calls(quire)) - made_before == 5
    for each in documents_of(quire, warm["batch_id"]):
        job = quire.job(each["job_id"])
        assert (job["status"], job["has_result"]) == ("completed", False)
        document = quire.http.get(f"/v1/documents/{each['document_id']}").json()
        assert document["status"] == "pending", "nothing of it has been delivered"

    resumed = quire.http.post(f"/v1/batches/{origin}/resume")
    assert resumed.status_code == 200, resumed.text
    after = ended(quire, origin)
    assert after["status"] == "completed"
    assert after["cache_hit_rate"] == 1.0
    assert (after["cached_pages"], after["cached_chunks"]) == (28, 5)
    assert len(calls(quire)) - made_before == 5
    long = documents_of(quire, origin)[2]
    assert len(quire.result(long["job_id"])["pages"]) == 25


def test_each_file_three_times_makes_a_third_of_the_calls(quire: QuireClient, pdf: Pdf) -> None:
    files = {f"{n}.pdf": pdf(1 + n % 2) for n in range(4)} | {"long.pdf": pdf(30)}
    folder = put_folder(
        quire,
        {f"{copy}/{name}": content for name, content in files.items() for copy in ("x", "y", "z")},
    )
    made_before = len(calls(quire))
    batch = ended(quire, submit(quire, folder, options={"chunk_pages": 10}))
    assert (batch["status"], batch["total"]) == ("completed", 15)
    made = calls(quire)[made_before:]
    assert len(made) == 4 + 3
    assert sum(call["pages"] for call in made) == 36
    assert batch["cached_pages"] == 2 * 36
    assert batch["cache_hit_rate"] == pytest.approx(2 / 3, abs=0.001)


def test_a_batch_of_nobody_elses_is_recovered_warmed_or_listed(quire: QuireClient) -> None:
    for method, path in (("POST", "recover"), ("POST", "warm"), ("GET", "skipped")):
        answer = quire.http.request(method, f"/v1/batches/{uuid4()}/{path}")
        refused(answer, 404, "BATCH_NOT_FOUND")
    refused(
        quire.http.post(f"/v1/batches/{uuid4()}/recover", json={"strategy": "some"}), 422,
        "INVALID_REQUEST",
    )  # fmt: skip
