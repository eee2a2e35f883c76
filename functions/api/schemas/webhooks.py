"""Webhooks' deliveries and their secret, as they are answered."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from common.webhooks import DeliveryStatus
from functions.api.schemas.base import Answer, Id, Moment, described
from functions.api.schemas.jobs import Trouble

ATTEMPTS: Final[list[dict[str, Any]]] = [
    {
        "at": "2026-11-22T09:31:12.402118+00:00",
        "status_code": None,
        "seconds": 20.001,
        "error": {"code": "TIMEOUT", "message": "There was no answer within 20 seconds."},
    },
    {
        "at": "2026-11-22T09:31:18.911270+00:00",
        "status_code": 200,
        "seconds": 0.184,
        "error": None,
    },
]
DELIVERY: Final[dict[str, Any]] = {
    "id": "5b0d9a0e-6a0c-4f0e-9d0f-3f1f6f0c2a11",
    "event": "job.completed",
    "url": "https://example.com/quire",
    "status": "delivered",
    "created_at": "2026-11-22T09:30:52.187301+00:00",
    "next_attempt_at": None,
    "attempts": ATTEMPTS,
}


class WebhookAttempt(Answer):
    """One try to post it."""

    model_config = described(ATTEMPTS[0])

    at: Annotated[Moment, Field(description="When it began.")]
    status_code: Annotated[
        int | None, Field(description="What the server answered; null where it did not.")
    ]
    seconds: Annotated[
        float, Field(ge=0, description="Until the answer, or until it was given up.")
    ]
    error: Annotated[Trouble | None, Field(description="Why there was no answer, or no good one.")]


class WebhookDelivery(Answer):
    """One end of the job or batch, and what became of telling it."""

    model_config = described(DELIVERY)

    id: Annotated[Id, Field(description="The `webhook-id` of every try.")]
    event: Annotated[
        str,
        Field(
            description="What happened.",
            json_schema_extra={
                "enum": [
                    "job.completed",
                    "job.completed_with_errors",
                    "job.failed",
                    "job.cancelled",
                    "batch.completed",
                    "batch.completed_with_errors",
                    "batch.failed",
                    "batch.cancelled",
                ]
            },
        ),
    ]
    url: Annotated[str, Field(description="Where it is posted to.")]
    status: Annotated[
        DeliveryStatus, Field(description="`delivered`: the server answered with 2xx.")
    ]
    created_at: Moment
    next_attempt_at: Annotated[Moment | None, Field(description="Null where there is none left.")]
    attempts: Annotated[list[WebhookAttempt], Field(description="In order: the newest 100.")]


class WebhookDeliveries(Answer):
    """All that was told, or is to be told, about a job or a batch."""

    model_config = described({"deliveries": [DELIVERY]})

    deliveries: Annotated[
        list[WebhookDelivery],
        Field(description="In order; a job that is retried ends, and is told about, again."),
    ]


class WebhookSecret(Answer):
    """What the signatures are checked with."""

    model_config = described({"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw2Kk1B3d0RrA="})

    secret: Annotated[
        str, Field(description="As the libraries of standardwebhooks.com take it. Keep it secret.")
    ]
