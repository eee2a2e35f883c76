"""When the Cloud Tasks emulator tries again: a real receiver, time moved by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from google.api_core import exceptions
from google.rpc import code_pb2

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


def test_a_failed_task_backs_off_as_documented(emulator: Emulator, receiver: Receiver) -> None:
    queue = emulator.queue(
        retry_config={
            "min_backoff": timedelta(seconds=10),
            "max_backoff": timedelta(seconds=300),
            "max_doublings": 3,
        }
    )
    receiver.answer(*[500] * 8)
    name = emulator.task(queue, receiver.url())

    pauses = []
    for attempt in range(1, 9):
        receiver.next()
        failed_at = emulator.clock.now()
        again: datetime = emulator.after_failure(name, attempt).schedule_time
        pauses.append((again - failed_at).total_seconds())
        emulator.clock.advance(again - failed_at)
    receiver.next()

    assert pauses == [10, 20, 40, 80, 160, 240, 300, 300]  # the documents' own example


def test_a_retry_tells_of_the_attempts_before_it(emulator: Emulator, receiver: Receiver) -> None:
    queue = emulator.queue()
    receiver.answer(503, 404)
    name = emulator.task(queue, receiver.url())
    receiver.next()
    waiting = emulator.after_failure(name, 1)
    status = waiting.last_attempt.response_status
    assert (status.code, status.message) == (14, "UNAVAILABLE(14): HTTP status code 503")
    assert waiting.first_attempt.dispatch_time == waiting.last_attempt.dispatch_time
    assert waiting.last_attempt.response_time == emulator.clock.now()
    assert waiting.response_count == 1

    emulator.advance(seconds=1)
    second = receiver.next().headers
    emulator.after_failure(name, 2)
    emulator.advance(seconds=1)
    third = receiver.next().headers

    assert second["x-cloudtasks-taskretrycount"] == "1"
    assert second["x-cloudtasks-taskexecutioncount"] == "0"  # a 5xx is no execution
    assert second["x-cloudtasks-taskpreviousresponse"] == "503"
    assert second["x-cloudtasks-taskretryreason"] == ""
    assert third["x-cloudtasks-taskretrycount"] == "2"
    assert third["x-cloudtasks-taskexecutioncount"] == "1"
    assert third["x-cloudtasks-taskpreviousresponse"] == "404"


def test_a_task_is_given_up_after_its_last_attempt(emulator: Emulator, receiver: Receiver) -> None:
    queue = emulator.queue(retry_config={"max_attempts": 2})
    receiver.answer(500, 500)
    name = emulator.task(queue, receiver.url(), "doomed")
    receiver.next()
    emulator.after_failure(name, 1)
    emulator.advance(seconds=1)
    receiver.next()

    until(lambda: not emulator.ids(queue))
    with pytest.raises(exceptions.AlreadyExists):
        emulator.task(queue, receiver.url(), "doomed")


def test_a_task_is_given_up_only_when_attempts_and_time_are_both_spent(
    emulator: Emulator, receiver: Receiver
) -> None:
    queue = emulator.queue(
        retry_config={
            "max_attempts": 1,
            "max_retry_duration": timedelta(seconds=60),
            "min_backoff": timedelta(seconds=40),
            "max_doublings": 0,
            "max_backoff": timedelta(seconds=40),
        }
    )
    receiver.answer(500, 500, 500)
    name = emulator.task(queue, receiver.url())
    for attempt in (1, 2):  # at 0 and 40 seconds
        receiver.next()
        emulator.after_failure(name, attempt)
        emulator.advance(seconds=40)
    receiver.next()  # at 80
    until(lambda: not emulator.ids(queue))


def test_unlimited_attempts_end_with_the_task_31_days_old(
    emulator: Emulator, receiver: Receiver
) -> None:
    queue = emulator.queue(retry_config={"max_attempts": -1})
    receiver.answer(*[500] * 200)
    name = emulator.task(queue, receiver.url())
    for attempt in range(1, 121):
        receiver.next()
        emulator.after_failure(name, attempt)
        emulator.advance(hours=1)
    emulator.advance(days=26)
    receiver.next()
    until(lambda: not emulator.ids(queue))


def test_a_tasks_own_retry_settings_go_before_its_queues(
    emulator: Emulator, receiver: Receiver
) -> None:
    queue = emulator.queue()
    receiver.answer(500)
    emulator.task(queue, receiver.url(), retry_config={"max_attempts": 1})
    receiver.next()
    until(lambda: not emulator.ids(queue))


def test_a_receiver_that_is_overrun_is_left_alone_as_long_as_it_asks(
    emulator: Emulator, receiver: Receiver
) -> None:
    receiver.answer(429, Retry_After="120")
    name = emulator.task(emulator.queue(), receiver.url())
    receiver.next()
    again = emulator.after_failure(name, 1).schedule_time
    assert again == emulator.clock.now() + timedelta(seconds=120)


def test_a_target_that_is_not_there_is_tried_again(emulator: Emulator) -> None:
    with Receiver().serving() as away:
        url = away.url()
    name = emulator.task(emulator.queue(), url)

    waiting = emulator.after_failure(name, 1)

    assert waiting.last_attempt.response_status.code == code_pb2.UNAVAILABLE
    assert waiting.response_count == 0
    emulator.advance(seconds=1)
    emulator.after_failure(name, 2)


def test_a_handler_slower_than_the_dispatch_deadline_counts_as_failed(
    emulator: Emulator, receiver: Receiver
) -> None:
    receiver.hold()
    name = emulator.task(emulator.queue(), receiver.url(), dispatch_deadline=timedelta(seconds=15))
    receiver.next()
    emulator.advance(seconds=14)
    assert not emulator.client.get_task(name=name).last_attempt.response_status.code
    emulator.advance(seconds=1)
    waiting = emulator.after_failure(name, 1)
    assert waiting.last_attempt.response_status.code == code_pb2.DEADLINE_EXCEEDED

    receiver.release()
    emulator.advance(seconds=1)
    headers = receiver.next().headers
    assert headers["x-cloudtasks-taskretrycount"] == "1"
    assert "x-cloudtasks-taskpreviousresponse" not in headers
