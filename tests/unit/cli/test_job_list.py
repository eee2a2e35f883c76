"""`quire jobs`, and jobs that are named by the first letters of their ids."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import deque
from datetime import UTC, datetime, timedelta

import pytest

from infra.cli.rows import table_lines
from infra.cli.times import ago_text, local_text
from infra.local.home import ROOT
from tests.unit.cli.fixtures import Typed, listening, quire, server
from tests.unit.cli.little_api import a_finished_job, a_job
from tests.unit.cli.little_lists import problem
from tests.unit.cli.terminal import on_terminal

__all__ = ["listening", "quire", "server"]

Output = pytest.CaptureFixture[str]


def an_id(number: int) -> str:
    return f"{number:08x}-6f1a-4cc2-a9cb-2d1c8f0e4b11"


def many(count: int) -> list[dict[str, object]]:
    return [a_job(job_id=an_id(number), filename=f"{number}.pdf") for number in range(count)]


def test_in_a_pipe_a_job_is_a_line_of_fields(quire: Typed, capsys: Output) -> None:
    made = "2026-11-22T10:00:00Z"
    quire.server.jobs = [
        a_job(job_id=an_id(1), filename="a\tb\x1b[2J.pdf", completed_pages=2, progress_percent=50),
        a_finished_job(job_id=an_id(2)),
    ]
    assert quire("jobs") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{an_id(1)}\tprocessing\t50\t2\t4\t{made}\ta b[2J.pdf",
        f"{an_id(2)}\tcompleted\t100\t4\t4\t{made}\tscan.pdf",
    ]


def test_the_newest_are_asked_for_and_all_of_them_page_by_page(
    quire: Typed, capsys: Output
) -> None:
    quire.server.jobs = many(250)
    assert quire("jobs") == 0
    assert len(capsys.readouterr().out.splitlines()) == 20
    assert quire.server.queries == [{"limit": "20"}]
    assert quire("jobs", "--limit", "120") == 0
    assert len(capsys.readouterr().out.splitlines()) == 120
    assert quire.server.queries[1:] == [{"limit": "100"}, {"limit": "20", "cursor": "100"}]
    assert quire("jobs", "--all", "--json") == 0
    ids = [json.loads(line)["job_id"] for line in capsys.readouterr().out.splitlines()]
    assert ids == [an_id(number) for number in range(250)]


def test_filters_reach_the_api_as_they_were_given(quire: Typed) -> None:
    options = "--status failed --status paused --filename minutes --matter m1 --batch b1"
    assert quire("jobs", *options.split()) == 0
    assert quire.server.queries == [
        {
            "limit": "20",
            "status": ["failed", "paused"],
            "filename": "minutes",
            "matter": "m1",
            "batch": "b1",
        }
    ]
    assert quire("jobs", "--status", "resting") == 2


def test_an_api_that_is_briefly_away_is_asked_again(quire: Typed, capsys: Output) -> None:
    quire.server.jobs = many(1)
    quire.server.instead = deque([problem(503, "DATABASE_UNAVAILABLE", "Away.")])
    assert quire("jobs") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_an_answer_without_a_list_is_told_as_such(quire: Typed, capsys: Output) -> None:
    quire.server.credits = {"enabled": True, "entries": "many"}
    assert quire("credits") == 1
    assert "[UNKNOWN_ANSWER]" in capsys.readouterr().err


def test_on_a_terminal_it_is_a_table_as_wide_as_it(quire: Typed) -> None:
    made = datetime.now(UTC) - timedelta(hours=3, minutes=5)
    quire.server.jobs = [
        a_job(job_id=an_id(1), filename="m" * 90, created_at=made.isoformat()),
        a_finished_job(job_id=an_id(2), created_at=made.isoformat()),
    ]
    code, lines = on_terminal("--home", quire.home.folder, "jobs")
    assert code == 0
    assert lines[0].split() == ["\x1b[1mJOB", "FILE", "STATE", "PAGES", "MADE\x1b[0m"]
    assert lines[1].startswith("00000001  mmmm")
    assert "…  Processing chunk 1/2  0/4    3 h ago" in lines[1]
    assert len(lines[1]) <= 80
    assert lines[2].split() == ["00000002", "scan.pdf", "Completed", "4/4", "3", "h", "ago"]


def test_on_a_terminal_no_jobs_are_said_to_be_none(quire: Typed) -> None:
    code, lines = on_terminal("--home", quire.home.folder, "jobs", "--status", "failed")
    assert (code, lines) == (0, ["There are no such jobs."])


def test_a_watch_on_a_terminal_is_a_table_until_ctrl_c(quire: Typed) -> None:
    quire.server.jobs = [a_job(job_id=an_id(1))]
    code, lines = on_terminal(
        "--home", quire.home.folder, "jobs", "--watch", answers={"scan.pdf": "\x03"}
    )
    assert code == 130
    assert any("00000001  scan.pdf  Processing chunk 1/2" in line for line in lines)
    assert "Traceback" not in "\n".join(lines)


def test_a_watch_in_a_pipe_tells_a_job_again_when_it_has_changed(quire: Typed) -> None:
    quire.server.jobs = [a_job(job_id=an_id(1), eta={"seconds": 9, "basis": ""})]
    command = [sys.executable, "-m", "infra.cli", "--home", str(quire.home.folder)]
    with subprocess.Popen(
        [*command, "jobs", "--watch", "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["status"] == "processing"
        # Another estimate is no news; another state is.
        quire.server.jobs = [a_job(job_id=an_id(1), eta={"seconds": 7, "basis": ""})]
        asked = len(quire.server.queries)
        while len(quire.server.queries) < asked + 1:
            os.sched_yield()
        quire.server.jobs = [a_finished_job(job_id=an_id(1))]
        assert json.loads(process.stdout.readline())["status"] == "completed"
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130


def test_the_first_letters_of_an_id_are_enough(quire: Typed, capsys: Output) -> None:
    quire.server.jobs = many(300)
    quire.server.looks = deque([a_job(job_id=an_id(0x12A))])
    quire.server.controls = {an_id(0x12A): a_job(job_id=an_id(0x12A), status="paused")}
    assert quire("pause", "0000012A") == 0
    assert quire.server.controlled == [(an_id(0x12A), "pause", b"")]
    assert quire("status", an_id(0x12A)[:13]) == 0
    assert f"Job      {an_id(0x12A)}" in capsys.readouterr().out


def test_letters_that_fit_several_jobs_or_none_do_nothing(quire: Typed, capsys: Output) -> None:
    quire.server.jobs = many(20)
    assert quire("status", "0000000") == 1
    output = capsys.readouterr().err
    assert "16 jobs have ids that begin with 0000000. [AMBIGUOUS_JOB]" in output
    assert f"  {an_id(3)}  3.pdf" in output
    assert quire("result", "fffffff") == 1
    assert "[JOB_NOT_FOUND]" in capsys.readouterr().err


def test_a_whole_id_is_not_looked_up(quire: Typed) -> None:
    quire.server.looks = deque([a_job()])
    assert quire("status", an_id(1).upper()) == 0
    assert quire.server.queries == []


@pytest.mark.parametrize("reference", ["00000", "last", "0000 000", "", "../../x", "0" * 37])
def test_what_can_be_no_id_ends_with_2(quire: Typed, reference: str) -> None:
    assert quire("status", reference) == 2
    assert quire.server.claims == []


def test_only_what_may_yield_is_cut_and_wide_letters_count_twice() -> None:
    rows = [("1", "文" * 30, "x" * 30), ("2", "b", "y")]
    lines = table_lines(("ID", "A", "B"), rows, cut={"A", "B"}, width=50)
    assert lines == [
        "ID  A                       B",
        "1   文文文文文文文文文文 …  xxxxxxxxxxxxxxxxxxxxx…",
        "2   b                       y",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3600, "1 h ago"),
        (86_400, "1 day ago"),
        (5 * 86_400, "5 days ago"),
    ],
)
def test_how_long_ago_is_written_as_people_do(seconds: int, text: str) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert ago_text((now - timedelta(seconds=seconds)).isoformat(), now) == text


def test_old_times_are_days_and_odd_ones_are_left_alone() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert ago_text("2026-10-01T12:00:00Z", now) == "2026-10-01"
    assert ago_text("yesterday", now) == "yesterday"
    assert (ago_text(None), local_text(None)) == ("-", "-")
