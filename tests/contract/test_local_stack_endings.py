"""However a stack's supervisor ends, no process of the stack outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from infra.local.failures import StackFailed
from infra.local.home import ROOT, Home
from infra.local.stack import Stack
from tests.contract.local_stack_fixtures import fake_services, family, lives, none_lives, until


class Supervisor:
    """A stack that another process runs, with all the processes it started."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.contract.local_stack_program", str(folder), *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def family(self) -> list[psutil.Process]:
        """Wait until the stack is ready and return its processes, without the supervisor."""
        assert self.process.stdout is not None
        return family([int(pid) for pid in self.process.stdout.readline().split()])


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(tmp_path / "home") as started:
        yield started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_supervisor_ends_everything_in_order(
    supervisor: Supervisor, number: signal.Signals
) -> None:
    processes = supervisor.family()
    # To the whole group, as a terminal does it.
    os.killpg(supervisor.process.pid, number)
    stdout, stderr = supervisor.process.communicate(timeout=60)
    assert stdout == "ending\n"
    assert stderr == ""
    assert supervisor.process.returncode == 0
    assert len(processes) == 5
    assert not any(map(lives, processes))


def test_a_killed_supervisor_takes_everything_with_it(supervisor: Supervisor) -> None:
    processes = supervisor.family()
    supervisor.process.kill()
    until(none_lives(processes))


def test_a_killed_supervisor_takes_the_real_servers_with_it(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "home", "servers") as supervisor:
        processes = supervisor.family()
        names = {process.name() for process in processes}
        assert {"postgres", "valkey-server"} <= names
        supervisor.process.kill()
        until(none_lives(processes))


def test_a_supervisor_killed_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "home", "servers") as supervisor:
        parent = psutil.Process(supervisor.process.pid)
        until(lambda: len(parent.children()) >= 3)
        processes = family([child.pid for child in parent.children()])
        supervisor.process.kill()
        until(none_lives(processes))


def test_ctrl_c_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "home", "servers") as supervisor:
        parent = psutil.Process(supervisor.process.pid)
        until(lambda: len(parent.children()) >= 3)
        processes = family([child.pid for child in parent.children()])
        os.killpg(supervisor.process.pid, signal.SIGINT)
        _, stderr = supervisor.process.communicate(timeout=60)
        assert stderr.endswith("KeyboardInterrupt\n")
        assert stderr.count("Traceback") == 1
        assert not any(map(lives, processes))


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, -signal.SIGINT)],
)
def test_a_signal_to_a_command_that_works_on_a_stack_ends_everything_in_order(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with Supervisor(tmp_path / "home", "work") as supervisor:
        processes = supervisor.family()
        supervisor.process.send_signal(number)
        supervisor.process.communicate(timeout=60)
        assert supervisor.process.returncode == code
        assert not any(map(lives, processes))
        assert Home(tmp_path / "home").record() is None


def test_an_exception_in_the_command_ends_everything(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "home", "raise") as supervisor:
        assert supervisor.process.stdout is not None
        pids = [int(pid) for pid in supervisor.process.stdout.readline().split()]
        _, stderr = supervisor.process.communicate(timeout=60)
        assert "has a bug" in stderr
        assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_killed_guard_is_replaced_and_its_follower_knows_everyone(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    processes = supervisor.family()
    home = Home(tmp_path / "home")
    record = home.record()
    assert record is not None
    first = record.processes["guard"].pid
    psutil.Process(first).kill()

    def replaced() -> bool:
        now = home.record()
        return now is not None and now.processes["guard"].pid != first

    until(replaced)
    supervisor.process.kill()
    until(none_lives(processes))


def test_what_a_supervisor_killed_with_its_guard_left_is_ended_by_the_next_start(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    processes = supervisor.family()
    home = Home(tmp_path / "home")
    record = home.record()
    assert record is not None
    supervisor.process.send_signal(signal.SIGSTOP)
    psutil.Process(record.processes["guard"].pid).kill()
    supervisor.process.kill()
    supervisor.process.wait()
    assert any(map(lives, processes))
    with Stack(home, services=fake_services):
        assert not any(map(lives, processes))


def test_a_home_can_be_used_again_at_once_after_its_supervisor_was_killed(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    processes = supervisor.family()
    supervisor.process.kill()
    supervisor.process.wait()
    with Stack(Home(tmp_path / "home"), services=fake_services):
        assert not any(map(lives, processes))


def test_a_second_stack_on_a_home_is_refused_and_told_who_has_it(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.family()
    second = Stack(Home(tmp_path / "home"), services=fake_services)
    with pytest.raises(StackFailed, match=f"process {supervisor.process.pid}"):
        second.start()
    assert supervisor.process.poll() is None
