"""Small real processes as services, for stacks that start in milliseconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from infra.local.layout import Layout
from infra.local.processes import Says, Service, python

#: Starts a child in a process group of its own that ignores the polite signals, as a worst case.
SERVER = """
import signal, subprocess, sys
stubborn = '''
import signal
for number in (1, 2, 3, 15):
    signal.signal(number, signal.SIG_IGN)
print("deaf", flush=True)
signal.pause()
'''
child = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE, process_group=0)
child.stdout.readline()
print("serving", child.pid, flush=True)
signal.pause()
"""


def service(name: str, program: str, *, stop_turn: int = 0, patience: float = 4) -> Service:
    """Return a service that runs a Python program and is ready when it prints `serving`."""
    return Service(
        name=name,
        command=python("-c", program),
        environment={"PYTHONUNBUFFERED": "1"},
        ready=Says("^serving"),
        folder=Path("/"),
        stop_turn=stop_turn,
        patience=patience,
    )


def fake_services(layout: Layout) -> Sequence[Service]:
    """Two services that each start a deaf child."""
    return [service("first", SERVER), service("second", SERVER, stop_turn=1)]


def family(pids: Sequence[int]) -> list[psutil.Process]:
    """Return these processes and all that they started."""
    return [
        member
        for pid in pids
        for member in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
    ]


def lives(process: psutil.Process) -> bool:
    """Whether it runs: a zombie, which only waits for its parent to look, does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Return once the condition holds; fail after so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)


def none_lives(processes: Sequence[psutil.Process]) -> Callable[[], bool]:
    """Return the condition that all of them have gone."""
    return lambda: not any(lives(process) for process in processes)
