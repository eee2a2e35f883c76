"""Has the owner's server told that a job or a batch has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from common.access import Caller
from common.models import JobId
from common.ports import Webhooks, WebhookTasks
from functions.pipeline.hand_on import or_maintain_sends


def announce(job_id: JobId, *, webhooks: Webhooks, tasks: Callable[[], WebhookTasks]) -> None:
    """Ask for what waits to be sent about the job and its batches. Safe to call at any time.

    The deliveries were written by the transaction that ended it; where there is none, nothing
    is done, and `tasks` is not even built.
    """
    _send(webhooks.announce(job_id), tasks)


def announce_batch(
    batch_id: UUID, *, webhooks: Webhooks, tasks: Callable[[], WebhookTasks]
) -> None:
    """Ask for what waits to be sent about the batch itself; what is about its jobs goes later."""
    _send(webhooks.announce_batch(batch_id), tasks)


def _send(deliveries: Sequence[tuple[UUID, int]], tasks: Callable[[], WebhookTasks]) -> None:
    for delivery_id, dispatch in deliveries:
        with or_maintain_sends():
            tasks().send_webhook(delivery_id, dispatch)


def redeliver(
    delivery_id: UUID, caller: Caller, *, webhooks: Webhooks, tasks: Callable[[], WebhookTasks]
) -> None:
    """Have one of the caller's deliveries sent again from the start, unless it is being sent."""
    dispatch = webhooks.reopen(delivery_id, caller)
    if dispatch is not None:
        with or_maintain_sends():
            tasks().send_webhook(delivery_id, dispatch)


def resend_webhooks(*, webhooks: Webhooks, tasks: Callable[[], WebhookTasks]) -> int:
    """Ask again for what should have been sent by now; return how many."""
    stopped = webhooks.stopped()
    for delivery_id, dispatch in stopped:
        tasks().send_webhook(delivery_id, dispatch)
    return len(stopped)
