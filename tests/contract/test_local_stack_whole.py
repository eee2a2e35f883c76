"""The whole stack: every part answers, is found by doctor's probes, and comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from infra.local.home import ROOT, Home
from infra.local.probes import Probe, probe_all
from infra.local.stack import Stack, StackOptions, attach
from tests.contract.local_stack_fixtures import family, lives, none_lives, until

PARTS = {"api", "postgres", "redis", "gcs", "supabase", "tasks", "document_ai"} | {
    "vertex_ai",
    "worker",
}


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, told: list[str]) -> Iterator[Stack]:
    home = Home(tmp_path_factory.mktemp("whole-stack") / "home")
    with Stack(home, options=StackOptions(workers=2), on_event=told.append) as started:
        yield started


def probed(stack: Stack) -> dict[str, Probe]:
    return {probe.name: probe for probe in probe_all(stack.endpoints, stack.environment)}


def test_every_part_answers_its_probe(stack: Stack) -> None:
    probes = probed(stack)
    assert set(probes) == PARTS | {"languages"}
    assert [probe for probe in probes.values() if not probe.ok] == []
    assert "eng (en)" in probes["languages"].detail
    assert "quire-uploads" in probes["gcs"].detail
    assert "ocr-chunks" in probes["supabase"].detail


def test_another_process_can_attach(stack: Stack) -> None:
    running = attach(stack.home)
    assert running is not None
    assert running.pid == os.getpid()
    assert running.environment == stack.environment


def test_it_takes_less_than_500_mb(stack: Stack) -> None:
    everyone = [psutil.Process(), *family(list(stack.processes.values()))]
    pages = [process.memory_full_info() for process in everyone[1:]]
    assert sum(page.pss for page in pages) < 500_000_000


@pytest.mark.parametrize("name", ["functions", "worker", "emulators", "valkey", "postgres"])
def test_a_killed_part_comes_back_and_answers(stack: Stack, told: list[str], name: str) -> None:
    told.clear()
    killed = psutil.Process(stack.processes[name])
    killed.kill()
    until(lambda: f"{name} is back" in told, seconds=30)
    # A worker finds a broker that was away by trying again.
    until(lambda: all(probe.ok for probe in probed(stack).values()), seconds=30)
    assert not lives(killed)


def test_a_part_that_does_not_answer_is_told_with_what_to_do(stack: Stack) -> None:
    frozen = psutil.Process(stack.processes["emulators"])
    frozen.suspend()
    try:
        probes = probed(stack)
    finally:
        frozen.resume()
    silent = {name for name, probe in probes.items() if not probe.ok}
    assert silent == {"gcs", "supabase", "tasks", "document_ai", "vertex_ai"}
    assert all(probes[name].detail and probes[name].advice for name in silent)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_of_it_outlives_its_supervisor(tmp_path: Path, number: signal.Signals) -> None:
    words = ("-m", "tests.contract.local_stack_program", str(tmp_path / "home"), "whole")
    with subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True, process_group=0
    ) as supervisor:
        assert supervisor.stdout is not None
        processes = family([int(pid) for pid in supervisor.stdout.readline().split()])
        assert len(processes) > len(PARTS)
        supervisor.send_signal(number)
        until(none_lives(processes))
