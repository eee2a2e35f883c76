"""Streams of a job's events while what they need is away."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from uuid import uuid4

import psycopg
import pytest

from common.models import JobId
from tests.contract.event_stream_fixtures import (
    BEFORE_CHUNKS,
    Channel,
    channel,
    end,
    heard,
    heard_from,
    last_event,
    numbers,
    redis_url,
    run,
    streams_of,
)
from tests.world import World

__all__ = ["channel", "redis_url"]


def test_without_redis_the_table_is_enough(world: World, unused_port: int) -> None:
    job_id, chunks = world.add_job(1)

    async def program() -> None:
        streams = streams_of(world.pool, f"redis://127.0.0.1:{unused_port}/0")
        reading = asyncio.create_task(heard(streams.read(job_id, 0)))
        await heard(streams.read(job_id, 0), until=BEFORE_CHUNKS)
        await asyncio.to_thread(world.finish_chunk, chunks[0])
        await asyncio.to_thread(end, world, job_id)
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
