"""Queues, tasks and used names in SQLite. Every method is one transaction.

WAL with synchronous=NORMAL outlives the process's death at any moment; a power cut may take the
last moments with it, which a local stack can bear. The file is locked for this process alone, so
that two emulators can't dispatch from one folder.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from google.cloud.tasks_v2 import types

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS queues (name TEXT PRIMARY KEY, message BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS deleted_queues (name TEXT PRIMARY KEY, until INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS tasks (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL REFERENCES queues (name) ON DELETE CASCADE,
    id TEXT NOT NULL,
    -- What was asked for never changes; how far it got does. Together they are the task: two
    -- serialized messages one after the other read as one.
    request BLOB NOT NULL,
    progress BLOB NOT NULL,
    due INTEGER NOT NULL,
    running INTEGER NOT NULL DEFAULT 0,  -- attempts on their way
    executions INTEGER NOT NULL DEFAULT 0,
    previous_response INTEGER,
    UNIQUE (queue, id)
);
CREATE INDEX IF NOT EXISTS tasks_due ON tasks (queue, due, key) WHERE running = 0;
CREATE TABLE IF NOT EXISTS used_names (
    queue TEXT NOT NULL, id TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (queue, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS used_names_until ON used_names (until);
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = "key, queue, id, request, progress, executions, previous_response"


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Record:
    """A task as it is kept."""

    #: Never used twice, so that a late answer can't touch a later task of the same name.
    key: int
    queue: str
    id: str
    task: types.Task
    #: Responses other than 5xx so far.
    executions: int
    #: HTTP status of the attempt before; None at first, or where there was no answer.
    previous_response: int | None


class TaskStore:
    """The emulator's memory. Trouble of SQLite's, like a full disk, is raised as it is."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "cloud-tasks.sqlite3"
        self._db = sqlite3.connect(path, timeout=1, isolation_level=None)
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.executescript(_SCHEMA)
            # What was on its way when the last process ended goes out again: at least once.
            self._db.execute("UPDATE tasks SET running = 0 WHERE running > 0")
        except sqlite3.OperationalError as error:
            self._db.close()
            if "locked" in str(error):
                raise RuntimeError(f"{path} is in use by another Cloud Tasks emulator") from error
            raise

    def close(self) -> None:
        """Give the file free."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # Queues

    def queue(self, name: str) -> types.Queue | None:
        """Return a queue's settings."""
        row = self._db.execute("SELECT message FROM queues WHERE name = ?", (name,)).fetchone()
        return types.Queue.deserialize(row[0]) if row else None

    def put_queue(self, queue: types.Queue) -> None:
        """Add a queue or change it."""
        self._db.execute(
            "INSERT INTO queues VALUES (?, ?) ON CONFLICT DO UPDATE SET message = excluded.message",
            (queue.name, types.Queue.serialize(queue)),
        )

    def queues(self, location: str, *, after: str = "", limit: int) -> list[types.Queue]:
        """Return a location's queues by name; all locations' where it is empty."""
        prefix = f"{location}/queues/" if location else ""
        rows = self._db.execute(
            "SELECT message FROM queues WHERE substr(name, 1, ?) = ? AND name > ?"
            " ORDER BY name LIMIT ?",
            (len(prefix), prefix, after, limit),
        )
        return [types.Queue.deserialize(row[0]) for row in rows]

    def delete_queue(self, name: str, *, reserved_until: datetime) -> None:
        """Delete a queue with its tasks and their names; its own name stays taken until then."""
        with self._transaction() as db:
            db.execute("DELETE FROM queues WHERE name = ?", (name,))
            db.execute("DELETE FROM used_names WHERE queue = ?", (name,))
            db.execute(
                "INSERT OR REPLACE INTO deleted_queues VALUES (?, ?)",
                (name, _micros(reserved_until)),
            )

    def queue_was_deleted(self, name: str, now: datetime) -> bool:
        """Tell whether a deleted queue's name is still taken."""
        self._db.execute("DELETE FROM deleted_queues WHERE until <= ?", (_micros(now),))
        row = self._db.execute("SELECT 1 FROM deleted_queues WHERE name = ?", (name,)).fetchone()
        return row is not None

    def free_queue_name(self, name: str) -> None:
        """Let a deleted queue's name be used at once."""
        self._db.execute("DELETE FROM deleted_queues WHERE name = ?", (name,))

    # Tasks

    def add(self, queue: str, task_id: str, task: types.Task) -> Record:
        """Keep a new task. The caller has checked that its name is free."""
        request = types.Task(task)
        del request.schedule_time  # kept with the progress, since it changes
        cursor = self._db.execute(
            "INSERT INTO tasks (queue, id, request, progress, due) VALUES (?, ?, ?, ?, ?)",
            (
                queue,
                task_id,
                types.Task.serialize(request),
                _progress(task),
                _micros(task.schedule_time),
            ),
        )
        assert cursor.lastrowid is not None
        return Record(cursor.lastrowid, queue, task_id, task, 0, None)

    def task(self, queue: str, task_id: str) -> Record | None:
        """Return a task by its name."""
        return self._one("WHERE queue = ? AND id = ?", (queue, task_id))

    def tasks(self, queue: str, *, after: str = "", limit: int) -> list[Record]:
        """Return a queue's tasks by id."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM tasks WHERE queue = ? AND id > ? ORDER BY id LIMIT ?",  # noqa: S608
            (queue, after, limit),
        )
        return [_record(row) for row in rows]

    def name_was_used(self, queue: str, task_id: str, now: datetime) -> bool:
        """Tell whether a task of that name ended so lately that the name is still taken."""
        self._db.execute("DELETE FROM used_names WHERE until <= ?", (_micros(now),))
        row = self._db.execute(
            "SELECT 1 FROM used_names WHERE queue = ? AND id = ?", (queue, task_id)
        ).fetchone()
        return row is not None

    def current(self, record: Record) -> Record | None:
        """Return the same task as it is now; None if it ended or was deleted meanwhile."""
        return self._one("WHERE key = ?", (record.key,))

    def next_waiting(self, queue: str) -> Record | None:
        """Return the task that is due first and not on its way."""
        return self._one("WHERE queue = ? AND running = 0 ORDER BY due, key LIMIT 1", (queue,))

    def begin(self, record: Record, now: datetime) -> Record:
        """Record that an attempt is on its way, before it is."""
        task = types.Task(record.task)
        task.dispatch_count += 1
        task.last_attempt = types.Attempt(
            schedule_time=record.task.schedule_time, dispatch_time=now
        )
        if not record.task.dispatch_count:
            task.first_attempt = types.Attempt(dispatch_time=now)
        self._db.execute(
            "UPDATE tasks SET running = running + 1, progress = ? WHERE key = ?",
            (_progress(task), record.key),
        )
        return Record(
            record.key, record.queue, record.id, task, record.executions, record.previous_response
        )

    def put_off(self, record: Record, *, executions: int, previous_response: int | None) -> None:
        """Record a failed attempt; `record.task` says how it went and when it goes out again."""
        self._db.execute(
            "UPDATE tasks SET running = max(running - 1, 0), progress = ?, due = ?,"
            " executions = ?, previous_response = ? WHERE key = ?",
            (
                _progress(record.task),
                _micros(record.task.schedule_time),
                executions,
                previous_response,
                record.key,
            ),
        )

    def end(self, record: Record, *, reserved_until: datetime) -> bool:
        """Remove a task and keep its name taken until then. False if it was gone already."""
        with self._transaction() as db:
            gone = db.execute("DELETE FROM tasks WHERE key = ?", (record.key,)).rowcount == 0
            if not gone:
                db.execute(
                    "INSERT OR REPLACE INTO used_names VALUES (?, ?, ?)",
                    (record.queue, record.id, _micros(reserved_until)),
                )
        return not gone

    def purge(self, queue: str, *, reserved_until: datetime) -> None:
        """Remove all tasks of a queue, keeping their names taken until then."""
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO used_names SELECT queue, id, ? FROM tasks WHERE queue = ?",
                (_micros(reserved_until), queue),
            )
            db.execute("DELETE FROM tasks WHERE queue = ?", (queue,))

    def _one(self, condition: str, parameters: tuple[str | int, ...]) -> Record | None:
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM tasks {condition}",  # noqa: S608 - written above, all of it
            parameters,
        ).fetchone()
        return _record(row) if row else None


def _record(row: tuple[int, str, str, bytes, bytes, int, int | None]) -> Record:
    key, queue, task_id, request, progress, executions, previous = row
    task = types.Task.deserialize(request + progress)
    return Record(key, queue, task_id, task, executions, previous)


def _progress(task: types.Task) -> bytes:
    return bytes(
        types.Task.serialize(
            types.Task(
                schedule_time=task.schedule_time,
                dispatch_count=task.dispatch_count,
                response_count=task.response_count,
                first_attempt=task.first_attempt,
                last_attempt=task.last_attempt,
            )
        )
    )
