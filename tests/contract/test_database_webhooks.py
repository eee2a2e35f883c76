"""Deliveries in the database: written with a job's end, sent by one at a time, never lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from common.access import Caller
from common.lifecycle import JobStatus
from common.webhooks import Answer, DeliveryStatus
from infra.database.controls import PostgresControls
from infra.database.pool import Pool
from infra.database.webhooks import PostgresWebhooks
from tests.contract.webhook_fixtures import (
    ALICE,
    LEASE,
    MINUTE,
    ended,
    job_with_a_webhook,
    merge,
    webhooks,
)
from tests.world import World

__all__ = ["webhooks"]


@pytest.mark.parametrize(
    "status", [JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_ERRORS, JobStatus.FAILED]
)
def test_the_transaction_that_ends_a_job_writes_what_is_told(
    world: World, webhooks: PostgresWebhooks, status: JobStatus
) -> None:
    job_id = job_with_a_webhook(world)
    assert webhooks.of_job(job_id, ALICE) == []
    merge(world, job_id, status)
    [delivery] = webhooks.of_job(job_id, ALICE)
    assert delivery.event == f"job.{status.value}"
    assert (delivery.url, delivery.status) == ("https://a.example", DeliveryStatus.PENDING)
    work = webhooks.claim(delivery.id)
    assert work is not None
    told = work.payload["data"]["job"]
    assert list(work.payload) == ["type", "timestamp", "data"]
    assert (told["job_id"], told["status"]) == (str(job_id), status.value)
    assert (told["completed_pages"], told["filename"]) == (2, "book.pdf")
    assert (told["error"] is not None) is (status is JobStatus.FAILED)
    assert told["finished_at"].endswith("+00:00")


def test_a_job_without_a_webhook_writes_nothing(world: World, webhooks: PostgresWebhooks) -> None:
    job_id, [chunk_id] = world.add_job(1)
    world.finish_chunk(chunk_id)
    merge(world, job_id)
    assert webhooks.of_job(job_id, ALICE) == []


def test_a_cancelled_job_and_one_whose_upload_never_came_are_told_too(
    world: World, webhooks: PostgresWebhooks, pool: Pool
) -> None:
    cancelled, _ = world.add_job(1)
    awaited, _ = world.add_job(1)
    world.one(
        "UPDATE jobs SET webhook_url = 'https://a.example' WHERE id = %s RETURNING id", cancelled
    )
    assert PostgresControls(pool).cancel(cancelled, ALICE)
    assert [each.event for each in webhooks.of_job(cancelled, ALICE)] == ["job.cancelled"]

    world.one(
        "UPDATE jobs SET webhook_url = 'https://a.example', status = 'pending',"
        " stage = 'received', created_at = now() - interval '8 days' WHERE id = %s RETURNING id",
        awaited,
    )
    world.one(
        "UPDATE documents SET generation = NULL FROM jobs"
        " WHERE jobs.id = %s AND document_id = documents.id RETURNING jobs.id",
        awaited,
    )
    assert world.upkeep.expire_uploads() == 1
    assert [each.event for each in webhooks.of_job(awaited, ALICE)] == ["job.failed"]


def test_a_split_that_fails_is_told(world: World, webhooks: PostgresWebhooks) -> None:
    work = world.land()
    world.one(
        "UPDATE jobs SET webhook_url = 'https://a.example' WHERE id = %s RETURNING id", work.job_id
    )
    world.splits.fail(work, "NOT_A_PDF", "The file is not a PDF.")
    [delivery] = webhooks.of_job(work.job_id, ALICE)
    assert delivery.event == "job.failed"


def test_a_job_that_is_rolled_back_tells_nothing(
    world: World, webhooks: PostgresWebhooks, pool: Pool
) -> None:
    job_id = job_with_a_webhook(world)
    with pool.connection() as connection:
        connection.execute(
            "UPDATE jobs SET status = 'cancelled', finished_at = now() WHERE id = %s", (job_id,)
        )
        connection.rollback()
    assert webhooks.of_job(job_id, ALICE) == []


def test_what_was_announced_is_announced_once(world: World, webhooks: PostgresWebhooks) -> None:
    job_id = job_with_a_webhook(world)
    merge(world, job_id)
    assert [dispatch for _, dispatch in webhooks.announce(job_id)] == [1]
    assert webhooks.announce(job_id) == []


def test_two_messages_at_once_lead_to_one_sender(world: World, webhooks: PostgresWebhooks) -> None:
    delivery_id = ended(world, webhooks)
    start = threading.Barrier(8)

    def claim(_: int) -> bool:
        start.wait()
        return webhooks.claim(delivery_id) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, range(8))) == 1


def test_a_sender_that_fell_silent_is_followed_by_another_and_notes_nothing_any_more(
    world: World, webhooks: PostgresWebhooks
) -> None:
    delivery_id = ended(world, webhooks)
    first = webhooks.claim(delivery_id)
    assert first is not None
    assert webhooks.claim(delivery_id) is None
    assert webhooks.stopped() == []
    world.age("webhook_deliveries", "lease_expires_at", LEASE * 2, id=delivery_id)
    world.age("webhook_deliveries", "dispatched_at", LEASE * 2, id=delivery_id)
    world.age("webhook_deliveries", "next_attempt_at", LEASE * 2, id=delivery_id)
    assert webhooks.stopped() == [(delivery_id, 2)]
    second = webhooks.claim(delivery_id)
    assert second is not None
    assert (second.attempt, second.tries) == (2, 2)
    assert webhooks.record(first, Answer(204, 0.1), DeliveryStatus.DELIVERED) is None
    assert webhooks.record(second, Answer(204, 0.1), DeliveryStatus.DELIVERED) is not None
    delivery = webhooks.find(delivery_id, ALICE)
    assert delivery is not None
    assert [attempt.status_code for attempt in delivery.attempts] == [204]


def test_a_refused_delivery_waits_and_is_nobodys_until_it_is_due(
    world: World, webhooks: PostgresWebhooks
) -> None:
    delivery_id = ended(world, webhooks)
    work = webhooks.claim(delivery_id)
    assert work is not None
    wait = timedelta(minutes=5)
    assert webhooks.record(work, Answer(500, 0.1), DeliveryStatus.PENDING, wait=wait) == 2
    assert webhooks.claim(delivery_id) is None
    assert webhooks.stopped() == []
    world.age("webhook_deliveries", "next_attempt_at", wait, id=delivery_id)
    assert webhooks.claim(delivery_id) is not None


def test_a_message_that_was_lost_is_found_once_it_is_late(
    world: World, webhooks: PostgresWebhooks
) -> None:
    delivery_id = ended(world, webhooks)
    assert webhooks.stopped() == []
    world.age("webhook_deliveries", "dispatched_at", MINUTE * 2, id=delivery_id)
    world.age("webhook_deliveries", "next_attempt_at", MINUTE * 2, id=delivery_id)
    assert webhooks.stopped() == [(delivery_id, 2)]
    assert webhooks.stopped() == []


def test_only_its_owner_may_see_it_or_have_it_told_again(
    world: World, webhooks: PostgresWebhooks
) -> None:
    delivery_id = ended(world, webhooks)
    for other in (Caller("mallory"), Caller("alice", matters=("m1",))):
        assert webhooks.find(delivery_id, other) is None
        assert webhooks.reopen(delivery_id, other) is None
    delivery = webhooks.find(delivery_id, ALICE)
    assert delivery is not None
    assert delivery.job_id is not None
    assert webhooks.of_job(delivery.job_id, Caller("mallory")) == []


def test_one_that_is_being_sent_is_not_told_again_and_one_that_was_given_up_is(
    world: World, webhooks: PostgresWebhooks
) -> None:
    delivery_id = ended(world, webhooks)
    work = webhooks.claim(delivery_id)
    assert work is not None
    assert webhooks.reopen(delivery_id, ALICE) is None
    webhooks.record(work, Answer(500, 0.1), DeliveryStatus.FAILED)
    assert webhooks.reopen(delivery_id, ALICE) == 2
    again = webhooks.claim(delivery_id)
    assert again is not None
    assert (again.tries, again.payload) == (1, work.payload)


def test_a_delivery_goes_with_its_job(world: World, webhooks: PostgresWebhooks) -> None:
    delivery_id = ended(world, webhooks)
    world.one("DELETE FROM documents RETURNING id")
    assert webhooks.find(delivery_id, ALICE) is None
    assert webhooks.claim(uuid4()) is None
