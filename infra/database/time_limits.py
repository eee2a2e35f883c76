"""A time limit on statements together. Postgres' own is on each of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, LiteralString

from psycopg import Connection
from psycopg.errors import QueryCanceled

from common.errors import TransientError
from infra.database.pool import Pool

Row = dict[str, Any]
Clock = Callable[[], float]

# For this transaction alone, so that a pooler's next client has its own.
_LIMIT: Final[LiteralString] = "SELECT set_config('statement_timeout', %s, true)"


class _OutOfTime(Exception):
    """Nothing is left for the next statement."""


class LimitedStatements:
    """Statements of one transaction, each with the time that those before it have left."""

    def __init__(self, connection: Connection[Row], ends: float, clock: Clock) -> None:
        self._connection = connection
        self._ends = ends
        self._clock = clock

    def rows(self, statement: LiteralString, values: Row | None = None) -> list[Row]:
        """Return what the statement finds."""
        left = math.ceil((self._ends - self._clock()) * 1000)
        # To Postgres, 0 is no limit.
        if left <= 0:
            raise _OutOfTime
        self._connection.execute(_LIMIT, (f"{left}ms",))
        return self._connection.execute(statement, values).fetchall()


@contextmanager
def limited(
    pool: Pool, seconds: float, message: str, *, code: str, clock: Clock = time.monotonic
) -> Iterator[LimitedStatements]:
    """Run a transaction's statements, which may take so long together.

    Raises TransientError with the message and the code where they take longer; waiting for the
    connection counts too.
    """
    ends = clock() + seconds
    try:
        with pool.connection() as connection:
            yield LimitedStatements(connection, ends, clock)
    except (QueryCanceled, _OutOfTime) as error:
        raise TransientError(message, code=code) from error
