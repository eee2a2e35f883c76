"""What has happened to a job, and what happens: history, events, logs, webhooks, credits."""

from __future__ import annotations

import json
from collections import deque

import jwt
import pytest

from infra.cli.api import Api
from infra.cli.exits import Unreachable
from infra.cli.sentences import event_sentence
from infra.cli.tokens import SelfSigned
from infra.cli.watch import follow_events
from tests.unit.cli.fixtures import Typed, api, brief, listening, nobody, quire, server
from tests.unit.cli.little_api import BREAK, JOB_ID, LittleApi, a_finished_job, a_job
from tests.unit.cli.little_lists import SECRET, problem
from tests.unit.cli.terminal import on_terminal

__all__ = ["api", "listening", "quire", "server"]

Output = pytest.CaptureFixture[str]

AT = "2026-11-22T10:00:02+00:00"


def an_event(number: int, kind: str, **details: object) -> dict[str, object]:
    return {"id": number, "kind": kind, "at": AT, "details": details}


CHUNK = {"chunk_index": 4, "page_start": 101, "page_end": 125}


@pytest.mark.parametrize(
    ("kind", "details", "sentence"),
    [
        ("job_created", {}, "The job was made"),
        ("splitting", {"attempt": 1}, "Splitting the document"),
        ("splitting", {"attempt": 2}, "Splitting the document again"),
        ("planned", {"chunks": 17, "pages": 425}, "425 pages in 17 chunks"),
        ("planned", {"chunks": 1, "pages": 1}, "1 page in 1 chunk"),
        ("chunks_dispatched", {"indexes": [3]}, "Chunk 4 handed to the workers"),
        (
            "chunks_dispatched",
            {"indexes": [0, 1, 2, 6, 8, 9]},
            "Chunks 1-3, 7, 9-10 handed to the workers",
        ),
        ("chunk_started", {**CHUNK, "attempt": 1}, "Chunk 5 (pages 101-125) is being read"),
        (
            "chunk_started",
            {**CHUNK, "attempt": 3},
            "Chunk 5 (pages 101-125) is being read, attempt 3",
        ),
        (
            "chunk_put_back",
            {**CHUNK, "code": "QUOTA_EXCEEDED", "message": "Too many calls."},
            "Chunk 5 (pages 101-125) is tried again: Too many calls. [QUOTA_EXCEEDED]",
        ),
        ("chunk_completed", CHUNK, "Chunk 5 (pages 101-125) is read"),
        (
            "chunk_completed",
            {**CHUNK, "failed_pages": 2},
            "Chunk 5 (pages 101-125) is read, but 2 pages of it could not be",
        ),
        (
            "chunk_failed",
            {**CHUNK, "page_end": 101, "message": "Document AI timeout"},
            "Chunk 5 (page 101) failed: Document AI timeout",
        ),
        ("chunk_failed", {"chunk_index": 0, "code": "X"}, "Chunk 1 failed: [X]"),
        (
            "job_cancelled",
            {"completed_chunks": 3, "total_chunks": 17},
            "Cancelled after 3 of 17 chunks",
        ),
        ("job_failed", {}, "Failed: no reason is given"),
        ("job_retried", {"failed_pages": 1}, "Retried: 1 page will be read again"),
        ("stage_begun", {"stage": "text"}, "Stage begun  stage=text"),
        ("planned", {"pages": "many"}, "Planned  pages=many"),
    ],
)
def test_each_kind_of_event_is_a_sentence(
    kind: str, details: dict[str, object], sentence: str
) -> None:
    assert event_sentence(kind, details) == sentence


def test_a_history_is_told_page_by_page(quire: Typed, capsys: Output) -> None:
    quire.server.history = [an_event(number, "job_created") for number in range(1, 8)]
    quire.server.page_size = 3
    assert quire("history", JOB_ID) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"1\t{AT}\tjob_created\tThe job was made"
    assert [line.split("\t")[0] for line in lines] == [str(number) for number in range(1, 8)]
    assert [query.get("after") for query in quire.server.queries] == [None, "3", "6"]


