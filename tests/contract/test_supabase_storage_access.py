"""The Supabase Storage emulator's buckets, keys and signed URLs, through Supabase's client."""

from __future__ import annotations

import time

import httpx
import jwt
import pytest
from storage3 import SyncStorageClient
from storage3.exceptions import StorageApiError

from tests.contract.storage_fixtures import (
    JWT_SECRET,
    SERVICE_KEY,
    storage_pair,
    supabase,
    supabase_client,
    supabase_url,
)

__all__ = ["storage_pair", "supabase", "supabase_url"]


def token(secret: str = JWT_SECRET, **claims: object) -> str:
    return jwt.encode({"role": "service_role"} | claims, secret, algorithm="HS256")


def test_a_bucket_has_a_life(supabase: SyncStorageClient) -> None:
    supabase.create_bucket("papers", options={"public": True, "file_size_limit": 10})
    found = supabase.get_bucket("papers")
    assert (found.name, found.public, found.file_size_limit) == ("papers", True, 10)
    with pytest.raises(StorageApiError) as refused:
        supabase.create_bucket("papers")
    assert (refused.value.status, refused.value.code) == ("409", "Duplicate")
    supabase.update_bucket("papers", {"public": False, "allowed_mime_types": ["text/plain"]})
    found = supabase.get_bucket("papers")
    assert (found.public, found.file_size_limit) == (False, 10)
    assert found.allowed_mime_types == ["text/plain"]
    supabase.from_("papers").upload("a", b"1", {"content-type": "text/plain"})
    with pytest.raises(StorageApiError) as refused:
        supabase.delete_bucket("papers")
    assert refused.value.message == "The bucket you tried to delete is not empty"
    supabase.empty_bucket("papers")
    assert [bucket.id for bucket in supabase.list_buckets()] == ["papers"]
    supabase.delete_bucket("papers")
    assert supabase.list_buckets() == []


def test_a_bucket_refuses_what_it_was_told_to(supabase: SyncStorageClient) -> None:
    supabase.create_bucket(
        "small", options={"file_size_limit": 1000, "allowed_mime_types": ["image/*"]}
    )
    bucket = supabase.from_("small")
    with pytest.raises(StorageApiError) as refused:
        bucket.upload("a", b"1", {"content-type": "application/pdf"})
    assert (refused.value.status, refused.value.code) == ("415", "invalid_mime_type")
    with pytest.raises(StorageApiError) as refused:
        bucket.upload("a", bytes(1001), {"content-type": "image/png"})
    assert (refused.value.status, refused.value.code) == ("413", "Payload too large")
    bucket.upload("a", bytes(1000), {"content-type": "image/png"})
    with pytest.raises(StorageApiError) as refused:
        supabase.create_bucket("no/slash")
    assert refused.value.code == "Invalid Input"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("nonsense", "Invalid Compact JWS"),
        (token(secret="another secret that is long enough"), "signature verification failed"),
        (token(exp=int(time.time()) - 10), '"exp" claim timestamp check failed'),
        (token(role="authenticated"), "new row violates row-level security policy"),
    ],
)
def test_a_key_that_is_not_good_is_refused(supabase_url: str, key: str, message: str) -> None:
    with supabase_client(supabase_url, key) as stranger:
        with pytest.raises(StorageApiError) as refused:
            stranger.create_bucket("papers")
        assert (refused.value.status, refused.value.code) == ("403", "Unauthorized")
        assert refused.value.message == message


def test_no_key_at_all_is_refused_and_private_objects_are_hidden(
    supabase: SyncStorageClient, supabase_url: str
) -> None:
    supabase.create_bucket("papers")
    supabase.from_("papers").upload("a", b"1")
    refused = httpx.post(f"{supabase_url}/storage/v1/bucket", json={"name": "x"})
    assert (refused.status_code, refused.json()["statusCode"]) == (400, "400")
    assert refused.json()["message"] == "headers must have required property 'authorization'"
    hidden = httpx.get(f"{supabase_url}/storage/v1/object/papers/a")
    assert (hidden.status_code, hidden.json()["message"]) == (400, "Bucket not found")
    with supabase_client(supabase_url, token(role="anon")) as stranger:
        assert stranger.list_buckets() == []
        assert stranger.from_("papers").list() == []
        with pytest.raises(StorageApiError):
            stranger.from_("papers").download("a")
        with pytest.raises(StorageApiError):
            stranger.from_("papers").create_signed_url("a", 60)
        with pytest.raises(StorageApiError):
            stranger.from_("papers").remove(["a"])
    assert supabase.from_("papers").exists("a")


def test_a_token_of_the_service_role_and_the_apikey_header_are_keys_too(
    supabase_url: str,
) -> None:
    with supabase_client(supabase_url, token(exp=int(time.time()) + 60)) as other:
        other.create_bucket("papers")
    answer = httpx.get(f"{supabase_url}/storage/v1/bucket", headers={"apikey": SERVICE_KEY})
    assert [bucket["id"] for bucket in answer.json()] == ["papers"]


