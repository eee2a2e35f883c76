"""A job's own log lines, from every process that works on it, for its owner alone."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from storage3 import SyncStorageClient

from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_born_digital
from tests.pdfs.text import page_text


@pytest.fixture
def four_pages(tmp_path: Path) -> Path:
    path = tmp_path / "four.pdf"
    write_born_digital(path, [page_text(number) for number in range(1, 5)])
    return path


def lines(quire: QuireClient, job_id: str, **asked: str | int) -> list[dict[str, Any]]:
    answer = quire.http.get(f"/v1/jobs/{job_id}/logs", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["lines"]
    return found


def whole_log(quire: QuireClient, job_id: str) -> list[dict[str, Any]]:
    """Return the ended job's lines once the merge's last one is among them."""

    def told() -> list[dict[str, Any]] | None:
        found = lines(quire, job_id)
        ended = any(line["message"] in {"result is bound", "merge failed"} for line in found)
        return found if ended else None

    return wait_for(told, "the log to be whole", 30)


def test_a_job_tells_its_way_through_every_process(quire: QuireClient, four_pages: Path) -> None:
    job_id = quire.submit(four_pages, chunk_pages=2)
    quire.wait(job_id)
    told = whole_log(quire, job_id)
    by_message = {line["message"]: line for line in told}
    assert by_message["document is planned"]["fields"]["chunks"] == 2
    assert by_message["document is split"]["level"] == "INFO"
    read = [line for line in told if line["message"] == "chunk is read"]
    assert sorted(line["chunk_index"] for line in read) == [0, 1]
    assert {line["attempt"] for line in read} == {1}
    assert read[0]["fields"]["try"] == 1
    assert by_message["result is bound"]["fields"]["pages"] == 4
    ids = [line["id"] for line in told]
    assert ids == sorted(set(ids))


def test_a_failing_chunks_error_lines_are_its_owners_and_nobody_elses(
    quire: QuireClient, four_pages: Path
) -> None:
    fault = {"status": "DEADLINE_EXCEEDED", "match": {"pages": 2}}
    with quire.document_ai(faults=[fault]):
        job_id = quire.submit(four_pages, chunk_pages=2, pages="1-3")
        assert quire.wait(job_id)["status"] == "completed_with_errors"
    told = whole_log(quire, job_id)
    [failed] = [line for line in told if line["level"] == "ERROR"]
    assert (failed["message"], failed["chunk_index"]) == ("chunk failed", 0)
    assert failed["fields"]["reason"] == "Document AI timeout"
    assert failed["fields"]["code"]
    put_back = [line for line in told if line["message"] == "chunk is put back"]
    assert [line["attempt"] for line in put_back] == [1, 2]
    assert "Traceback" not in str(told)

    assert lines(quire, job_id, level="ERROR") == [failed]
    with QuireClient(quire.stack, owner="mallory") as mallory:
        assert mallory.http.get(f"/v1/jobs/{job_id}/logs").status_code == 404
    del quire.http.headers["Authorization"]
    assert quire.http.get(f"/v1/jobs/{job_id}/logs").status_code == 401


def test_an_error_that_nobody_knows_shows_its_type_and_code_but_not_its_stack(
    quire: QuireClient, four_pages: Path
) -> None:
    with quire.document_ai(let_through=1):
        job_id = quire.submit(four_pages, chunk_pages=3)
        done = "SELECT id FROM chunks WHERE job_id = %s AND status = 'completed'"
        [chunk] = wait_for(lambda: quire.rows(done, job_id), "the first chunk to be read")
        # Sound by its checksum, and yet nothing that the merge can read.
        odd = b'{"pages": "none, and a secret: whsec_abc"}'
        put_chunk_result(quire, f"{job_id}/odd.json", odd)
        quire.rows(
            "UPDATE chunks SET result_storage_path = %s, result_checksum = %s WHERE id = %s",
            f"{job_id}/odd.json",
            hashlib.sha256(odd).hexdigest(),
            chunk["id"],
        )

    def told() -> dict[str, Any] | None:
        found = lines(quire, job_id, level="ERROR")
        return found[0] if found else None

    line = wait_for(told, "the error to be told", 60)
    quire.http.post(f"/v1/jobs/{job_id}/cancel")
    assert line["fields"] == {"code": "PROCESSING_ERROR", "error_type": "ValidationError"}
    assert "Traceback" not in str(line)


def put_chunk_result(quire: QuireClient, name: str, content: bytes) -> None:
    environment = quire.stack.environment
    key = environment["SUPABASE__SERVICE_KEY"]
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    with httpx.Client(headers=headers) as http:
        store = SyncStorageClient(
            f"{environment['SUPABASE__URL']}/storage/v1/", headers, http_client=http
        )
        store.from_("ocr-chunks").upload(name, content, {"content-type": "application/json"})


def test_the_log_is_paged_by_id_without_a_gap(quire: QuireClient, four_pages: Path) -> None:
    job_id = quire.submit(four_pages, chunk_pages=1)
    quire.wait(job_id)
    told = whole_log(quire, job_id)
    paged: list[dict[str, Any]] = []
    after = 0
    while True:
        answer = quire.http.get(f"/v1/jobs/{job_id}/logs", params={"after": after, "limit": 2})
        page = answer.json()
        assert len(page["lines"]) <= 2
        paged += page["lines"]
        if page["next_after"] is None:
            break
        after = page["next_after"]
    assert paged[: len(told)] == told


def test_unfit_questions_are_refused(quire: QuireClient, four_pages: Path) -> None:
    job_id = quire.submit(four_pages)
    quire.wait(job_id)
    for asked in ({"after": -1}, {"after": 2**63}, {"limit": 0}, {"level": "TRACE"}):
        answer = quire.http.get(f"/v1/jobs/{job_id}/logs", params=asked)
        assert answer.status_code == 422, asked
    last = {"after": 2**63 - 1}
    assert lines(quire, job_id, **last) == []
