"""Deliveries in the database: written with a job's end, sent by one at a time, never lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from common.access import Caller
from common.errors import TransientError
from common.lifecycle import JobStatus
from common.models import JobId, MergedDocument
from common.webhooks import Answer, DeliveryStatus, Trouble, WebhookRetries
from functions.pipeline.announce import announce, resend_webhooks
from functions.pipeline.deliver_webhook import Letterhead, deliver_webhook
from infra.database.controls import PostgresControls
from infra.database.pool import Pool
from infra.database.webhooks import PostgresWebhooks
from tests.world import World

ALICE = Caller("alice")
LEASE = timedelta(minutes=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def webhooks(pool: Pool) -> PostgresWebhooks:
    return PostgresWebhooks(pool, lease=LEASE, resend_after=MINUTE)


def job_with_a_webhook(world: World, *, chunks: int = 1) -> JobId:
    """Make a job whose chunks are all read."""
    job_id, chunk_ids = world.add_job(chunks)
    world.one(
        "UPDATE jobs SET webhook_url = 'https://a.example' WHERE id = %s RETURNING id", job_id
    )
    for chunk_id in chunk_ids:
        world.finish_chunk(chunk_id)
    return job_id


def merge(world: World, job_id: JobId, status: JobStatus = JobStatus.COMPLETED) -> None:
    work = world.merges.claim(job_id)
    assert work is not None
    failed = status is JobStatus.FAILED
    world.merges.finish(
        work,
        MergedDocument(
            status=status,
            pages=2,
            failed_pages=0,
            result_path=None if failed else "r",
            text_path=None,
            checksum=None if failed else "c",
            error_code="PAGE_UNREADABLE" if failed else None,
            error_message="No page could be read." if failed else None,
        ),
    )


def ended(world: World, webhooks: PostgresWebhooks) -> UUID:
    """Return the delivery of a job that has just ended."""
    job_id = job_with_a_webhook(world)
    merge(world, job_id)
    [(delivery_id, _)] = webhooks.announce(job_id)
    return delivery_id


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


class Post:
    """Answers as it was told, and notes how often it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.posted: list[dict[str, str]] = []

    def post(self, url: str, content: bytes, headers: Any) -> Answer:
        self.posted.append(dict(headers))
        return self.answers.pop(0)


class Tasks:
    """Takes messages, or is away."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.sent: list[tuple[UUID, int, timedelta]] = []

    def send_webhook(
        self, delivery_id: UUID, dispatch: int, delay: timedelta = timedelta()
    ) -> None:
        if self.away:
            raise TransientError("away")
        self.sent.append((delivery_id, dispatch, delay))


def deliver(webhooks: PostgresWebhooks, delivery_id: UUID, post: Post, tasks: Tasks) -> None:
    deliver_webhook(
        delivery_id,
        webhooks=webhooks,
        poster=lambda: post,
        tasks=lambda: tasks,
        retries=WebhookRetries((timedelta(seconds=5), timedelta(minutes=5))),
        letterhead=Letterhead(("k" * 32,), ""),
    )


def test_each_refusal_has_the_next_try_called_later_until_it_is_given_up(
    world: World, webhooks: PostgresWebhooks
) -> None:
    delivery_id = ended(world, webhooks)
    post, tasks = Post(*[Answer(500, 0.1)] * 3), Tasks()
    for _ in range(3):
        deliver(webhooks, delivery_id, post, tasks)
        deliver(webhooks, delivery_id, post, tasks)  # a doubled message finds it not due
        world.age("webhook_deliveries", "next_attempt_at", timedelta(hours=1), id=delivery_id)
    assert len({headers["webhook-id"] for headers in post.posted}) == 1
    assert [dispatch for _, dispatch, _ in tasks.sent] == [2, 3]
    assert timedelta(minutes=5) <= tasks.sent[1][2] <= timedelta(minutes=6)
    delivery = webhooks.find(delivery_id, ALICE)
    assert delivery is not None
    assert (delivery.status, len(delivery.attempts)) == (DeliveryStatus.FAILED, 3)
    deliver(webhooks, delivery_id, post, tasks)


def test_an_address_that_is_refused_is_not_tried_again(
    world: World, webhooks: PostgresWebhooks
) -> None:
    delivery_id = ended(world, webhooks)
    refused = Trouble("WEBHOOK_URL_REFUSED", "Not public.", final=True)
    tasks = Tasks()
    deliver(webhooks, delivery_id, Post(Answer(None, 0.0, refused)), tasks)
    delivery = webhooks.find(delivery_id, ALICE)
    assert delivery is not None
    assert delivery.status is DeliveryStatus.FAILED
    assert delivery.attempts[0].error_code == "WEBHOOK_URL_REFUSED"
    assert tasks.sent == []


def test_a_delivery_that_ends_every_sender_is_given_up(
    world: World, webhooks: PostgresWebhooks
) -> None:
    delivery_id = ended(world, webhooks)
    for _ in range(3):
        assert webhooks.claim(delivery_id) is not None
        world.age("webhook_deliveries", "lease_expires_at", LEASE * 2, id=delivery_id)
    post = Post()
    deliver(webhooks, delivery_id, post, Tasks())
    delivery = webhooks.find(delivery_id, ALICE)
    assert delivery is not None
    assert delivery.status is DeliveryStatus.FAILED
    assert delivery.attempts[0].error_code == "DELIVERY_INTERRUPTED"


def test_what_cloud_tasks_did_not_take_is_sent_by_maintain(
    world: World, webhooks: PostgresWebhooks
) -> None:
    job_id = job_with_a_webhook(world)
    merge(world, job_id)
    away, tasks = Tasks(away=True), Tasks()
    announce(job_id, webhooks=webhooks, tasks=lambda: away)
    [delivery] = webhooks.of_job(job_id, ALICE)
    world.age("webhook_deliveries", "dispatched_at", MINUTE * 2, id=delivery.id)
    world.age("webhook_deliveries", "next_attempt_at", MINUTE * 2, id=delivery.id)
    assert resend_webhooks(webhooks=webhooks, tasks=lambda: tasks) == 1
    assert tasks.sent == [(delivery.id, 2, timedelta())]


def test_an_end_that_nobody_announced_is_found_at_once(
    world: World, webhooks: PostgresWebhooks
) -> None:
    job_id = job_with_a_webhook(world)
    merge(world, job_id)
    tasks = Tasks()
    assert resend_webhooks(webhooks=webhooks, tasks=lambda: tasks) == 1


def test_a_delivery_goes_with_its_job(world: World, webhooks: PostgresWebhooks) -> None:
    delivery_id = ended(world, webhooks)
    world.one("DELETE FROM documents RETURNING id")
    assert webhooks.find(delivery_id, ALICE) is None
    assert webhooks.claim(uuid4()) is None
