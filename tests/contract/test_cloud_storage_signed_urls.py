"""V4 signed URLs, made by Google's client and verified by the Cloud Storage emulator."""

from __future__ import annotations

import datetime
from pathlib import Path

import httpx
import pytest
from google.cloud import storage
from google.cloud.storage._signing import generate_signed_url_v4
from google.oauth2 import service_account

from infra.local.emulators.cloud_storage.signing import service_account_info
from tests.contract.storage_fixtures import bucket, client, storage_url

__all__ = ["bucket", "client", "storage_url"]

HOUR = datetime.timedelta(hours=1)


class Signer:
    """Signs with the emulator's service account."""

    def __init__(self, folder: Path, url: str) -> None:
        self.credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            service_account_info(folder)
        )
        self._url = url

    def sign(self, blob: storage.Blob, method: str, **how: object) -> str:
        url: str = blob.generate_signed_url(
            version="v4",
            expiration=HOUR,
            method=method,
            credentials=self.credentials,
            api_access_endpoint=self._url,
            **how,
        )
        return url


@pytest.fixture
def signer(tmp_path: Path, storage_url: str) -> Signer:
    return Signer(tmp_path, storage_url)


@pytest.fixture
def blob(bucket: storage.Bucket) -> storage.Blob:
    blob = bucket.blob("scans/für immer & mehr+1.pdf")
    blob.upload_from_string(b"0123456789", content_type="application/pdf")
    return blob


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.text.partition("<Code>")[2].partition("</Code>")[0]


def test_a_signed_url_gives_the_object_or_a_range_of_it(signer: Signer, blob: storage.Blob) -> None:
    url = signer.sign(blob, "GET")
    answer = httpx.get(url)
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["content-type"] == "application/pdf"
    part = httpx.get(url, headers={"Range": "bytes=2-3"})
    assert (part.status_code, part.content) == (206, b"23")


def test_a_signed_url_may_set_the_answer_s_headers(signer: Signer, blob: storage.Blob) -> None:
    url = signer.sign(
        blob, "GET", response_disposition="attachment; filename=a.pdf", response_type="text/x"
    )
    answer = httpx.get(url)
    assert answer.headers["content-disposition"] == "attachment; filename=a.pdf"
    assert answer.headers["content-type"] == "text/x"


def test_a_signed_put_uploads_with_the_headers_that_were_signed(
    signer: Signer, bucket: storage.Bucket
) -> None:
    headers = {"x-goog-if-generation-match": "0", "x-goog-meta-matter": "7"}
    new = bucket.blob("by url.pdf")
    url = signer.sign(new, "PUT", content_type="application/pdf", headers=headers)
    sent = headers | {"Content-Type": "application/pdf"}
    answer = httpx.put(url, content=b"bytes", headers=sent)
    assert answer.status_code == 200
    new.reload()
    assert (new.content_type, new.metadata) == ("application/pdf", {"matter": "7"})
    assert answer.headers["x-goog-generation"] == str(new.generation)
    assert new.download_as_bytes() == b"bytes"
    assert code(httpx.put(url, content=b"again", headers=sent)) == (412, "PreconditionFailed")
    other = httpx.put(url, content=b"again", headers=sent | {"x-goog-meta-matter": "8"})
    assert code(other) == (403, "SignatureDoesNotMatch")
    missing = httpx.put(url, content=b"again", headers={"Content-Type": "application/pdf"})
    assert code(missing) == (400, "MalformedSecurityHeader")


def test_a_signed_resumable_start_gives_a_session_url_that_needs_no_signature(
    signer: Signer, bucket: storage.Bucket
) -> None:
    new = bucket.blob("in chunks.pdf")
    url = signer.sign(new, "RESUMABLE", content_type="application/pdf")
    started = httpx.post(
        url, headers={"x-goog-resumable": "start", "Content-Type": "application/pdf"}
    )
    assert started.status_code == 201
    session = started.headers["location"]
    first = httpx.put(
        session, content=bytes(262144), headers={"Content-Range": "bytes 0-262143/262145"}
    )
    assert (first.status_code, first.headers["range"]) == (308, "bytes=0-262143")
    last = httpx.put(session, content=b"x", headers={"Content-Range": "bytes 262144-262144/262145"})
    assert (last.status_code, last.content) == (200, b"")
    new.reload()
    assert (new.size, new.content_type) == (262145, "application/pdf")
    assert last.headers["x-goog-generation"] == str(new.generation)
    without = httpx.post(url, headers={"Content-Type": "application/pdf"})
    assert code(without) == (400, "MalformedSecurityHeader")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("scans/", "other/"),
        ("X-Goog-Expires=3600", "X-Goog-Expires=36000"),
        ("X-Goog-Signature=", "X-Goog-Signature=00"),
        ("X-Goog-Signature=", "more=1&X-Goog-Signature="),
    ],
)
def test_a_url_that_was_tampered_with_is_refused(
    signer: Signer, blob: storage.Blob, old: str, new: str
) -> None:
    url = signer.sign(blob, "GET")
    assert old in url
    assert code(httpx.get(url.replace(old, new))) == (403, "SignatureDoesNotMatch")


def test_a_url_signed_for_one_method_is_not_good_for_another(
    signer: Signer, blob: storage.Blob
) -> None:
    url = signer.sign(blob, "GET")
    assert code(httpx.put(url, content=b"x")) == (403, "SignatureDoesNotMatch")
    assert code(httpx.delete(url)) == (403, "SignatureDoesNotMatch")
    assert blob.download_as_bytes() == b"0123456789"
    assert httpx.delete(signer.sign(blob, "DELETE")).status_code == 204
    assert not blob.exists()


def test_a_url_past_its_time_is_refused(
    signer: Signer, blob: storage.Blob, storage_url: str
) -> None:
    def signed_at(stamp: str) -> str:
        url: str = generate_signed_url_v4(
            signer.credentials,
            resource="/papers/scans",
            expiration=HOUR,
            api_access_endpoint=storage_url,
            method="GET",
            _request_timestamp=stamp,
        )
        return url

    assert code(httpx.get(signed_at("20250101T000000Z"))) == (400, "ExpiredToken")
    assert code(httpx.get(signed_at("29990101T000000Z"))) == (403, "RequestTimeTooSkewed")


def test_only_the_emulator_s_own_account_signs(
    signer: Signer, blob: storage.Blob, tmp_path: Path, storage_url: str
) -> None:
    stranger = Signer(tmp_path / "elsewhere", storage_url)
    assert code(httpx.get(stranger.sign(blob, "GET"))) == (403, "SignatureDoesNotMatch")
    assert service_account_info(tmp_path) == service_account_info(tmp_path)
    assert (tmp_path / "service-account.json").stat().st_mode & 0o077 == 0


def test_without_a_signature_nothing_is_given(blob: storage.Blob, storage_url: str) -> None:
    url = f"{storage_url}/papers/scans"
    assert code(httpx.get(url)) == (403, "AccessDenied")
    assert code(httpx.put(url, content=b"x")) == (403, "AccessDenied")
    assert code(httpx.post(url)) == (403, "AccessDenied")
    assert code(httpx.delete(url)) == (403, "AccessDenied")


def test_an_object_that_is_not_there_is_said_to_be_missing_in_xml(
    signer: Signer, bucket: storage.Bucket, client: storage.Client
) -> None:
    assert code(httpx.get(signer.sign(bucket.blob("nothing"), "GET"))) == (404, "NoSuchKey")
    elsewhere = client.bucket("nowhere").blob("a")
    assert code(httpx.get(signer.sign(elsewhere, "GET"))) == (404, "NoSuchBucket")
