"""`quire flower`: Celery's monitor on the stack that runs, for as long as it is wanted."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.e2e.cli_program import Program, ctrl_c, minutes, read_until, wait_until_gone
from tests.e2e.quire_client import wait_for


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    folder = tmp_path_factory.mktemp("flower")
    return Program(folder / "home", folder)


@pytest.fixture(scope="module")
def stack(program: Program) -> Iterator[subprocess.Popen[str]]:
    with program.up("--workers", "1") as process:
        yield process


def address_of(process: subprocess.Popen[str]) -> str:
    line = read_until(process, "Flower is at")[-1]
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found is not None, line
    return found[0]


def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path) -> None:
    ended = Program(tmp_path / "home", tmp_path)("flower")
    assert ended.code == 4
    assert "quire up" in ended.err


def test_it_shows_the_workers_and_what_they_have_read_and_ends_with_ctrl_c(
    program: Program, stack: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert stack.poll() is None
    with program.start("flower") as process:
        address = address_of(process)
        assert "Flower" in httpx.get(address).text

        def workers() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = httpx.get(f"{address}/workers?json=1").json()["data"]
            return found

        [worker] = wait_for(workers, "the worker to be seen", patience=60)
        assert worker["status"]
        # It turns the workers' events on; from then on it knows every task.
        name = worker["hostname"]
        wait_for(
            lambda: "quire.process_chunk" in httpx.get(f"{address}/worker/{name}").text,
            "the worker to be known",
            patience=60,
        )
        assert program("submit", minutes(tmp_path / "a.pdf", 2), "--watch").code == 0
        wait_for(lambda: workers()[0]["processed"] >= 1, "the task to be counted", patience=60)
        # Nobody who has no login can do anything.
        shutdown = httpx.post(f"{address}/api/worker/shutdown/{name}")
        assert shutdown.status_code in {401, 403}
        [server] = psutil.Process(process.pid).children()
        assert "redis://" not in " ".join(server.cmdline())
        taken = program("flower", "--port", address.rsplit(":", 1)[1])
        assert (taken.code, "PORT_TAKEN" in taken.err) == (4, True)
        ended = ctrl_c(process)
    assert (ended.code, ended.out) == (0, "Stopped.\n")
    wait_for(lambda: not server.is_running() or None, "Flower to end", patience=20)


def test_it_ends_with_the_stack(tmp_path: Path) -> None:
    program = Program(tmp_path / "home", tmp_path)
    with program.up("--workers", "1") as stack:
        process = program.start("flower")
        address_of(process)
        stack.terminate()
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "The stack has ended.\n")
    wait_until_gone(program)
