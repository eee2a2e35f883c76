"""The command and its own stack: started, used by others, ended with nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import jwt
import pytest

from infra.local.home import Home, StackRecord, identity
from infra.local.layout import PORTS, Layout, StackOptions
from infra.local.ports import choose_ports
from tests.e2e.cli_program import (
    Program,
    ctrl_c,
    minutes,
    read_until,
    wait_until_gone,
)
from tests.e2e.quire_client import wait_for


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "home", tmp_path)


def test_a_file_that_is_no_pdf_is_refused_before_anything_is_started(
    program: Program, tmp_path: Path
) -> None:
    (tmp_path / "empty.pdf").touch()
    (tmp_path / "letter.pdf").write_bytes(b"PK\x03\x04")
    for name in ("missing.pdf", "empty.pdf", "letter.pdf"):
        ended = program("run", tmp_path / name)
        assert (ended.code, ended.out) == (2, "")
        assert name in ended.err
    assert not program.home.exists()


def test_a_run_without_a_stack_starts_one_and_ends_it(program: Program, tmp_path: Path) -> None:
    ended = program("run", minutes(tmp_path / "minutes.pdf", 2), "--workers", "1")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "Starting the stack"
    assert "Stopping the stack" in lines
    assert "  Minutes, page 1. The committee met at the town hall." in lines
    assert program.left_behind() == []
    after = program("doctor", "--json")
    assert after.code == 4
    answer = json.loads(after.out)
    assert (answer["running"], answer["endpoints"]) == (False, {})
    assert "quire up" in answer["advice"]
    assert all(check["ok"] for check in answer["checks"])


def test_a_doctor_names_each_part_that_does_not_answer_and_says_what_to_do(
    program: Program,
) -> None:
    home = Home(program.home)
    home.prepare()
    ports = choose_ports(PORTS, {})
    layout = Layout(home, ports, home.secrets(), StackOptions())
    home.write_record(
        StackRecord(
            pid=os.getpid(),
            identity=identity(os.getpid()),
            started_at="2026-11-22T10:00:00+00:00",
            endpoints=layout.endpoints,
            environment=layout.environment,
            processes={},
        )
    )
    ended = program("doctor", "--json")
    assert ended.code == 1
    checks = {check["name"]: check for check in json.loads(ended.out)["checks"]}
    for name in ("api", "gcs", "tasks", "document_ai", "supabase", "postgres", "redis", "worker"):
        assert not checks[name]["ok"]
        assert checks[name]["advice"]
    assert checks["python"]["ok"]
    assert home.secrets().postgres_password not in ended.out
    assert home.secrets().redis_password not in ended.out


def test_a_stack_that_is_up_serves_runs_and_ends_by_ctrl_c_with_0(
    program: Program, tmp_path: Path
) -> None:
    pdf = minutes(tmp_path / "minutes.pdf", 1)
    with program.up("--workers", "1") as up:
        first, second = program("run", pdf), program("run", pdf)
        assert (first.code, second.code) == (0, 0)
        assert "Starting the stack" not in first.out + second.out
        assert "quire-results/minutes-2/text.txt" in second.out
        again = program("up")
        assert (again.code, again.out) == (4, "")
        assert "already" in again.err
        living = " ".join(program.left_behind())
        assert all(part in living for part in ("postgres", "valkey", "celery", "functions"))
        ended = ctrl_c(up)
    assert ended.code == 0
    assert ended.out.splitlines()[-2:] == ["Stopping the stack", "Stopped."]
    # The log was followed meanwhile.
    assert '"message": "document is ' in ended.out
    assert program.left_behind() == []


def test_a_stack_that_is_up_opens_its_page_logged_in_and_shows_a_request_that_works(
    program: Program, tmp_path: Path
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    browser.chmod(0o700)
    with_browser = replace(program, environment={"BROWSER": f"{browser} %s"})
    with with_browser.start("up", "--workers", "1", "--quiet", "--open") as up:
        lines = read_until(up, "Ctrl-C")
        try:
            [page] = [line.split()[1] for line in lines if line.startswith("Page ")]
            [curl] = [line.split(maxsplit=1)[1] for line in lines if line.startswith("API ")]
            asked = subprocess.run(["bash", "-c", curl], check=True, capture_output=True, text=True)
            assert json.loads(asked.stdout) == {"jobs": [], "next_cursor": None}
            opened = tmp_path / "opened"
            assert wait_for(lambda: opened.exists() and opened.read_text(), "a browser") == page
        finally:
            ended = ctrl_c(up)
    assert ended.code == 0
    address, _, token = page.partition("/#token=")
    assert curl.endswith(f"{address}/v1/jobs")
    secret = json.loads((program.home / "secrets.json").read_text())["jwt_secret"]
    claims = jwt.decode(token, secret, algorithms=["HS256"], audience="authenticated")
    assert (claims["sub"], claims["app_metadata"]) == ("local", {"role": "admin"})
    assert claims["exp"] - claims["iat"] == 30 * 24 * 3600


def test_a_stack_that_is_told_to_end_leaves_nothing(program: Program) -> None:
    with program.up("--workers", "1", "--quiet") as up:
        up.terminate()
        out, _ = up.communicate(timeout=60)
    assert up.returncode == 0
    assert out.splitlines()[-1] == "Stopped."
    assert program.left_behind() == []


def test_a_killed_command_leaves_nothing(program: Program) -> None:
    with program.up("--workers", "1", "--quiet") as up:
        up.kill()
        up.communicate(timeout=60)
    wait_until_gone(program)


def test_ctrl_c_during_a_run_ends_what_it_started_and_the_job_goes_on_in_the_next_stack(
    program: Program, tmp_path: Path
) -> None:
    pdf = minutes(tmp_path / "minutes.pdf", 6)
    process = program.start("run", pdf, "--chunk-pages", "1", "--workers", "1")
    read_until(process, "Processing chunk")
    ended = ctrl_c(process)
    assert ended.code == 130
    assert "The stack was stopped" in ended.err
    assert program.left_behind() == []
    command = ended.err.splitlines()[-1].split()
    with program.up("--workers", "1", "--quiet"):
        assert program(*command[1:]).code == 0


def test_a_second_ctrl_c_ends_everything_at_once(program: Program) -> None:
    with program.up("--workers", "1", "--quiet") as up:
        os.killpg(up.pid, signal.SIGINT)
        read_until(up, "Stopping the stack")
        os.killpg(up.pid, signal.SIGINT)
        up.communicate(timeout=60)
    assert up.returncode in {0, 130}
    wait_until_gone(program)
