"""Streams of a batch's events: its progress, every event once and in order, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

from common.access import Caller
from functions.api.followed import BatchTelling
from functions.api.streams import EventStreams
from infra.broker.feed import RedisLiveFeed
from infra.database.batch_controls import PostgresBatchControls
from infra.database.batch_events import PostgresBatchProgress
from infra.database.pool import Pool
from infra.settings import StreamSettings
from tests.contract.event_stream_fixtures import (
    Message,
    end,
    heard,
    messages,
    numbers,
    redis_url,
    run,
)
from tests.world import World

__all__ = ["redis_url"]

ALICE = Caller("alice")


def streams_of(pool: Pool, redis_url: str, **settings: float) -> EventStreams:
    return EventStreams(
        PostgresBatchProgress(pool),
        RedisLiveFeed(redis_url),
        StreamSettings(**settings),
        BatchTelling(),
    )


async def first(stream: AsyncGenerator[bytes, None], kind: str) -> Message:
    """Return the stream's next message of that kind, and leave the rest unread."""
    async for message in messages(stream):
        if message.kind == kind:
            return message
    raise AssertionError(f"the stream ended without {kind}")


def trail(world: World, batch_id: UUID) -> list[int]:
    with world.pool.connection() as connection:
        rows = connection.execute(
            "SELECT id FROM batch_events WHERE batch_id = %s ORDER BY id", (batch_id,)
        ).fetchall()
    return [row["id"] for row in rows]


def test_a_stream_begins_with_the_progress_and_tells_each_end_up_to_the_batchs_own(
    world: World, redis_url: str
) -> None:
    batch_id, jobs = world.add_batch(3)

    async def program() -> None:
        streams = streams_of(world.pool, redis_url)
        async with aclosing(streams.read(batch_id, 0)) as stream:
            progress = await first(stream, "progress")
            assert (progress.id, progress.content["pending"]) == (None, 3)
            assert progress.content["batch_id"] == str(batch_id)
            created = await first(stream, "batch_created")
            assert (created.id, created.content["job_id"]) == (1, None)
            await asyncio.to_thread(world.begin, jobs[0])
            progress = await first(stream, "progress")
            assert (progress.content["status"], progress.content["processing"]) == ("processing", 1)
            await asyncio.to_thread(end, world, jobs[0])
            failed = await first(stream, "document_failed")
            assert (failed.id, failed.content["job_id"]) == (2, str(jobs[0]))
            assert failed.content["details"]["code"] == "X"
            for job_id in jobs[1:]:
                await asyncio.to_thread(end, world, job_id)
            rest = [message async for message in messages(stream)]
        assert [message.kind for message in rest if message.kind != "progress"] == [
            "document_failed",
            "document_failed",
            "batch_failed",
            "end",
        ]
        assert rest[-1].content["batch"]["status"] == "failed"

    run(program)


def test_a_batch_of_which_nothing_changes_is_told_once(world: World, redis_url: str) -> None:
    batch_id, _ = world.add_batch(2)

    async def program() -> None:
        streams = streams_of(world.pool, redis_url, longest_seconds=3.5)
        found = await heard(streams.read(batch_id, 0))
        assert [message.kind for message in found] == ["progress", "batch_created"]

    run(program)


def test_many_readers_cost_one_look_a_second(world: World, redis_url: str) -> None:
    batch_id, jobs = world.add_batch(40)

    async def program() -> None:
        streams = streams_of(world.pool, redis_url)
        tasks = [asyncio.create_task(heard(streams.read(batch_id, 0))) for _ in range(100)]
        await heard(streams.read(batch_id, 0), until=1)
        loop = asyncio.get_running_loop()
        began, before = loop.time(), world.pool.get_stats()["requests_num"]
        for job_id in jobs:
            await asyncio.to_thread(end, world, job_id)
        everybody = await asyncio.gather(*tasks)
        looks = world.pool.get_stats()["requests_num"] - before - len(jobs)
        assert looks <= loop.time() - began + 2
        expected = trail(world, batch_id)
        assert len(expected) == len(jobs) + 2
        for found in everybody:
            assert numbers(found) == expected
            assert found[-1].kind == "end"

    run(program)


def test_a_reader_that_comes_back_gets_the_progress_and_only_what_it_has_not_seen(
    world: World, redis_url: str
) -> None:
    batch_id, jobs = world.add_batch(300)
    assert PostgresBatchControls(world.pool).cancel(batch_id, ALICE)
    expected = trail(world, batch_id)
    assert len(expected) == len(jobs) + 3

    async def program() -> None:
        streams = streams_of(world.pool, redis_url)
        everything = await heard(streams.read(batch_id, 0))
        assert numbers(everything) == expected
        for seen in (1, 57, 299, 302):
            found = await heard(streams.read(batch_id, seen))
            assert numbers(found) == expected[seen:]
            assert (found[0].kind, found[-1].kind) == ("progress", "end")
        unknown = await heard(streams.read(batch_id, 9999))
        assert numbers(unknown) == expected

    run(program)


def test_a_server_that_stops_ends_its_streams_without_saying_that_the_batch_has_ended(
    world: World, redis_url: str
) -> None:
    batch_id, _ = world.add_batch(1)

    async def program() -> None:
        streams = streams_of(world.pool, redis_url)
        async with aclosing(streams.read(batch_id, 0)) as stream:
            await first(stream, "batch_created")
            streams.end()
            assert [message async for message in messages(stream)] == []

    run(program)
