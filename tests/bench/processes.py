"""What processes have cost: CPU seconds of whole trees, those that have ended included."""

from __future__ import annotations

from collections.abc import Mapping

import psutil


def cpu_seconds(pid: int) -> float:
    """Return what a process and all below it have used so far."""
    process = psutil.Process(pid)
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def cpu_of(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the same for several, by name."""
    return {name: cpu_seconds(pid) for name, pid in pids.items()}
