"""The Cloud Storage emulator's resumable uploads: chunks, interruptions, restarts."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from google.api_core import exceptions
from google.cloud import storage

from tests.contract.storage_fixtures import (
    KillableEmulator,
    bucket,
    client,
    google_client,
    killable,
    storage_url,
)

__all__ = ["bucket", "client", "killable", "storage_url"]

GRANULE = 256 * 1024


def put(session: str, content: bytes, content_range: str, **headers: str) -> httpx.Response:
    # Long enough for an emulator that is just starting again on a busy machine.
    return httpx.put(
        session, content=content, headers={"Content-Range": content_range} | headers, timeout=60
    )


def test_a_file_is_uploaded_in_chunks(bucket: storage.Bucket) -> None:
    payload = os.urandom(3 * GRANULE + 17)
    blob = bucket.blob("big.pdf", chunk_size=GRANULE)
    blob.metadata = {"matter": "7"}
    blob.upload_from_file(
        io.BytesIO(payload), content_type="application/pdf", if_generation_match=0
    )
    found = bucket.get_blob("big.pdf")
    assert found.download_as_bytes() == payload
    assert (found.content_type, found.metadata) == ("application/pdf", {"matter": "7"})
    assert found.md5_hash == base64.b64encode(hashlib.md5(payload).digest()).decode()


@pytest.mark.parametrize("size", [0, 1, GRANULE, 2 * GRANULE, 2 * GRANULE + 1])
def test_a_stream_of_unknown_length_is_uploaded(bucket: storage.Bucket, size: int) -> None:
    payload = os.urandom(size)
    with bucket.blob("stream").open("wb", chunk_size=GRANULE, ignore_flush=True) as file:
        file.write(payload)
    assert bucket.blob("stream").download_as_bytes() == payload


def test_a_session_is_told_by_its_url_alone_and_answers_with_the_object(
    bucket: storage.Bucket,
) -> None:
    session = bucket.blob("a").create_resumable_upload_session(content_type="text/x", size=5)
    answer = httpx.put(session, content=b"12345")
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["contentType"]) == ("a", "text/x")
    # Asked again after its end, it still knows what it made.
    again = put(session, b"", "bytes */*")
    assert (again.status_code, again.json()) == (200, answer.json())


def test_an_interrupted_upload_goes_on_where_it_was(bucket: storage.Bucket) -> None:
    payload = os.urandom(2 * GRANULE + 5)
    session = bucket.blob("a").create_resumable_upload_session()
    nothing = put(session, b"", "bytes */*")
    assert (nothing.status_code, "range" in nothing.headers) == (308, False)
    first = put(session, payload[:GRANULE], f"bytes 0-{GRANULE - 1}/*")
    assert (first.status_code, first.headers["range"]) == (308, f"bytes=0-{GRANULE - 1}")
    asked = put(session, b"", f"bytes */{len(payload)}")
    assert (asked.status_code, asked.headers["range"]) == (308, f"bytes=0-{GRANULE - 1}")
    # Bytes that have arrived may be sent again.
    whole = put(session, payload, f"bytes 0-{len(payload) - 1}/{len(payload)}")
    assert whole.status_code == 200
    assert bucket.blob("a").download_as_bytes() == payload


def test_what_arrived_before_the_connection_broke_is_kept_in_whole_granules(
    bucket: storage.Bucket,
) -> None:
    payload = os.urandom(4 * GRANULE)
    session = bucket.blob("a").create_resumable_upload_session()
    url = urlsplit(session)
    with socket.create_connection((url.hostname or "", url.port or 0)) as line:
        head = (
            f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n"
            f"Content-Length: {len(payload)}\r\n"
            f"Content-Range: bytes 0-{len(payload) - 1}/{len(payload)}\r\n\r\n"
        )
        line.sendall(head.encode() + payload[: 2 * GRANULE + 1000])
        # The end of what is sent is the end of the request for the server, too.
        line.shutdown(socket.SHUT_WR)
        line.recv(1)
    asked = put(session, b"", "bytes */*")
    assert asked.headers["range"] == f"bytes=0-{2 * GRANULE - 1}"
    rest = put(
        session,
        payload[2 * GRANULE :],
        f"bytes {2 * GRANULE}-{len(payload) - 1}/{len(payload)}",
    )
    assert rest.status_code == 200
    assert bucket.blob("a").download_as_bytes() == payload


def test_chunks_that_do_not_fit_are_refused(bucket: storage.Bucket) -> None:
    session = bucket.blob("a").create_resumable_upload_session(size=2 * GRANULE)
    for content, content_range, status in (
        (b"x" * 100, "bytes 0-99/*", 400),
        (b"x" * 100, f"bytes 0-98/{2 * GRANULE}", 400),
        (b"x", "bytes 0-0/1", 400),
        (b"x", "pages 1", 400),
        (b"x" * GRANULE, f"bytes {GRANULE}-{2 * GRANULE - 1}/{2 * GRANULE}", 503),
    ):
        assert put(session, content, content_range).status_code == status
    assert put(session, b"", "bytes */*").status_code == 308
    assert not bucket.blob("a").exists()


def test_a_hash_that_does_not_fit_ends_the_upload(bucket: storage.Bucket) -> None:
    session = bucket.blob("a").create_resumable_upload_session()
    wrong = put(session, b"x", "bytes 0-0/1", **{"X-Goog-Hash": "crc32c=AAAAAA=="})
    assert wrong.status_code == 400
    assert not bucket.blob("a").exists()


def test_a_session_keeps_its_preconditions(bucket: storage.Bucket) -> None:
    session = bucket.blob("a").create_resumable_upload_session(if_generation_match=0)
    bucket.blob("a").upload_from_string(b"meanwhile")
    late = httpx.put(session, content=b"late")
    assert (late.status_code, late.json()["error"]["errors"][0]["reason"]) == (
        412,
        "conditionNotMet",
    )
    assert bucket.blob("a").download_as_bytes() == b"meanwhile"


def test_a_cancelled_session_is_over(bucket: storage.Bucket) -> None:
    session = bucket.blob("a").create_resumable_upload_session()
    put(session, bytes(GRANULE), f"bytes 0-{GRANULE - 1}/*")
    assert httpx.delete(session).status_code == 499
    assert put(session, b"", "bytes */*").status_code == 499
    assert httpx.put(session, content=b"x").status_code == 499
    assert not bucket.blob("a").exists()


def test_a_session_that_never_was_is_not_found(storage_url: str, bucket: storage.Bucket) -> None:
    url = f"{storage_url}/upload/storage/v1/b/papers/o?uploadType=resumable&upload_id=0"
    assert httpx.put(url, content=b"x").status_code == 404


def test_a_browser_of_another_origin_may_use_the_session(bucket: storage.Bucket) -> None:
    session = bucket.blob("a").create_resumable_upload_session(origin="https://quire.test")
    asked = httpx.options(
        session,
        headers={
            "Origin": "https://quire.test",
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "content-range",
        },
    )
    assert asked.status_code == 200
    answer = put(session, bytes(GRANULE), f"bytes 0-{GRANULE - 1}/*", Origin="https://quire.test")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Range" in answer.headers["access-control-expose-headers"]


@pytest.fixture
def killable_client(killable: KillableEmulator) -> Iterator[storage.Client]:
    killable.start()
    client = google_client(killable.url)
    yield client
    client.close()


def test_a_session_survives_the_death_of_the_emulator(
    killable: KillableEmulator, killable_client: storage.Client
) -> None:
    bucket = killable_client.create_bucket("papers")
    payload = os.urandom(3 * GRANULE)
    session = bucket.blob("a").create_resumable_upload_session(if_generation_match=0)
    put(session, payload[:GRANULE], f"bytes 0-{GRANULE - 1}/*")
    killable.kill()
    killable.start()
    asked = put(session, b"", "bytes */*")
    assert asked.headers["range"] == f"bytes=0-{GRANULE - 1}"
    last = put(session, payload[GRANULE:], f"bytes {GRANULE}-{len(payload) - 1}/{len(payload)}")
    assert last.status_code == 200
    digest = base64.b64encode(hashlib.md5(payload).digest()).decode()
    assert last.json()["md5Hash"] == digest
    assert killable_client.bucket("papers").blob("a").download_as_bytes() == payload


def test_a_kill_while_an_object_is_replaced_leaves_the_old_one_whole(
    killable: KillableEmulator, killable_client: storage.Client
) -> None:
    bucket = killable_client.create_bucket("papers")
    bucket.blob("a").upload_from_string(b"old")
    url = urlsplit(killable.url)
    with socket.create_connection((url.hostname or "", url.port or 0)) as line:
        line.sendall(
            b"POST /upload/storage/v1/b/papers/o?uploadType=media&name=a HTTP/1.1\r\n"
            b"Host: x\r\nContent-Length: 8000000\r\n\r\n" + bytes(4_000_000)
        )
        contents = killable.folder / "contents"
        # Half of it is on the disk, beside the old object's content.
        while sum(entry.stat().st_size for entry in os.scandir(contents)) < 2_000_000:
            pass
        killable.kill()
    killable.start()
    assert bucket.blob("a").download_as_bytes() == b"old"
    assert [blob.name for blob in bucket.list_blobs()] == ["a"]
    assert [entry.stat().st_size for entry in os.scandir(contents)] == [3]


def test_an_upload_is_refused_before_its_end_only_by_what_it_says(
    bucket: storage.Bucket,
) -> None:
    with pytest.raises(exceptions.BadRequest):
        bucket.blob("x" * 1025).upload_from_string(b"1")
    with pytest.raises(exceptions.BadRequest):
        bucket.blob("two\nlines").create_resumable_upload_session()
