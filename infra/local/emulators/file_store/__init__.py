"""Buckets of objects on disk, shared by the Cloud Storage and the Supabase Storage emulator.

The bytes are in content files that never change once an object names them; everything else is
in one SQLite database. A process that is killed at any point leaves the old object or the new
one, never half of it. (A power cut is not guarded against: contents are not synced to disk.)
"""

from infra.local.emulators.file_store.buckets import Buckets, StoredBucket
from infra.local.emulators.file_store.contents import Contents, ContentWriter, StoredContent
from infra.local.emulators.file_store.errors import (
    BucketExists,
    BucketMissing,
    BucketNotEmpty,
    ObjectMissing,
    StoreInUse,
)
from infra.local.emulators.file_store.objects import Objects, StoredObject
from infra.local.emulators.file_store.outbox import Outbox, PendingEvent
from infra.local.emulators.file_store.store import FileStore, Shelf
from infra.local.emulators.file_store.uploads import Uploads, UploadSession

__all__ = [
    "BucketExists",
    "BucketMissing",
    "BucketNotEmpty",
    "Buckets",
    "ContentWriter",
    "Contents",
    "FileStore",
    "ObjectMissing",
    "Objects",
    "Outbox",
    "PendingEvent",
    "Shelf",
    "StoreInUse",
    "StoredBucket",
    "StoredContent",
    "StoredObject",
    "UploadSession",
    "Uploads",
]
