"""The chunks' Redis leases: they keep a doubled message cheap; the row's attempt keeps it harmless.

A lock may outlive or underlive its holder, so nothing relies on it alone.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from common.models import ChunkRef
from common.names import chunk_lock

log = logging.getLogger(__name__)

#: Seconds; renewed at a third of it while the work goes on.
LOCK_SECONDS: Final = 120

# Only the owner may end or extend its lock: it may have run out and be another's by now.
_RELEASE: Final = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0
"""
_RENEW: Final = """
if redis.call('get', KEYS[1]) == ARGV[1] then
    return redis.call('pexpire', KEYS[1], ARGV[2])
end
return 0
"""


class RedisChunkLocks:
    """One key a chunk, `chunk_lock:{document_id}:{chunk_index}`."""

    def __init__(self, redis: Redis, *, seconds: float = LOCK_SECONDS) -> None:
        self._redis = redis
        self._milliseconds = int(seconds * 1000)
        self._release = redis.register_script(_RELEASE)
        self._renew = redis.register_script(_RENEW)

    @contextmanager
    def acquire(self, chunk: ChunkRef) -> Iterator[bool]:
        """Hold the chunk's lock while inside; False if somebody else has it.

        Without Redis the lock is given: it saves work, and correctness lies in the row.
        """
        key = chunk_lock(chunk.document_id, chunk.index)
        token = secrets.token_hex(16)
        try:
            is_ours = bool(self._redis.set(key, token, nx=True, px=self._milliseconds))
        except RedisError:
            log.warning("no chunk lock, Redis is away", exc_info=True)
            yield True
            return
        if not is_ours:
            yield False
            return
        stopped = threading.Event()
        renewal = threading.Thread(
            target=self._keep, args=(key, token, stopped), name="chunk-lock", daemon=True
        )
        renewal.start()
        try:
            yield True
        finally:
            stopped.set()
            renewal.join()
            try:
                self._release(keys=[key], args=[token])
            except RedisError:
                log.warning("a chunk lock is left to run out", exc_info=True)

    def _keep(self, key: str, token: str, stopped: threading.Event) -> None:
        while not stopped.wait(self._milliseconds / 3000):
            try:
                if not self._renew(keys=[key], args=[token, self._milliseconds]):
                    return
            except RedisError:
                log.warning("a chunk lock could not be renewed", exc_info=True)