def test_a_history_in_json_is_an_object_a_line(quire: Typed, capsys: Output) -> None:
    quire.server.history = [an_event(1, "planned", chunks=2, pages=4)]
    assert quire("history", JOB_ID, "--json") == 0
    assert json.loads(capsys.readouterr().out) == quire.server.history[0]


def test_on_a_terminal_a_history_has_the_times_of_this_place(quire: Typed) -> None:
    quire.server.history = [an_event(1, "job_paused"), an_event(2, "odd\x1b[2J")]
    code, lines = on_terminal(
        "--home", quire.home.folder, "history", JOB_ID, environment={"TZ": "Asia/Kolkata"}
    )
    assert code == 0
    assert lines == [
        "2026-11-22 15:30:02  Paused: no more chunks are started",
        "2026-11-22 15:30:02  Odd[2j",
    ]


def test_events_are_told_once_each_over_a_stream_that_breaks_off(
    quire: Typed, capsys: Output
) -> None:
    quire.server.streams = deque(
        [
            [("1", "job_created", a_job()), ("2", "splitting", a_job()), BREAK],
            [("3", "split", a_job())],
            [("4", "job_completed", a_finished_job()), ("", "end", a_finished_job())],
        ]
    )
    quire.server.looks = deque([a_finished_job()])
    assert quire("events", JOB_ID) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(number, kind) for number, _, kind, _ in lines] == [
        ("1", "job_created"),
        ("2", "splitting"),
        ("3", "split"),
        ("4", "job_completed"),
    ]
    assert quire.server.last_event_ids == [None, "2", "3"]


def test_events_in_json_are_the_streams_own_objects_and_begin_where_asked(
    quire: Typed, capsys: Output
) -> None:
    ended = a_finished_job()
    quire.server.streams = deque([[("9", "job_completed", ended), ("", "end", ended)]])
    quire.server.looks = deque([ended])
    assert quire("events", JOB_ID, "--after", "8", "--json") == 0
    [event] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (event["id"], event["kind"], event["job"]) == (9, "job_completed", ended)
    assert quire.server.last_event_ids == ["8"]


def test_the_end_of_an_earlier_run_is_not_the_end_of_a_retried_job(
    api: Api, server: LittleApi
) -> None:
    server.streams = deque(
        [
            [("1", "job_failed", a_job()), ("", "end", None)],
            [("2", "job_completed", a_finished_job()), ("", "end", None)],
        ]
    )
    server.looks = deque([a_job(), a_finished_job()])
    assert [event["id"] for event in follow_events(api, JOB_ID, None, brief())] == [1, 2]


def test_events_of_a_job_that_is_not_there_end_with_1(quire: Typed, capsys: Output) -> None:
    quire.server.streams = deque([problem(404, "JOB_NOT_FOUND", "There is no such job.")])
    assert quire("events", JOB_ID, "--json") == 1
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["error"]["code"] == "JOB_NOT_FOUND"


def test_events_of_an_api_that_stays_away_are_given_up() -> None:
    with (
        nobody() as address,
        Api(address, SelfSigned(SECRET)) as api,
        pytest.raises(Unreachable),
    ):
        list(follow_events(api, JOB_ID, None, brief()))


