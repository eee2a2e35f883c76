"""What is deployed, laid out as the platform's build does it: the zip unpacked, its requirements
installed into an environment of their own.

The environments are kept in build/environments by their lock files' hash.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from infra.packaging.archive import write_archive
from infra.packaging.content import functions_content

ROOT: Final = Path(__file__).resolve().parents[1]
REQUIREMENTS: Final = ROOT / "infra" / "requirements"

_KEPT: Final = ROOT / "build" / "environments"

#: Hash-based, as the platform's build compiles libraries: the image's time stamps are all one.
UNCHECKED: Final = ("--invalidation-mode", "unchecked-hash")


@dataclass(frozen=True)
class Environment:
    """A virtual environment that holds what lock files name, and pip."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def variables(self) -> dict[str, str]:
        """What a process in it is given besides its settings: nothing of the user's shell."""
        return {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.defpath}",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
        }

    @property
    def megabytes(self) -> float:
        """What was installed: neither pip, which only the build needs, nor bytecode."""
        [libraries] = self.folder.glob("lib/python3*/site-packages")
        files = (path for path in libraries.rglob("*") if path.is_file())
        return (
            sum(
                path.stat().st_size
                for path in files
                if path.suffix != ".pyc"
                and path.relative_to(libraries).parts[0].split("-")[0]
                not in ("pip", "setuptools", "pkg_resources", "_distutils_hack")
            )
            / 1e6
        )


def environment(*lock_files: Path) -> Environment:
    """Return an environment with what the lock files name; made if it has not been yet."""
    contents = [lock_file.read_bytes() for lock_file in lock_files]
    version = subprocess.run([_interpreter(), "-VV"], capture_output=True, check=True).stdout
    name = hashlib.sha256(b"\0".join([version, *contents])).hexdigest()[:20]
    made = Environment(_KEPT / name)
    with _locked(_KEPT / f"{name}.lock"):
        finished = made.folder / "finished"
        if not finished.exists():
            shutil.rmtree(made.folder, ignore_errors=True)
            _install(made, lock_files)
            finished.touch()
    return made


def _install(made: Environment, lock_files: Sequence[Path]) -> None:
    _run(_interpreter(), "-m", "venv", made.folder)
    wanted = [part for lock_file in lock_files for part in ("--requirement", lock_file)]
    pip = (made.python, "-m", "pip")
    _run(*pip, "install", "--quiet", "--no-compile", "--require-hashes", *wanted)
    _run(*pip, "check")
    _run(made.python, "-m", "compileall", "-qq", *UNCHECKED, made.folder / "lib")


def _run(*command: str | Path, **variables: str) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **variables}
    )
    if done.returncode:
        shown = " ".join(map(str, command))
        raise RuntimeError(f"{shown} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


@cache
def _interpreter() -> Path:
    """Return the platform's Python where this machine has it, else the one that runs this."""
    found = shutil.which("python3.12")
    if found is not None:
        asked = subprocess.run(
            [found, "-c", "import ensurepip, sys; print(sys.executable)"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode == 0:
            return Path(asked.stdout.strip())
    return Path(sys.executable)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class Functions:
    """The functions as the platform's build leaves them."""

    workspace: Path
    environment: Environment

    def process(
        self, name: str, port: int, settings: Mapping[str, str]
    ) -> tuple[tuple[str, ...], dict[str, str]]:
        """Return the command that runs one function on the platform, and its environment."""
        return (str(self.environment.folder / "bin" / "functions-framework"),), {
            **self.environment.variables,
            **settings,
            "FUNCTION_TARGET": name,
            # What a function with an event trigger is given, whatever its signature.
            "FUNCTION_SIGNATURE_TYPE": "cloudevent" if name == "ingest" else "http",
            "K_SERVICE": f"quire-{name}",
            "PORT": str(port),
            "HOST": "127.0.0.1",  # The platform's own is 0.0.0.0, in a sandbox
        }


def deployed_functions(folder: Path) -> Functions:
    """Pack the functions, and unpack and install them in an empty folder."""
    packed, workspace = folder / "functions.zip", folder / "workspace"
    write_archive(functions_content(ROOT), packed)
    with ZipFile(packed) as archive:
        archive.extractall(workspace)
    made = environment(workspace / "requirements.txt")
    compiled(workspace, made)
    return Functions(workspace, made)


def compiled(workspace: Path, made: Environment) -> None:
    """Compile the unpacked modules as the platform's build does."""
    _run(made.python, "-m", "compileall", "-f", "-q", workspace, SOURCE_DATE_EPOCH="0")
