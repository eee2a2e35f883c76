"""How often one caller may ask, counted in Redis for all processes together."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from limits.aio.strategies import SlidingWindowCounterRateLimiter
    from redis.asyncio import ConnectionPool

#: A request may wait so long for Redis; then it passes uncounted.
_TIMEOUT_SECONDS: Final = 0.5
#: For so long nobody asks Redis again after it did not answer.
_PAUSE_SECONDS: Final = 5.0
#: How often it is said that nothing is counted.
_SAID_EVERY_SECONDS: Final = 60.0
_WINDOW_SECONDS: Final = 60

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit after a request."""

    allowed: bool
    limit: int
    remaining: int
    #: Until there is more.
    seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """The headers that tell it (draft-ietf-httpapi-ratelimit-headers-10)."""
        headers = {
            "RateLimit-Policy": f'"minute";q={self.limit};w={_WINDOW_SECONDS}',
            "RateLimit": f'"minute";r={self.remaining};t={self.seconds}',
        }
        return headers if self.allowed else {**headers, "Retry-After": str(self.seconds)}


class RateLimits:
    """Counts requests in a sliding minute. For one event loop.

    A limit protects the service from a caller, not the service from Redis: where that is away,
    requests pass, and it is logged now and then. `now` is the clock, in seconds.
    """

    def __init__(self, redis_url: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._url = redis_url
        self._now = now
        self._limiter: SlidingWindowCounterRateLimiter | None = None
        self._connections: ConnectionPool | None = None
        self._away_until = self._silent_until = float("-inf")

    async def count(self, kind: str, who: str, per_minute: int) -> Allowance | None:
        """Count one request. None where there is no limit (0), or nobody can count."""
        return await self._asked(kind, who, per_minute, counted=True)

    async def look(self, kind: str, who: str, per_minute: int) -> Allowance | None:
        """Say what `count` would say, without counting."""
        return await self._asked(kind, who, per_minute, counted=False)

    async def close(self) -> None:
        """Close the connections, if there are any."""
        if self._connections is not None:
            await self._connections.aclose()
        self._connections = self._limiter = None

    async def _asked(
        self, kind: str, who: str, per_minute: int, *, counted: bool
    ) -> Allowance | None:
        if per_minute == 0 or self._now() < self._away_until:
            return None
        from limits import RateLimitItemPerMinute
        from redis.exceptions import RedisError

        item = RateLimitItemPerMinute(per_minute)
        try:
            limiter = self._limiter or self._connected()
            ask = limiter.hit if counted else limiter.test
            allowed = await ask(item, kind, who)
            stats = await limiter.get_window_stats(item, kind, who)
        except (RedisError, OSError) as error:
            self._note(error)
            return None
        seconds = max(1, math.ceil(stats.reset_time - time.time()))
        return Allowance(allowed, per_minute, stats.remaining if allowed else 0, seconds)

    def _connected(self) -> SlidingWindowCounterRateLimiter:
        # limits looks at redis as it stands, and finds no version in one that another thread has
        # begun to import. This waits until that is done; importing a part of it would not.
        import redis  # noqa: F401
        from limits.aio.storage import RedisStorage
        from limits.aio.strategies import SlidingWindowCounterRateLimiter
        from redis.asyncio import ConnectionPool
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        self._connections = ConnectionPool.from_url(
            self._url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            # Once, for a connection that Redis has closed meanwhile.
            retry=Retry(NoBackoff(), 1),
        )
        storage = RedisStorage(
            f"async+{self._url}",
            implementation="redispy",
            key_prefix="quire-limits",
            connection_pool=self._connections,  # type: ignore[arg-type] # as documented
        )
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        return self._limiter

    def _note(self, error: Exception) -> None:
        now = self._now()
        self._away_until = now + _PAUSE_SECONDS
        if now >= self._silent_until:
            self._silent_until = now + _SAID_EVERY_SECONDS
            log.warning("requests are not limited: Redis does not answer", exc_info=error)
