"""Send one webhook: claim, sign, post, note what came of it, and have the next try called."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from common.ports import WebhookPoster, Webhooks, WebhookTasks
from common.webhooks import (
    Answer,
    DeliveryStatus,
    DeliveryWork,
    Trouble,
    WebhookRetries,
    body,
    signed_headers,
)
from functions.pipeline.hand_on import or_maintain_sends

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What a webhook says about its sender."""

    #: The deployment's key, and during a change the one before it.
    signing_keys: Sequence[str]
    #: The API's address, which links begin with; they are relative where empty.
    link_base: str


def deliver_webhook(
    delivery_id: UUID,
    *,
    webhooks: Webhooks,
    poster: Callable[[], WebhookPoster],
    tasks: Callable[[], WebhookTasks],
    retries: WebhookRetries,
    letterhead: Letterhead,
) -> None:
    """Claim the delivery and try it once.

    Safe to run twice at once: only one holds the claim. A process that is killed between the
    post and the note has it sent twice, under the same webhook-id.
    """
    work = webhooks.claim(delivery_id)
    if work is None:
        log.info(
            "webhook is delivered, being sent or not due", extra={"delivery_id": str(delivery_id)}
        )
        return
    if work.tries > retries.most_tries:
        # Every sender so far ended without a word.
        lost = Trouble("DELIVERY_INTERRUPTED", "Sending was interrupted again and again.", True)
        _note(work, Answer(None, 0.0, lost), webhooks, tasks, retries)
        return
    content = body(work.payload, base=letterhead.link_base)
    headers = signed_headers(
        work.id, work.owner, content, signing_keys=letterhead.signing_keys, at=time.time()
    )
    _note(work, poster().post(work.url, content, headers), webhooks, tasks, retries)


def _note(
    work: DeliveryWork,
    answer: Answer,
    webhooks: Webhooks,
    tasks: Callable[[], WebhookTasks],
    retries: WebhookRetries,
) -> None:
    fields: dict[str, object] = {
        "job_id": str(work.job_id),
        "delivery_id": str(work.id),
        "event": work.event,
        "status_code": answer.status_code,
        "seconds": answer.seconds,
        "try": work.tries,
    }
    if answer.trouble:
        fields["code"] = answer.trouble.code
    if answer.is_accepted:
        log.info("webhook is delivered", extra=fields)
        webhooks.record(work, answer, DeliveryStatus.DELIVERED)
        return
    wait = retries.wait(work.tries, answer)
    if wait is None:
        log.error("webhook is given up", extra=fields)
        webhooks.record(work, answer, DeliveryStatus.FAILED)
        return
    log.warning(
        "webhook is tried again later",
        extra={**fields, "wait_seconds": round(wait.total_seconds(), 1)},
    )
    dispatch = webhooks.record(work, answer, DeliveryStatus.PENDING, wait=wait)
    if dispatch is not None:
        with or_maintain_sends():
            tasks().send_webhook(work.id, dispatch, wait)
