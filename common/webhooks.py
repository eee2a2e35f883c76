"""Webhooks: what is said, how it is signed (standardwebhooks.com), and when it is tried again."""

from __future__ import annotations

import hmac
import json
import random
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from common.models import JobId

#: The longest that a receiver's Retry-After is listened to.
_LONGEST_WAIT: Final = timedelta(days=1)
#: So that receivers that were away together do not come back together.
_JITTER: Final = 0.2


class DeliveryStatus(StrEnum):
    """Whether the owner's server knows."""

    PENDING = "pending"  #: Not yet; it is tried, or tried again at `next_attempt_at`
    DELIVERED = "delivered"  #: It answered with 2xx
    FAILED = "failed"  #: Given up


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a try did not come through, in words for the owner."""

    code: str
    message: str
    #: Whether trying again would be of no use.
    final: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request."""

    #: None where nobody answered.
    status_code: int | None
    seconds: float
    trouble: Trouble | None = None
    #: Seconds that the receiver asks us to wait.
    retry_after: float | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver has it."""
        return self.status_code is not None and 200 <= self.status_code < 300


@dataclass(frozen=True, slots=True)
class DeliveryWork:
    """A claimed delivery: the right to send it until the lease ends."""

    id: UUID
    #: What it is about: a job, or a batch.
    job_id: JobId | None
    batch_id: UUID | None
    owner: str
    event: str
    url: str
    payload: dict[str, Any]
    #: Tries since it became due, this one included.
    tries: int
    attempt: int
    #: Seconds from when it was due, and asked for, to this claim; by the database's clock.
    waited: float | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, as the owner sees it."""

    at: datetime
    seconds: float
    status_code: int | None
    error_code: str | None
    error_message: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery, as the owner sees it."""

    id: UUID
    #: What it is about: a job, or a batch.
    job_id: JobId | None
    batch_id: UUID | None
    event: str
    url: str
    status: DeliveryStatus
    created_at: datetime
    next_attempt_at: datetime | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class WebhookRetries:
    """The waits between tries; when they are used up, the delivery is given up."""

    waits: tuple[timedelta, ...]

    @property
    def most_tries(self) -> int:
        """How often one delivery is tried."""
        return len(self.waits) + 1

    def wait(self, tries: int, answer: Answer) -> timedelta | None:
        """Return how long to wait after the try of this number; None to give up."""
        if tries >= self.most_tries or (answer.trouble and answer.trouble.final):
            return None
        asked = timedelta(seconds=answer.retry_after or 0)
        wait = self.waits[tries - 1] * random.uniform(1, 1 + _JITTER)  # noqa: S311 - spreads load
        return max(wait, min(asked, _LONGEST_WAIT))


def body(payload: Mapping[str, Any], *, base: str) -> bytes:
    """Return what is posted: what was true when the job or batch ended, and where to look further.

    The same bytes at every try. Links begin with `base`, the API's address, or are relative.
    """
    [(kind, ended)] = payload["data"].items()
    links = (_links_of_batch if kind == "batch" else _links_of_job)(ended, base)
    said = {**payload, "data": {kind: {**ended, "links": links}}}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _links_of_job(job: Mapping[str, Any], base: str) -> dict[str, str]:
    here = f"{base}/v1/jobs/{job['job_id']}"
    links = {"self": here, "document": f"{base}/v1/documents/{job['document_id']}"}
    if job["status"] in {"completed", "completed_with_errors"}:
        links["result"] = f"{here}/result"
    return links


def _links_of_batch(batch: Mapping[str, Any], base: str) -> dict[str, str]:
    here = f"{base}/v1/batches/{batch['batch_id']}"
    return {"self": here, "documents": f"{here}/documents"}


def secret_of(owner: str, signing_key: str) -> str:
    """Return the owner's secret: made from the deployment's key, so that no table holds it."""
    return "whsec_" + b64encode(_key_of(owner, signing_key)).decode()


def signed_headers(
    delivery_id: UUID, owner: str, content: bytes, *, signing_keys: Sequence[str], at: float
) -> dict[str, str]:
    """Return the headers by which a receiver knows that it is us, and that it is now.

    With two keys there are two signatures: a receiver may know either secret while the
    deployment changes its key. `at` is in seconds since 1970.
    """
    message_id, timestamp = str(delivery_id), str(int(at))
    message = f"{message_id}.{timestamp}.".encode() + content
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(owner, key, message) for key in signing_keys),
    }


def _signature(owner: str, signing_key: str, message: bytes) -> str:
    signature = hmac.digest(_key_of(owner, signing_key), message, "sha256")
    return "v1," + b64encode(signature).decode()


def _key_of(owner: str, signing_key: str) -> bytes:
    return hmac.digest(signing_key.encode(), b"webhook secret of " + owner.encode(), "sha256")
