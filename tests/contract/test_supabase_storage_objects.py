"""The Supabase Storage emulator's objects, through Supabase's own client."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from storage3 import SyncStorageClient
from storage3.exceptions import StorageApiError
from storage3.types import ListBucketFilesOptions, SearchV2Options

from tests.contract.storage_fixtures import (
    SERVICE_KEY,
    google_client,
    storage_pair,
    supabase,
    supabase_url,
)

__all__ = ["storage_pair", "supabase", "supabase_url"]


def test_an_object_is_uploaded_and_downloaded(supabase: SyncStorageClient) -> None:
    supabase.create_bucket("ocr-chunks")
    bucket = supabase.from_("ocr-chunks")
    uploaded = bucket.upload(
        "doc/0 (1).json", b'{"pages":[]}', {"content-type": "application/json"}
    )
    assert (uploaded.path, uploaded.full_path) == ("doc/0 (1).json", "ocr-chunks/doc/0 (1).json")
    assert bucket.download("doc/0 (1).json") == b'{"pages":[]}'
    info = bucket.info("doc/0 (1).json")
    assert info["size"] == 12
    assert info["content_type"] == "application/json"
    assert info["cache_control"] == "max-age=3600"
    assert info["bucket_id"] == "ocr-chunks"


def test_a_file_and_its_metadata_are_uploaded(supabase: SyncStorageClient, tmp_path: Path) -> None:
    supabase.create_bucket("papers")
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(3_000_000))
    supabase.from_("papers").upload(
        "a.bin", path, {"metadata": {"pages": 7}, "cache-control": "60"}
    )
    info = supabase.from_("papers").info("a.bin")
    assert (info["size"], info["metadata"], info["cache_control"]) == (
        3_000_000,
        {"pages": 7},
        "max-age=60",
    )
    with path.open("rb") as file:
        supabase.from_("papers").upload("b.bin", file)
    assert supabase.from_("papers").download("b.bin") == path.read_bytes()


def test_a_second_upload_is_a_duplicate_unless_it_is_an_upsert(
    supabase: SyncStorageClient,
) -> None:
    supabase.create_bucket("papers")
    bucket = supabase.from_("papers")
    bucket.upload("a", b"first")
    with pytest.raises(StorageApiError) as refused:
        bucket.upload("a", b"second")
    assert (refused.value.status, refused.value.code) == ("409", "Duplicate")
    assert refused.value.message == "The resource already exists"
    assert bucket.download("a") == b"first"
    before = bucket.info("a")
    bucket.upload("a", b"second", {"upsert": "true"})
    after = bucket.info("a")
    assert bucket.download("a") == b"second"
    assert (after["id"], after["created_at"]) == (before["id"], before["created_at"])
    assert after["version"] != before["version"]
    bucket.update("a", b"third")
    assert bucket.download("a") == b"third"


def test_of_racing_uploads_one_is_kept(supabase: SyncStorageClient) -> None:
    supabase.create_bucket("papers")
    racers = 10
    line = threading.Barrier(racers)

    def race(racer: int) -> str:
        bucket = supabase.from_("papers")
        line.wait()
        try:
            bucket.upload("a", f"racer {racer}".encode())
        except StorageApiError as error:
            return error.code
        return "won"

    with ThreadPoolExecutor(racers) as pool:
        ends = list(pool.map(race, range(racers)))
    assert sorted(ends) == ["Duplicate"] * (racers - 1) + ["won"]
    assert supabase.from_("papers").download("a") == f"racer {ends.index('won')}".encode()


def test_what_is_not_there_is_not_found(supabase: SyncStorageClient) -> None:
    supabase.create_bucket("papers")
    bucket = supabase.from_("papers")
    assert not bucket.exists("nothing")
    calls: list[Callable[[], object]] = [
        lambda: bucket.download("nothing"),
        lambda: bucket.info("nothing"),
        lambda: bucket.move("nothing", "a"),
        lambda: bucket.copy("nothing", "a"),
        lambda: bucket.create_signed_url("nothing", 60),
    ]
    for call in calls:
        with pytest.raises(StorageApiError) as refused:
            call()
        assert (refused.value.status, refused.value.code) == ("404", "not_found")
    calls = [
        lambda: supabase.from_("nowhere").upload("a", b"1"),
        lambda: supabase.from_("nowhere").download("a"),
        lambda: supabase.get_bucket("nowhere"),
    ]
    for call in calls:
        with pytest.raises(StorageApiError) as refused:
            call()
        assert (refused.value.status, refused.value.code) == ("404", "Bucket not found")


def test_an_object_is_moved_copied_and_removed(supabase: SyncStorageClient) -> None:
    supabase.create_bucket("papers")
    bucket = supabase.from_("papers")
    bucket.upload("a", b"bytes", {"content-type": "text/x"})
    bucket.copy("a", "in/b")
    bucket.move("a", "in/c")
    assert not bucket.exists("a")
    assert bucket.download("in/b") == bucket.download("in/c") == b"bytes"
    assert bucket.info("in/b")["content_type"] == "text/x"
    for call in (bucket.copy, bucket.move):
        with pytest.raises(StorageApiError) as refused:
            call("in/b", "in/c")
        assert refused.value.code == "Duplicate"
    removed = bucket.remove(["in/b", "nothing"])
    assert [row["name"] for row in removed] == ["in/b"]
    assert not bucket.exists("in/b")
    assert bucket.exists("in/c")


def test_a_name_the_service_would_not_take_is_refused(supabase: SyncStorageClient) -> None:
    supabase.create_bucket("papers")
    with pytest.raises(StorageApiError) as refused:
        supabase.from_("papers").upload("ümlaut", b"1")
    assert (refused.value.status, refused.value.code) == ("400", "InvalidKey")


def test_folders_are_listed_one_at_a_time(supabase: SyncStorageClient) -> None:
    supabase.create_bucket("papers")
    bucket = supabase.from_("papers")
    for name in ("b.txt", "a.txt", "doc/2.json", "doc/1.json", "doc/x/3.json", "empty/4"):
        bucket.upload(name, b"12")
    assert [(row["name"], row["id"] is None) for row in bucket.list()] == [
        ("a.txt", False),
        ("b.txt", False),
        ("doc", True),
        ("empty", True),
    ]
    inside = bucket.list("doc")
    assert [row["name"] for row in inside] == ["1.json", "2.json", "x"]
    assert inside[0]["metadata"]["size"] == 2
    assert inside[0]["metadata"]["mimetype"] == "text/plain"

    def names(folder: str, options: ListBucketFilesOptions) -> list[str]:
        return [row["name"] for row in bucket.list(folder, options)]

    assert names("doc", {"limit": 2, "offset": 1}) == ["2.json", "x"]
    assert names("doc", {"search": "2"}) == ["2.json"]
    assert names("", {"sortBy": {"column": "name", "order": "desc"}}) == [
        "empty",
        "doc",
        "b.txt",
        "a.txt",
    ]
    assert names("", {"sortBy": {"column": "created_at", "order": "asc"}}) == [
        "doc",
        "empty",
        "b.txt",
        "a.txt",
    ]
    assert names("nothing", {}) == []


def test_a_flat_listing_goes_on_behind_its_cursor(supabase: SyncStorageClient) -> None:
    supabase.create_bucket("papers")
    bucket = supabase.from_("papers")
    for name in ("a", "doc/1", "doc/2", "doc/x/3", "e"):
        bucket.upload(name, b"12")
    options: SearchV2Options = {"limit": 2}
    page = bucket.list_v2(options)
    seen = [row.name for row in page.objects]
    while page.nextCursor:
        options["cursor"] = page.nextCursor
        page = bucket.list_v2(options)
        seen += [row.name for row in page.objects]
    assert not page.hasNext
    assert seen == ["a", "doc/1", "doc/2", "doc/x/3", "e"]
    page = bucket.list_v2({"prefix": "doc/", "with_delimiter": True})
    assert [row.name for row in page.objects] == ["doc/1", "doc/2"]
    assert [row.name for row in page.folders] == ["doc/x/"]
    newest = bucket.list_v2({"sortBy": {"column": "created_at", "order": "desc"}, "limit": 1})
    assert [row.name for row in newest.objects] == ["e"]


def test_the_two_services_do_not_see_each_other(
    supabase: SyncStorageClient, storage_pair: tuple[str, str]
) -> None:
    google = google_client(storage_pair[0])
    google.create_bucket("shared-name").blob("a").upload_from_string(b"google's")
    assert supabase.list_buckets() == []
    supabase.create_bucket("shared-name")
    assert supabase.from_("shared-name").list() == []
    supabase.from_("shared-name").upload("a", b"supabase's")
    assert google.bucket("shared-name").blob("a").download_as_bytes() == b"google's"
    google.close()


def test_a_body_without_a_form_is_the_file(supabase: SyncStorageClient, supabase_url: str) -> None:
    supabase.create_bucket("papers")
    answer = httpx.post(
        f"{supabase_url}/storage/v1/object/papers/raw",
        content=io.BytesIO(b"raw bytes"),
        headers={"Authorization": f"Bearer {SERVICE_KEY}", "Content-Type": "text/x"},
    )
    assert answer.json()["Key"] == "papers/raw"
    assert supabase.from_("papers").info("raw")["content_type"] == "text/x"
    assert supabase.from_("papers").download("raw") == b"raw bytes"


def test_a_types_parameters_are_dropped_in_a_form_and_kept_of_a_raw_body(
    supabase: SyncStorageClient, supabase_url: str
) -> None:
    supabase.create_bucket("papers", options={"allowed_mime_types": ["text/plain"]})
    bucket, with_charset = supabase.from_("papers"), "text/plain; charset=utf-8"
    bucket.upload("form", b"1", {"content-type": with_charset})
    assert bucket.info("form")["content_type"] == "text/plain"

    def sent_raw(name: str) -> httpx.Response:
        return httpx.post(
            f"{supabase_url}/storage/v1/object/papers/{name}",
            content=b"1",
            headers={"Authorization": f"Bearer {SERVICE_KEY}", "Content-Type": with_charset},
        )

    assert sent_raw("refused").json()["error"] == "invalid_mime_type"
    supabase.update_bucket("papers", {"public": False, "allowed_mime_types": [with_charset]})
    assert sent_raw("raw").is_success
    assert bucket.info("raw")["content_type"] == with_charset


def test_an_unknown_route_is_said_to_be_so(supabase_url: str) -> None:
    answer = httpx.get(f"{supabase_url}/storage/v1/nothing")
    assert answer.status_code == 404
    assert answer.json()["message"] == "Route GET:/storage/v1/nothing not found"
