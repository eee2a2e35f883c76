"""What the file store beneath the storage emulators promises: threads, kills, one owner, memory."""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import queue
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from infra.local.emulators.file_store import FileStore, ObjectMissing, StoredObject, StoreInUse
from infra.local.emulators.file_store.objects import accept_any
from tests.contract.storage_fixtures import KillableEmulator, google_client, killable

__all__ = ["killable"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FileStore]:
    with FileStore(tmp_path / "files") as store:
        yield store


class Taken(Exception):
    """There was an object already."""


def only_first(stored: StoredObject | None) -> None:
    if stored is not None:
        raise Taken


def put(store: FileStore, name: str, content: bytes) -> StoredObject:
    writer = store.contents.write()
    writer.write(content)
    return store.shelf("s").objects.put("b", name, writer.finish(), {}, check=only_first)


def test_of_racing_threads_one_puts_each_object_and_no_content_is_left(
    store: FileStore, tmp_path: Path
) -> None:
    store.shelf("s").buckets.create("b", {})
    racers, names = 16, [f"{number}" for number in range(30)]
    line = threading.Barrier(racers)

    def race(racer: int) -> set[str]:
        won = set()
        for name in names:
            line.wait(30)
            try:
                put(store, name, b"%d" % racer)
            except Taken:
                continue
            won.add(name)
        return won

    with ThreadPoolExecutor(racers) as pool:
        won = list(pool.map(race, range(racers)))
    assert sorted(name for mine in won for name in mine) == sorted(names)
    contents = set()
    for racer, mine in enumerate(won):
        for name in mine:
            stored, file = store.shelf("s").objects.open("b", name, accept_any)
            with file:
                assert file.read() == b"%d" % racer
            contents.add(stored.content)
    assert {path.name for path in (tmp_path / "files" / "contents").iterdir()} == contents


def test_a_reader_sees_one_whole_object_while_others_replace_it(store: FileStore) -> None:
    objects = store.shelf("s").objects
    store.shelf("s").buckets.create("b", {})
    put(store, "a", b"0" * 1000)
    over = threading.Event()

    def replace() -> None:
        for number in range(300):
            writer = store.contents.write()
            writer.write(b"%d" % (number % 10) * 1000)
            objects.put("b", "a", writer.finish(), {})
        over.set()

    def read() -> int:
        generations = []
        while not over.is_set():
            stored, file = objects.open("b", "a", accept_any)
            with file:
                content = file.read()
            assert len(set(content)) == 1
            assert base64.b64encode(hashlib.md5(content).digest()).decode() == stored.md5
            generations.append(stored.generation)
        assert generations == sorted(generations)
        return len(generations)

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        pool.submit(replace).result()
        assert all(reader.result() for reader in readers)


def test_an_open_object_stays_readable_when_it_is_deleted(store: FileStore) -> None:
    objects = store.shelf("s").objects
    store.shelf("s").buckets.create("b", {})
    put(store, "a", b"bytes")
    _, file = objects.open("b", "a", accept_any)
    objects.delete("b", "a")
    with file:
        assert file.read() == b"bytes"
    with pytest.raises(ObjectMissing):
        objects.open("b", "a", accept_any)


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with FileStore(tmp_path) as owner:
        owner.shelf("s").buckets.create("b", {})
        with pytest.raises(StoreInUse):
            FileStore(tmp_path)
    with FileStore(tmp_path) as next_owner:
        assert next_owner.shelf("s").buckets.get("b").name == "b"


def test_kills_at_any_moment_leave_whole_objects_and_lose_none_that_was_acknowledged(
    killable: KillableEmulator,
) -> None:
    chance = random.Random(7)
    killable.start()
    client = google_client(killable.url)
    bucket = client.create_bucket("papers")
    acknowledged: dict[str, str] = {}
    news: queue.Queue[str] = queue.Queue()

    over = threading.Event()

    def upload(uploader: int) -> None:
        for number in itertools.count():
            if over.is_set():
                return
            name, content = f"{uploader}-{number}", os.urandom(number * 997 % 400_000)
            url = f"{killable.url}/upload/storage/v1/b/papers/o?uploadType=media&name={name}"
            try:
                answer = httpx.post(url, content=content, timeout=30)
            except httpx.TransportError:
                # Killed before it answered; the object may be there, but nobody was told so.
                continue
            assert answer.status_code == 200
            acknowledged[name] = base64.b64encode(hashlib.md5(content).digest()).decode()
            news.put(name)

    with ThreadPoolExecutor(3) as pool:
        uploads = [pool.submit(upload, uploader) for uploader in range(3)]
        for _ in range(4):
            for _ in range(chance.randint(5, 40)):
                news.get(timeout=60)
            killable.kill()
            killable.start()
        over.set()
        for uploading in uploads:
            uploading.result()
    killable.kill()
    killable.start()
    stored = {blob.name: blob for blob in bucket.list_blobs()}
    hashes = {name: blob.md5_hash for name, blob in stored.items()}
    assert acknowledged.items() <= hashes.items()
    for blob in stored.values():
        # The client compares what it gets with the hash that the object has.
        assert len(blob.download_as_bytes()) == blob.size
    assert len(list((killable.folder / "contents").iterdir())) == len(stored)
    client.close()


def test_a_big_object_passes_through_without_being_held_in_memory(
    killable: KillableEmulator,
) -> None:
    size, block = 120_000_000, bytes(1_000_000)
    killable.start()
    client = google_client(killable.url)
    bucket = client.create_bucket("papers")
    bucket.blob("small").upload_from_string(b"warm")
    process = psutil.Process(killable.pid)
    before = process.memory_info().rss

    def blocks() -> Iterator[bytes]:
        for _ in range(size // len(block)):
            yield block
            assert process.memory_info().rss - before < 30_000_000

    url = f"{killable.url}/upload/storage/v1/b/papers/o?uploadType=media&name=big"
    stored = httpx.post(url, content=blocks(), timeout=120).json()
    assert stored["size"] == str(size)
    assert process.memory_info().rss - before < 30_000_000
    received = 0
    with httpx.stream("GET", stored["mediaLink"], timeout=120) as answer:
        for piece in answer.iter_raw():
            received += len(piece)
    assert received == size
    assert process.memory_info().rss - before < 30_000_000
    client.close()
