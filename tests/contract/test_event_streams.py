"""Streams of a job's events over real Postgres and Valkey: fan-out, replay, and what goes wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from redis import Redis

from common.models import ChunkId, JobId
from functions.api.broadcast import KEPT_BYTES, Broadcast
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


def end(world: World, job_id: JobId, chunks: list[ChunkId]) -> None:
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


def test_a_chunks_event_says_its_pages_and_how_many_chunks_there_are(
    world: World, redis_url: str
) -> None:
    job_id, chunks = world.add_job(3)
    world.chunks.claim(chunks[1])

    async def program() -> None:
        streams = streams_of(world.pool, redis_url)
        found = await heard(streams.read(job_id, 0), until=BEFORE_CHUNKS + 1)
        started = found[-1]
        assert started.kind == started.content["kind"] == "chunk_started"
        details = started.content["details"]
        assert (details["chunk_index"], details["total_chunks"]) == (1, 3)
        assert (details["page_start"], details["page_end"]) == (3, 4)
        job = started.content["job"]
        assert job["job_id"] == str(job_id)
        assert job["current"] == {"chunk_index": 1, "page_start": 3, "page_end": 4}

    run(program)


def test_many_readers_of_a_job_cost_one_look_at_the_table_and_one_subscription(
    world: World, redis_url: str, channel: Channel
) -> None:
    job_id, chunks = world.add_job(10)
    readers = 200

    async def program() -> None:
        streams = streams_of(world.pool, redis_url)
        subscribed_before = channel.subscriptions
        tasks = [asyncio.create_task(heard(streams.read(job_id, 0))) for _ in range(readers)]
        first = await heard(streams.read(job_id, 0), until=BEFORE_CHUNKS)
        assert numbers(first) == [1, 2, 3, 4, 5]
        before = world.pool.get_stats()["requests_num"]
        for count, chunk in enumerate(chunks, 1):
            await asyncio.to_thread(world.finish_chunk, chunk)
            channel.say(job_id)
            await heard(streams.read(job_id, BEFORE_CHUNKS), until=BEFORE_CHUNKS + 2 * count)
        assert channel.subscriptions == subscribed_before + 1
        await asyncio.to_thread(end, world, job_id, chunks)
        channel.say(job_id)
        everybody = await asyncio.gather(*tasks)
        # What the test itself asked: two statements a chunk, and the end.
        looks = world.pool.get_stats()["requests_num"] - before - 2 * len(chunks) - 1
        assert looks <= 2 * len(chunks) + 3
        expected = list(range(1, last_event(world, job_id) + 1))
        for found in everybody:
            assert numbers(found) == expected
            assert found[-1].kind == "end"
            assert found[-1].content["job"]["status"] == "failed"

    run(program)


def test_a_slow_reader_holds_nobody_back_nor_memory_and_misses_nothing(
    world: World, redis_url: str, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, chunks = world.add_job(150)

    async def program() -> None:
        streams = streams_of(world.pool, redis_url)
        async with aclosing(streams.read(job_id, 0)) as slow:
            # It has begun to read, and then its socket takes nothing more.
            taken = [await anext(slow), await anext(slow)]
            quick = asyncio.create_task(heard(streams.read(job_id, 0)))
            for chunk in chunks:
                await asyncio.to_thread(world.finish_chunk, chunk)
                channel.say(job_id)
            await asyncio.to_thread(end, world, job_id, chunks)
            channel.say(job_id)
            expected = list(range(1, last_event(world, job_id) + 1))
            assert len(expected) > 300
            assert numbers(await quick) == expected
            [broadcast] = streams._broadcasts.values()
            assert isinstance(broadcast, Broadcast)
            assert sum(len(message) for _, message in broadcast._kept) <= KEPT_BYTES
            assert broadcast.kept_behind(5) is None, "everything is kept: nothing was tested"

            async def rest() -> AsyncGenerator[bytes, None]:
                for content in taken:
                    yield content
                async for content in slow:
                    yield content

            found = await heard(rest())
            assert numbers(found) == expected
            assert found[-1].kind == "end"

    run(program)


def test_a_silent_stream_shows_that_it_lives(world: World, redis_url: str) -> None:
    job_id, _ = world.add_job(1)

    async def program() -> None:
        streams = streams_of(world.pool, redis_url, heartbeat_seconds=0.05)
        async with aclosing(streams.read(job_id, BEFORE_CHUNKS)) as stream:
            assert (await anext(stream)).startswith(b"retry: ")
            assert await anext(stream) == b": still here\n\n"
            assert await anext(stream) == b": still here\n\n"

    run(program)


def test_a_stream_ends_after_its_longest_time_without_saying_that_the_job_did(
    world: World, redis_url: str
) -> None:
    job_id, _ = world.add_job(1)

    async def program() -> None:
        streams = streams_of(world.pool, redis_url, longest_seconds=0.2)
        found = await heard(streams.read(job_id, 0))
        assert numbers(found) == [1, 2, 3, 4, 5]
        assert found[-1].kind != "end"

    run(program)


def test_streams_end_when_the_process_is_to_stop_and_none_is_begun_after(
    world: World, redis_url: str
) -> None:
    job_id, _ = world.add_job(1)

    async def program() -> None:
        streams = streams_of(world.pool, redis_url)
        async with aclosing(streams.read(job_id, 0)) as stream:
            await heard_from(stream, BEFORE_CHUNKS)
            streams.end()
            assert [content async for content in stream] == []
        assert await heard(streams.read(job_id, 0)) == []
        assert not streams._broadcasts

    run(program)


def test_a_paused_jobs_stream_stays_open_and_a_retried_jobs_goes_on_behind_its_end(
    world: World, redis_url: str, channel: Channel
) -> None:
    job_id, chunks = world.add_job(1)

    def set_status(status: str, finished: str) -> None:
        with world.pool.connection() as connection:
            connection.execute(
                "WITH job AS (UPDATE jobs SET status = %s, last_event = last_event + 1,"
                f" finished_at = {finished} WHERE id = %s RETURNING id, last_event)"
                " INSERT INTO job_events (job_id, id, kind)"
                " SELECT id, last_event, 'job_' || %s FROM job",
                (status, job_id, status),
            )
        channel.say(job_id)

    async def program() -> None:
        streams = streams_of(world.pool, redis_url)
        async with aclosing(streams.read(job_id, BEFORE_CHUNKS)) as stream:
            told = messages(stream)
            await asyncio.to_thread(set_status, "paused", "NULL")
            assert (await anext(told)).kind == "job_paused"
            await asyncio.to_thread(set_status, "processing", "NULL")
            assert (await anext(told)).kind == "job_processing"
            await asyncio.to_thread(end, world, job_id, chunks)
            channel.say(job_id)
            assert (await anext(told)).kind == "job_failed"
            assert (await anext(told)).kind == "end"
        seen = last_event(world, job_id)
        assert [each.kind for each in await heard(streams.read(job_id, seen))] == ["end"]
        await asyncio.to_thread(set_status, "processing", "NULL")
        again = await heard(streams.read(job_id, seen), until=seen + 1)
        assert [(each.id, each.kind) for each in again] == [(seen + 1, "job_processing")]

    run(program)


def test_a_number_that_no_event_has_gets_everything(world: World, redis_url: str) -> None:
    job_id, _ = world.add_job(1)

    async def program() -> None:
        streams = streams_of(world.pool, redis_url)
        found = await heard(streams.read(job_id, 999), until=BEFORE_CHUNKS)
        assert numbers(found) == [1, 2, 3, 4, 5]

    run(program)


def test_a_reader_that_knows_more_than_this_process_is_told_only_what_is_new(
    world: World, redis_url: str
) -> None:
    job_id, chunks = world.add_job(1)

    async def program() -> None:
        # Nothing is published: this process learns of it by looking.
        streams = streams_of(world.pool, redis_url)
        other = asyncio.create_task(heard(streams.read(job_id, 0), until=BEFORE_CHUNKS + 2))
        await heard(streams.read(job_id, 0), until=BEFORE_CHUNKS)
        await asyncio.to_thread(world.finish_chunk, chunks[0])
        newer = heard(streams.read(job_id, BEFORE_CHUNKS + 1), until=BEFORE_CHUNKS + 2)
        assert numbers(await newer) == [BEFORE_CHUNKS + 2]
        assert numbers(await other) == list(range(1, BEFORE_CHUNKS + 3))

    run(program)


def test_without_redis_the_table_is_enough(world: World, unused_port: int) -> None:
    job_id, chunks = world.add_job(1)

    async def program() -> None:
        streams = streams_of(world.pool, f"redis://127.0.0.1:{unused_port}/0")
        reading = asyncio.create_task(heard(streams.read(job_id, 0)))
        await heard(streams.read(job_id, 0), until=BEFORE_CHUNKS)
        await asyncio.to_thread(world.finish_chunk, chunks[0])
        await asyncio.to_thread(end, world, job_id, chunks)
        found = await reading
        assert numbers(found) == list(range(1, last_event(world, job_id) + 1))
        assert found[-1].kind == "end"

    run(program)


def test_a_stream_outlives_a_database_that_is_briefly_away(
    world: World, database_url: str, redis_url: str, channel: Channel
) -> None:
    job_id, chunks = world.add_job(1)
    name = database_url.rsplit("/", 1)[-1]
    admin = database_url.replace(f"/{name}", "/template1")

    def allow(connections: bool) -> None:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(
                f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {str(connections).lower()}'.encode()
            )
            if not connections:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    (name,),
                )

    async def program() -> None:
        world.pool.timeout = 0.3
        streams = streams_of(world.pool, redis_url, heartbeat_seconds=0.1)
        async with aclosing(streams.read(job_id, 0)) as stream:
            first = await heard_from(stream, BEFORE_CHUNKS)
            await asyncio.to_thread(allow, False)
            channel.say(job_id)
            with pytest.raises(psycopg.OperationalError):
                await asyncio.to_thread(world.jobs.ping)
            # It still lives meanwhile.
            assert await anext(stream) == b": still here\n\n"
            await asyncio.to_thread(allow, True)
            world.pool.timeout = 20
            await asyncio.to_thread(world.finish_chunk, chunks[0])
            channel.say(job_id)
            rest = await heard_from(stream, BEFORE_CHUNKS + 2)
        assert numbers(first + rest) == list(range(1, BEFORE_CHUNKS + 3))

    run(program)


def test_a_job_that_is_removed_ends_its_streams(world: World, redis_url: str) -> None:
    job_id, _ = world.add_job(1)

    async def program() -> None:
        streams = streams_of(world.pool, redis_url)
        async with aclosing(streams.read(job_id, 0)) as stream:
            await heard_from(stream, BEFORE_CHUNKS)
            with world.pool.connection() as connection:
                connection.execute("DELETE FROM jobs WHERE id = %s", (job_id,))
            assert [content async for content in stream] == []
        assert await heard(streams.read(JobId(uuid4()), 0)) == []

    run(program)
