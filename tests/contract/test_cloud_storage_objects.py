"""The Cloud Storage emulator's buckets and objects, through Google's own client."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import google_crc32c
import httpx
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from tests.contract.storage_fixtures import bucket, client, storage_url

__all__ = ["bucket", "client", "storage_url"]


def test_a_bucket_is_made_found_listed_and_deleted(client: storage.Client) -> None:
    made = client.create_bucket("quire-uploads")
    assert made.exists()
    assert client.get_bucket("quire-uploads").metageneration == 1
    client.create_bucket("other")
    assert [found.name for found in client.list_buckets()] == ["other", "quire-uploads"]
    assert [found.name for found in client.list_buckets(prefix="qu")] == ["quire-uploads"]
    assert [found.name for found in client.list_buckets(page_size=1)] == ["other", "quire-uploads"]
    made.delete()
    assert client.lookup_bucket("quire-uploads") is None


def test_a_second_bucket_of_the_same_name_is_a_conflict(
    client: storage.Client, bucket: storage.Bucket
) -> None:
    with pytest.raises(exceptions.Conflict, match="you already own it"):
        client.create_bucket(bucket.name)


def test_a_bucket_with_objects_is_not_deleted(bucket: storage.Bucket) -> None:
    bucket.blob("a").upload_from_string(b"1")
    with pytest.raises(exceptions.Conflict, match="not empty"):
        bucket.delete()
    bucket.delete(force=True)
    assert not bucket.exists()


def test_a_bucket_that_is_not_there_is_not_found(client: storage.Client) -> None:
    missing = client.bucket("nowhere")
    calls: list[Callable[[], object]] = [
        lambda: client.get_bucket("nowhere"),
        lambda: missing.blob("a").upload_from_string(b"1"),
        lambda: missing.blob("a").create_resumable_upload_session(),
        lambda: list(missing.list_blobs()),
        missing.delete,
    ]
    for call in calls:
        with pytest.raises(exceptions.NotFound, match="bucket does not exist"):
            call()


def test_bucket_labels_are_patched_under_a_precondition(bucket: storage.Bucket) -> None:
    bucket.labels = {"stage": "test"}
    bucket.patch(if_metageneration_match=1)
    assert bucket.metageneration == 2
    bucket.labels = {"stage": "late"}
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.patch(if_metageneration_match=1)
    bucket.reload()
    assert bucket.labels == {"stage": "test"}


def test_a_bad_bucket_name_is_refused(storage_url: str) -> None:
    answer = httpx.post(f"{storage_url}/storage/v1/b", json={"name": "Not_A-Bucket!"})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == 400
    assert error["errors"][0] == {
        "message": error["message"],
        "domain": "global",
        "reason": "invalid",
    }


def test_the_client_finds_the_emulator_by_its_environment(
    storage_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage_url)
    client = storage.Client()
    assert isinstance(client._credentials, AnonymousCredentials)
    blob = client.create_bucket("by-environment").blob("a b/ü.txt")
    blob.upload_from_string("hello")
    assert client.bucket("by-environment").blob("a b/ü.txt").download_as_text() == "hello"
    client.close()


def test_an_object_says_what_it_is(bucket: storage.Bucket, storage_url: str) -> None:
    payload = b"%PDF-1.7 ..."
    blob = bucket.blob("scans/für immer?.pdf")
    blob.metadata = {"matter": "12/7"}
    blob.cache_control = "no-store"
    blob.upload_from_string(payload, content_type="application/pdf")
    found = bucket.get_blob("scans/für immer?.pdf")
    assert found is not None
    assert found.size == len(payload)
    assert found.content_type == "application/pdf"
    assert found.cache_control == "no-store"
    assert found.metadata == {"matter": "12/7"}
    assert found.md5_hash == base64.b64encode(hashlib.md5(payload).digest()).decode()
    checksum = google_crc32c.value(payload).to_bytes(4, "big")
    assert found.crc32c == base64.b64encode(checksum).decode()
    assert found.metageneration == 1
    assert found.generation > 1_500_000_000_000_000
    assert found.time_created is not None
    assert found.media_link.startswith(f"{storage_url}/download/storage/v1/b/papers/o/scans%2F")
    assert httpx.get(found.media_link).content == payload
    assert found.download_as_bytes() == payload


def test_an_object_that_is_not_there_is_not_found(bucket: storage.Bucket) -> None:
    missing = bucket.blob("nothing")
    assert not missing.exists()
    assert bucket.get_blob("nothing") is None
    calls: list[Callable[[], object]] = [
        missing.reload,
        missing.download_as_bytes,
        missing.delete,
        missing.patch,
    ]
    for call in calls:
        with pytest.raises(exceptions.NotFound, match="No such object: papers/nothing"):
            call()


def test_a_new_content_has_a_new_generation_and_the_old_one_is_gone(
    bucket: storage.Bucket,
) -> None:
    blob = bucket.blob("a")
    blob.upload_from_string(b"old")
    old = blob.generation
    blob.upload_from_string(b"new")
    assert blob.generation > old
    assert bucket.blob("a", generation=blob.generation).download_as_bytes() == b"new"
    calls: list[Callable[[], object]] = [
        lambda: bucket.blob("a", generation=old).download_as_bytes(),
        lambda: bucket.blob("a", generation=old).reload(),
        lambda: bucket.blob("a", generation=old).delete(),
    ]
    for call in calls:
        with pytest.raises(exceptions.NotFound):
            call()
    assert bucket.blob("a").exists()


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, 3, b"0123"), (4, None, b"456789"), (-3, None, b"789"), (8, 99, b"89"), (-99, None, None)],
)
def test_part_of_an_object_is_read(
    bucket: storage.Bucket, start: int, end: int | None, expected: bytes | None
) -> None:
    bucket.blob("digits").upload_from_string(b"0123456789")
    part = bucket.blob("digits").download_as_bytes(start=start, end=end, checksum=None)
    assert part == (expected or b"0123456789")


def test_a_range_is_answered_with_206_and_one_behind_the_end_with_416(
    bucket: storage.Bucket, storage_url: str
) -> None:
    bucket.blob("digits").upload_from_string(b"0123456789")
    url = f"{storage_url}/storage/v1/b/papers/o/digits?alt=media"
    part = httpx.get(url, headers={"Range": "bytes=-4"})
    assert (part.status_code, part.content) == (206, b"6789")
    assert part.headers["content-range"] == "bytes 6-9/10"
    assert httpx.get(url, headers={"Range": "pages=1-2"}).status_code == 200
    with pytest.raises(exceptions.RequestRangeNotSatisfiable):
        bucket.blob("digits").download_as_bytes(start=10)


def test_a_stream_of_ranges_reads_like_a_file(bucket: storage.Bucket) -> None:
    payload = bytes(range(256)) * 4096
    bucket.blob("big").upload_from_string(payload)
    with bucket.blob("big").open("rb", chunk_size=256 * 1024) as file:
        file.seek(1000)
        assert file.read(10) == payload[1000:1010]
        file.seek(-5, io.SEEK_END)
        assert file.read() == payload[-5:]


def test_wrong_hashes_are_refused_and_leave_nothing(bucket: storage.Bucket) -> None:
    blob = bucket.blob("a")
    blob.md5_hash = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    with pytest.raises(exceptions.BadRequest, match="doesn't match calculated MD5"):
        blob.upload_from_string(b"these", checksum=None)
    blob = bucket.blob("a")
    blob.crc32c = "AAAAAA=="
    with pytest.raises(exceptions.BadRequest, match="doesn't match calculated CRC32C"):
        blob.upload_from_string(b"these", checksum=None)
    assert not bucket.blob("a").exists()


def test_a_simple_upload_checks_the_hash_in_its_header(
    bucket: storage.Bucket, storage_url: str
) -> None:
    url = f"{storage_url}/upload/storage/v1/b/papers/o?uploadType=media&name=a"
    wrong = httpx.post(url, content=b"x", headers={"X-Goog-Hash": "crc32c=AAAAAA=="})
    assert wrong.status_code == 400
    md5 = base64.b64encode(hashlib.md5(b"x").digest()).decode()
    right = httpx.post(
        url, content=b"x", headers={"X-Goog-Hash": f"md5={md5}", "Content-Type": "text/x"}
    )
    assert right.json()["contentType"] == "text/x"
    assert bucket.blob("a").download_as_bytes() == b"x"


def test_metadata_is_patched_and_replaced(bucket: storage.Bucket) -> None:
    blob = bucket.blob("a")
    blob.metadata = {"one": "1", "two": "2"}
    blob.upload_from_string(b"1", content_type="text/a")
    blob.metadata = {"one": "I", "two": None}
    blob.patch(if_metageneration_match=1)
    blob = bucket.get_blob("a")
    assert blob.metadata == {"one": "I"}
    assert blob.metageneration == 2
    assert blob.content_type == "text/a"
    blob.content_type = "text/b"
    blob.metadata = None
    blob.update()
    blob = bucket.get_blob("a")
    assert (blob.metadata, blob.content_type, blob.metageneration) == (None, "text/b", 3)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.patch(if_metageneration_match=1)


def test_each_precondition_lets_only_the_expected_object_pass(bucket: storage.Bucket) -> None:
    blob = bucket.blob("a")
    with pytest.raises(exceptions.PreconditionFailed):
        blob.upload_from_string(b"1", if_generation_match=7)
    blob.upload_from_string(b"1", if_generation_match=0)
    first = blob.generation
    with pytest.raises(exceptions.PreconditionFailed, match="pre-conditions"):
        bucket.blob("a").upload_from_string(b"2", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").upload_from_string(b"2", if_generation_not_match=first)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").upload_from_string(b"2", if_metageneration_match=2)
    assert blob.download_as_bytes() == b"1"
    bucket.blob("a").upload_from_string(b"2", if_generation_match=first, if_metageneration_match=1)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").download_as_bytes(if_generation_match=first)
    second = bucket.get_blob("a").generation
    with pytest.raises(exceptions.NotModified):
        bucket.blob("a").reload(if_generation_not_match=second)
    with pytest.raises(exceptions.NotModified):
        bucket.blob("a").reload(if_metageneration_not_match=1)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").delete(if_generation_match=first)
    bucket.blob("a").delete(if_generation_match=second)
    assert not bucket.blob("a").exists()


def test_of_twenty_racing_creations_one_wins_ten_times_out_of_ten(
    client: storage.Client, bucket: storage.Bucket
) -> None:
    racers = 20
    # The client's connections are shared by its threads; requests keeps ten of them.
    client._http.get_adapter(client._connection.API_BASE_URL).init_poolmanager(racers, racers)
    for round_number in range(10):
        line = threading.Barrier(racers)
        name = f"round-{round_number}"

        def race(racer: int, line: threading.Barrier = line, name: str = name) -> int | None:
            blob = bucket.blob(name)
            # So big that all of them are on their way before the first has arrived.
            payload = b"%d," % racer * 100_000
            line.wait()
            try:
                blob.upload_from_string(payload, if_generation_match=0)
            except exceptions.PreconditionFailed:
                return None
            return racer

        with ThreadPoolExecutor(racers) as pool:
            winners = [racer for racer in pool.map(race, range(racers)) if racer is not None]
        assert len(winners) == 1
        assert bucket.blob(name).download_as_bytes() == b"%d," % winners[0] * 100_000


def test_objects_are_listed_by_prefix_delimiter_and_offsets(bucket: storage.Bucket) -> None:
    for name in ("a.pdf", "b/1.pdf", "b/2.pdf", "b/c/3.pdf", "d/4.txt", "e.txt"):
        bucket.blob(name).upload_from_string(b"")

    def names(**how: object) -> list[str]:
        return [blob.name for blob in bucket.list_blobs(**how)]

    assert names() == ["a.pdf", "b/1.pdf", "b/2.pdf", "b/c/3.pdf", "d/4.txt", "e.txt"]
    assert names(prefix="b/") == ["b/1.pdf", "b/2.pdf", "b/c/3.pdf"]
    assert names(start_offset="b/2", end_offset="d/4.txt") == ["b/2.pdf", "b/c/3.pdf"]
    assert names(match_glob="**.txt") == ["d/4.txt", "e.txt"]
    assert names(match_glob="*.{txt,pdf}") == ["a.pdf", "e.txt"]
    assert names(match_glob="b/[!2].pdf") == ["b/1.pdf"]
    listing = bucket.list_blobs(delimiter="/", page_size=1)
    assert [blob.name for blob in listing] == ["a.pdf", "e.txt"]
    assert listing.prefixes == {"b/", "d/"}
    listing = bucket.list_blobs(prefix="b/", delimiter="/")
    assert [blob.name for blob in listing] == ["b/1.pdf", "b/2.pdf"]
    assert listing.prefixes == {"b/c/"}


def test_a_long_listing_comes_in_pages(bucket: storage.Bucket) -> None:
    for number in range(7):
        bucket.blob(f"{number:03d}").upload_from_string(b"")
    pages = [[blob.name for blob in page] for page in bucket.list_blobs(page_size=3).pages]
    assert pages == [["000", "001", "002"], ["003", "004", "005"], ["006"]]
    assert len(list(bucket.list_blobs(max_results=5))) == 5


def test_objects_are_composed_in_order_and_under_preconditions(bucket: storage.Bucket) -> None:
    pieces = []
    for number in range(3):
        piece = bucket.blob(f"piece-{number}")
        piece.upload_from_string(f"<{number}>")
        pieces.append(piece)
    whole = bucket.blob("whole")
    whole.content_type = "text/plain"
    whole.compose(
        pieces,
        if_generation_match=0,
        if_source_generation_match=[piece.generation for piece in pieces],
    )
    assert whole.download_as_bytes() == b"<0><1><2>"
    assert (whole.component_count, whole.md5_hash, whole.content_type) == (3, None, "text/plain")
    with pytest.raises(exceptions.PreconditionFailed):
        whole.compose(pieces, if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        whole.compose(pieces[:1], if_source_generation_match=[1])
    with pytest.raises(exceptions.NotFound):
        whole.compose([bucket.blob("nothing")])
    with pytest.raises(exceptions.BadRequest, match="32"):
        whole.compose(pieces * 11)
    # A composed object may be put into itself: that is how things are appended.
    whole.compose([whole, pieces[0]])
    assert whole.download_as_bytes() == b"<0><1><2><0>"
    assert whole.component_count == 4


def test_an_object_is_copied_rewritten_and_moved(
    client: storage.Client, bucket: storage.Bucket
) -> None:
    other = client.create_bucket("archive")
    source = bucket.blob("a/b")
    source.metadata = {"kept": "yes"}
    source.upload_from_string(b"bytes", content_type="text/x")
    copied = bucket.copy_blob(source, other, "c/d", if_generation_match=0)
    assert copied.download_as_bytes() == b"bytes"
    assert (copied.content_type, copied.metadata) == ("text/x", {"kept": "yes"})
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.copy_blob(source, other, "c/d", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.copy_blob(source, other, "e", if_source_generation_match=1)
    rewritten = other.blob("e")
    token, done, total = rewritten.rewrite(source)
    assert (token, done, total) == (None, 5, 5)
    assert rewritten.content_type == "text/x"
    renamed = bucket.rename_blob(source, "z")
    assert renamed.download_as_bytes() == b"bytes"
    assert not bucket.blob("a/b").exists()
    moved = bucket.move_blob(renamed, "y", if_generation_match=0)
    assert moved.download_as_bytes() == b"bytes"
    assert [blob.name for blob in bucket.list_blobs()] == ["y"]


def test_a_batch_does_each_call_and_tells_of_each_failure(
    client: storage.Client, bucket: storage.Bucket
) -> None:
    for name in ("a/1", "b ü", "c"):
        bucket.blob(name).upload_from_string(name)
    kept = bucket.blob("c")
    with client.batch():
        bucket.delete_blob("a/1")
        bucket.delete_blob("b ü")
        kept.metadata = {"seen": "yes"}
        kept.patch()
    assert kept.metadata == {"seen": "yes"}
    assert [blob.name for blob in bucket.list_blobs()] == ["c"]
    with client.batch(raise_exception=False) as batch:
        bucket.delete_blob("nothing")
        bucket.delete_blob("c")
    assert [answer.status_code for answer in batch._responses] == [404, 204]
    assert not kept.exists()


def test_an_unknown_method_and_a_broken_body_are_said_to_be_so(storage_url: str) -> None:
    assert httpx.get(f"{storage_url}/storage/v1/b/papers/iam").status_code == 404
    broken = httpx.post(f"{storage_url}/storage/v1/b", content=b"{")
    assert (broken.status_code, broken.json()["error"]["errors"][0]["reason"]) == (
        400,
        "parseError",
    )
    assert json.loads(broken.text)["error"]["message"] == "Parse Error"
