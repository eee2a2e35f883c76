"""Queues of the Cloud Tasks emulator, through Google's own client."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2
from google.protobuf import field_mask_pb2

from tests.contract.tasks_fixtures import (
    LOCATION,
    Emulator,
    Receiver,
    emulator,
    issuer,
    loop_thread,
    receiver,
)

__all__ = ["emulator", "issuer", "loop_thread", "receiver"]

State = tasks_v2.Queue.State


def test_a_queue_that_asks_for_nothing_gets_the_services_defaults(emulator: Emulator) -> None:
    queue = emulator.client.get_queue(name=emulator.queue("plain"))

    assert queue.state == State.RUNNING
    assert queue.rate_limits.max_dispatches_per_second == 500
    assert queue.rate_limits.max_burst_size == 100
    assert queue.rate_limits.max_concurrent_dispatches == 1000
    assert queue.retry_config.max_attempts == 100
    assert queue.retry_config.min_backoff == timedelta(milliseconds=100)
    assert queue.retry_config.max_backoff == timedelta(hours=1)
    assert queue.retry_config.max_doublings == 16


def test_a_queue_of_that_name_can_be_made_once(emulator: Emulator) -> None:
    emulator.queue("once")
    with pytest.raises(exceptions.AlreadyExists, match="Queue already exists"):
        emulator.queue("once")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"rate_limits": {"max_dispatches_per_second": 501}}, "less than or equal to 500"),
        ({"rate_limits": {"max_dispatches_per_second": -1}}, "cannot be negative"),
        ({"rate_limits": {"max_concurrent_dispatches": 5001}}, "less than or equal to 5000"),
        ({"retry_config": {"max_attempts": -2}}, "greater or equal to -1"),
        ({"retry_config": {"max_doublings": -1}}, "maxDoublings cannot be negative"),
        ({"retry_config": {"min_backoff": timedelta(seconds=-1)}}, "minBackoff cannot be negative"),
        (
            {"retry_config": {"min_backoff": timedelta(hours=2)}},
            "minBackoff must be less than or equal to RetryConfig.maxBackoff",
        ),
    ],
)
def test_limits_beyond_the_services_are_refused(
    emulator: Emulator, settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(exceptions.InvalidArgument, match=reason):
        emulator.queue(**settings)


@pytest.mark.parametrize("name", ["under_score", "a" * 101, "a/b", "ümlaut", " "])
def test_a_queue_id_outside_the_alphabet_is_refused(emulator: Emulator, name: str) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="Queue name must be formatted"):
        emulator.queue(name)


def test_a_queue_outside_the_parent_is_refused(emulator: Emulator) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        emulator.client.create_queue(
            parent=LOCATION, queue={"name": "projects/other/locations/here/queues/q"}
        )


@pytest.mark.parametrize("call", ["get_queue", "pause_queue", "resume_queue", "purge_queue"])
def test_a_queue_that_is_not_there_is_not_found(emulator: Emulator, call: str) -> None:
    with pytest.raises(exceptions.NotFound, match="Queue does not exist"):
        getattr(emulator.client, call)(name=f"{LOCATION}/queues/none")


def test_queues_are_listed_by_name_over_several_pages(emulator: Emulator) -> None:
    made = [emulator.queue(name) for name in ("c", "a", "e", "b", "d")]
    emulator.client.create_queue(
        parent="projects/quire-test/locations/elsewhere",
        queue={"name": "projects/quire-test/locations/elsewhere/queues/a"},
    )

    pages = emulator.client.list_queues(request={"parent": LOCATION, "page_size": 2}).pages
    names = [[queue.name for queue in page.queues] for page in pages]

    a, b, c, d, e = sorted(made)
    assert names == [[a, b], [c, d], [e]]


def test_queues_can_be_listed_by_state(emulator: Emulator) -> None:
    emulator.queue("runs")
    stopped = emulator.queue("stopped")
    emulator.client.pause_queue(name=stopped)

    found = emulator.client.list_queues(request={"parent": LOCATION, "filter": "state: PAUSED"})

    assert [queue.name for queue in found] == [stopped]


def test_a_page_token_of_ones_own_is_refused(emulator: Emulator) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="page_token"):
        emulator.client.list_queues(request={"parent": LOCATION, "page_token": "?"})


def test_an_update_changes_what_its_mask_names_and_nothing_else(emulator: Emulator) -> None:
    name = emulator.queue(
        rate_limits={"max_dispatches_per_second": 20, "max_concurrent_dispatches": 7},
        retry_config={"max_attempts": 9},
    )
    updated = emulator.client.update_queue(
        queue={
            "name": name,
            "rate_limits": {"max_dispatches_per_second": 50, "max_concurrent_dispatches": 1},
            "state": State.PAUSED,
        },
        update_mask=field_mask_pb2.FieldMask(
            paths=["rate_limits.max_dispatches_per_second", "state"]
        ),
    )

    assert updated == emulator.client.get_queue(name=name)
    assert updated.rate_limits.max_dispatches_per_second == 50
    assert updated.rate_limits.max_burst_size == 50
    assert updated.rate_limits.max_concurrent_dispatches == 7
    assert updated.retry_config.max_attempts == 9
    assert updated.state == State.RUNNING  # output only: ignored


def test_an_update_without_a_mask_puts_back_the_defaults(emulator: Emulator) -> None:
    name = emulator.queue(retry_config={"max_attempts": 9})
    updated = emulator.client.update_queue(queue={"name": name})
    assert updated.retry_config.max_attempts == 100


def test_an_update_of_no_queue_makes_it(emulator: Emulator) -> None:
    name = f"{LOCATION}/queues/new"
    emulator.client.update_queue(queue={"name": name, "retry_config": {"max_attempts": 3}})
    assert emulator.client.get_queue(name=name).retry_config.max_attempts == 3


def test_an_update_of_an_unknown_field_is_refused(emulator: Emulator) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="field mask"):
        emulator.client.update_queue(
            queue={"name": emulator.queue()},
            update_mask=field_mask_pb2.FieldMask(paths=["rate_limits.colour"]),
        )


def test_a_deleted_queue_takes_its_tasks_along_and_its_name_rests_three_days(
    emulator: Emulator, receiver: Receiver
) -> None:
    name = emulator.queue("gone")
    emulator.client.pause_queue(name=name)
    task = emulator.task(name, receiver.url(), "t")
    emulator.client.delete_queue(name=name)

    with pytest.raises(exceptions.NotFound):
        emulator.client.get_queue(name=name)
    with pytest.raises(exceptions.NotFound):
        emulator.task(name, receiver.url())
    with pytest.raises(exceptions.NotFound, match=r"^404 Requested entity was not found\.$"):
        emulator.client.delete_queue(name=name)
    emulator.advance(days=2)
    with pytest.raises(exceptions.FailedPrecondition, match="existed too recently"):
        emulator.queue("gone")

    emulator.advance(days=1)
    emulator.queue("gone")
    with pytest.raises(exceptions.NotFound):
        emulator.client.get_task(name=task)
    emulator.task(name, receiver.url(), "after")
    assert receiver.next().task_id == "after"


@pytest.mark.parametrize(
    "settings",
    [
        {"http_target": {"http_method": "POST"}},
        {"app_engine_routing_override": {"service": "worker"}},
    ],
)
def test_what_the_emulator_leaves_out_is_refused_and_not_ignored(
    emulator: Emulator, settings: dict[str, Any]
) -> None:
    with pytest.raises(exceptions.MethodNotImplemented):
        emulator.queue(**settings)
