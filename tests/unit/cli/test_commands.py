"""The commands as they are typed, against a stack whose API is the little one."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest

from infra.cli.main import COMMANDS, run_command
from infra.local.home import ROOT, Home, StackRecord, identity
from tests.unit.cli.fixtures import listening, server
from tests.unit.cli.little_api import (
    DOCUMENT_ID,
    JOB_ID,
    SECRET,
    LittleApi,
    a_finished_job,
    a_job,
    problem,
)

__all__ = ["listening", "server"]

Output = pytest.CaptureFixture[str]


class Typed:
    """Types commands in a folder of their own, with a stack that this process seems to run."""

    def __init__(self, folder: Path, server: LittleApi) -> None:
        self.folder = folder
        self.server = server
        self.home = Home(folder / "home")
        self.home.prepare()
        self.home.write_record(
            StackRecord(
                pid=os.getpid(),
                identity=identity(os.getpid()),
                started_at="2026-11-22T10:00:00+00:00",
                endpoints={"api": server.address},
                environment={"SUPABASE__JWT_SECRET": SECRET},
                processes={},
            )
        )
        self.pdf = folder / "scan.pdf"
        self.pdf.write_bytes(b"%PDF-1.7\n...")

    def __call__(self, *arguments: str | Path) -> int:
        return run_command(["--home", str(self.home.folder), *map(str, arguments)])


@pytest.fixture
def quire(tmp_path: Path, server: LittleApi, monkeypatch: pytest.MonkeyPatch) -> Typed:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QUIRE_HOME", raising=False)
    return Typed(tmp_path, server)


def finish_with(server: LittleApi, job: dict[str, object]) -> None:
    server.streams = deque([[("1", "started", a_job()), ("2", "ended", job), ("", "end", None)]])
    server.looks = deque([job])


def test_a_run_tells_its_progress_its_result_and_how_the_text_begins(
    quire: Typed, capsys: Output
) -> None:
    finish_with(quire.server, a_finished_job(message="Completed: 4 pages"))
    assert quire("run", quire.pdf) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "Sending scan.pdf (12 bytes)",
        "Processing chunk 1/2",
        "Completed: 4 pages",
    ]
    assert lines[3].startswith("Read 4 pages in ")
    assert "  Text  quire-results/scan/text.txt" in lines
    assert lines[-1] == "  The first line."


def test_a_run_in_json_prints_one_object_and_nothing_else(quire: Typed, capsys: Output) -> None:
    finish_with(quire.server, a_finished_job())
    assert quire("run", quire.pdf, "--json", "--out", "here") == 0
    output = capsys.readouterr()
    answer = json.loads(output.out)
    assert answer["status"] == "completed"
    assert answer["files"] == {
        "json": str(quire.folder / "here" / "result.json"),
        "text": str(quire.folder / "here" / "text.txt"),
    }
    assert answer["unread_pages"] == []
    assert "Processing chunk 1/2" in output.err


def test_a_quiet_run_tells_only_the_end(quire: Typed, capsys: Output) -> None:
    finish_with(quire.server, a_finished_job())
    assert quire("run", quire.pdf, "--quiet") == 0
    assert capsys.readouterr().out.startswith("Read 4 pages in ")


def test_options_reach_the_api_as_they_were_given(
    quire: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish_with(quire.server, a_finished_job())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("pÄss word\nmore".encode())))
    options = "--pages 1-20,25 --chunk-pages 7 --language fr --language pt-BR --password-stdin"
    assert quire("run", quire.pdf, *options.split()) == 0
    assert quire.server.posted[0]["options"] == {
        "pages": "1-20,25",
        "chunk_pages": 7,
        "languages": ["fr", "pt-BR"],
        "password": "pÄss word",
    }


def test_a_failed_job_ends_with_1_and_says_why(quire: Typed, capsys: Output) -> None:
    error = {"code": "PDF_DAMAGED", "message": "The PDF has no pages."}
    finish_with(quire.server, a_job(status="failed", message="Failed", error=error))
    assert quire("run", quire.pdf) == 1
    output = capsys.readouterr()
    assert "scan.pdf could not be read: The PDF has no pages. [PDF_DAMAGED]" in output.err
    assert not (quire.folder / "quire-results").exists()


def test_a_failed_job_in_json_is_the_job_with_its_error(quire: Typed, capsys: Output) -> None:
    error = {"code": "PDF_DAMAGED", "message": "The PDF has no pages."}
    finish_with(quire.server, a_job(status="failed", error=error))
    assert quire("run", quire.pdf, "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["error"], answer["files"]) == (error, None)


def test_unread_pages_end_with_3_and_are_named(quire: Typed, capsys: Output) -> None:
    tail = b'"errors":[{"number":2,"code":"PAGE_TIMEOUT","message":"Took too long."}]}'
    quire.server.result["json"] = b'{"pages":[\n{"number":1}\n],' + tail
    job = a_finished_job(status="completed_with_errors", completed_pages=3, failed_pages=1)
    finish_with(quire.server, job)
    assert quire("run", quire.pdf) == 3
    assert "  page 2: Took too long. [PAGE_TIMEOUT]\n" in capsys.readouterr().out


def test_a_file_that_is_no_pdf_ends_with_2_before_anything_is_asked(
    quire: Typed, capsys: Output
) -> None:
    quire.pdf.write_bytes(b"hello")
    assert quire("run", quire.pdf, "--json") == 2
    output = capsys.readouterr()
    assert json.loads(output.out)["error"]["code"] == "NOT_A_PDF"
    assert output.err.startswith(f"Error: {quire.pdf} is not a PDF")
    assert quire.server.claims == []


@pytest.mark.parametrize(
    "options",
    [
        ["--pages", "5-1"],
        ["--pages", "x"],
        ["--chunk-pages", "31"],
        ["--language", "not a language"],
        ["--unknown"],
    ],
)
def test_wrong_options_end_with_2(quire: Typed, options: list[str]) -> None:
    assert quire("run", quire.pdf, *options) == 2
    assert quire.server.claims == []


def test_an_empty_password_is_refused_at_once(
    quire: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    assert quire("run", quire.pdf, "--password-stdin") == 2


def test_a_result_that_is_there_is_refused_before_the_work_is_done(
    quire: Typed, capsys: Output
) -> None:
    (quire.folder / "result.json").write_text("mine")
    assert quire("run", quire.pdf, "--out", ".") == 2
    assert "--force" in capsys.readouterr().err
    assert quire.server.claims == []


def test_a_submission_prints_its_job_ids_one_a_line(quire: Typed, capsys: Output) -> None:
    assert quire("submit", quire.pdf, quire.pdf) == 0
    assert capsys.readouterr().out == f"{JOB_ID}\n{JOB_ID}\n"


def test_a_submission_in_json_holds_no_upload_address(quire: Typed, capsys: Output) -> None:
    assert quire("submit", quire.pdf, "--json") == 0
    [job] = json.loads(capsys.readouterr().out)["jobs"]
    assert (job["file"], job["job_id"], job["document_id"]) == (
        str(quire.pdf),
        JOB_ID,
        DOCUMENT_ID,
    )
    assert "upload" not in job


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
    for name in COMMANDS:
        assert run_command([name, "--help"]) == 0
        text = capsys.readouterr().out
        assert "Examples:" in text, name
        assert f"quire {name}" in text


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
