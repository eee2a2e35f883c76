"""Events that are to be delivered, written in the transaction of what they tell about."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from infra.local.emulators.file_store.database import Database


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """One delivery that is still owed. Times are microseconds since 1970."""

    id: int
    topic: str
    headers: dict[str, str]
    body: bytes
    #: Deliveries tried in vain.
    attempts: int
    created_at: int
    due_at: int


class Outbox:
    """The outbox table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    def add(
        connection: sqlite3.Connection, topic: str, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Owe a delivery, from the end of the caller's transaction on."""
        now = time.time_ns() // 1000
        connection.execute(
            "INSERT INTO outbox (topic, headers, body, created_at, due_at) VALUES (?, ?, ?, ?, ?)",
            (topic, json.dumps(dict(headers)), body, now, now),
        )

    def next(self, limit: int, without: Collection[int]) -> list[PendingEvent]:
        """Return the deliveries due first, also those due later, except those in `without`."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM outbox WHERE id NOT IN (SELECT value FROM json_each(?))"
                " ORDER BY due_at LIMIT ?",
                (json.dumps(list(without)), limit),
            ).fetchall()
        return [
            PendingEvent(
                row["id"],
                row["topic"],
                json.loads(row["headers"]),
                row["body"],
                row["attempts"],
                row["created_at"],
                row["due_at"],
            )
            for row in rows
        ]

    def postpone(self, event: PendingEvent, delay_seconds: float) -> None:
        """Try again later."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE outbox SET attempts = attempts + 1, due_at = ? WHERE id = ?",
                (time.time_ns() // 1000 + int(delay_seconds * 1_000_000), event.id),
            )

    def remove(self, event: PendingEvent) -> None:
        """Owe the delivery no longer."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM outbox WHERE id = ?", (event.id,))
