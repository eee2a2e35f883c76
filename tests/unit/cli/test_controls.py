"""`quire pause`, `resume`, `cancel` and `retry` as they are typed."""

from __future__ import annotations

import io
import json
from collections import deque

import pytest

from tests.unit.cli.fixtures import Typed, listening, quire, server
from tests.unit.cli.little_api import JOB_ID, a_finished_job, a_job
from tests.unit.cli.little_lists import problem
from tests.unit.cli.terminal import on_terminal

__all__ = ["listening", "quire", "server"]

Output = pytest.CaptureFixture[str]

OTHER = "0198c5be-6f1a-7cc2-a9cb-2d1c8f0e4b99"


@pytest.mark.parametrize("action", ["pause", "resume", "cancel", "retry"])
def test_each_job_is_told_with_the_line_that_follows(
    quire: Typed, capsys: Output, action: str
) -> None:
    quire.server.controls = {
        JOB_ID: a_job(message="One"),
        OTHER: a_job(job_id=OTHER, message="Two"),
    }
    assert quire(action, JOB_ID, OTHER) == 0
    assert capsys.readouterr().out == f"{JOB_ID}: One\n{OTHER}: Two\n"
    assert quire.server.controlled == [(JOB_ID, action, b""), (OTHER, action, b"")]


def test_a_job_that_does_not_allow_it_does_not_keep_the_others_from_it(
    quire: Typed, capsys: Output
) -> None:
    quire.server.controls = {
        JOB_ID: problem(409, "JOB_ENDED", "The job has ended (completed)."),
        OTHER: a_job(job_id=OTHER, status="paused", message="Paused at chunk 1/2"),
    }
    assert quire("pause", JOB_ID, OTHER, "--json") == 1
    output = capsys.readouterr()
    assert f"{JOB_ID}: The job has ended (completed). [JOB_ENDED]" in output.err
    answer = json.loads(output.out)
    assert [job["status"] for job in answer["jobs"]] == ["paused"]
    [refused] = answer["refused"]
    assert (refused["job_id"], refused["error"]["code"]) == (JOB_ID, "JOB_ENDED")


def test_a_job_that_is_not_there_ends_with_1(quire: Typed, capsys: Output) -> None:
    assert quire("cancel", JOB_ID) == 1
    assert "There is no job with this id. [JOB_NOT_FOUND]" in capsys.readouterr().err


def test_without_a_stack_nothing_is_done(quire: Typed, capsys: Output) -> None:
    quire.home.remove_record()
    assert quire("pause", JOB_ID, "--json") == 4
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "NO_STACK"


def test_a_resumed_job_is_followed_to_its_end(quire: Typed, capsys: Output) -> None:
    quire.server.controls = {JOB_ID: a_job()}
    quire.server.streams = deque(
        [[("1", "job_resumed", a_job(message="Processing chunk 2/2")), ("", "end", None)]]
    )
    quire.server.looks = deque([a_finished_job(status="failed", message="Failed: no")])
    assert quire("resume", JOB_ID, "--watch", "--json") == 1
    output = capsys.readouterr()
    assert "scan.pdf (0198c5be): Processing chunk 2/2\n" in output.err
    assert "scan.pdf (0198c5be): Failed: no\n" in output.err
    assert json.loads(output.out)["jobs"][0]["status"] == "failed"


def test_a_paused_job_is_followed_until_its_running_chunks_have_ended(
    quire: Typed, capsys: Output
) -> None:
    running = a_job(status="paused", message="Paused at chunk 1/2", processing_chunks=1)
    quiet = a_job(status="paused", message="Paused at chunk 2/2", processing_chunks=0)
    quire.server.controls = {JOB_ID: running}
    quire.server.looks = deque([running, running, quiet])
    assert quire("pause", JOB_ID, "--watch") == 0
    assert capsys.readouterr().err.splitlines() == [
        "scan.pdf (0198c5be): Paused at chunk 1/2",
        "scan.pdf (0198c5be): Paused at chunk 2/2",
    ]


