"""Steering and watching batches through the real door."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.api_requests import refused
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_born_digital
from tests.pdfs.text import page_text


@pytest.fixture(scope="module")
def leaf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path: Path = tmp_path_factory.mktemp("leaf") / "leaf.pdf"
    write_born_digital(path, [page_text(1)])
    return path.read_bytes()


def made(quire: QuireClient, content: bytes, count: int, **fields: Any) -> str:
    """Send documents, and a batch of them; return its id."""
    named = [{"filename": f"{uuid4()}.pdf", "size": len(content)} for _ in range(count)]
    answer = quire.http.post("/v1/uploads", json={"documents": named})
    assert answer.status_code == 201, answer.text
    uploads = answer.json()["uploads"]
    for upload in uploads:
        assert quire.http.put(upload["upload_url"], content=content).status_code == 200
    documents = [{"document_id": upload["document_id"]} for upload in uploads]
    answer = quire.http.post("/v1/batches", json={"documents": documents, **fields})
    assert answer.status_code == 202, answer.text
    batch_id: str = answer.json()["batch_id"]
    return batch_id


def test_a_batch_is_prioritized_resumed_and_read_and_a_reader_that_drops_misses_nothing(
    quire: QuireClient, leaf: bytes
) -> None:
    batch_id = made(quire, leaf, 6, paused=True)
    here = f"/v1/batches/{batch_id}"
    batch = quire.http.get(here).json()
    assert (batch["status"], batch["pending"], batch["can_resume"]) == ("paused", 6, True)
    assert quire.http.patch(here, json={"priority": "high"}).json()["priority"] == "high"
    assert quire.http.post(f"{here}/pause").status_code == 200, "it is paused already"
    assert quire.http.post(f"{here}/resume").status_code == 200
    chance, seen, last = random.Random(1), [0], ""
    while last != "end":
        headers = {"Last-Event-ID": str(seen[-1])}
        left, rest = chance.randint(1, 6000), b""
        with quire.http.stream("GET", f"{here}/events", headers=headers) as stream:
            assert stream.headers["x-accel-buffering"] == "no"
            for content in stream.iter_raw():
                *messages, rest = (rest + content[:left]).split(b"\n\n")
                for message in messages:
                    lines = message.decode().splitlines()
                    fields = dict(line.split(": ", 1) for line in lines if line[:1] != ":")
                    last = fields.get("event", last)
                    if "id" in fields:
                        seen.append(int(fields["id"]))
                    if last == "end":
                        ended = json.loads(fields["data"])["batch"]
                left -= len(content)
                if left <= 0 or last == "end":
                    break
    assert (ended["status"], ended["completed"]) == ("completed", 6)
    assert ended["completion_percentage"] == 100
    rows = quire.rows("SELECT id FROM batch_events WHERE batch_id = %s ORDER BY id", batch_id)
    assert seen[1:] == [row["id"] for row in rows]
    refused(quire.http.post(f"{here}/pause"), 409, "BATCH_ENDED")
    refused(quire.http.patch(here, json={"priority": "low"}), 409, "BATCH_ENDED")
    [job] = quire.http.get("/v1/jobs", params={"batch": batch_id, "limit": 1}).json()["jobs"]
    assert job["batch_id"] == batch_id


def test_a_cancelled_batch_ends_and_a_priority_has_to_be_one(
    quire: QuireClient, leaf: bytes
) -> None:
    batch_id = made(quire, leaf, 3, paused=True)
    here = f"/v1/batches/{batch_id}"
    assert quire.http.patch(here, json={"priority": "urgent"}).status_code in {400, 422}
    refused(quire.http.get(f"/v1/batches/{uuid4()}"), 404, "BATCH_NOT_FOUND")
    batch = quire.http.post(f"{here}/cancel").json()
    assert (batch["status"], batch["cancelled"]) == ("cancelled", 3)
    refused(quire.http.post(f"{here}/resume"), 409, "BATCH_ENDED")
    documents = quire.http.get(f"{here}/documents", params={"status": "cancelled"}).json()
    assert [each["position"] for each in documents["documents"]] == [1, 2, 3]
    wait_for(lambda: quire.http.get(here).json()["finished_at"], "the end")
