"""Batches through the real door: manifests in three forms, checked whole, made once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Bucket, Client

from tests.e2e.api_requests import TINY_PDF, refused
from tests.e2e.quire_client import QuireClient, wait_for


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


@pytest.fixture
def folder() -> str:
    return f"batches/alice/{uuid4()}"


def put(bucket: Bucket, *names: str, kind: str = "application/pdf") -> None:
    for name in names:
        bucket.blob(name).upload_from_string(TINY_PDF, content_type=kind)


def submit(quire: QuireClient, manifest: Any, **request: Any) -> httpx.Response:
    return quire.http.post("/v1/batches", json=manifest, **request)


def made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    batch: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/batches/{batch['batch_id']}"
    return batch


def ended(quire: QuireClient, batch_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        batch: dict[str, Any] = quire.http.get(f"/v1/batches/{batch_id}").json()
        return batch if batch["finished_at"] else None

    return wait_for(look, f"batch {batch_id} to end")


def test_objects_of_a_bucket_are_read_as_the_manifest_names_them(
    quire: QuireClient, uploads: Bucket, folder: str
) -> None:
    put(uploads, f"{folder}/a.pdf", f"{folder}/b/c.pdf")
    batch = made(
        submit(
            quire,
            {
                "name": "boxes",
                "documents": [
                    {"uri": f"gs://quire-uploads/{folder}/a.pdf"},
                    {"uri": f"gs://quire-uploads/{folder}/b/*.pdf", "priority": "high"},
                ],
            },
        )
    )
    assert (batch["name"], batch["total"]) == ("boxes", 2)
    assert ended(quire, batch["batch_id"])["status"] == "completed"
    documents = quire.http.get(f"/v1/batches/{batch['batch_id']}/documents").json()["documents"]
    assert [document["filename"] for document in documents] == ["a.pdf", "c.pdf"]
