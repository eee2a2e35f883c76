"""The commands as they are typed, against a stack whose API is the little one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque

import pytest

from infra.cli.batches.group import BatchCommands
from infra.cli.main import COMMANDS, run_command
from infra.local.home import ROOT
from tests.unit.cli.fixtures import Typed, listening, quire, server
from tests.unit.cli.little_api import (
    JOB_ID,
    a_finished_job,
    a_job,
)
from tests.unit.cli.little_lists import problem

__all__ = ["listening", "quire", "server"]

Output = pytest.CaptureFixture[str]


def test_a_submission_prints_its_job_ids_one_a_line(quire: Typed, capsys: Output) -> None:
    assert quire("submit", quire.pdf, quire.pdf) == 0
    assert capsys.readouterr().out == f"{JOB_ID}\n{JOB_ID}\n"


def test_a_submission_in_json_names_its_file_and_holds_no_upload_address(
    quire: Typed, capsys: Output
) -> None:
    os.truncate(quire.pdf, 33_000_000)
    assert quire("submit", quire.pdf, "--json") == 0
    [job] = json.loads(capsys.readouterr().out)["jobs"]
    assert len(quire.server.uploaded) == 33_000_000
    assert set(job) == {"file", "job_id", "document_id", "status", "links"}
    assert (job["file"], job["job_id"]) == (str(quire.pdf), JOB_ID)


def test_a_refused_document_does_not_keep_the_others_from_being_sent(
    quire: Typed, capsys: Output
) -> None:
    quire.server.refusals = deque([problem(415, "NOT_A_PDF", "The file is not a PDF.")])
    other = quire.folder / "other.pdf"
    other.write_bytes(quire.pdf.read_bytes())
    assert quire("submit", quire.pdf, other) == 1
    output = capsys.readouterr()
    assert output.out == f"{JOB_ID}\n"
    assert "scan.pdf: The file is not a PDF. [NOT_A_PDF]" in output.err


def test_a_watched_submission_ends_as_its_worst_job(quire: Typed, capsys: Output) -> None:
    other = quire.folder / "other.pdf"
    other.write_bytes(quire.pdf.read_bytes())
    partly = a_finished_job(status="completed_with_errors", message="Completed with errors")
    quire.server.looks = deque([partly])
    assert quire("submit", quire.pdf, other, "--watch") == 3
    assert f"{other}: Completed with errors\n" in capsys.readouterr().err


def test_a_status_ends_with_0_whatever_the_job_and_a_watch_as_the_job(
    quire: Typed, capsys: Output
) -> None:
    quire.server.looks = deque([a_job(status="failed", message="Failed: no pages")])
    assert quire("status", JOB_ID) == 0
    assert "failed - Failed: no pages" in capsys.readouterr().out
    assert quire("status", JOB_ID, "--watch") == 1


def test_a_status_in_json_is_the_apis_own_object(quire: Typed, capsys: Output) -> None:
    quire.server.looks = deque([a_job()])
    assert quire("status", JOB_ID, "--json") == 0
    assert json.loads(capsys.readouterr().out) == a_job()


def test_a_job_that_is_not_there_ends_with_1_and_the_apis_code(
    quire: Typed, capsys: Output
) -> None:
    assert quire("status", JOB_ID) == 1
    assert capsys.readouterr().err == "Error: There is no such job. [NOT_FOUND]\n"


def test_a_job_id_that_is_none_ends_with_2(quire: Typed) -> None:
    assert quire("status", "../../etc") == 2


def test_a_result_goes_to_standard_output_or_to_a_new_file(quire: Typed, capsys: Output) -> None:
    assert quire("result", JOB_ID) == 0
    assert capsys.readouterr().out == "The first line.\n"
    assert quire("result", JOB_ID, "--format", "json", "-o", "r.json") == 0
    assert (quire.folder / "r.json").read_bytes() == b'{"pages": []}'
    assert quire("result", JOB_ID, "-o", "r.json") == 2
    assert quire("result", JOB_ID, "-o", "r.json", "--force") == 0
    assert (quire.folder / "r.json").read_bytes() == b"The first line.\n"


def test_a_result_that_is_not_ready_ends_with_1(quire: Typed, capsys: Output) -> None:
    quire.server.result_refusals = deque([problem(409, "JOB_NOT_FINISHED", "Ask again later.")])
    assert quire("result", JOB_ID) == 1
    assert "Ask again later. [JOB_NOT_FINISHED]" in capsys.readouterr().err


def test_without_a_stack_it_is_said_how_to_start_one(quire: Typed, capsys: Output) -> None:
    quire.home.remove_record()
    assert quire("submit", quire.pdf, "--json") == 4
    output = capsys.readouterr()
    assert json.loads(output.out)["error"]["code"] == "NO_STACK"
    assert "quire up" in output.err


def test_whoever_closes_the_output_early_gets_no_complaint(quire: Typed) -> None:
    quire.server.result["text"] = b"a line\n" * 100_000
    command = [sys.executable, "-m", "infra.cli", "--home", str(quire.home.folder)]
    with subprocess.Popen(
        [*command, "result", JOB_ID],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"a line\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_help_imports_no_command_and_none_of_their_libraries() -> None:
    look = (
        "import sys; from infra.cli.main import run_command; run_command(['--help']);"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, check=True)
    loaded = set(done.stdout.decode().splitlines()[-1].split())
    assert "click" in loaded
    assert not {"httpx", "rich", "jwt", "asyncio", "msgspec", "infra.local.stack"} & loaded


def test_the_line_about_each_command_is_in_its_own_help(capsys: Output) -> None:
    names = [[name] for name in COMMANDS] + [["batch", name] for name in BatchCommands.table]
    for name in names:
        assert run_command([*name, "--help"]) == 0
        text = capsys.readouterr().out
        assert "Examples:" in text, name
        assert f"quire {' '.join(name)}" in text or f" {name[-1]} " in text
        assert "Exit codes:\n    0    " in text, name


def test_help_lists_every_command_and_the_exit_codes(capsys: Output) -> None:
    assert run_command(["--help"]) == 0
    text = capsys.readouterr().out
    for name, (_, line) in COMMANDS.items():
        assert name in text
        assert line in text
    assert "130" in text


def test_the_version_is_told_both_ways(capsys: Output) -> None:
    assert run_command(["--version"]) == 0
    assert run_command(["version"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert first.startswith("quire ")
