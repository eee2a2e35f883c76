"""Batches as the tests of the page need them: made by the API, looked at by their rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_born_digital


def letters(folder: Path, count: int, *, pages: int = 1) -> list[Path]:
    """Write so many short documents, each page of which names its letter and itself."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(1, count + 1):
        path = folder / f"letter-{number:02}.pdf"
        # Of its own folder, too: what was read for another test is not found in the cache.
        words = f"Letter {number:02}\n\nof {folder.parent.name}"
        write_born_digital(path, [f"{words}, page {page}" for page in range(1, pages + 1)])
        paths.append(path)
    return paths


def held(quire: QuireClient, paths: Sequence[Path]) -> list[str]:
    """Upload documents for a batch and return their ids."""
    announced = [{"filename": path.name, "size": path.stat().st_size} for path in paths]
    answer = quire.http.post("/v1/uploads", json={"documents": announced})
    assert answer.status_code == 201, answer.text
    uploads = answer.json()["uploads"]
    for path, upload in zip(paths, uploads, strict=True):
        put = httpx.put(upload["upload_url"], content=path.read_bytes())
        assert put.status_code == 200, put.text
    return [upload["document_id"] for upload in uploads]


def make_batch(quire: QuireClient, paths: Sequence[Path], **fields: Any) -> str:
    """Have documents read as a batch and return its id."""
    documents = [{"document_id": document_id} for document_id in held(quire, paths)]
    answer = quire.http.post("/v1/batches", json={**fields, "documents": documents})
    assert answer.status_code == 202, answer.text
    batch_id: str = answer.json()["batch_id"]
    return batch_id


def batch_of(quire: QuireClient, batch_id: str) -> dict[str, Any]:
    """Return the batch as the API shows it."""
    answer = quire.http.get(f"/v1/batches/{batch_id}")
    assert answer.status_code == 200, answer.text
    batch: dict[str, Any] = answer.json()
    return batch


def ended(quire: QuireClient, batch_id: str) -> dict[str, Any]:
    """Return the batch once it has ended."""

    def look() -> dict[str, Any] | None:
        batch = batch_of(quire, batch_id)
        return batch if batch["finished_at"] else None

    return wait_for(look, f"batch {batch_id} to end")
