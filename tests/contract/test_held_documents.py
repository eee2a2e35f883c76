"""Documents that wait for a batch: written together, and removed where none ever comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from google.cloud import storage

from common.access import Caller
from common.batch_creation import BatchPlan, Wanted
from common.errors import TransientError
from common.held_documents import HeldDocument
from common.models import DocumentId, JobOptions, ObjectRef, Priority
from common.names import upload
from functions.pipeline.remove_unused import RemovedDocuments, remove_unused
from infra.database.batch_creation import PostgresBatchCreation
from infra.database.held_documents import PostgresHeldDocuments
from infra.database.pool import Pool
from infra.settings import StorageSettings
from infra.storage.cloud_storage import CloudStorage
from tests.contract.storage_fixtures import client, storage_url
from tests.world import World

__all__ = ["client", "storage_url"]

SETTINGS = StorageSettings()
WEEK = timedelta(days=7)


@pytest.fixture
def uploads(
    storage_url: str, client: storage.Client, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CloudStorage]:
    client.create_bucket(SETTINGS.uploads_bucket)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage_url)
    with closing(CloudStorage(SETTINGS, retry_seconds=0.2)) as uploads:
        yield uploads


@pytest.fixture
def held(pool: Pool) -> PostgresHeldDocuments:
    return PostgresHeldDocuments(pool, deadline=WEEK)


def documents(count: int) -> list[HeldDocument]:
    ids = [DocumentId(uuid4()) for _ in range(count)]
    bucket = SETTINGS.uploads_bucket
    return [HeldDocument(each, "a.pdf", ObjectRef(bucket, upload(each)), 5) for each in ids]


def removed(held: PostgresHeldDocuments, uploads: CloudStorage) -> RemovedDocuments:
    return remove_unused(documents=held, uploads=lambda: uploads, budget=timedelta(seconds=20))


def use(pool: Pool, document: HeldDocument) -> None:
    """Make a batch of it."""
    batch = BatchPlan(
        uuid4(),
        Caller("alice"),
        "",
        "m1",
        "ocr",
        Priority.NORMAL,
        JobOptions(),
        None,
        is_paused=False,
    )
    source = replace(document.source, generation=1)
    wanted = Wanted(1, source, 5, JobOptions(), Priority.NORMAL, document.id)
    PostgresBatchCreation(pool, credits_enabled=False).create(batch, [wanted])


def test_what_no_batch_has_used_for_a_week_goes_with_its_object(
    world: World, held: PostgresHeldDocuments, uploads: CloudStorage, client: storage.Client
) -> None:
    old, sent, used, new = documents(4)
    held.hold([old, sent, used, new], owner="alice", matter=None)
    bucket = client.bucket(SETTINGS.uploads_bucket)
    for document in (sent, used, new):
        bucket.blob(document.source.name).upload_from_string(b"%PDF-")
    use(world.pool, used)
    for document in (old, sent, used):
        world.age("documents", "created_at", WEEK, id=document.id)
    assert removed(held, uploads) == RemovedDocuments(objects=1, rows=2)
    left = world.one("SELECT array_agg(id) AS ids FROM documents")["ids"]
    assert isinstance(left, list)
    assert set(left) == {used.id, new.id}
    names = {blob.name for blob in bucket.list_blobs()}
    assert names == {used.source.name, new.source.name}
    assert removed(held, uploads) == RemovedDocuments()


def test_no_batch_begins_with_what_is_being_removed(
    world: World, held: PostgresHeldDocuments
) -> None:
    [document] = documents(1)
    held.hold([document], owner="alice", matter=None)
    world.age("documents", "created_at", WEEK, id=document.id)
    assert held.claim() == [(document.id, document.source)]
    batches = PostgresBatchCreation(world.pool, credits_enabled=False)
    assert batches.documents([document.id], Caller("alice")) == {}
    with pytest.raises(TransientError):
        use(world.pool, document)
    # A run that broke off here is taken up again, but not at once by another one.
    assert held.claim() == []
    world.age("documents", "abandoned_at", timedelta(minutes=6), id=document.id)
    assert held.claim() == [(document.id, document.source)]
    assert held.forget([document.id]) == 1


def test_what_a_batch_has_used_is_its_matters_and_not_forgotten(
    world: World, held: PostgresHeldDocuments
) -> None:
    [document] = documents(1)
    held.hold([document], owner="alice", matter=None)
    use(world.pool, document)
    assert held.forget([document.id]) == 0
    assert world.one("SELECT matter, sent_by FROM documents") == {
        "matter": "m1",
        "sent_by": "announced",
    }
    assert world.one("SELECT matter FROM jobs") == {"matter": "m1"}
