"""Webhooks end to end: real jobs, the emulated Cloud Tasks, and a server that listens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_born_digital
from tests.pdfs.odd import write_encrypted
from tests.pdfs.text import page_text
from tests.receiver import Posted, WebhookReceiver


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that tries a webhook three times, soon after one another."""
    options = StackOptions(
        workers=1,
        extra_env={
            "WEBHOOKS__RETRY_SECONDS": "[0.2, 0.4]",
            "WEBHOOKS__TIMEOUT_SECONDS": "2",
            "MAINTAIN__RESEND_AFTER_SECONDS": "0",
        },
    )
    with Stack(Home(tmp_path_factory.mktemp("webhooks")), options=options) as stack:
        yield stack


@pytest.fixture
def alice(impatient: Stack) -> Iterator[QuireClient]:
    with QuireClient(impatient) as quire:
        yield quire


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver().serving() as receiver:
        yield receiver


@pytest.fixture
def three_pages(tmp_path: Path) -> Path:
    path = tmp_path / "three.pdf"
    write_born_digital(path, [page_text(number) for number in (1, 2, 3)])
    return path


def secret(quire: QuireClient) -> str:
    answer = quire.http.get("/v1/webhooks/secret")
    assert answer.status_code == 200, answer.text
    made: str = answer.json()["secret"]
    return made


def verified(quire: QuireClient, posted: Posted) -> dict[str, Any]:
    payload: dict[str, Any] = Webhook(secret(quire)).verify(posted.body, posted.headers)
    return payload


def deliveries(quire: QuireClient, job_id: str) -> list[dict[str, Any]]:
    answer = quire.http.get(f"/v1/jobs/{job_id}/webhooks")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["deliveries"]
    return found


def settled(quire: QuireClient, job_id: str) -> dict[str, Any]:
    """Return the job's first delivery once it is no longer tried."""

    def done() -> dict[str, Any] | None:
        written = deliveries(quire, job_id)
        return written[0] if written and written[0]["status"] != "pending" else None

    return wait_for(done, "the delivery to settle")


def test_a_completed_job_is_told_once_and_signed_with_the_owners_secret(
    alice: QuireClient, receiver: WebhookReceiver, three_pages: Path
) -> None:
    job_id = alice.submit(three_pages, webhook_url=receiver.url("/hook?a=b"))
    posted = receiver.next()
    assert posted.path == "/hook?a=b"
    assert posted.headers["content-type"] == "application/json"
    payload = verified(alice, posted)
    job = alice.job(job_id)
    told = payload["data"]["job"]
    assert payload["type"] == "job.completed"
    assert payload["timestamp"] == told["finished_at"]
    for name in ("job_id", "document_id", "filename", "status", "completed_pages", "retries"):
        assert told[name] == job[name]
    assert told["links"]["result"] == f"{alice.stack.endpoints['api']}{job['links']['result']}"
    assert "pages" not in told

    delivery = settled(alice, job_id)
    assert delivery["id"] == posted.headers["webhook-id"]
    assert (delivery["status"], delivery["next_attempt_at"]) == ("delivered", None)
    [attempt] = delivery["attempts"]
    assert (attempt["status_code"], attempt["error"]) == (204, None)
    assert not receiver.has_more


def test_another_owners_secret_does_not_verify_it(
    alice: QuireClient, receiver: WebhookReceiver, three_pages: Path
) -> None:
    alice.submit(three_pages, webhook_url=receiver.url())
    posted = receiver.next()
    with QuireClient(alice.stack, owner="mallory") as mallory:
        other = secret(mallory)
        assert other != secret(alice)
        with pytest.raises(WebhookVerificationError):
            Webhook(other).verify(posted.body, posted.headers)


def test_a_server_that_fails_twice_gets_the_same_message_again_with_a_new_time(
    alice: QuireClient, receiver: WebhookReceiver, three_pages: Path
) -> None:
    receiver.answer(500, 503)
    job_id = alice.submit(three_pages, webhook_url=receiver.url())
    tries = [receiver.next() for _ in range(3)]
    assert len({posted.headers["webhook-id"] for posted in tries}) == 1
    assert len({posted.body for posted in tries}) == 1
    for posted in tries:
        verified(alice, posted)
    delivery = settled(alice, job_id)
    assert delivery["status"] == "delivered"
    assert [attempt["status_code"] for attempt in delivery["attempts"]] == [500, 503, 204]


