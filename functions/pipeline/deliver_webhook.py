"""Send one webhook: claim, sign, post, note what came of it, and have the next try called."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from uuid import UUID

from common import telemetry
from common.ports import WebhookPoster, Webhooks, WebhookTasks
from common.telemetry import Hop, Laps, Measure
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
    laps = Laps()
    work = webhooks.claim(delivery_id)
    if work is None:
        log.info(
            "webhook is delivered, being sent or not due", extra={"delivery_id": str(delivery_id)}
        )
        return
    with _traced(work, laps) as span:
        _try(work, span, webhooks, poster, tasks, retries, letterhead)


def _traced(work: DeliveryWork, laps: Laps) -> AbstractContextManager[telemetry.Span]:
    if work.job_id is None:  # a batch's end, which is on no job's way
        return telemetry.NOTHING
    telemetry.waited(Hop.WEBHOOK_WAIT, work.job_id, work.waited, laps)
    return telemetry.job_span(Hop.WEBHOOK, work.job_id, laps, attempt=work.tries)


def _try(
    work: DeliveryWork,
    span: telemetry.Span,
    webhooks: Webhooks,
    poster: Callable[[], WebhookPoster],
    tasks: Callable[[], WebhookTasks],
    retries: WebhookRetries,
    letterhead: Letterhead,
) -> None:
    if work.tries > retries.most_tries:
        # Every sender so far ended without a word.
        lost = Trouble("DELIVERY_INTERRUPTED", "Sending was interrupted again and again.", True)
        _note(work, span, Answer(None, 0.0, lost), webhooks, tasks, retries)
        return
    content = body(work.payload, base=letterhead.link_base)
    headers = signed_headers(
        work.id, work.owner, content, signing_keys=letterhead.signing_keys, at=time.time()
    )
    with telemetry.span(Hop.WEBHOOK_POST):
        answer = poster().post(work.url, content, headers)
    _note(work, span, answer, webhooks, tasks, retries)


def _note(
    work: DeliveryWork,
    span: telemetry.Span,
    answer: Answer,
    webhooks: Webhooks,
    tasks: Callable[[], WebhookTasks],
    retries: WebhookRetries,
) -> None:
    fields: dict[str, object] = {
        **({"job_id": str(work.job_id)} if work.job_id else {"batch_id": str(work.batch_id)}),
        "delivery_id": str(work.id),
        "event": work.event,
        "status_code": answer.status_code,
        "seconds": answer.seconds,
        "try": work.tries,
    }
    if answer.status_code is not None:
        span.note(status_code=answer.status_code)
    if answer.trouble:
        fields["code"] = answer.trouble.code
        span.fail(answer.trouble.code)
    if answer.is_accepted:
        log.info("webhook is delivered", extra=fields)
        telemetry.add(Measure.WEBHOOKS, outcome="delivered")
        webhooks.record(work, answer, DeliveryStatus.DELIVERED)
        return
    wait = retries.wait(work.tries, answer)
    if wait is None:
        log.error("webhook is given up", extra=fields)
        telemetry.add(Measure.WEBHOOKS, outcome="failed")
        webhooks.record(work, answer, DeliveryStatus.FAILED)
        return
    log.warning(
        "webhook is tried again later",
        extra={**fields, "wait_seconds": round(wait.total_seconds(), 1)},
    )
    telemetry.add(Measure.WEBHOOKS, outcome="put_back")
    dispatch = webhooks.record(work, answer, DeliveryStatus.PENDING, wait=wait)
    if dispatch is not None:
        with or_maintain_sends():
            tasks().send_webhook(work.id, dispatch, wait)
