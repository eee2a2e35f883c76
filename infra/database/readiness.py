"""Whether the database answers, and has the tables that this version needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

from psycopg import Connection, OperationalError
from psycopg.rows import DictRow

from common.errors import TransientError
from infra.database.pool import Pool


class PostgresReadiness:
    """The database as whoever asks whether this process serves sees it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        folder = files("infra.database").joinpath("migrations")
        self._needed = {each.name for each in folder.iterdir() if each.name.endswith(".sql")}

    def ping(self) -> None:
        """Return if the database answers. TransientError where it does not."""
        with self._connected() as connection:
            connection.execute("SELECT 1")

    def missing_migrations(self) -> set[str]:
        """Return the migrations that this version comes with and the database has not seen."""
        with self._connected() as connection:
            is_there = connection.execute(
                "SELECT to_regclass('schema_migrations') IS NOT NULL AS is_there"
            ).fetchone()
            if not (is_there and is_there["is_there"]):
                return self._needed
            rows = connection.execute("SELECT name FROM schema_migrations").fetchall()
        return self._needed - {row["name"] for row in rows}

    @contextmanager
    def _connected(self) -> Iterator[Connection[DictRow]]:
        try:
            with self._pool.connection(timeout=2) as connection:
                yield connection
        except OperationalError as error:
            raise TransientError(
                "The database does not answer.", code="DATABASE_UNAVAILABLE"
            ) from error