def test_a_retry_brings_the_password_along(
    quire: Typed, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    quire.server.controls = {JOB_ID: a_job()}
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"geheim\n")))
    assert quire("retry", JOB_ID, "--password-stdin") == 0
    monkeypatch.setenv("QUIRE_PASSWORD", "aus der Umgebung")
    assert quire("retry", JOB_ID) == 0
    assert quire("retry", JOB_ID, "--password") == 0
    bodies = [body for _, _, body in quire.server.controlled]
    assert json.loads(bodies[0]) == {"password": "geheim"}
    assert bodies[1] == b""
    assert json.loads(bodies[2]) == {"password": "aus der Umgebung"}
    output = capsys.readouterr()
    assert output.err.count("Note: the password is taken from QUIRE_PASSWORD") == 1
    assert "Umgebung" not in output.err


def test_a_password_is_never_taken_from_the_command_line(quire: Typed, capsys: Output) -> None:
    assert quire("retry", JOB_ID, "--password=geheim") == 2
    assert quire("submit", quire.pdf, "--password", "--password-stdin") == 2
    assert "two ways" in capsys.readouterr().err
    assert quire.server.controlled == []


def test_a_password_that_nobody_can_be_asked_for_ends_with_2(
    quire: Typed, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert quire("retry", JOB_ID, "--password") == 2
    assert "QUIRE_PASSWORD" in capsys.readouterr().err


def test_a_password_is_asked_for_on_a_terminal_without_an_echo(quire: Typed) -> None:
    quire.server.controls = {JOB_ID: a_job()}
    code, lines = on_terminal(
        "--home",
        quire.home.folder,
        "retry",
        JOB_ID,
        "--password",
        answers={"Password of the PDF: ": "geheim\n"},
    )
    assert code == 0
    assert json.loads(quire.server.controlled[0][2]) == {"password": "geheim"}
    assert "Password of the PDF: " in lines[-2]


def test_a_cancel_asks_on_a_terminal_and_does_nothing_without_a_yes(quire: Typed) -> None:
    quire.server.looks = deque([a_job()])
    quire.server.controls = {JOB_ID: a_job(status="cancelled", message="Cancelled")}
    command = ("--home", quire.home.folder, "cancel", JOB_ID)
    code, lines = on_terminal(*command, answers={"[y/N]": "\n"})
    assert code == 1
    assert "0198c5be  scan.pdf: Processing chunk 1/2" in "\n".join(lines)
    assert any("Cancel it for good? [y/N]" in line for line in lines)
    assert "Error: Nothing was cancelled. [NOT_CONFIRMED]" in lines
    assert quire.server.controlled == []
    assert on_terminal(*command, answers={"[y/N]": "y\n"})[0] == 0
    assert on_terminal(*command, "--yes")[0] == 0
    assert quire.server.controlled == [(JOB_ID, "cancel", b"")] * 2


def test_a_status_says_how_to_go_on(quire: Typed, capsys: Output) -> None:
    current = {"chunk_index": 4, "page_start": 101, "page_end": 125}
    eta = {"seconds": 146, "finish_at": "", "basis": "5 of 17 chunks in 61 s"}
    quire.server.looks = deque(
        [
            a_job(current=current, eta=eta, priority="high", matter="m1"),
            a_job(status="paused", can_resume=True),
            a_job(status="failed", can_retry=True),
        ]
    )
    quire_at = f"quire --home {quire.home.folder}"
    assert quire("status", JOB_ID) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Reading  pages 101-125" in lines
    assert "Left     about 2 min 26 s (5 of 17 chunks in 61 s)" in lines
    assert "Priority high" in lines
    assert "Matter   m1" in lines
    assert quire("status", JOB_ID) == 0
    assert f"Go on    {quire_at} resume {JOB_ID}" in capsys.readouterr().out
    assert quire("status", JOB_ID) == 0
    assert f"Again    {quire_at} retry {JOB_ID}" in capsys.readouterr().out


def test_a_submission_brings_what_is_said_about_the_document(quire: Typed) -> None:
    options = "--priority high --matter m1 --webhook-url https://example.org/hook"
    assert quire("submit", quire.pdf, *options.split()) == 0
    assert quire.server.posted[0]["options"] == {
        "priority": "high",
        "matter": "m1",
        "webhook_url": "https://example.org/hook",
    }
