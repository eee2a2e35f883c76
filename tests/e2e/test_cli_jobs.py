"""The command on a stack that runs: documents through it, and what the command says of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from infra.local.stack import Stack
from tests.e2e.cli_program import Program, ctrl_c, minutes, read_until
from tests.e2e.quire_client import QuireClient


@pytest.fixture
def program(stack: Stack, tmp_path: Path) -> Program:
    return Program(stack.home.folder, tmp_path)


@pytest.fixture
def as_local(stack: Stack) -> QuireClient:
    """The owner whose documents the command sends."""
    return QuireClient(stack, owner="local")


def test_a_run_in_a_pipe_tells_each_step_and_writes_the_result(
    program: Program, tmp_path: Path
) -> None:
    ended = program("run", minutes(tmp_path / "minutes.pdf", 4), "--chunk-pages", "2")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].startswith("Sending minutes.pdf (")
    assert "Completed: 4 pages" in lines
    assert len(set(lines)) == len([line for line in lines if line]) + ("" in lines)
    assert "  Text  quire-results/minutes/text.txt" in lines
    assert "  Minutes, page 1. The committee met at the town hall." in lines
    result = json.loads((tmp_path / "quire-results/minutes/result.json").read_text())
    assert [page["number"] for page in result["pages"]] == [1, 2, 3, 4]
    text = (tmp_path / "quire-results/minutes/text.txt").read_text()
    assert text.count("Minutes, page") == 4


def test_a_run_in_json_is_one_object_and_reads_only_the_pages_asked_for(
    program: Program, tmp_path: Path
) -> None:
    pdf = minutes(tmp_path / "minutes.pdf", 5)
    ended = program("run", pdf, "--json", "--pages", "2-3", "--out", "here")
    assert ended.code == 0
    answer = json.loads(ended.out)
    assert (answer["status"], answer["page_count"], answer["completed_pages"]) == (
        "completed",
        5,
        2,
    )
    result = json.loads(Path(answer["files"]["json"]).read_text())
    assert [page["number"] for page in result["pages"]] == [2, 3]


def test_a_large_document_is_sent_in_pieces(program: Program, tmp_path: Path) -> None:
    pdf = minutes(tmp_path / "large.pdf", 2, attachment=os.urandom(34_000_000))
    ended = program("run", pdf, "--json")
    assert ended.code == 0, ended.err
    assert "75 % sent" in ended.err
    assert json.loads(ended.out)["completed_pages"] == 2


def test_a_password_comes_by_standard_input(program: Program, tmp_path: Path) -> None:
    pdf = minutes(tmp_path / "locked.pdf", 1, password="geheim")
    without = program("run", pdf)
    assert without.code == 1
    assert "[PASSWORD_REQUIRED]" in without.err
    assert "--password-stdin" in without.err
    with_it = program("run", pdf, "--password-stdin", stdin="geheim\n")
    assert with_it.code == 0, with_it.err
    assert "geheim" not in with_it.out + with_it.err


def test_a_page_that_cannot_be_read_is_named_and_the_others_are_there(
    program: Program, as_local: QuireClient, tmp_path: Path
) -> None:
    pdf = minutes(tmp_path / "minutes.pdf", 3)
    with as_local, as_local.document_ai(poison="page 2"):
        ended = program("run", pdf)
    assert ended.code == 3
    assert "Read 2 of 3 pages" in ended.out
    assert "\n  page 2: " in ended.out


def test_submissions_are_followed_looked_at_and_fetched_later(
    program: Program, tmp_path: Path
) -> None:
    pdfs = [minutes(tmp_path / name, 2) for name in ("a.pdf", "b.pdf")]
    ended = program("submit", *pdfs, "--watch")
    assert ended.code == 0, ended.err
    first, second = ended.out.split()
    for pdf in pdfs:
        assert f"{pdf}: Completed: 2 pages\n" in ended.err
    status = program("status", first, "--json")
    assert json.loads(status.out)["filename"] == "a.pdf"
    assert "Status   completed" in program("status", second, "--watch").out
    text = program("result", second)
    assert (text.code, text.out.count("Minutes, page")) == (0, 2)
    saved = program("result", first, "--format", "json", "-o", "a.json")
    assert saved.code == 0
    assert len(json.loads((tmp_path / "a.json").read_text())["pages"]) == 2


def test_ctrl_c_leaves_the_job_to_the_running_stack_and_says_how_to_see_it(
    program: Program, as_local: QuireClient, tmp_path: Path
) -> None:
    pdf = minutes(tmp_path / "minutes.pdf", 2)
    with as_local, as_local.document_ai(let_through=0):
        process = program.start("run", pdf, "--chunk-pages", "1")
        read_until(process, "Processing chunk")
        ended = ctrl_c(process)
    assert ended.code == 130
    assert "goes on in the running stack" in ended.err
    command = ended.err.splitlines()[-1].split()
    assert command[:2] == ["quire", "status"]
    assert program(*command[1:]).code == 0
    assert not (tmp_path / "quire-results").exists()


def test_a_doctor_of_a_running_stack_gives_every_address_and_no_password(
    program: Program, stack: Stack
) -> None:
    ended = program("doctor", "--json")
    answer = json.loads(ended.out)
    assert ended.code == 0, ended.out
    wanted = {"api", "gcs", "tasks", "document_ai", "supabase", "postgres", "redis"}
    assert wanted <= set(answer["endpoints"])
    assert answer["endpoints"]["api"] == stack.endpoints["api"]
    assert wanted | {"worker", "languages"} <= {check["name"] for check in answer["checks"]}
    told = ended.out + program("doctor").out
    for secret in json.loads((stack.home.folder / "secrets.json").read_text()).values():
        assert secret not in told
