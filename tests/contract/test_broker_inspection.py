"""The queues by priority, as kombu keeps them on a real Valkey."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from redis import Redis

from common.errors import TransientError
from common.models import ChunkId, ChunkRef, DocumentId, Priority
from infra.broker.celery_app import make_celery
from infra.broker.dispatch import CeleryDispatch
from infra.broker.inspection import BrokerInspection
from infra.local.stack import Stack
from tests.environment import settings_for


@pytest.fixture
def redis(servers: Stack) -> Iterator[Redis]:
    with Redis.from_url(servers.endpoints["redis"]) as client:
        client.flushall()
        yield client


def test_messages_are_counted_in_the_list_of_their_priority(servers: Stack, redis: Redis) -> None:
    app = make_celery(settings_for(servers))
    dispatch, inspection = CeleryDispatch(app), BrokerInspection(app, redis)
    for count, priority in enumerate(Priority, 1):
        dispatch.send_chunks(
            [
                ChunkRef(ChunkId(uuid4()), DocumentId(uuid4()), index, priority)
                for index in range(count)
            ]
        )
    app.send_task("another", priority=6)
    with app.connection_for_read() as connection:
        taken = connection.SimpleQueue("chunks").get(block=False)
        queues = inspection.queues()
        assert taken is not None
    # The one of the highest priority is taken first, and not acknowledged yet. Whatever is sent at
    # a priority's steps counts as its own.
    assert queues.waiting == {Priority.HIGH: 0, Priority.NORMAL: 2, Priority.LOW: 4}
    assert queues.unacknowledged == 1
    app.close()


def test_nobody_answers_where_no_worker_runs(servers: Stack, redis: Redis) -> None:
    app = make_celery(settings_for(servers))
    assert BrokerInspection(app, redis).workers() == []
    app.close()


def test_a_broker_that_is_away_is_a_transient_error(servers: Stack, unused_port: int) -> None:
    app = make_celery(settings_for(servers, REDIS_URL=f"redis://127.0.0.1:{unused_port}/0"))
    inspection = BrokerInspection(app, Redis(port=unused_port))
    for ask in (inspection.ping, inspection.workers, inspection.queues):
        with pytest.raises(TransientError) as refused:
            ask()
        assert refused.value.code == "BROKER_UNAVAILABLE"
    app.close()
