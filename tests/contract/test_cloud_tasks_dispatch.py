"""How the Cloud Tasks emulator calls a task's target: a real receiver, time moved by hand."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest
from google.api_core import exceptions

from tests.contract.tasks_fixtures import (
    Emulator,
    Receiver,
    emulator,
    issuer,
    loop_thread,
    receiver,
    until,
)

__all__ = ["emulator", "issuer", "loop_thread", "receiver"]


def test_the_target_gets_the_request_that_the_task_describes(
    emulator: Emulator, receiver: Receiver
) -> None:
    queue = emulator.queue("merge")
    emulator.task(
        queue,
        receiver.url("/merge?why=test"),
        "merge-1",
        http={
            "http_method": "PUT",
            "headers": {"Content-Type": "application/json", "X-Job": "7"},
            "body": b'{"job_id": "7"}',
        },
    )
    request = receiver.next()

    assert (request.method, request.path) == ("PUT", "/merge?why=test")
    assert request.body == b'{"job_id": "7"}'
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-job"] == "7"
    assert request.headers["user-agent"] == "Google-Cloud-Tasks"
    assert request.headers["x-cloudtasks-queuename"] == "merge"
    assert request.headers["x-cloudtasks-taskname"] == "merge-1"
    assert request.headers["x-cloudtasks-taskretrycount"] == "0"
    assert request.headers["x-cloudtasks-taskexecutioncount"] == "0"
    assert float(request.headers["x-cloudtasks-tasketa"]) == emulator.clock.now().timestamp()
    assert "x-cloudtasks-taskpreviousresponse" not in request.headers
    assert "x-cloudtasks-taskretryreason" not in request.headers
    assert "authorization" not in request.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "PATCH"])
def test_every_http_method_is_sent(emulator: Emulator, receiver: Receiver, method: str) -> None:
    emulator.task(emulator.queue(), receiver.url(), http={"http_method": method})
    assert receiver.next().method == method


def test_headers_that_are_the_services_own_can_not_be_forged(
    emulator: Emulator, receiver: Receiver
) -> None:
    forged = {
        "X-CloudTasks-TaskName": "forged",
        "x-google-secret": "forged",
        "X-AppEngine-QueueName": "forged",
        "Host": "forged",
        "user-agent": "forged",
        "Content-Length": "3",
    }
    emulator.task(emulator.queue(), receiver.url(), "real", http={"headers": forged})
    assert "forged" not in receiver.next().headers.values()


def test_a_task_waits_for_its_schedule_time(emulator: Emulator, receiver: Receiver) -> None:
    queue = emulator.queue()
    at = emulator.clock.now() + timedelta(hours=2)
    emulator.task(queue, receiver.url(), "later", schedule_time=at)

    emulator.advance(minutes=119)
    emulator.task(queue, receiver.url(), "now")
    assert receiver.next().task_id == "now"
    emulator.advance(minutes=1)
    later = receiver.next()

    assert later.task_id == "later"
    assert float(later.headers["x-cloudtasks-tasketa"]) == at.timestamp()


def test_tasks_go_out_in_the_order_in_which_they_are_due(
    emulator: Emulator, receiver: Receiver
) -> None:
    queue = emulator.queue(rate_limits={"max_concurrent_dispatches": 1})
    now = emulator.clock.now()
    for delay in (30, 10, 20):
        emulator.task(
            queue, receiver.url(), f"in{delay}", schedule_time=now + timedelta(seconds=delay)
        )
    emulator.advance(seconds=30)
    assert receiver.next_ids(3) == ["in10", "in20", "in30"]


def test_a_redirect_is_followed_and_is_no_attempt_of_its_own(
    emulator: Emulator, receiver: Receiver
) -> None:
    queue = emulator.queue()
    receiver.answer(307, Location="/moved")
    emulator.task(queue, receiver.url(), http={"body": b"kept"})

    assert receiver.next().path == "/work"
    moved = receiver.next()

    assert (moved.method, moved.path, moved.body) == ("POST", "/moved", b"kept")
    until(lambda: not emulator.ids(queue))


def test_dispatches_keep_to_the_rate_once_the_burst_is_spent(
    emulator: Emulator, receiver: Receiver
) -> None:
    queue = emulator.queue(rate_limits={"max_dispatches_per_second": 2})  # a burst of 10
    for number in range(14):
        emulator.task(queue, receiver.url(), f"t{number:02}")
    receiver.next_ids(10)

    for _ in range(3):
        emulator.advance(seconds=0.499)
        emulator.task(emulator.queue(), receiver.url(), "meanwhile")
        assert receiver.next().task_id == "meanwhile"
        emulator.advance(seconds=0.001)
        assert receiver.next().task_id.startswith("t")
    emulator.advance(seconds=0.5)
    receiver.next()
    until(lambda: not emulator.ids(queue))


def test_no_more_than_the_allowed_dispatches_are_on_their_way_at_once(
    emulator: Emulator, receiver: Receiver
) -> None:
    queue = emulator.queue(rate_limits={"max_concurrent_dispatches": 3})
    receiver.hold()
    for number in range(5):
        emulator.task(queue, receiver.url(), f"t{number}")
    first = receiver.next_ids(3)
    emulator.task(emulator.queue(), receiver.url(), "meanwhile")
    assert receiver.next().task_id == "meanwhile"

    assert sorted(first) == ["t0", "t1", "t2"]
    receiver.release()
    assert sorted(receiver.next_ids(2)) == ["t3", "t4"]


def test_a_paused_queue_takes_tasks_and_sends_none_until_resumed(
    emulator: Emulator, receiver: Receiver
) -> None:
    queue = emulator.queue()
    emulator.client.pause_queue(name=queue)
    emulator.task(queue, receiver.url(), "waits")
    emulator.task(emulator.queue(), receiver.url(), "meanwhile")
    assert receiver.next().task_id == "meanwhile"

    emulator.client.resume_queue(name=queue)
    assert receiver.next().task_id == "waits"


def test_a_purge_removes_every_task_and_keeps_their_names_taken(
    emulator: Emulator, receiver: Receiver
) -> None:
    queue = emulator.queue()
    emulator.client.pause_queue(name=queue)
    emulator.task(queue, receiver.url(), "purged")
    purged = emulator.client.purge_queue(name=queue)

    assert purged.purge_time == emulator.clock.now()
    assert emulator.ids(queue) == []
    with pytest.raises(exceptions.AlreadyExists):
        emulator.task(queue, receiver.url(), "purged")
    emulator.client.resume_queue(name=queue)
    emulator.task(queue, receiver.url(), "after")
    assert receiver.next().task_id == "after"


def test_a_task_deleted_while_on_its_way_does_not_come_back(
    emulator: Emulator, receiver: Receiver
) -> None:
    queue = emulator.queue(rate_limits={"max_concurrent_dispatches": 1})
    receiver.hold()
    receiver.answer(500)
    name = emulator.task(queue, receiver.url(), "deleted")
    receiver.next()
    emulator.client.delete_task(name=name)
    receiver.release()

    emulator.task(queue, receiver.url(), "next")
    assert receiver.next().task_id == "next"
    until(lambda: not emulator.ids(queue))
    emulator.advance(hours=1)
    emulator.task(queue, receiver.url(), "last")
    assert receiver.next().task_id == "last"
    assert [request.task_id for request in receiver.seen] == ["deleted", "next", "last"]


def test_run_sends_a_task_though_it_is_scheduled_and_the_queue_paused(
    emulator: Emulator, receiver: Receiver
) -> None:
    queue = emulator.queue()
    emulator.client.pause_queue(name=queue)
    later = emulator.clock.now() + timedelta(days=1)
    name = emulator.task(queue, receiver.url(), "forced", schedule_time=later)
    receiver.answer(500)

    running = emulator.client.run_task(name=name)
    assert running.dispatch_count == 1
    assert receiver.next().task_id == "forced"
    again = emulator.after_failure(name, 1).schedule_time
    assert again == emulator.clock.now() + timedelta(milliseconds=100)

    emulator.client.run_task(name=name)
    receiver.next()
    until(lambda: not emulator.ids(queue))


def test_the_oidc_token_can_be_verified_by_the_published_keys(
    emulator: Emulator, receiver: Receiver
) -> None:
    queue = emulator.queue()
    account = {"service_account_email": "tasks@quire-test.iam.gserviceaccount.com"}
    own = {"headers": {"authorization": "Bearer mine"}}
    emulator.task(queue, receiver.url("/a"), http={"oidc_token": account, **own})
    [key] = jwt.PyJWKSet.from_dict(emulator.issuer.jwks()).keys

    scheme, token = receiver.next().headers["authorization"].split()
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=receiver.url("/a"))

    assert scheme == "Bearer"
    assert claims["iss"] == emulator.issuer.issuer
    assert claims["email"] == "tasks@quire-test.iam.gserviceaccount.com"
    assert claims["email_verified"] is True
    assert claims["exp"] - claims["iat"] == 3600
    assert jwt.get_unverified_header(token)["kid"] == key.key_id

    emulator.task(queue, receiver.url(), http={"oidc_token": {**account, "audience": "quire"}})
    token = receiver.next().headers["authorization"].split()[1]
    assert jwt.decode(token, key, algorithms=["RS256"], audience="quire")
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token[:-8] + "AAAAAAAA", key, algorithms=["RS256"], audience="quire")
