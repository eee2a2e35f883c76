"""What psycopg and its pool raise where the database is away or busy, as our own error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import OperationalError

from common.errors import TransientError


@contextmanager
def translated() -> Iterator[None]:
    """Raise TransientError DATABASE_UNAVAILABLE where the database does not answer.

    A pool that has no connection in time, a lock that is not given in time, and a deadlock are
    OperationalErrors as well (psycopg.errors, psycopg_pool.errors).
    """
    try:
        yield
    except OperationalError as error:
        raise TransientError(
            "The database does not answer. Try again in a moment.", code="DATABASE_UNAVAILABLE"
        ) from error
