"""Making, reading and deleting tasks in the Cloud Tasks emulator, through Google's own client."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2

from tests.contract.tasks_fixtures import (
    LOCATION,
    Emulator,
    Receiver,
    emulator,
    issuer,
    loop_thread,
    receiver,
    until,
)

__all__ = ["emulator", "issuer", "loop_thread", "receiver"]

URL = "http://127.0.0.1:1/never"
View = tasks_v2.Task.View


@pytest.fixture
def paused(emulator: Emulator) -> str:
    """Return a queue that keeps its tasks."""
    name = emulator.queue("paused")
    emulator.client.pause_queue(name=name)
    return name


def gone(emulator: Emulator, task: str) -> bool:
    try:
        emulator.client.get_task(name=task)
    except exceptions.NotFound:
        return True
    return False


def test_an_unnamed_task_is_given_an_id_and_the_services_defaults(
    emulator: Emulator, paused: str
) -> None:
    task = emulator.client.create_task(parent=paused, task={"http_request": {"url": URL}})

    queue, _, task_id = task.name.rpartition("/tasks/")
    assert queue == paused
    assert task_id.isdigit()
    assert task.dispatch_deadline == timedelta(minutes=10)
    assert task.schedule_time == emulator.clock.now()
    assert task.create_time == emulator.clock.now().replace(microsecond=0)
    assert task.http_request.http_method == tasks_v2.HttpMethod.POST
    assert task.http_request.headers == {"User-Agent": "Google-Cloud-Tasks"}
    assert task.view == View.BASIC


def test_a_doubled_name_is_refused_while_the_task_waits(emulator: Emulator, paused: str) -> None:
    emulator.task(paused, URL, "twice")
    with pytest.raises(exceptions.AlreadyExists, match="Requested entity already exists"):
        emulator.task(paused, URL, "twice")


def test_a_doubled_name_is_refused_even_after_completion(
    emulator: Emulator, receiver: Receiver
) -> None:
    queue = emulator.queue()
    task = emulator.task(queue, receiver.url(), "once")
    receiver.next()
    until(lambda: gone(emulator, task))

    emulator.advance(minutes=59)
    with pytest.raises(exceptions.AlreadyExists, match="existed too recently"):
        emulator.task(queue, receiver.url(), "once")
    emulator.advance(minutes=1)
    emulator.task(queue, receiver.url(), "once")
    assert receiver.next().task_id == "once"


def test_a_doubled_name_is_refused_even_after_deletion_and_a_restart(
    emulator: Emulator, paused: str
) -> None:
    emulator.client.delete_task(name=emulator.task(paused, URL, "once"))
    emulator.restart()
    with pytest.raises(exceptions.AlreadyExists, match="existed too recently"):
        emulator.task(paused, URL, "once")


def test_the_same_name_in_another_queue_is_another_task(emulator: Emulator, paused: str) -> None:
    emulator.task(paused, URL, "same")
    other = emulator.queue("other", rate_limits={"max_dispatches_per_second": 1})
    emulator.client.pause_queue(name=other)
    emulator.task(other, URL, "same")
    assert emulator.ids(paused) == emulator.ids(other) == ["same"]


@pytest.mark.parametrize("task_id", ["not a valid id", "a" * 501, "a.b", "ü"])
def test_a_task_id_outside_the_alphabet_is_refused(
    emulator: Emulator, paused: str, task_id: str
) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="can contain only letters"):
        emulator.task(paused, URL, task_id)


def test_a_task_named_into_another_queue_is_refused(emulator: Emulator, paused: str) -> None:
    other = emulator.queue("other")
    with pytest.raises(exceptions.InvalidArgument, match="must be the same as the queue name"):
        emulator.client.create_task(
            parent=paused, task={"name": f"{other}/tasks/t", "http_request": {"url": URL}}
        )


def test_a_task_for_a_queue_that_is_not_there_is_not_found(emulator: Emulator) -> None:
    with pytest.raises(exceptions.NotFound, match="Queue does not exist"):
        emulator.task(f"{LOCATION}/queues/none", URL)


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ({}, "http_request is required"),
        ({"http_request": {"url": ""}}, "url is required"),
        ({"http_request": {"url": "ftp://host/"}}, "must start with 'http://' or 'https://'"),
        ({"http_request": {"url": "http://host:port/"}}, "not a URL"),
        ({"http_request": {"url": "http:///path"}}, "no host"),
        ({"http_request": {"url": "http://host/" + "a" * 2083}}, "2083"),
        ({"http_request": {"url": URL, "http_method": "GET", "body": b"x"}}, "only allowed when"),
        ({"http_request": {"url": URL, "headers": {"a b": "c"}}}, "valid HTTP header"),
        ({"http_request": {"url": URL, "headers": {"a": "b\r\nc: d"}}}, "valid HTTP header"),
        ({"http_request": {"url": URL, "headers": {"a": "b" * 81920}}}, "less than 80KB"),
        ({"http_request": {"url": URL, "oidc_token": {"audience": "a"}}}, "serviceAccountEmail"),
        (
            {"http_request": {"url": URL}, "dispatch_deadline": timedelta(seconds=14)},
            r"between \[15s, 1800s\]",
        ),
        (
            {"http_request": {"url": URL}, "dispatch_deadline": timedelta(seconds=1801)},
            r"between \[15s, 1800s\]",
        ),
        (
            {"http_request": {"url": URL}, "retry_config": {"max_attempts": -2}},
            "greater or equal to -1",
        ),
    ],
)
def test_a_task_that_can_not_be_sent_is_refused(
    emulator: Emulator, paused: str, task: dict[str, Any], reason: str
) -> None:
    with pytest.raises(exceptions.InvalidArgument, match=reason):
        emulator.client.create_task(parent=paused, task=task)
    assert emulator.ids(paused) == []


def test_a_schedule_more_than_thirty_days_away_is_refused(emulator: Emulator, paused: str) -> None:
    limit = emulator.clock.now() + timedelta(days=30)
    emulator.task(paused, URL, "just", schedule_time=limit)
    with pytest.raises(exceptions.InvalidArgument, match="30 days"):
        emulator.task(paused, URL, schedule_time=limit + timedelta(seconds=1))


def test_a_schedule_in_the_past_means_now(emulator: Emulator, paused: str) -> None:
    name = emulator.task(paused, URL, schedule_time=emulator.clock.now() - timedelta(days=1))
    assert emulator.client.get_task(name=name).schedule_time == emulator.clock.now()


def test_a_task_may_fill_a_megabyte_and_not_a_byte_more(emulator: Emulator, paused: str) -> None:
    most = (1 << 20) - 7  # of the serialized task, as measured at the service

    def task(body_bytes: int) -> dict[str, Any]:
        return {
            "name": f"{paused}/tasks/big{body_bytes}",
            "http_request": {"url": URL, "body": b"x" * body_bytes},
        }

    made = emulator.client.create_task(
        request={"parent": paused, "task": task(1_000_000), "response_view": View.FULL}
    )
    made.view = View.VIEW_UNSPECIFIED
    room = most - len(tasks_v2.Task.serialize(made))

    emulator.client.create_task(parent=paused, task=task(1_000_000 + room))
    with pytest.raises(exceptions.InvalidArgument, match="too large"):
        emulator.client.create_task(parent=paused, task=task(1_000_001 + room))
    with pytest.raises(exceptions.InvalidArgument, match="too large"):
        emulator.client.create_task(parent=paused, task=task(8_000_000))


def test_the_body_is_shown_in_the_full_view_only(emulator: Emulator, paused: str) -> None:
    name = emulator.task(paused, URL, http={"body": b"secret", "headers": {"X-Mixed-Case": "kept"}})

    basic = emulator.client.get_task(name=name)
    full = emulator.client.get_task(request={"name": name, "response_view": View.FULL})
    [listed] = emulator.client.list_tasks(request={"parent": paused, "response_view": View.FULL})

    assert (basic.view, basic.http_request.body) == (View.BASIC, b"")
    assert (full.view, full.http_request.body) == (View.FULL, b"secret")
    assert listed == full
    assert basic.http_request.headers["X-Mixed-Case"] == "kept"


def test_tasks_are_listed_over_several_pages_each_once(emulator: Emulator, paused: str) -> None:
    made = {emulator.task(paused, URL, f"t{number}") for number in range(7)}

    pages = list(emulator.client.list_tasks(request={"parent": paused, "page_size": 3}).pages)
    names = [task.name for page in pages for task in page.tasks]

    assert [len(page.tasks) for page in pages] == [3, 3, 1]
    assert len(names) == 7
    assert set(names) == made


def test_a_deleted_task_says_that_it_was_there_lately(emulator: Emulator, paused: str) -> None:
    name = emulator.task(paused, URL, "t")
    emulator.client.delete_task(name=name)
    for call in (
        emulator.client.get_task,
        emulator.client.delete_task,
        emulator.client.run_task,
    ):
        with pytest.raises(exceptions.NotFound, match="existed recently"):
            call(name=name)
        with pytest.raises(exceptions.NotFound, match="Requested entity was not found"):
            call(name=f"{paused}/tasks/never")


@pytest.mark.parametrize(
    "task",
    [
        {"app_engine_http_request": {"relative_uri": "/"}},
        {"http_request": {"url": URL, "oauth_token": {"service_account_email": "a@b"}}},
    ],
)
def test_targets_the_emulator_leaves_out_are_refused_and_not_ignored(
    emulator: Emulator, paused: str, task: dict[str, Any]
) -> None:
    with pytest.raises(exceptions.MethodNotImplemented):
        emulator.client.create_task(parent=paused, task=task)
