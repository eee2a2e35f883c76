"""The SQLite database beside the contents: one connection, one transaction at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS buckets (
    name TEXT PRIMARY KEY,          -- service/bucket
    metageneration INTEGER NOT NULL,
    properties TEXT NOT NULL,
    created_at INTEGER NOT NULL,    -- microseconds since 1970, like all times here
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT NOT NULL REFERENCES buckets (name),
    name TEXT NOT NULL,
    generation INTEGER NOT NULL,
    metageneration INTEGER NOT NULL,
    content TEXT NOT NULL UNIQUE,   -- file name in contents/
    size INTEGER NOT NULL,
    crc32c TEXT NOT NULL,           -- base64, as the services write it
    md5 TEXT,                       -- base64; NULL for what was composed
    properties TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (bucket, name)
);

CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('open', 'finished', 'cancelled')),
    content TEXT NOT NULL,
    details TEXT NOT NULL,          -- what the emulator needs to finish it
    result TEXT,                    -- what a finished upload answered
    created_at INTEGER NOT NULL,
    CHECK ((state = 'finished') = (result IS NOT NULL))
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due_at);

CREATE TABLE IF NOT EXISTS clock (last_generation INTEGER NOT NULL);
INSERT INTO clock SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM clock);
"""


class Database:
    """Safe for use from several threads; they take turns."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode a committed transaction outlives the process's death even without a sync.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the only write transaction; what raises inside undoes all of it."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection for a few reads."""
        with self._lock:
            yield self._connection

    def close(self) -> None:
        """Close the connection; using the database afterwards is an error."""
        with self._lock:
            self._connection.close()
