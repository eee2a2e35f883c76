"""The Cloud Storage emulator's object-finalized events, as a function receives them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from cloudevents.http import from_http
from google.cloud import storage

from infra.local.emulators import cloud_storage
from infra.local.emulators.file_store import FileStore
from tests.contract.storage_fixtures import (
    KillableEmulator,
    Listener,
    google_client,
    killable,
    listener,
    listening_socket,
    serving,
    url_of,
)

__all__ = ["killable", "listener"]


@contextmanager
def watched(folder: Path, listener: Listener, deliver_times: int = 1) -> Iterator[storage.Bucket]:
    """A bucket whose events go to the listener."""
    with listening_socket() as bound, FileStore(folder) as store:
        url = url_of(bound)
        app = cloud_storage.create_app(
            store,
            public_url=url,
            notify_urls={"watched": listener.url},
            deliver_times=deliver_times,
        )
        with serving(app, bound):
            client = google_client(url)
            client.create_bucket("quiet")
            yield client.create_bucket("watched")
            client.close()


def test_an_object_s_event_tells_what_it_is(tmp_path: Path, listener: Listener) -> None:
    with watched(tmp_path, listener) as bucket:
        bucket.client.bucket("quiet").blob("a").upload_from_string(b"nobody is told")
        blob = bucket.blob("scans/ü 1.pdf")
        blob.metadata = {"matter": "7"}
        blob.upload_from_string(b"12345", content_type="application/pdf")
        headers, body = listener.accepted.get(timeout=30)
        blob.metadata = {"matter": "8"}
        blob.patch()
        bucket.copy_blob(blob, bucket, "copy")
        copied = msgspec.json.decode(listener.accepted.get(timeout=30)[1])
        assert copied["name"] == "copy"
    assert headers["ce-type"] == "google.cloud.storage.object.v1.finalized"
    assert headers["ce-source"] == "//storage.googleapis.com/projects/_/buckets/watched"
    assert headers["ce-subject"] == "objects/scans/%C3%BC%201.pdf"
    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-bucket"] == "watched"
    assert headers["content-type"] == "application/json"
    resource = msgspec.json.decode(body)
    assert headers["ce-time"] == resource["timeCreated"]
    assert resource["bucket"] == "watched"
    assert resource["name"] == "scans/ü 1.pdf"
    assert resource["generation"] == str(blob.generation)
    assert resource["size"] == "5"
    assert resource["contentType"] == "application/pdf"
    assert resource["metadata"] == {"matter": "7"}
    assert listener.accepted.empty()


def test_the_event_is_a_cloudevent_to_its_library(tmp_path: Path, listener: Listener) -> None:
    with watched(tmp_path, listener) as bucket:
        bucket.blob("a").upload_from_string(b"1")
        headers, body = listener.accepted.get(timeout=30)
    event = from_http(headers, body)
    assert event["type"] == "google.cloud.storage.object.v1.finalized"
    assert event["id"] == headers["ce-id"]
    data = event.get_data()
    assert data is not None
    assert data["name"] == "a"


def test_a_refused_event_comes_again_until_it_is_taken(tmp_path: Path, listener: Listener) -> None:
    listener.refusals = 3
    with watched(tmp_path, listener) as bucket:
        bucket.blob("a").upload_from_string(b"1")
        _, body = listener.accepted.get(timeout=30)
    assert listener.refused.qsize() == 3
    assert listener.refused.get() == body


def test_an_event_may_be_delivered_more_than_once(tmp_path: Path, listener: Listener) -> None:
    with watched(tmp_path, listener, deliver_times=3) as bucket:
        bucket.blob("a").upload_from_string(b"1")
        deliveries = [listener.accepted.get(timeout=30) for _ in range(3)]
    assert len({headers["ce-id"] for headers, _ in deliveries}) == 1
    assert listener.accepted.empty()


def test_an_event_outlives_the_emulator(killable: KillableEmulator, listener: Listener) -> None:
    listener.refusals = 1_000_000
    killable.notify_url = listener.url
    killable.start()
    client = google_client(killable.url)
    client.create_bucket("watched").blob("a").upload_from_string(b"1")
    client.close()
    listener.refused.get(timeout=30)
    killable.kill()
    listener.refusals = 0
    killable.start()
    _, body = listener.accepted.get(timeout=30)
    assert msgspec.json.decode(body)["name"] == "a"