def test_log_lines_are_told_with_their_chunk_and_fields(quire: Typed, capsys: Output) -> None:
    quire.server.log_lines = [
        {"id": 1, "at": AT, "level": "INFO", "message": "document is split", "fields": {}},
        {
            "id": 2,
            "at": AT,
            "level": "WARNING",
            "message": "chunk is put back",
            "chunk_index": 4,
            "attempt": 2,
            "fields": {"code": "QUOTA_EXCEEDED", "note": None},
        },
    ]
    quire.server.page_size = 1
    assert quire("logs", JOB_ID, "--level", "info") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{AT}\tINFO\t\tdocument is split",
        f"{AT}\tWARNING\t5\tchunk is put back  code=QUOTA_EXCEEDED",
    ]
    assert {query["level"] for query in quire.server.queries} == {"INFO"}
    assert quire("logs", JOB_ID, "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[1]) == quire.server.log_lines[1]
    code, lines = on_terminal(
        "--home", quire.home.folder, "logs", JOB_ID, environment={"TZ": "UTC"}
    )
    assert code == 0
    assert lines[1] == (
        "2026-11-22 10:00:02  WARNING  chunk 5: chunk is put back  code=QUOTA_EXCEEDED"
    )


def test_followed_log_lines_end_with_the_job_and_none_is_told_twice(
    quire: Typed, capsys: Output
) -> None:
    quire.server.log_lines = [{"id": 1, "at": AT, "level": "INFO", "message": "one"}]
    quire.server.looks = deque([a_job(), a_finished_job()])
    assert quire("logs", JOB_ID, "--follow") == 0
    assert capsys.readouterr().out == f"{AT}\tINFO\t\tone\n"
    assert [query.get("after") for query in quire.server.queries] == [None, "1"]


def test_webhooks_are_told_with_their_tries(quire: Typed, capsys: Output) -> None:
    assert quire("webhooks", JOB_ID) == 0
    assert "Nobody is told" in capsys.readouterr().err
    refused = {"at": AT, "status_code": 500, "seconds": 0.25, "error": None}
    silent = {
        "at": AT,
        "status_code": None,
        "seconds": 10,
        "error": {"code": "TIMEOUT", "message": "No answer came."},
    }
    quire.server.deliveries = [
        {
            "id": "1",
            "event": "job.completed",
            "url": "https://example.org/hook",
            "status": "pending",
            "attempts": [refused, silent],
            "next_attempt_at": AT,
        }
    ]
    assert quire("webhooks", JOB_ID) == 0
    first, second, third, fourth = capsys.readouterr().out.splitlines()
    assert first == "job.completed to https://example.org/hook: pending"
    assert second.endswith("HTTP 500 after 0.2 s")
    assert third.endswith("No answer came. after 10.0 s")
    assert fourth.endswith("is tried again")
    assert quire("webhooks", JOB_ID, "--json") == 0
    assert json.loads(capsys.readouterr().out)["deliveries"] == quire.server.deliveries


def test_credits_are_told_with_the_last_entries(quire: Typed, capsys: Output) -> None:
    quire.server.credits = {"enabled": False, "available": 0, "reserved": 0, "entries": []}
    assert quire("credits") == 0
    assert "credits are switched off" in capsys.readouterr().out
    entry = {"kind": "reserved", "available_change": -4, "job_id": JOB_ID, "note": None, "at": AT}
    grant = {"kind": "granted", "available_change": 100, "job_id": None, "note": "May", "at": AT}
    quire.server.credits = {
        "enabled": True,
        "available": 96,
        "reserved": 4,
        "entries": [entry, grant],
    }
    assert quire("credits", "--limit", "2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["Available  96", "Reserved   4"]
    assert lines[2].split()[2:] == ["reserved", "-4", "job", "0198c5be"]
    assert lines[3].split()[2:] == ["granted", "+100", "May"]
    assert quire.server.queries[-1] == {"limit": "2"}
    quire.server.credits |= {"available": None, "reserved": None}
    assert quire("credits") == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("limited to matters.")


def test_a_token_is_for_whom_and_as_long_as_was_asked(quire: Typed, capsys: Output) -> None:
    assert quire("token") == 0
    assert quire("token", "--admin", "--owner", "alice", "--hours", "12") == 0
    first, second = (
        jwt.decode(line, SECRET, algorithms=["HS256"], audience="authenticated")
        for line in capsys.readouterr().out.splitlines()
    )
    assert (first["sub"], first["exp"] - first["iat"]) == ("local", 3600)
    assert "app_metadata" not in first
    assert (second["sub"], second["exp"] - second["iat"]) == ("alice", 12 * 3600)
    assert second["app_metadata"] == {"role": "admin"}


@pytest.mark.parametrize("options", [["--hours", "0"], ["--owner", " "], ["--owner", "a\x00"]])
def test_a_token_that_no_api_would_take_ends_with_2(quire: Typed, options: list[str]) -> None:
    assert quire("token", *options) == 2


def test_a_token_needs_a_stack_that_runs(quire: Typed, capsys: Output) -> None:
    quire.home.remove_record()
    assert quire("token") == 4
    assert "[NO_STACK]" in capsys.readouterr().err
