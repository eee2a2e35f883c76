"""Following a job over whatever happens to the connection."""

from __future__ import annotations

from collections import deque

import pytest

from infra.cli.api import Api
from infra.cli.exits import CommandError, Unreachable
from infra.cli.tokens import SelfSigned
from infra.cli.trouble import ApiError
from infra.cli.watch import watch
from tests.unit.cli.fixtures import api, brief, listening, nobody, server
from tests.unit.cli.little_api import (
    BREAK,
    JOB_ID,
    LittleApi,
    a_finished_job,
    a_job,
)
from tests.unit.cli.little_lists import SECRET, problem

__all__ = ["api", "listening", "server"]


def lines_of(api: Api) -> list[object]:
    lines: list[object] = []
    for job in watch(api, JOB_ID, brief()):
        if job["message"] not in lines[-1:]:
            lines.append(job["message"])
    return lines


def test_a_job_is_told_as_it_changes_until_its_end(api: Api, server: LittleApi) -> None:
    server.streams = deque(
        [
            [
                ("1", "chunk_completed", a_job()),
                ("2", "chunk_completed", a_job(message="Processing chunk 2/2")),
                ("3", "job_completed", a_finished_job()),
                ("", "end", None),
            ]
        ]
    )
    server.looks = deque([a_finished_job()])
    assert lines_of(api) == ["Processing chunk 1/2", "Processing chunk 2/2", "Completed"]
    assert server.last_event_ids == [None]


def test_a_broken_stream_goes_on_after_the_last_event_that_was_seen(
    api: Api, server: LittleApi
) -> None:
    server.streams = deque(
        [
            [("7", "chunk_completed", a_job()), BREAK],
            [("8", "job_completed", a_finished_job()), ("", "end", None)],
        ]
    )
    server.looks = deque([a_job(message="Merging"), a_finished_job()])
    assert lines_of(api) == ["Processing chunk 1/2", "Merging", "Completed"]
    assert server.last_event_ids == [None, "7"]


def test_a_stream_that_ends_early_is_not_taken_for_the_jobs_end(
    api: Api, server: LittleApi
) -> None:
    server.streams = deque([[("1", "end", a_job())], [("2", "done", a_finished_job())]])
    server.looks = deque([a_job(), a_finished_job()])
    assert lines_of(api)[-1] == "Completed"
    assert len(server.last_event_ids) == 2


def test_where_no_stream_passes_the_job_is_asked_for(api: Api, server: LittleApi) -> None:
    server.looks = deque([a_job(), a_job(message="Processing chunk 2/2"), a_finished_job()])
    assert lines_of(api) == ["Processing chunk 1/2", "Processing chunk 2/2", "Completed"]


def test_an_event_of_an_earlier_run_does_not_end_the_watch_of_a_retried_job(
    api: Api, server: LittleApi
) -> None:
    server.streams = deque(
        [
            [("1", "job_failed", a_job(status="failed", message="Failed"))],
            [("9", "job_completed", a_finished_job())],
        ]
    )
    server.looks = deque([a_job(), a_finished_job()])
    assert lines_of(api) == ["Failed", "Processing chunk 1/2", "Completed"]


def test_events_without_a_job_or_of_no_form_are_passed_over(api: Api, server: LittleApi) -> None:
    server.streams = deque([[("1", "heartbeat", None), ("2", "x", a_finished_job())]])
    server.looks = deque([a_finished_job()])
    assert lines_of(api) == ["Completed"]


def test_a_functions_host_that_restarts_is_waited_for(api: Api, server: LittleApi) -> None:
    busy = problem(503, "UNAVAILABLE", "Starting.")
    server.streams = deque([busy, busy])
    server.looks = deque([busy, busy, a_finished_job()])
    assert lines_of(api) == ["Completed"]


def test_a_job_that_is_not_there_is_told_at_once(api: Api, server: LittleApi) -> None:
    server.streams = deque([problem(404, "NOT_FOUND", "There is no such job.")])
    with pytest.raises(ApiError) as missing:
        lines_of(api)
    assert missing.value.code == "NOT_FOUND"


def test_an_api_that_stays_away_is_given_up() -> None:
    with (
        nobody() as address,
        Api(address, SelfSigned(SECRET)) as api,
        pytest.raises(Unreachable),
    ):
        lines_of(api)


def test_an_answer_of_another_server_is_told_as_such(api: Api, server: LittleApi) -> None:
    server.looks = deque([{"message": "hello", "status": "fine"}])
    with pytest.raises(CommandError) as odd:
        lines_of(api)
    assert odd.value.code == "UNKNOWN_ANSWER"