def test_a_signed_url_gives_the_object_or_a_range_of_it(supabase: SyncStorageClient) -> None:
    supabase.create_bucket("papers")
    bucket = supabase.from_("papers")
    bucket.upload("in/a b.txt", b"0123456789", {"content-type": "text/x"})
    url = bucket.create_signed_url("in/a b.txt", 60)["signedUrl"] or ""
    whole = httpx.get(url)
    assert (whole.status_code, whole.content) == (200, b"0123456789")
    assert whole.headers["content-type"] == "text/x"
    assert "content-disposition" not in whole.headers
    part = httpx.get(url, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["content-range"] == "bytes 2-4/10"
    behind = httpx.get(url, headers={"Range": "bytes=10-"})
    assert (behind.status_code, behind.json()["error"]) == (416, "invalid_range")
    known = httpx.get(url, headers={"If-None-Match": whole.headers["etag"]})
    assert known.status_code == 304
    saved = httpx.get(
        bucket.create_signed_url("in/a b.txt", 60, {"download": "naïve.txt"})["signedUrl"] or ""
    )
    assert saved.headers["content-disposition"] == (
        "attachment; filename=na%C3%AFve.txt; filename*=UTF-8''na%C3%AFve.txt"
    )


def test_many_urls_are_signed_at_once(supabase: SyncStorageClient) -> None:
    supabase.create_bucket("papers")
    bucket = supabase.from_("papers")
    bucket.upload("a", b"1")
    there, missing = bucket.create_signed_urls(["a", "nothing"], 60)
    assert httpx.get(there["signedUrl"] or "").content == b"1"
    assert missing["signedURL"] is None
    assert missing["error"] == ("Either the object does not exist or you do not have access to it")


def test_a_signed_url_that_is_late_or_changed_is_refused(
    supabase: SyncStorageClient, supabase_url: str
) -> None:
    supabase.create_bucket("papers")
    bucket = supabase.from_("papers")
    bucket.upload("a", b"1")
    bucket.upload("b", b"2")
    url = bucket.create_signed_url("a", 60)["signedUrl"] or ""

    def refusal(url: str) -> tuple[int, str]:
        answer = httpx.get(url)
        return answer.status_code, answer.json()["error"]

    assert refusal(url.replace("papers/a", "papers/b")) == (400, "InvalidSignature")
    assert refusal(url[:-4] + "AAAA") == (400, "InvalidJWT")
    late = token(url="papers/a", scope="download", exp=int(time.time()) - 1)
    answer = httpx.get(f"{supabase_url}/storage/v1/object/sign/papers/a?token={late}")
    assert answer.json() == {
        "statusCode": "400",
        "error": "InvalidJWT",
        "code": "InvalidJWT",
        "message": '"exp" claim timestamp check failed',
    }
    upload = bucket.create_signed_upload_url("c")["token"]
    wrong_use = f"{supabase_url}/storage/v1/object/sign/papers/c?token={upload}"
    assert refusal(wrong_use) == (400, "InvalidSignature")
    with pytest.raises(StorageApiError, match="must be >= 1"):
        bucket.create_signed_url("a", 0)


def test_a_signed_upload_url_takes_one_object(supabase: SyncStorageClient) -> None:
    supabase.create_bucket("papers")
    bucket = supabase.from_("papers")
    signed = bucket.create_signed_upload_url("in/new.txt")
    uploaded = bucket.upload_to_signed_url("in/new.txt", signed["token"], b"bytes")
    assert uploaded.full_path == "papers/in/new.txt"
    assert bucket.download("in/new.txt") == b"bytes"
    with pytest.raises(StorageApiError) as refused:
        bucket.upload_to_signed_url("in/new.txt", signed["token"], b"again")
    assert refused.value.code == "Duplicate"
    with pytest.raises(StorageApiError) as refused:
        bucket.create_signed_upload_url("in/new.txt")
    assert refused.value.code == "Duplicate"
    with pytest.raises(StorageApiError) as refused:
        bucket.upload_to_signed_url("in/other.txt", signed["token"], b"again")
    assert refused.value.code == "InvalidSignature"


def test_a_public_bucket_is_read_without_a_key(
    supabase: SyncStorageClient, supabase_url: str
) -> None:
    supabase.create_bucket("papers", options={"public": True})
    supabase.create_bucket("private")
    supabase.from_("papers").upload("a", b"1")
    supabase.from_("private").upload("a", b"1")
    assert httpx.get(supabase.from_("papers").get_public_url("a")).content == b"1"
    saved = httpx.get(supabase.from_("papers").get_public_url("a", {"download": True}))
    assert saved.headers["content-disposition"] == "attachment;"
    head = httpx.head(f"{supabase_url}/storage/v1/object/papers/a")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "1", b"")
    hidden = httpx.get(supabase.from_("private").get_public_url("a"))
    assert (hidden.status_code, hidden.json()["error"]) == (400, "Bucket not found")
