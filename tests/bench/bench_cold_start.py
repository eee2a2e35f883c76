"""How long a function's cold start takes, from the very zip and libraries that are deployed.

`python -m tests.bench.bench_cold_start`

Import is all that functions-framework does before it listens, its own import included, in a
fresh interpreter whose files are in the machine's cache; the best of five. The first answer is
counted from the start of the process: 200 to /healthz from the API, 401 from the others, which
have then read their settings and imported what checks their callers.
"""

from __future__ import annotations

import http.client
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from infra.local.home import Home
from infra.local.ports import HOST, choose_ports
from infra.local.stack import Stack
from tests.deployed import REQUIREMENTS, Functions, deployed_functions, environment

#: Seconds, by the issue's aims; no other function may take longer than the internal ones.
AIMS: Final = {"api": 1.0, "ingest": 0.7, "merge": 0.7, "maintain": 0.7, "webhook": 0.7}

_TIMES: Final = 5

_IMPORT: Final = """
import sys, time
begun = time.perf_counter()
import functions_framework
functions_framework.create_app(sys.argv[1], "main.py")
print(time.perf_counter() - begun, time.process_time())
"""


def main() -> None:
    """Print a table: what, measured, target."""
    print(f"{'Cold start of the deployed functions, best of 5':<58} {'measured':>10} {'target':>9}")
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as folder:
        for what, value, target in figures(Path(folder)):
            verdict = ""
            if target is not None:
                verdict = f"<= {target:<5g} {'met' if value <= target else 'MISSED'}"
            print(f"{what:<58} {value:>10.3g} {verdict}", flush=True)


def figures(folder: Path) -> Iterator[tuple[str, float, float | None]]:
    """Yield what was measured, and the aim where there is one."""
    _say("installing the functions' requirements, the first time for a minute")
    functions = deployed_functions(folder)
    yield "functions.zip, MB", (folder / "functions.zip").stat().st_size / 1e6, None
    yield "the functions' libraries, MB", functions.environment.megabytes, None
    image = environment(REQUIREMENTS / "functions.txt", REQUIREMENTS / "worker.txt")
    yield "the image's libraries, MB", image.megabytes, None
    _say("importing each entry point")
    # Without SOURCE_DATE_EPOCH in the build our bytecode goes by time stamps, and the image
    # then gives all files another one, so that every start compiles anew.
    bare = replace(functions, workspace=folder / "bare")
    shutil.copytree(
        functions.workspace, bare.workspace, ignore=shutil.ignore_patterns("__pycache__")
    )
    for name, aim in AIMS.items():
        # By turns: what else the machine does meanwhile slows both.
        runs = [(_import(functions, name), _import(bare, name)) for _ in range(_TIMES)]
        yield f"{name}: import, seconds", min(wall for (wall, _), _ in runs), aim
        yield "  CPU, with the interpreter's own start", min(cpu for (_, cpu), _ in runs), None
        compiling = min(cpu for _, (_, cpu) in runs)
        yield "  CPU, were our own code compiled at every start", compiling, None
    _say("starting each function until it answers")
    with Stack(Home(folder / "home"), services=lambda _: []) as stack:
        for name in AIMS:
            seconds = min(_first_answer(functions, name, stack) for _ in range(_TIMES))
            yield f"{name}: start to first answer, seconds", seconds, None


def _import(functions: Functions, name: str) -> tuple[float, float]:
    """Return the seconds and CPU seconds of one import."""
    done = subprocess.run(
        [functions.environment.python, "-c", _IMPORT, name],
        cwd=functions.workspace,
        env={**functions.environment.variables, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    wall, cpu = map(float, done.stdout.split())
    return wall, cpu


def _first_answer(functions: Functions, name: str, stack: Stack) -> float:
    """Return the seconds from the start of a process to its first answer."""
    port = choose_ports([name], {})[name]
    command, variables = functions.process(name, port, stack.environment)
    begun = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=functions.workspace,
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        expected = 200 if name == "api" else 401
        while (status := _status(port)) is None:
            if process.poll() is not None or time.monotonic() > begun + 60:
                raise RuntimeError(f"{name} does not start.")
            time.sleep(0.005)
        answered = time.monotonic() - begun
        if status != expected:
            raise RuntimeError(f"{name} answered {status}.")
        return answered
    finally:
        process.terminate()
        process.wait(30)


def _status(port: int) -> int | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def _say(what: str) -> None:
    print(f"  {what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
