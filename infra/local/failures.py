"""Why the local stack could not start or go on: one line that says what, why and what to do."""

from __future__ import annotations

import re

from common.errors import QuireError

_TELLING = re.compile(
    r"fatal|panic|error|exception|denied|cannot|could not|can't|unrecognized|no space left|"
    r"already in use|killed",
    re.IGNORECASE,
)


class StackFailed(QuireError):
    """The local stack, or one part of it, does not run."""

    default_code = "LOCAL_STACK_FAILED"


def telling_line(lines: list[str]) -> str:
    """Return the line that says most about why a process ended: its last complaint."""
    for line in reversed(lines):
        if _TELLING.search(line):
            return line.strip()
    return lines[-1].strip() if lines else ""


def explain(name: str, lines: list[str], ending: str) -> str:
    """Return one sentence about a process that ended too early, from its last log lines.

    `ending` says how it ended (`exit code 1`, `signal 9`).
    """
    line = telling_line(lines)
    text = "\n".join(lines).lower()
    if "no space left on device" in text:
        return f"{name} stopped: the disk is full ({line}). Free some space and start again."
    if "address already in use" in text:
        return (
            f"{name} stopped: another program has taken its port meanwhile ({line}). "
            "Start again: a free port will be chosen."
        )
    why = line or "it printed nothing"
    return f"{name} stopped ({ending}): {why}"
