"""The objects table: what a name in a bucket stands for now."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, BinaryIO

from infra.local.emulators.file_store.contents import Contents, StoredContent
from infra.local.emulators.file_store.database import Database
from infra.local.emulators.file_store.errors import BucketMissing, ObjectMissing


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object. Times are microseconds since 1970; hashes are in base64."""

    bucket: str
    name: str
    #: Grows with every new content of any object in the store.
    generation: int
    #: Begins at 1 and grows with every change of the properties.
    metageneration: int
    content: str
    size: int
    crc32c: str
    md5: str | None
    properties: dict[str, Any]
    created_at: int
    updated_at: int


#: Sees what is there (None: nothing) and raises if the operation may not go on.
Check = Callable[[StoredObject | None], None]
#: Writes further rows in the transaction that makes the object visible.
Beside = Callable[[sqlite3.Connection, StoredObject], None]


def accept_any(stored: StoredObject | None) -> None:
    """Let everything pass."""


def write_nothing(connection: sqlite3.Connection, stored: StoredObject) -> None:
    """Have no further rows."""


class Objects:
    """One service's objects.

    Every method is one transaction: the check sees the same object that is then replaced, and
    what a check raises leaves everything as it was. Of writers that race, one sees the other's
    object.
    """

    def __init__(self, database: Database, contents: Contents, service: str) -> None:
        self._database = database
        self._contents = contents
        self._prefix = f"{service}/"

    def _object(self, row: sqlite3.Row) -> StoredObject:
        return StoredObject(
            row["bucket"].removeprefix(self._prefix),
            row["name"],
            row["generation"],
            row["metageneration"],
            row["content"],
            row["size"],
            row["crc32c"],
            row["md5"],
            json.loads(row["properties"]),
            row["created_at"],
            row["updated_at"],
        )

    def _select(
        self, connection: sqlite3.Connection, bucket: str, name: str
    ) -> StoredObject | None:
        key = self._prefix + bucket
        row = connection.execute(
            "SELECT * FROM objects WHERE bucket = ? AND name = ?", (key, name)
        ).fetchone()
        if row is not None:
            return self._object(row)
        if connection.execute("SELECT 1 FROM buckets WHERE name = ?", (key,)).fetchone() is None:
            raise BucketMissing(bucket)
        return None

    def _next_generation(self, connection: sqlite3.Connection) -> int:
        row = connection.execute(
            "UPDATE clock SET last_generation = max(last_generation + 1, ?)"
            " RETURNING last_generation",
            (time.time_ns() // 1000,),
        ).fetchone()
        return int(row[0])

    def find(self, bucket: str, name: str) -> StoredObject | None:
        """Return the object, or None; BucketMissing if there is no such bucket."""
        with self._database.reading() as connection:
            return self._select(connection, bucket, name)

    def get(self, bucket: str, name: str) -> StoredObject:
        """Return the object, or raise ObjectMissing or BucketMissing."""
        stored = self.find(bucket, name)
        if stored is None:
            raise ObjectMissing(bucket, name)
        return stored

    def open(self, bucket: str, name: str, check: Check) -> tuple[StoredObject, BinaryIO]:
        """Return the object with its bytes; they stay readable when it is replaced."""
        while True:
            stored = self.get(bucket, name)
            check(stored)
            try:
                return stored, self._contents.open(stored.content)
            except FileNotFoundError:
                # Replaced between the two lines above: the name stands for something newer.
                if self.find(bucket, name) == stored:
                    raise

    def put(
        self,
        bucket: str,
        name: str,
        content: StoredContent,
        properties: dict[str, Any],
        *,
        check: Check = accept_any,
        beside: Beside = write_nothing,
        inherited: Collection[str] = (),
    ) -> StoredObject:
        """Make the content visible under the name, in place of what was there.

        Properties named in `inherited` pass on from what was there. The content belongs to the
        object from now on; if this raises, it is deleted.
        """
        try:
            with self._database.transaction() as connection:
                before = self._select(connection, bucket, name)
                check(before)
                if before is not None:
                    properties = properties | {
                        key: before.properties[key] for key in inherited if key in before.properties
                    }
                generation = self._next_generation(connection)
                connection.execute(
                    "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        self._prefix + bucket,
                        name,
                        generation,
                        content.key,
                        content.size,
                        content.crc32c,
                        content.md5,
                        json.dumps(properties),
                        generation,
                        generation,
                    ),
                )
                stored = StoredObject(
                    bucket,
                    name,
                    generation,
                    1,
                    content.key,
                    content.size,
                    content.crc32c,
                    content.md5,
                    properties,
                    generation,
                    generation,
                )
                beside(connection, stored)
        except BaseException:
            self._contents.discard([content.key])
            raise
        if before is not None:
            self._contents.discard([before.content])
        return stored

    def copied_content(self, stored: StoredObject) -> StoredContent:
        """Return the object's bytes as a content of its own, without copying them.

        Raises FileNotFoundError if the object has been replaced since.
        """
        key = self._contents.link(stored.content)
        return StoredContent(key, stored.size, stored.crc32c, stored.md5)

    def change(
        self,
        bucket: str,
        name: str,
        change: Callable[[dict[str, Any]], dict[str, Any]],
        *,
        check: Check = accept_any,
    ) -> StoredObject:
        """Replace the properties by what `change` makes of them."""
        with self._database.transaction() as connection:
            stored = self._select(connection, bucket, name)
            check(stored)
            if stored is None:
                raise ObjectMissing(bucket, name)
            row = connection.execute(
                "UPDATE objects SET properties = ?, updated_at = ?,"
                " metageneration = metageneration + 1"
                " WHERE bucket = ? AND name = ? RETURNING *",
                (
                    json.dumps(change(stored.properties)),
                    time.time_ns() // 1000,
                    self._prefix + bucket,
                    name,
                ),
            ).fetchone()
            return self._object(row)

    def delete(self, bucket: str, name: str, *, check: Check = accept_any) -> StoredObject:
        """Remove the object and return what it was; ObjectMissing if there is none."""
        with self._database.transaction() as connection:
            stored = self._select(connection, bucket, name)
            check(stored)
            if stored is None:
                raise ObjectMissing(bucket, name)
            connection.execute(
                "DELETE FROM objects WHERE bucket = ? AND name = ?", (self._prefix + bucket, name)
            )
        self._contents.discard([stored.content])
        return stored

    def delete_many(self, bucket: str, names: Collection[str]) -> list[StoredObject]:
        """Remove those of the objects that are there, and return what they were."""
        with self._database.transaction() as connection:
            found = [self._select(connection, bucket, name) for name in dict.fromkeys(names)]
            removed = [stored for stored in found if stored is not None]
            connection.executemany(
                "DELETE FROM objects WHERE bucket = ? AND name = ?",
                [(self._prefix + bucket, stored.name) for stored in removed],
            )
        self._contents.discard(stored.content for stored in removed)
        return removed

    def page(
        self, bucket: str, *, prefix: str = "", start: str = "", after: str = "", limit: int
    ) -> list[StoredObject]:
        """Return up to `limit` objects from `start` on and behind `after`, in order of name."""
        key = self._prefix + bucket
        with self._database.reading() as connection:
            if not connection.execute("SELECT 1 FROM buckets WHERE name = ?", (key,)).fetchone():
                raise BucketMissing(bucket)
            rows = connection.execute(
                "SELECT * FROM objects WHERE bucket = ? AND name >= ? AND name > ? AND name < ?"
                " ORDER BY name LIMIT ?",
                (key, max(start, prefix), after, prefix + "\U0010ffff", limit),
            ).fetchall()
        return [self._object(row) for row in rows]
