"""Other people's programs, found on PATH and run as processes: gcloud, terraform, docker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.cli.printable import printable

#: Seconds that a question may take; gcloud by itself takes one or two.
PATIENCE: Final = 60
#: gcloud asks nothing back, and offers no update.
_QUIET: Final = {
    "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
    "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
}

#: What gcloud says, and what it means. The first that fits counts.
_MEANINGS: Final = (
    ("NO_LOGIN", ("active account", "credentials were not found", "reauthentication", "login")),
    ("API_OFF", ("has not been used in project", "it is disabled", "service_disabled")),
    ("NOT_FOUND", ("not_found", "not found", "notfound", "404")),
    ("REFUSED", ("permission", "forbidden", "403", "does not have", "denied")),
    ("AWAY", ("unable to find the server", "could not reach", "connection", "name resolution",
              "network", "timed out")),
)  # fmt: skip


class ProgramFailed(Exception):
    """A program could not do what it was asked; `kind` is one of _MEANINGS, ABSENT or OTHER."""

    def __init__(self, kind: str, said: str) -> None:
        super().__init__(said)
        self.kind = kind
        self.said = said


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended."""

    code: int
    out: str
    err: str


def ask(
    *command: str | Path, folder: Path | None = None, variables: Mapping[str, str] | None = None
) -> Ended:
    """Run a program to its end and return what it wrote. Raises ProgramFailed if it isn't there."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            [_found(str(command[0])), *command[1:]],
            cwd=folder,
            env={**os.environ, **_QUIET, **(variables or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        name = Path(command[0]).name
        raise ProgramFailed("AWAY", f"{name} did not answer in {PATIENCE} s.") from None
    return Ended(done.returncode, done.stdout, done.stderr)


def gcloud(*arguments: str) -> Any:
    """Ask gcloud, and return its answer's JSON. Raises ProgramFailed, by what it said."""
    ended = ask("gcloud", *arguments, "--format=json")
    if ended.code:
        raise failure(ended)
    try:
        return json.loads(ended.out or "null")
    except ValueError:
        raise ProgramFailed("OTHER", "gcloud answered something that is not JSON.") from None


def failure(ended: Ended) -> ProgramFailed:
    """Return what a program's end means."""
    text = ended.err.lower()
    kind = next((kind for kind, marks in _MEANINGS if any(mark in text for mark in marks)), "OTHER")
    lines = [line.strip() for line in ended.err.splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith("ERROR:")), lines[0] if lines else "")
    return ProgramFailed(kind, printable(told.removeprefix("ERROR:").strip())[:300])


def is_there(name: str) -> bool:
    """Whether a program is on PATH."""
    return shutil.which(name) is not None


def show(
    command: Sequence[str | Path],
    *,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> int:
    """Run a program whose output and questions go to the user; return its exit code.

    Raises ProgramFailed if it isn't there.
    """
    done = subprocess.run(  # noqa: S603 - no shell
        [_found(str(command[0])), *command[1:]],
        cwd=folder,
        env={**os.environ, **(variables or {})},
        check=False,
    )
    return done.returncode


def _found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise ProgramFailed("ABSENT", f"{name} is not installed.")
    return path
