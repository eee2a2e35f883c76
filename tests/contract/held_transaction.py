"""Two transactions in a chosen order: the second comes while the first holds its locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar, cast

import psycopg
from psycopg import Connection
from psycopg.rows import DictRow, dict_row

from infra.database.pool import Pool
from tests.e2e.quire_client import wait_for
from tests.world import World

First = TypeVar("First")
Second = TypeVar("Second")


class _OneConnection:
    """Stands for a pool: what is done with it stays uncommitted until the test says so."""

    def __init__(self, connection: Connection[DictRow]) -> None:
        self._connection = connection

    @contextmanager
    def connection(self) -> Iterator[Connection[DictRow]]:
        # An open transaction makes every inner one a savepoint.
        self._connection.execute("SELECT 1")
        yield self._connection


def race(
    url: str,
    first: Callable[[World], First],
    second: Callable[[World], Second],
    pool: Pool,
) -> tuple[First, Future[Second], bool]:
    """Let `first` write, then `second` begin, then `first` commit.

    Return what the first returned, the second's future (done), and whether it had to wait.
    """
    with psycopg.connect(url, row_factory=dict_row) as held, ThreadPoolExecutor(1) as thread:
        outcome = first(World(cast(Pool, _OneConnection(held))))
        pid = held.info.backend_pid
        running = thread.submit(second, World(pool))

        def waits_or_is_done() -> str | None:
            if running.done():
                return "done"
            with psycopg.connect(url, autocommit=True) as look:
                blocked = look.execute(
                    "SELECT FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))", (pid,)
                ).fetchone()
            return "waits" if blocked is not None else None

        waited = wait_for(waits_or_is_done, "the second to wait for the first", 20) == "waits"
        held.commit()
        running.exception(timeout=60)
    return outcome, running, waited
