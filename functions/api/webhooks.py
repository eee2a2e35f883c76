"""Webhooks: what was told about a job or batch, telling it again, and the signatures' secret."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from common.errors import InvalidRequest, NotFound
from common.webhooks import Attempt, Delivery, secret_of
from functions.api.auth import App, Controller, Reader
from functions.api.batches import found_batch
from functions.api.jobs import found
from functions.api.schemas.problems import problems
from functions.api.schemas.webhooks import WebhookDeliveries, WebhookDelivery, WebhookSecret

router = APIRouter(tags=["webhooks"])


@router.get(
    "/v1/jobs/{job_id}/webhooks",
    summary="Show what was told about a job",
    response_model=WebhookDeliveries,
    responses=problems(404, 422),
)
def list_deliveries(job_id: UUID, app: App, caller: Reader) -> dict[str, Any]:
    """Tell every try to post the job's end to its `webhook_url`.

    A delivery is tried until the server answers with 2xx: ten times, the last about four days
    after the first. A server that wants no more of it answers 410. Redirects are not followed.
    """
    deliveries = app.webhooks.of_job(job_id, caller)
    if not deliveries:
        found(app, caller, job_id)
    return {"deliveries": [_shown(delivery) for delivery in deliveries]}


@router.get(
    "/v1/batches/{batch_id}/webhooks",
    summary="Show what was told about a batch",
    response_model=WebhookDeliveries,
    responses=problems(404, 422),
)
def list_batch_deliveries(batch_id: UUID, app: App, caller: Reader) -> dict[str, Any]:
    """Tell every try to post the batch's end to its `webhook_url`, as it is told of a job."""
    deliveries = app.webhooks.of_batch(batch_id, caller)
    if not deliveries:
        found_batch(app, caller, batch_id)
    return {"deliveries": [_shown(delivery) for delivery in deliveries]}


@router.post(
    "/v1/webhooks/{delivery_id}/redeliver",
    summary="Tell it again",
    response_model=WebhookDelivery,
    responses=problems(404, 422),
)
def redeliver(delivery_id: UUID, app: App, caller: Controller) -> dict[str, Any]:
    """Have a delivery posted again at once, whatever became of it, with all its tries anew.

    It keeps its `webhook-id` and says what was true when the job or batch ended. One that is just
    being posted is left alone.
    """
    app.redeliver_webhook(delivery_id, caller)
    delivery = app.webhooks.find(delivery_id, caller)
    if delivery is None:
        raise NotFound("There is no delivery with this id.", code="DELIVERY_NOT_FOUND")
    return _shown(delivery)


@router.get(
    "/v1/webhooks/secret",
    summary="Show the webhooks' secret",
    response_model=WebhookSecret,
)
def get_secret(response: Response, app: App, caller: Controller) -> dict[str, Any]:
    """Return the secret by which your server knows that a webhook is from here.

    Webhooks are signed as standardwebhooks.com describes: `webhook-id`, `webhook-timestamp` and
    `webhook-signature`. The secret is yours alone, and the same for all your jobs: a token or
    key that is limited to matters does not get it (403).
    """
    if caller.matters is not None:
        raise InvalidRequest(
            "The secret is for all your matters, and this token or key is limited to some.",
            code="FORBIDDEN",
            status=403,
        )
    response.headers["Cache-Control"] = "no-store"
    key, *_ = app.settings.webhooks.signing_keys
    return {"secret": secret_of(caller.owner, key)}


def _shown(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": str(delivery.id),
        "event": delivery.event,
        "url": delivery.url,
        "status": delivery.status,
        "created_at": delivery.created_at.isoformat(),
        "next_attempt_at": delivery.next_attempt_at and delivery.next_attempt_at.isoformat(),
        "attempts": [_attempt(attempt) for attempt in delivery.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    trouble = {"code": attempt.error_code, "message": attempt.error_message}
    return {
        "at": attempt.at.isoformat(),
        "status_code": attempt.status_code,
        "seconds": round(attempt.seconds, 3),
        "error": trouble if attempt.error_code else None,
    }
