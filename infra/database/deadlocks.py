"""Transactions that are tried again where the database has ended them to free another's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from psycopg.errors import DeadlockDetected

Answer = TypeVar("Answer")


def tried_again(transaction: Callable[[], Answer], *, tries: int) -> Answer:
    """Return what `transaction` does; it begins anew each time. The last deadlock is raised."""
    for left in reversed(range(tries)):
        try:
            return transaction()
        except DeadlockDetected:
            if not left:
                raise
    raise AssertionError("the last try returns or raises")
