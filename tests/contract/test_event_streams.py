"""Streams of a job's events: fan-out, replay, silence and ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from functions.api.broadcast import KEPT_BYTES, Broadcast
from tests.contract.event_stream_fixtures import (
    BEFORE_CHUNKS,
    Channel,
    channel,
    end,
    heard,
    heard_from,
    last_event,
    messages,
    numbers,
    redis_url,
    run,
    streams_of,
)
from tests.world import World

__all__ = ["channel", "redis_url"]


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
        await asyncio.to_thread(end, world, job_id)
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
            await asyncio.to_thread(end, world, job_id)
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
    job_id, _ = world.add_job(1)

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
            await asyncio.to_thread(end, world, job_id)
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
