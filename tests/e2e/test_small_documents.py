"""Small documents on a whole stack: the same results as ever, whatever happens on the way."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Bucket, Client

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient, wait_for
from tests.e2e.test_sudden_ends import SHORT_LEASES
from tests.pdfs.documents import write_born_digital
from tests.pdfs.text import page_text


@pytest.fixture(scope="module")
def quire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuireClient]:
    """A stack of its own, whose leases are short enough to be waited for."""
    options = StackOptions(
        workers=1,
        maintain_every=1,
        extra_env={**SHORT_LEASES, "RETRIES__BASE_SECONDS": "0.2"},
    )
    home = Home(tmp_path_factory.mktemp("small"))
    with Stack(home, options=options) as stack, QuireClient(stack) as quire:
        yield quire


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


def submit(
    quire: QuireClient, uploads: Bucket, contents: list[bytes], **fields: Any
) -> dict[str, Any]:
    """Have documents of these contents read as a batch."""
    names = [f"batches/alice/{uuid4()}/{number}.pdf" for number in range(len(contents))]
    for name, content in zip(names, contents, strict=True):
        uploads.blob(name).upload_from_string(content, content_type="application/pdf")
    documents = [{"uri": f"gs://quire-uploads/{name}"} for name in names]
    answer = quire.http.post("/v1/batches", json={"documents": documents, **fields})
    assert answer.status_code == 202, answer.text
    batch: dict[str, Any] = answer.json()
    return batch


def jobs_of(quire: QuireClient, batch: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the batch's jobs in the manifest's order."""
    return quire.rows(
        "SELECT jobs.* FROM batch_jobs JOIN jobs ON jobs.id = job_id"
        " WHERE batch_jobs.batch_id = %s ORDER BY position",
        batch["batch_id"],
    )


def ended(quire: QuireClient, batch: dict[str, Any]) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        view: dict[str, Any] = quire.http.get(f"/v1/batches/{batch['batch_id']}").json()
        return view if view["finished_at"] else None

    return wait_for(look, "the batch to end")


def calls(quire: QuireClient) -> int:
    answer = httpx.get(f"{quire.stack.endpoints['control']}/document-ai/calls")
    assert answer.status_code == 200, answer.text
    return len(answer.json())


def pdf(folder: Path, *texts: str) -> bytes:
    path = folder / f"{uuid4()}.pdf"
    write_born_digital(path, texts)
    return path.read_bytes()


def test_a_small_document_is_read_as_any_other_is(
    quire: QuireClient, uploads: Bucket, tmp_path: Path
) -> None:
    contents = [
        pdf(tmp_path, page_text(1)),
        pdf(tmp_path, *(page_text(number) for number in range(2, 7))),
    ]
    small = submit(quire, uploads, contents, options={"cache": False})
    assert ended(quire, small)["status"] == "completed"
    # Where not all pages are asked for, or so it is put, the splitter cuts.
    pages = [{"pages": "1"}, {"pages": "1-5"}]
    for job, content, options in zip(jobs_of(quire, small), contents, pages, strict=True):
        path = tmp_path / "ordinary.pdf"
        path.write_bytes(content)
        ordinary = quire.submit(path, cache=False, **options)
        quire.wait(ordinary)
        mine, theirs = quire.result(str(job["id"])), quire.result(ordinary)
        for of_its_own in ("document_id", "job_id", "filename"):
            del mine[of_its_own], theirs[of_its_own]
        assert mine == theirs
        assert quire.result(str(job["id"]), "text") == quire.result(ordinary, "text")
        rows = [
            [
                {name: value for name, value in row.items() if name not in _OWN}
                for row in quire.rows(
                    f"SELECT * FROM {table} WHERE job_id = %s ORDER BY {order}", job_id
                )
            ]
            for table, order in (("pages", "number"), ("bounding_boxes", "page, word"))
            for job_id in (job["id"], ordinary)
        ]
        assert rows[0] == rows[1]
        assert rows[2] == rows[3] != []
        # Cutting aside, the same has happened to both.
        kinds, theirs_ = (
            [event["kind"] for event in quire.history(str(job_id))]
            for job_id in (job["id"], ordinary)
        )
        assert sorted(kinds) == sorted(theirs_)


_OWN = ("document_id", "job_id", "attempt")


def test_a_worker_that_is_killed_in_the_middle_of_a_message_costs_no_document(
    quire: QuireClient, uploads: Bucket, tmp_path: Path
) -> None:
    contents = [pdf(tmp_path, f"Page of document {number}. {uuid4()}") for number in range(24)]
    before = calls(quire)
    with quire.document_ai(latency_per_call_seconds=0.3):
        batch = submit(quire, uploads, contents)
        wait_for(
            lambda: sum(job["status"] == "completed" for job in jobs_of(quire, batch)) >= 3,
            "three documents to be read",
        )
        worker = quire.stack.processes["worker"]
        os.killpg(os.getpgid(worker), signal.SIGKILL)
        view = ended(quire, batch)
    assert (view["status"], view["completed"], view["completed_pages"]) == ("completed", 24, 24)
    for job in jobs_of(quire, batch):
        events = quire.rows(
            "SELECT id, kind FROM job_events WHERE job_id = %s ORDER BY id", job["id"]
        )
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        kinds = [event["kind"] for event in events]
        assert kinds.count("chunk_completed") == kinds.count("job_completed") == 1
        [pages] = quire.rows(
            "SELECT count(*) FROM pages WHERE document_id = %s", job["document_id"]
        )
        assert pages["count"] == 1
    # The one that was being read, and at most one that had been read and not recorded.
    assert calls(quire) - before <= 24 + 2


def test_a_poisoned_document_among_eight_harms_only_itself(
    quire: QuireClient, uploads: Bucket, tmp_path: Path
) -> None:
    contents = [pdf(tmp_path, f"Page of document {number}. {uuid4()}") for number in range(8)]
    contents[3] = pdf(tmp_path, f"arsenic {uuid4()}")
    contents[5] = contents[5][:200]
    with quire.document_ai(poison="arsenic"):
        view = ended(quire, submit(quire, uploads, contents))
    assert (view["status"], view["completed"], view["failed"]) == ("completed_with_errors", 6, 2)
    codes = [job["error_code"] for job in jobs_of(quire, {"batch_id": view["batch_id"]})]
    assert [number for number, code in enumerate(codes) if code] == [3, 5]


def test_documents_owners_are_told_that_each_has_ended_and_their_pages_are_found(
    quire: QuireClient, uploads: Bucket, tmp_path: Path
) -> None:
    word = f"needle{uuid4().hex[:8]}"
    batch = submit(quire, uploads, [pdf(tmp_path, f"A {word} in hay.")])
    ended(quire, batch)
    [job] = jobs_of(quire, batch)
    found = quire.http.get(f"/v1/documents/{job['document_id']}/find", params={"q": word})
    assert found.status_code == 200, found.text
    assert word in found.text
