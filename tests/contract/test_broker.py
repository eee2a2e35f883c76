"""The chunks queue, locks and live updates on a real Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from redis import Redis

from common.errors import TransientError
from common.models import ChunkId, ChunkRef, DocumentId, JobId
from common.names import chunk_lock
from infra.broker.celery_app import make_celery
from infra.broker.dispatch import CeleryDispatch
from infra.broker.feed import RedisLiveFeed
from infra.broker.live import RedisLiveUpdates
from infra.broker.locks import LOCK_SECONDS, RedisChunkLocks
from infra.local.stack import Stack
from tests.environment import settings_for


@pytest.fixture
def redis(servers: Stack) -> Iterator[Redis]:
    with Redis.from_url(servers.endpoints["redis"]) as client:
        client.flushall()
        yield client


@pytest.fixture
def dispatch(servers: Stack, redis: Redis) -> Iterator[CeleryDispatch]:
    app = make_celery(settings_for(servers))
    yield CeleryDispatch(app)
    app.close()


def a_chunk(index: int = 0) -> ChunkRef:
    return ChunkRef(ChunkId(uuid4()), DocumentId(uuid4()), index)


def test_a_wave_of_chunks_is_in_the_broker_at_once(dispatch: CeleryDispatch) -> None:
    dispatch.send_chunks([a_chunk(index) for index in range(17)])
    assert dispatch.waiting() == 17


def test_a_send_after_the_broker_was_emptied_still_arrives(
    dispatch: CeleryDispatch, redis: Redis
) -> None:
    dispatch.send_chunks([a_chunk()])
    redis.flushall()
    assert dispatch.waiting() == 0
    dispatch.send_chunks([a_chunk()])
    assert dispatch.waiting() == 1


def test_a_chunk_sent_for_later_also_waits_in_the_broker(dispatch: CeleryDispatch) -> None:
    dispatch.send_chunk_later(a_chunk(), timedelta(minutes=1))
    assert dispatch.waiting() == 1


def test_a_broker_that_is_down_is_a_transient_error(servers: Stack, unused_port: int) -> None:
    app = make_celery(settings_for(servers, REDIS_URL=f"redis://127.0.0.1:{unused_port}/0"))
    with pytest.raises(TransientError) as refused:
        CeleryDispatch(app).send_chunks([a_chunk()])
    assert refused.value.code == "BROKER_UNAVAILABLE"
    app.close()


def test_a_chunks_lock_has_one_holder_and_is_gone_afterwards(redis: Redis) -> None:
    locks, chunk = RedisChunkLocks(redis), a_chunk(3)
    key = chunk_lock(chunk.document_id, 3)
    assert key == f"chunk_lock:{chunk.document_id}:3"
    with locks.acquire(chunk) as first, locks.acquire(chunk) as second:
        assert first
        assert not second
        assert LOCK_SECONDS - 5 < redis.ttl(key) <= LOCK_SECONDS
    assert not redis.exists(key)


def test_a_holder_whose_lock_ran_out_does_not_release_the_next_ones(redis: Redis) -> None:
    locks, chunk = RedisChunkLocks(redis), a_chunk()
    key = chunk_lock(chunk.document_id, 0)
    with locks.acquire(chunk):
        redis.set(key, "somebody else's")
    assert redis.get(key) == b"somebody else's"


def test_a_lock_is_renewed_while_the_work_goes_on(redis: Redis) -> None:
    locks, chunk = RedisChunkLocks(redis, seconds=0.3), a_chunk()
    key = chunk_lock(chunk.document_id, 0)
    with locks.acquire(chunk):
        redis.pexpire(key, 200)
        while redis.pttl(key) <= 200:
            assert redis.exists(key), "the lock ran out while its holder worked"


def test_without_redis_the_work_goes_on_without_a_lock(unused_port: int) -> None:
    locks = RedisChunkLocks(Redis(port=unused_port))
    with locks.acquire(a_chunk()) as is_ours:
        assert is_ours


def test_a_watcher_is_woken_by_its_own_jobs_changes_only(servers: Stack, redis: Redis) -> None:
    job, other = JobId(uuid4()), JobId(uuid4())
    live = RedisLiveUpdates(redis)

    async def watch() -> None:
        feed = RedisLiveFeed(servers.endpoints["redis"])
        async with feed.watch(job) as changed, feed.watch(other) as unchanged:
            # The first wake-up says that the subscription stands.
            await asyncio.wait_for(changed.wait(), 10)
            await asyncio.wait_for(unchanged.wait(), 10)
            changed.clear()
            unchanged.clear()
            await asyncio.to_thread(live.publish, job)
            await asyncio.wait_for(changed.wait(), 10)
            assert not unchanged.is_set()

    asyncio.run(watch())


def test_watchers_are_woken_by_changes_that_are_said_at_once(servers: Stack, redis: Redis) -> None:
    jobs = [JobId(uuid4()) for _ in range(3)]

    async def watch() -> None:
        feed = RedisLiveFeed(servers.endpoints["redis"])
        async with feed.watch(jobs[0]) as first, feed.watch(jobs[1]) as last:
            for changed in (first, last):
                await asyncio.wait_for(changed.wait(), 10)
                changed.clear()
            await asyncio.to_thread(RedisLiveUpdates(redis).publish_all, jobs)
            for changed in (first, last):
                await asyncio.wait_for(changed.wait(), 10)

    asyncio.run(watch())


def test_a_live_update_without_redis_is_lost_without_an_error(unused_port: int) -> None:
    live = RedisLiveUpdates(Redis(port=unused_port))
    live.publish(JobId(uuid4()))
    live.publish_all([JobId(uuid4()), JobId(uuid4())])
