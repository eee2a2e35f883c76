"""What webhooks say, how they are signed, and when they are tried again."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from common.webhooks import Answer, Trouble, WebhookRetries, body, secret_of, signed_headers

KEY, OLD_KEY = "k" * 32, "o" * 32
ID = UUID("5b0d9a0e-6a0c-4f0e-9d0f-3f1f6f0c2a11")


def payload(status: str = "completed") -> dict[str, Any]:
    job = {"job_id": str(uuid4()), "document_id": str(uuid4()), "status": status}
    return {"type": f"job.{status}", "timestamp": "2026-11-22T09:30:00Z", "data": {"job": job}}


def test_the_reference_library_verifies_what_was_signed() -> None:
    content = body(payload(), base="")
    headers = signed_headers(ID, "alice", content, signing_keys=[KEY], at=time.time())
    said = Webhook(secret_of("alice", KEY)).verify(content, headers)
    assert said["type"] == "job.completed"
    assert headers["webhook-id"] == str(ID)


@pytest.mark.parametrize("wrong", ["content", "owner", "time", "id"])
def test_what_was_changed_on_its_way_does_not_verify(wrong: str) -> None:
    content = body(payload(), base="")
    now = time.time()
    headers = signed_headers(ID, "alice", content, signing_keys=[KEY], at=now)
    match wrong:
        case "content":
            content = content.replace(b"completed", b"cancelled")
        case "time":
            headers["webhook-timestamp"] = str(int(now) + 1)
        case "id":
            headers["webhook-id"] = str(uuid4())
    owner = "mallory" if wrong == "owner" else "alice"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(owner, KEY)).verify(content, headers)


@pytest.mark.parametrize("known", [KEY, OLD_KEY])
def test_while_the_key_changes_both_secrets_verify(known: str) -> None:
    content = body(payload(), base="")
    headers = signed_headers(ID, "alice", content, signing_keys=[KEY, OLD_KEY], at=time.time())
    assert Webhook(secret_of("alice", known)).verify(content, headers)


def test_the_body_is_the_same_at_every_try_and_links_to_the_api() -> None:
    what = payload("completed_with_errors")
    content = body(what, base="https://quire.example.org")
    assert content == body(what, base="https://quire.example.org")
    job = json.loads(content)["data"]["job"]
    assert job["links"] == {
        "self": f"https://quire.example.org/v1/jobs/{job['job_id']}",
        "document": f"https://quire.example.org/v1/documents/{job['document_id']}",
        "result": f"https://quire.example.org/v1/jobs/{job['job_id']}/result",
    }


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_job_without_a_result_links_to_none(status: str) -> None:
    assert b"/result" not in body(payload(status), base="")


RETRIES = WebhookRetries((timedelta(seconds=5), timedelta(minutes=5)))


def test_waits_grow_and_end() -> None:
    refused = Answer(500, 0.1)
    first, second = RETRIES.wait(1, refused), RETRIES.wait(2, refused)
    assert first
    assert timedelta(seconds=5) <= first <= timedelta(seconds=6)
    assert second
    assert timedelta(minutes=5) <= second <= timedelta(minutes=6)
    assert RETRIES.wait(3, refused) is None


def test_a_receiver_may_ask_for_a_longer_wait_but_not_for_more_than_a_day() -> None:
    assert RETRIES.wait(1, Answer(503, 0.1, retry_after=120)) == timedelta(minutes=2)
    assert RETRIES.wait(1, Answer(503, 0.1, retry_after=10**8)) == timedelta(days=1)
    shorter = RETRIES.wait(1, Answer(503, 0.1, retry_after=1))
    assert shorter
    assert shorter >= timedelta(seconds=5)


def test_what_can_never_work_is_not_tried_again() -> None:
    gone = Answer(410, 0.1, Trouble("RECEIVER_GONE", "No more.", final=True))
    assert RETRIES.wait(1, gone) is None
