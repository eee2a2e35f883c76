"""This process's connections to Postgres."""

from __future__ import annotations

from typing import TypeAlias

from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from infra.settings import DatabaseSettings

Pool: TypeAlias = "ConnectionPool[Connection[DictRow]]"


def open_pool(settings: DatabaseSettings) -> Pool:
    """Open a pool that suits a transaction pooler in front of Postgres.

    No prepared statements (the next transaction may run on another server connection), and a
    connection is checked before use, since a managed Postgres drops idle ones.
    """
    pool: Pool = ConnectionPool(
        settings.url.get_secret_value(),
        kwargs={
            "row_factory": dict_row,
            "prepare_threshold": None,
            "connect_timeout": 10,
            # A peer that vanished is noticed in a minute, not in the system's two hours.
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        },
        min_size=0,
        max_size=settings.max_connections,
        timeout=20,
        check=ConnectionPool.check_connection,
        open=False,
    )
    pool.open()
    return pool
