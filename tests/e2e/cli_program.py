"""The `quire` command as its own process, as a shell would start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from fpdf import FPDF

from tests.e2e.quire_client import wait_for

_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Program:
    """The command with its home, started in `folder`."""

    home: Path
    folder: Path
    #: What the shell has set, beside what the tests' own has.
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start the command in a process group of its own, as a shell does."""
        return subprocess.Popen(
            [sys.executable, "-m", "infra.cli", *map(str, arguments)],
            cwd=self.folder,
            env=self._shell(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _shell(self) -> dict[str, str]:
        """Return the environment, without what the one who tests has configured."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("QUIRE_")}
        return {
            **own,
            "QUIRE_HOME": str(self.home),
            "PYTHONPATH": _ROOT,
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            **self.environment,
        }

    def __call__(self, *arguments: str | Path, stdin: str = "") -> Ended:
        """Run the command to its end."""
        with self.start(*arguments) as process:
            out, err = process.communicate(stdin, timeout=_SECONDS)
        return Ended(process.returncode, out, err)

    @contextmanager
    def up(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Have `quire up` running while inside; its output is read up to the hint about Ctrl-C."""
        with self.start("up", *arguments) as process:
            try:
                assert process.stdout is not None
                for line in process.stdout:
                    if line.startswith("Ctrl-C"):
                        break
                yield process
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.communicate(timeout=_SECONDS)

    def left_behind(self) -> list[str]:
        """Return the commands of the living processes that have to do with this home.

        They are known by its path, and by its secrets in their environment.
        """
        marks = [str(self.home)]
        secrets = self.home / "secrets.json"
        if secrets.exists():
            marks += json.loads(secrets.read_text()).values()
        commands = (_command_with(marks, process) for process in psutil.process_iter())
        return [" ".join(command) for command in commands if command]


def _command_with(marks: list[str], process: psutil.Process) -> list[str]:
    try:
        command = process.cmdline()
        told = "\0".join([*command, *process.environ().values(), process.cwd()])
        living = process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return []  # It has ended meanwhile, or is another user's.
    found = living and process.pid != os.getpid() and any(mark in told for mark in marks)
    return command if found else []


_ROOT = str(Path(__file__).resolve().parents[2])


def ctrl_c(process: subprocess.Popen[str]) -> Ended:
    """Press Ctrl-C: the terminal signals the whole group. Returns how the command ends."""
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=_SECONDS)
    return Ended(process.returncode, out, err)


def read_until(process: subprocess.Popen[str], start: str) -> list[str]:
    """Return the lines up to the first one that begins so."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith(start):
            return lines
    raise AssertionError(f"no line begins with {start!r}: {lines}")


def minutes(path: Path, pages: int, *, password: str = "", attachment: bytes = b"") -> Path:
    """Write a born-digital PDF whose pages say their numbers."""
    pdf = FPDF()
    pdf.set_font("helvetica", size=14)
    for number in range(1, pages + 1):
        pdf.add_page()
        pdf.multi_cell(0, 8, f"Minutes, page {number}. The committee met at the town hall.")
    if attachment:
        pdf.embed_file(bytes=attachment, basename="noise.bin")
    if password:
        pdf.set_encryption(owner_password="owner", user_password=password)
    pdf.output(str(path))
    return path


def wait_until_gone(program: Program) -> None:
    """Return once no process has to do with the program's home."""
    wait_for(lambda: not program.left_behind() or None, "every process to end", patience=20)
