"""A bucket of tokens on a real Valkey, whose time a test moves by moving what is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast
from uuid import uuid4

import pytest
from redis import Redis

from common.quota import Granted, QuotaRules, Wait
from infra.broker.quota import RedisCallQuota
from infra.local.stack import Stack


@dataclass
class Bucket:
    """One service's bucket, and the processes that share it."""

    redis: Redis
    name: str
    rules: QuotaRules
    elapsed: float = 0.0

    def process(self) -> RedisCallQuota:
        """Return what a process of its own would ask."""
        return RedisCallQuota(self.redis, self.name, self.rules)

    def elapse(self, seconds: float) -> None:
        """Let time pass, in no time."""
        self.elapsed += seconds
        key = f"quota:{{{self.name}}}"
        for kind in ("calls", "promises"):
            found = self.redis.zrange(f"{key}:{kind}", 0, -1, withscores=True)
            times = dict(cast(list[tuple[bytes, float]], found))
            if times:
                moved = {member: at - seconds * 1e6 for member, at in times.items()}
                self.redis.zadd(f"{key}:{kind}", moved)
        slowed_at = cast(bytes | None, self.redis.hget(f"{key}:state", "slowed_at"))
        if slowed_at is not None:
            self.redis.hset(f"{key}:state", "slowed_at", str(int(slowed_at) - int(seconds * 1e6)))

    def at(self, granted: Granted) -> float:
        """Return when a call started, in seconds of the time that has passed here."""
        return granted.at / 1e6 + self.elapsed

    def fill(self) -> RedisCallQuota:
        """Make the bucket, have all its tokens come back, and return a process."""
        process = self.process()
        assert isinstance(process.take("the first"), Wait)
        self.elapse(self.rules.window + self.rules.grace)
        return process


@pytest.fixture
def bucket_of(servers: Stack) -> Iterator[Callable[[QuotaRules], Bucket]]:
    """Make an empty bucket of its own by these rules."""
    with Redis.from_url(servers.endpoints["redis"]) as redis:

        def make(rules: QuotaRules) -> Bucket:
            redis.flushall()
            return Bucket(redis, f"service-{uuid4().hex}", rules)

        yield make


def most_in(seconds: float, starts: Sequence[float]) -> int:
    """Return the most calls that start within so many seconds, wherever these begin."""
    ordered = sorted(starts)
    most = first = 0
    for last, start in enumerate(ordered):
        while ordered[first] <= start - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def gaps(starts: Sequence[float]) -> list[float]:
    """Return the time between each start and the next."""
    return [after - before for before, after in pairwise(sorted(starts))]
