"""A caller of the API who has many documents read: puts them in the bucket and sends batches."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any
from uuid import uuid4

import httpx
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from tests.e2e.quire_client import QuireClient, wait_for


def put_folder(quire: QuireClient, documents: Mapping[str, bytes]) -> str:
    """Put the documents into a folder of the caller's own; return its address."""
    folder = f"batches/{quire.owner}/{uuid4()}"
    client = Client(
        project="quire-local",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": quire.stack.endpoints["gcs"]},
    )
    with closing(client):
        bucket = client.bucket("quire-uploads")
        for name, content in documents.items():
            blob = bucket.blob(f"{folder}/{name}")
            blob.upload_from_string(content, content_type="application/pdf")
    return f"gs://quire-uploads/{folder}/"


def submit(quire: QuireClient, *folders: str, **fields: Any) -> str:
    """Send a batch of the folders' documents; return its id."""
    documents = [{"uri": folder} for folder in folders]
    return _made(quire.http.post("/v1/batches", json={"documents": documents, **fields}))


def begin(quire: QuireClient, batch_id: str, action: str, **body: Any) -> str:
    """Recover or warm a batch; return the new one's id."""
    return _made(quire.http.post(f"/v1/batches/{batch_id}/{action}", json=body))


def look_at(quire: QuireClient, batch_id: str) -> dict[str, Any]:
    answer = quire.http.get(f"/v1/batches/{batch_id}")
    assert answer.status_code == 200, answer.text
    batch: dict[str, Any] = answer.json()
    return batch


def ended(quire: QuireClient, batch_id: str, *, patience: float = 240.0) -> dict[str, Any]:
    """Return the batch once it has ended."""

    def look() -> dict[str, Any] | None:
        batch = look_at(quire, batch_id)
        return batch if batch["finished_at"] else None

    return wait_for(look, f"batch {batch_id} to end", patience)


def documents_of(quire: QuireClient, batch_id: str) -> list[dict[str, Any]]:
    """Return the batch's documents, the first thousand."""
    answer = quire.http.get(f"/v1/batches/{batch_id}/documents", params={"limit": 1000})
    assert answer.status_code == 200, answer.text
    documents: list[dict[str, Any]] = answer.json()["documents"]
    return documents


def skipped_of(quire: QuireClient, batch_id: str) -> list[dict[str, Any]]:
    """Return what the recovery leaves alone, the first thousand entries."""
    answer = quire.http.get(f"/v1/batches/{batch_id}/skipped", params={"limit": 1000})
    assert answer.status_code == 200, answer.text
    skipped: list[dict[str, Any]] = answer.json()["skipped"]
    return skipped


def calls(quire: QuireClient) -> list[dict[str, Any]]:
    """Return the calls of Document AI so far, the latest ten thousand."""
    answer = httpx.get(f"{quire.stack.endpoints['control']}/document-ai/calls")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def _made(answer: httpx.Response) -> str:
    assert answer.status_code == 202, answer.text
    batch_id: str = answer.json()["batch_id"]
    assert answer.headers["location"] == f"/v1/batches/{batch_id}"
    return batch_id
