"""Which job the lines belong to that are logged just now.

A use case says it once it knows; whatever it calls need not be told. A thread of its own starts
outside: run it in a copy of the context.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from common.errors import QuireError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LogContext:
    """What the work at hand is about."""

    job_id: UUID
    chunk_index: int | None = None
    attempt: int | None = None


_CURRENT: Final[ContextVar[LogContext | None]] = ContextVar("quire_log_context", default=None)


def current() -> LogContext | None:
    """Return what the work at hand is about; None where it is about no job."""
    return _CURRENT.get()


@contextmanager
def logging_for(
    job_id: UUID, *, chunk_index: int | None = None, attempt: int | None = None
) -> Iterator[None]:
    """Have every line inside belong to the job, also one about the error that ends it."""
    token = _CURRENT.set(LogContext(job_id, chunk_index, attempt))
    try:
        yield
    except QuireError as error:
        # It will be tried again, or it would have been recorded and not raised.
        log.warning("the attempt ended early", extra={"code": error.code, "reason": error.message})
        raise
    except Exception:
        log.exception("the attempt ended in an error that nobody knows")
        raise
    finally:
        _CURRENT.reset(token)