def test_a_server_that_never_takes_it_is_given_up_and_may_be_told_again(
    alice: QuireClient, receiver: WebhookReceiver, three_pages: Path
) -> None:
    receiver.answer(500, 500, 500)
    job_id = alice.submit(three_pages, webhook_url=receiver.url())
    delivery = settled(alice, job_id)
    assert delivery["status"] == "failed"
    assert [attempt["status_code"] for attempt in delivery["attempts"]] == [500, 500, 500]
    first = receiver.next()

    with QuireClient(alice.stack, owner="mallory") as mallory:
        assert mallory.http.post(f"/v1/webhooks/{delivery['id']}/redeliver").status_code == 404
    answer = alice.http.post(f"/v1/webhooks/{delivery['id']}/redeliver")
    assert answer.status_code == 200, answer.text
    [*_, again] = [receiver.next() for _ in range(3)]
    assert again.body == first.body
    assert settled(alice, job_id)["status"] == "delivered"


def test_a_job_whose_document_cannot_be_opened_says_why(
    alice: QuireClient, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    path = tmp_path / "locked.pdf"
    write_encrypted(path, user="secret")
    # Announced: what is sent with the request is opened before a job is made.
    announced = {
        "filename": path.name,
        "size": path.stat().st_size,
        "options": {"webhook_url": receiver.url()},
    }
    answer = alice.http.post("/v1/documents", json=announced)
    assert answer.status_code == 202, answer.text
    upload = answer.json()["upload"]
    assert httpx.put(upload["url"], content=path.read_bytes()).status_code == 200
    payload = verified(alice, receiver.next())
    assert payload["type"] == "job.failed"
    assert payload["data"]["job"]["error"]["code"] == "PASSWORD_REQUIRED"
    assert "result" not in payload["data"]["job"]["links"]


def test_a_cancelled_job_is_told_at_once(
    alice: QuireClient, receiver: WebhookReceiver, three_pages: Path
) -> None:
    with alice.document_ai(let_through=0):
        job_id = alice.submit(three_pages, webhook_url=receiver.url())
        wait_for(lambda: alice.job(job_id)["processing_chunks"], "a chunk to be under work")
        assert alice.http.post(f"/v1/jobs/{job_id}/cancel").status_code == 200
        payload = verified(alice, receiver.next())
    assert (payload["type"], payload["data"]["job"]["job_id"]) == ("job.cancelled", job_id)


def test_a_job_that_ends_again_after_a_retry_is_told_again(
    alice: QuireClient, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    path = tmp_path / "poisoned.pdf"
    write_born_digital(path, [page_text(1), "Cursed be the page that no engine reads."])
    with alice.document_ai(poison="Cursed be the page"):
        job_id = alice.submit(path, webhook_url=receiver.url())
        first = verified(alice, receiver.next())
    assert first["type"] == "job.completed_with_errors"
    assert first["data"]["job"]["failed_pages"] == 1
    assert alice.http.post(f"/v1/jobs/{job_id}/retry").status_code == 200
    second = verified(alice, receiver.next())
    assert second["type"] == "job.completed"
    assert second["data"]["job"]["retries"] == 1
    events = [delivery["event"] for delivery in deliveries(alice, job_id)]
    assert events == ["job.completed_with_errors", "job.completed"]


def test_a_webhook_whose_task_was_lost_is_sent_by_maintain(
    alice: QuireClient, receiver: WebhookReceiver, three_pages: Path
) -> None:
    receiver.answer(500)
    job_id = alice.submit(three_pages, webhook_url=receiver.url())
    receiver.next()
    receiver.next()
    delivered = settled(alice, job_id)
    # As if nobody had ever been told: the row alone says what is to be done.
    alice.rows(
        "UPDATE webhook_deliveries SET status = 'pending', tries = 0, next_attempt_at = now()"
        " WHERE id = %s",
        delivered["id"],
    )
    assert alice.maintain()["webhooks_resent"] >= 1
    assert receiver.next().headers["webhook-id"] == delivered["id"]
    settled(alice, job_id)


def test_the_secret_is_for_whoever_may_see_every_matter_and_is_kept_by_nobody_between(
    alice: QuireClient,
) -> None:
    answer = alice.http.get("/v1/webhooks/secret")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    for limits, status in (({}, 200), ({"matters": ["m1"]}, 403)):
        wanted = {"name": "a", "scopes": ["jobs:write"], **limits}
        key = alice.http.post("/v1/api-keys", json=wanted).json()["key"]
        headers = {"Authorization": f"Bearer {key}"}
        answer = alice.http.get("/v1/webhooks/secret", headers=headers)
        assert answer.status_code == status, answer.text


def test_nobody_else_sees_what_was_told_about_a_job(
    alice: QuireClient, receiver: WebhookReceiver, three_pages: Path
) -> None:
    job_id = alice.submit(three_pages, webhook_url=receiver.url())
    receiver.next()
    with QuireClient(alice.stack, owner="mallory") as mallory:
        assert mallory.http.get(f"/v1/jobs/{job_id}/webhooks").status_code == 404
    del alice.http.headers["Authorization"]
    assert alice.http.get(f"/v1/jobs/{job_id}/webhooks").status_code == 401
    assert alice.http.get("/v1/webhooks/secret").status_code == 401
