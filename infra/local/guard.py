"""Ends every process of a stack whose supervisor is gone, whatever ended it.

The supervisor starts this file by itself (`python -I -S guard.py`) in a session of its own, so
that neither Ctrl-C in the terminal nor the supervisor's death reaches it. It reads lines:
`+PID SIGNAL` from each service before it becomes what it is, `-PID` from the supervisor once
the service and all it started have gone. The end of its input is the end of the stack: whoever
is still there gets its signal, and SIGKILL when it does not follow.

Only the standard library, and little of it: it must be small, and start at once.
"""

from __future__ import annotations

import os
import signal
import sys
import time

#: Seconds that the services get to end by themselves when their supervisor is gone.
PATIENCE = 3.0
_STEP = 0.02


def members(session: int) -> list[int]:
    """Return the living processes of a session (not those that only wait to be reaped).

    Where there is no /proc (macOS) the answer is the leader of a group that still has members.
    """
    try:
        names = os.listdir("/proc")  # noqa: PTH208 - pathlib is slow to import
    except FileNotFoundError:
        return [session] if _group_lives(session) else []
    return [pid for name in names if name.isdigit() and _is_in(pid := int(name), session)]


def _is_in(pid: int, session: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - pathlib is slow to import
            fields = file.read()
    except OSError:
        return False
    # After the command's name in brackets: state, parent, process group, session.
    state, _, _, its_session = fields[fields.rindex(b")") + 2 :].split(None, 4)[:4]
    return int(its_session) == session and state not in {b"Z", b"X"}


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def kill_session(session: int) -> None:
    """Send SIGKILL to everything in a session, also to groups that were formed within it."""
    for send, target in [(os.killpg, session), *((os.kill, pid) for pid in members(session))]:
        try:
            send(target, signal.SIGKILL)
        except OSError:
            continue  # It has gone by itself.


def finish(sessions: dict[int, int], patience: float = PATIENCE) -> None:
    """End sessions, given with the signal that asks their leader to stop."""
    for leader, asking in sessions.items():
        try:
            os.kill(leader, asking)
        except OSError:
            continue  # It has gone by itself.
    until = time.monotonic() + patience
    while time.monotonic() < until and any(members(session) for session in sessions):
        time.sleep(_STEP)
    for session in sessions:
        kill_session(session)


def main() -> None:
    """Note who lives until the input ends; then end them."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    living: dict[int, int] = {}
    for line in sys.stdin:
        pid, _, asking = line[1:].strip().partition(" ")
        if line.startswith("+"):
            living[int(pid)] = int(asking)
        else:
            living.pop(int(pid), None)
    finish(living)


if __name__ == "__main__":
    main()
