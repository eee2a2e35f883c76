"""The buckets table."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.emulators.file_store.database import Database
from infra.local.emulators.file_store.errors import BucketExists, BucketMissing, BucketNotEmpty

#: What an emulator keeps with a bucket or an object, as JSON.
Properties = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredBucket:
    """A bucket and what its service keeps about it. Times are microseconds since 1970."""

    name: str
    metageneration: int
    properties: Properties
    created_at: int
    updated_at: int


BucketCheck = Callable[[StoredBucket], None]


def accept_any_bucket(bucket: StoredBucket) -> None:
    """Let every bucket pass."""


class Buckets:
    """One service's buckets. A check may raise; then nothing has happened."""

    def __init__(self, database: Database, service: str) -> None:
        self._database = database
        self._prefix = f"{service}/"

    def _bucket(self, row: sqlite3.Row) -> StoredBucket:
        return StoredBucket(
            row["name"].removeprefix(self._prefix),
            row["metageneration"],
            json.loads(row["properties"]),
            row["created_at"],
            row["updated_at"],
        )

    def _select(self, connection: sqlite3.Connection, name: str) -> StoredBucket:
        row = connection.execute(
            "SELECT * FROM buckets WHERE name = ?", (self._prefix + name,)
        ).fetchone()
        if row is None:
            raise BucketMissing(name)
        return self._bucket(row)

    def create(self, name: str, properties: Properties) -> StoredBucket:
        """Make a bucket; BucketExists if there is one."""
        now = time.time_ns() // 1000
        with self._database.transaction() as connection:
            made = connection.execute(
                "INSERT INTO buckets VALUES (?, 1, ?, ?, ?) ON CONFLICT DO NOTHING",
                (self._prefix + name, json.dumps(properties), now, now),
            )
            if made.rowcount == 0:
                raise BucketExists(name)
        return StoredBucket(name, 1, properties, now, now)

    def get(self, name: str) -> StoredBucket:
        """Return a bucket, or raise BucketMissing."""
        with self._database.reading() as connection:
            return self._select(connection, name)

    def page(self, prefix: str, after: str, limit: int) -> list[StoredBucket]:
        """Return up to `limit` buckets in the order of their names."""
        start = self._prefix + prefix
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM buckets WHERE name >= ? AND name > ? AND name < ?"
                " ORDER BY name LIMIT ?",
                (start, self._prefix + after, start + "\U0010ffff", limit),
            ).fetchall()
        return [self._bucket(row) for row in rows]

    def change(
        self,
        name: str,
        change: Callable[[Properties], Properties],
        check: BucketCheck = accept_any_bucket,
    ) -> StoredBucket:
        """Replace the bucket's properties by what `change` makes of them."""
        with self._database.transaction() as connection:
            bucket = self._select(connection, name)
            check(bucket)
            connection.execute(
                "UPDATE buckets SET properties = ?, updated_at = ?,"
                " metageneration = metageneration + 1 WHERE name = ?",
                (
                    json.dumps(change(bucket.properties)),
                    time.time_ns() // 1000,
                    self._prefix + name,
                ),
            )
            return self._select(connection, name)

    def delete(self, name: str, check: BucketCheck = accept_any_bucket) -> None:
        """Delete an empty bucket; BucketNotEmpty where it has objects."""
        with self._database.transaction() as connection:
            check(self._select(connection, name))
            key = (self._prefix + name,)
            if connection.execute("SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", key).fetchone():
                raise BucketNotEmpty(name)
            connection.execute("DELETE FROM buckets WHERE name = ?", key)
