"""Applies the migrations: forward only, in the order of their names, each in one transaction."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import psycopg

#: Any fixed number: two processes that migrate at once queue behind each other here.
_LOCK: Final = 7_183_000_001


def migrate(url: str) -> list[str]:
    """Bring the database up to date and return the names of what was applied.

    Use a direct connection, not a transaction pooler's. Raises psycopg.Error as it is: a
    migration that fails leaves its own changes out and those before it in.
    """
    applied: list[str] = []
    migrations = files("infra.database").joinpath("migrations")
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        for script in sorted(migrations.iterdir(), key=lambda entry: entry.name):
            if not script.name.endswith(".sql"):
                continue
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS schema_migrations ("
                    "name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
                )
                # Supabase shows this schema's tables to everybody but for their policies.
                connection.execute("ALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY")
                done = connection.execute(
                    "SELECT FROM schema_migrations WHERE name = %s", (script.name,)
                ).fetchone()
                if done is None:
                    connection.execute(script.read_bytes())
                    connection.execute(
                        "INSERT INTO schema_migrations (name) VALUES (%s)", (script.name,)
                    )
                    applied.append(script.name)
    return applied
