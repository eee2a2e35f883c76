"""Delivering: what is sent, when it is tried again, and when it is given up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from common.errors import TransientError
from common.webhooks import Answer, DeliveryStatus, Trouble, WebhookRetries
from functions.pipeline.announce import announce, resend_webhooks
from functions.pipeline.deliver_webhook import Letterhead, deliver_webhook
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
