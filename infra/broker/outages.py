"""What the broker's libraries raise where it is away, as our own error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from common.errors import TransientError


@contextmanager
def translated() -> Iterator[None]:
    """Raise TransientError BROKER_UNAVAILABLE where the broker does not answer."""
    try:
        yield
    except (OperationalError, RedisError, ConnectionError, TimeoutError) as error:
        raise TransientError("The broker does not answer.", code="BROKER_UNAVAILABLE") from error
