"""`quire run` as it is typed, against a stack whose API is the little one."""

from __future__ import annotations

import io
import json
from collections import deque

import pytest

from tests.unit.cli.fixtures import Typed, listening, quire, server
from tests.unit.cli.little_api import LittleApi, a_finished_job, a_job

__all__ = ["listening", "quire", "server"]

Output = pytest.CaptureFixture[str]


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
    options += " --no-cache"
    assert quire("run", quire.pdf, *options.split()) == 0
    assert quire.server.posted[0]["options"] == {
        "pages": "1-20,25",
        "chunk_pages": 7,
        "languages": ["fr", "pt-BR"],
        "password": "pÄss word",
        "cache": False,
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
