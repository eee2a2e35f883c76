"""Uploads that come in pieces and outlive a connection, and a restart of the emulator."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any, Final, Literal

from infra.local.emulators.file_store.contents import Contents
from infra.local.emulators.file_store.database import Database

#: How long an upload may take: Cloud Storage's own limit for a resumable session.
LIFETIME_SECONDS: Final = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class UploadSession:
    """An upload that was begun. What has arrived of it is the length of its content file."""

    id: str
    state: Literal["open", "finished", "cancelled"]
    content: str
    details: dict[str, Any]
    #: What a finished upload answered.
    result: dict[str, Any] | None
    #: Microseconds since 1970.
    created_at: int


class Uploads:
    """The uploads table."""

    def __init__(self, database: Database, contents: Contents) -> None:
        self._database = database
        self._contents = contents

    def begin(self, details: dict[str, Any]) -> UploadSession:
        """Record a new upload."""
        session = UploadSession(
            self._contents.new_key(),
            "open",
            self._contents.new_key(),
            details,
            None,
            time.time_ns() // 1000,
        )
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO uploads VALUES (?, 'open', ?, ?, NULL, ?)",
                (session.id, session.content, json.dumps(details), session.created_at),
            )
        return session

    def find(self, upload_id: str) -> UploadSession | None:
        """Return the upload, or None."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT * FROM uploads WHERE id = ?", (upload_id,)).fetchone()
        if row is None:
            return None
        return UploadSession(
            row["id"],
            row["state"],
            row["content"],
            json.loads(row["details"]),
            None if row["result"] is None else json.loads(row["result"]),
            row["created_at"],
        )

    @staticmethod
    def finish(connection: sqlite3.Connection, upload_id: str, result: dict[str, Any]) -> None:
        """Record the answer, in the transaction that makes the object visible."""
        connection.execute(
            "UPDATE uploads SET state = 'finished', result = ? WHERE id = ? AND state = 'open'",
            (json.dumps(result), upload_id),
        )

    def forget_expired(self) -> None:
        """Drop the uploads begun longer than LIFETIME_SECONDS ago."""
        oldest = time.time_ns() // 1000 - LIFETIME_SECONDS * 1_000_000
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM uploads WHERE created_at < ?", (oldest,))

    def cancel(self, session: UploadSession) -> None:
        """End an open upload and forget what has arrived."""
        with self._database.transaction() as connection:
            ended = connection.execute(
                "UPDATE uploads SET state = 'cancelled' WHERE id = ? AND state = 'open'",
                (session.id,),
            )
        if ended.rowcount:
            self._contents.discard([session.content])
