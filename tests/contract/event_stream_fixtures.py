"""Streams of a job's events over real Postgres and Valkey, as their tests read them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest
from redis import Redis

from common.models import JobId
from functions.api.streams import EventStreams
from infra.broker.feed import RedisLiveFeed
from infra.broker.live import CHANNEL, RedisLiveUpdates
from infra.database.pool import Pool
from infra.database.progress import PostgresProgress
from infra.local.stack import Stack
from infra.settings import StreamSettings
from tests.world import World

#: Events of `World.add_job`, before any chunk is claimed.
BEFORE_CHUNKS = 5


@dataclass(frozen=True)
class Message:
    id: int | None
    kind: str
    content: dict[str, Any]


@pytest.fixture
def redis_url(servers: Stack) -> str:
    return servers.endpoints["redis"]


@dataclass(frozen=True)
class Channel:
    """What publishes a job's changes."""

    redis: Redis

    def say(self, job_id: JobId) -> None:
        RedisLiveUpdates(self.redis).publish(job_id)

    @property
    def subscriptions(self) -> int:
        [(_, count)] = self.redis.pubsub_numsub(CHANNEL)
        return int(count)


@pytest.fixture
def channel(redis_url: str) -> Any:
    with Redis.from_url(redis_url) as redis:
        yield Channel(redis)


def streams_of(pool: Pool, redis_url: str, **settings: float) -> EventStreams:
    return EventStreams(
        PostgresProgress(pool), RedisLiveFeed(redis_url), StreamSettings(**settings)
    )


async def messages(stream: AsyncGenerator[bytes, None]) -> AsyncIterator[Message]:
    """Parse a stream, without its comments and hints."""
    async for content in stream:
        for block in content.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
            if "data" in fields:
                number = int(fields["id"]) if "id" in fields else None
                yield Message(number, fields["event"], json.loads(fields["data"]))


async def heard(stream: AsyncGenerator[bytes, None], *, until: int | None = None) -> list[Message]:
    """Return a stream's messages up to a number, or to its end."""
    found = []
    async with aclosing(stream):
        async for message in messages(stream):
            found.append(message)
            if until is not None and message.id == until:
                break
    return found


async def heard_from(stream: AsyncGenerator[bytes, None], until: int) -> list[Message]:
    """As `heard`, of a stream that goes on."""
    found = []
    async for message in messages(stream):
        found.append(message)
        if message.id == until:
            break
    return found


def numbers(found: list[Message]) -> list[int]:
    return [message.id for message in found if message.id is not None]


def run(program: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await program()

    asyncio.run(bounded())


def last_event(world: World, job_id: JobId) -> int:
    number = world.one("SELECT last_event FROM jobs WHERE id = %s", job_id)["last_event"]
    assert isinstance(number, int)
    return number


def end(world: World, job_id: JobId) -> None:
    """Let what is left of a job fail."""
    with world.pool.connection() as connection:
        connection.execute(
            "WITH job AS (UPDATE jobs SET status = 'failed', error_code = 'X', error_message = 'x',"
            " finished_at = now(), last_event = last_event + 1 WHERE id = %s"
            " RETURNING id, last_event)"
            " INSERT INTO job_events (job_id, id, kind)"
            " SELECT id, last_event, 'job_failed' FROM job",
            (job_id,),
        )
