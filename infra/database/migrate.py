"""Applies the migrations: forward only, in the order of their names, each in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import psycopg

#: Any fixed number: two processes that migrate at once queue behind each other here.
_LOCK: Final = 7_183_000_001
#: Seconds that a connection may take to come about.
_CONNECT_SECONDS: Final = 15


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a database is, by the names of migrations."""

    #: What is to be applied, in its order.
    pending: tuple[str, ...]
    #: What has been applied and this version does not come with: a later one was here.
    unknown: tuple[str, ...]


def migrate(
    url: str, *, tell: Callable[[str], None] | None = None, lock_seconds: float | None = None
) -> list[str]:
    """Bring the database up to date and return the names of what was applied.

    `tell` is given each name once its migration is in. With `lock_seconds` a migration waits no
    longer for a table that others use: all who come later wait behind it. Use a direct connection,
    not a transaction pooler's. Raises psycopg.Error as it is: a migration that fails leaves its
    own changes out and those before it in.
    """
    applied: list[str] = []
    with _connected(url) as connection:
        for name, script in _scripts().items():
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                if lock_seconds is not None:
                    connection.execute(
                        "SELECT set_config('lock_timeout', %s, true)", (f"{lock_seconds:.3f}s",)
                    )
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS schema_migrations ("
                    "name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
                )
                # Supabase shows this schema's tables to everybody but for their policies.
                connection.execute("ALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY")
                done = connection.execute(
                    "SELECT FROM schema_migrations WHERE name = %s", (name,)
                ).fetchone()
                if done is not None:
                    continue
                connection.execute(script)
                connection.execute("INSERT INTO schema_migrations (name) VALUES (%s)", (name,))
            applied.append(name)
            if tell is not None:
                tell(name)
    return applied


def standing(url: str) -> Standing:
    """Return how far the database is, and change nothing. Raises psycopg.Error as it is."""
    ours = list(_scripts())
    with _connected(url) as connection:
        is_there = connection.execute(
            "SELECT to_regclass('schema_migrations') IS NOT NULL"
        ).fetchone()
        if is_there != (True,):
            return Standing(tuple(ours), ())
        rows = connection.execute("SELECT name FROM schema_migrations ORDER BY name").fetchall()
    done = [name for (name,) in rows]
    return Standing(
        pending=tuple(name for name in ours if name not in done),
        unknown=tuple(name for name in done if name not in ours),
    )


def _scripts() -> dict[str, bytes]:
    found = files("infra.database").joinpath("migrations").iterdir()
    names = {entry.name: entry for entry in found if entry.name.endswith(".sql")}
    return {name: names[name].read_bytes() for name in sorted(names)}


def _connected(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(
        url,
        autocommit=True,
        prepare_threshold=None,
        connect_timeout=_CONNECT_SECONDS,
        application_name="quire migrate",
    )
