"""Objects are found by the thousand through Google's own client, in few requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud import storage
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from common.errors import MisconfiguredError
from common.locations import parse_location
from infra.settings import StorageSettings
from infra.storage.cloud_storage import CloudStorage
from infra.storage.object_listing import ObjectListing
from tests.contract.storage_fixtures import bucket, client, storage_url

__all__ = ["bucket", "client", "storage_url"]


class CountingTransport(HTTPAdapter):
    """Counts what really goes over the line."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: Counter[str] = Counter()

    def send(self, request: PreparedRequest, *arguments: Any, **options: Any) -> Response:
        path = request.path_url.split("?")[0]
        # Once for each bucket, the client asks for the bucket itself, in a thread of its own.
        if "/o" in path:
            self.sent["listings" if path.endswith("/o") else "objects"] += 1
        return super().send(request, *arguments, **options)


@pytest.fixture
def adapter(storage_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStorage]:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage_url)
    adapter = CloudStorage(StorageSettings(), retry_seconds=2)
    yield adapter
    adapter.close()


@pytest.fixture
def requests(adapter: CloudStorage) -> Counter[str]:
    transport = CountingTransport()
    adapter.client._http.mount("http://", transport)
    return transport.sent


@pytest.fixture
def listing(adapter: CloudStorage) -> ObjectListing:
    return ObjectListing(adapter)


def put(bucket: storage.Bucket, *names: str, kind: str = "application/pdf") -> None:
    for name in names:
        bucket.blob(name).upload_from_string(b"%PDF-", content_type=kind)


def names_of(listing: ObjectListing, uri: str, *, most: int = 100) -> list[str]:
    return [one.ref.name for one in listing.matching(parse_location(uri), most=most)]


def test_objects_that_lie_together_take_a_request_for_a_thousand(
    bucket: storage.Bucket, listing: ObjectListing, requests: Counter[str]
) -> None:
    names = [f"a/{number:04d}.pdf" for number in range(60)]
    put(bucket, *names)
    requests.clear()
    found = listing.find_all("papers", [*names[5:], "a/0003x.pdf", "b.pdf", "a/none.pdf"])
    assert sorted(found) == names[5:]
    assert requests == {"listings": 1}
    one = found["a/0007.pdf"]
    blob = bucket.get_blob("a/0007.pdf")
    assert blob is not None
    assert (one.ref.bucket, one.ref.generation, one.size) == ("papers", blob.generation, 5)
    assert one.content_type == "application/pdf"


def test_a_single_object_is_asked_for_by_itself(
    bucket: storage.Bucket, listing: ObjectListing, requests: Counter[str]
) -> None:
    put(bucket, "a.pdf", "b.pdf")
    requests.clear()
    assert set(listing.find_all("papers", ["b.pdf"])) == {"b.pdf"}
    assert listing.find_all("papers", ["c.pdf"]) == {}
    assert requests == {"objects": 2}
    assert listing.find_all("papers", []) == {}


def test_what_lies_scattered_among_thousands_is_asked_for_one_by_one(
    bucket: storage.Bucket, adapter: CloudStorage, requests: Counter[str]
) -> None:
    listing = ObjectListing(adapter, page=10, scattered=5)
    names = [f"{number:03d}.pdf" for number in range(100)]
    put(bucket, *names)
    requests.clear()
    found = listing.find_all("papers", [*names[::20], "050x.pdf"])
    assert sorted(found) == names[::20]
    # The first page had one of them; then each by itself.
    assert requests == {"listings": 1, "objects": 5}


def test_pages_skip_what_lies_between(
    bucket: storage.Bucket, adapter: CloudStorage, requests: Counter[str]
) -> None:
    listing = ObjectListing(adapter, page=10)
    names = [f"{number:03d}.pdf" for number in range(100)]
    put(bucket, *names)
    requests.clear()
    wanted = [*names[:12], *names[70:80]]
    assert sorted(listing.find_all("papers", wanted)) == wanted
    # 0-9, 10-19, 70-79.
    assert requests == {"listings": 3}


def test_names_are_in_the_order_of_their_utf_8(
    bucket: storage.Bucket, listing: ObjectListing
) -> None:
    names = ["a.pdf", "z.pdf", "é.pdf", "\uff5e.pdf", "\U0001f600.pdf", "A b&c=d+e%2F#1.pdf"]
    put(bucket, *names)
    assert set(listing.find_all("papers", names)) == set(names)


def test_patterns_mean_pdfs_in_folders_and_below(
    bucket: storage.Bucket, listing: ObjectListing
) -> None:
    put(bucket, "x/a.pdf", "x/b.PDF", "x/y/c.pdf", "x/y/z/d.pdf", "x/[1] e.pdf", "w/a.pdf", "x/")
    put(bucket, "x/scan", kind="application/pdf")
    put(bucket, "x/note.txt", "x/f.pdf.txt", kind="text/plain")
    put(bucket, "x/g.pdf", kind="application/octet-stream")
    flat = ["x/[1] e.pdf", "x/a.pdf", "x/g.pdf"]
    assert names_of(listing, "gs://papers/x/*.pdf") == flat
    assert names_of(listing, "gs://papers/x/**/*.pdf") == [*flat, "x/y/c.pdf", "x/y/z/d.pdf"]
    assert names_of(listing, "gs://papers/x/**.pdf") == [*flat, "x/y/c.pdf", "x/y/z/d.pdf"]
    assert names_of(listing, "gs://papers/x/**/c.pdf") == ["x/y/c.pdf"]
    assert names_of(listing, "gs://papers/x/?.pdf") == ["x/a.pdf", "x/g.pdf"]
    assert names_of(listing, "gs://papers/x/[1]*.pdf") == ["x/[1] e.pdf"]
    assert names_of(listing, "gs://papers/x/") == [
        "x/[1] e.pdf",
        "x/a.pdf",
        "x/b.PDF",
        "x/g.pdf",
        "x/scan",
        "x/y/c.pdf",
        "x/y/z/d.pdf",
    ]
    assert names_of(listing, "gs://papers/x/", most=2) == ["x/[1] e.pdf", "x/a.pdf"]
    assert names_of(listing, "gs://papers/x/n*") == []


def test_a_folder_that_is_left_out_is_not_even_listed(
    bucket: storage.Bucket, adapter: CloudStorage, requests: Counter[str]
) -> None:
    put(bucket, "batches/a.pdf", *[f"documents/{n}.pdf" for n in range(20)])
    put(bucket, "documents.pdf", "documents0.pdf", "inbox/b.pdf")
    listing = ObjectListing(adapter)

    def found(uri: str, most: int) -> list[str]:
        location = parse_location(uri)
        return [
            one.ref.name for one in listing.matching(location, most=most, left_out="documents/")
        ]

    rest = ["batches/a.pdf", "documents.pdf", "documents0.pdf", "inbox/b.pdf"]
    assert found("gs://papers/**", 100) == rest
    assert found("gs://papers/**", 3) == rest[:3]
    assert found("gs://papers/doc*", 100) == rest[1:3]
    assert requests == {"listings": 6}


def test_a_bucket_that_is_not_there_is_the_operators_affair(listing: ObjectListing) -> None:
    for ask in (
        lambda: listing.find_all("nowhere", ["a", "b"]),
        lambda: listing.matching(parse_location("gs://nowhere/a*"), most=1),
    ):
        with pytest.raises(MisconfiguredError) as refusal:
            ask()
        assert "nowhere" in refusal.value.detail
