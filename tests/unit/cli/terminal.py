"""A terminal of 80 columns, for what a command does only there."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.local.home import ROOT

_SECONDS = 60
#: Makes the terminal that it is started on its own, as a login does, and becomes the command.
_LOGIN = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, [sys.executable, '-m', 'infra.cli', *sys.argv[1:]])"
)


def on_terminal(
    *arguments: str | Path,
    answers: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, list[str]]:
    """Run `quire` on a terminal, and type the answer to each question once it stands there.

    Returns its exit code and the lines that are shown.
    """
    open_questions = dict(answers or {})
    ours, theirs = pty.openpty()
    shell = {**os.environ, **(environment or {}), "COLUMNS": "80", "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", _LOGIN, *map(str, arguments)],
        cwd=ROOT,
        env=shell,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = ""
        try:
            while piece := _read(ours):
                shown += piece
                for question in [question for question in open_questions if question in shown]:
                    os.write(ours, open_questions.pop(question).encode())
        except OSError:
            pass  # The terminal is gone with the last process that had it.
        finally:
            os.close(ours)
            if process.poll() is None and open_questions:
                process.kill()
        code = process.wait(_SECONDS)
    assert not open_questions, f"never asked: {open_questions}; shown: {shown}"
    return code, shown.splitlines()


def _read(terminal: int) -> str:
    """Return what is shown next; nothing after a long silence."""
    if not select.select([terminal], [], [], _SECONDS)[0]:
        return ""
    return os.read(terminal, 4096).decode("utf-8", "replace")
