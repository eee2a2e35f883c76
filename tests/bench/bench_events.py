"""How long an event takes to each of 200 readers of one job on one process.

`python -m tests.bench.bench_events`

A real job on a whole local stack: its workers, Postgres, the server and all readers share this
machine. Timed from the event's own `at`, which the database writes within the transaction. As the
ideal the same bytes are written at the same moments by a server that does nothing else.
"""

from __future__ import annotations

import json
import math
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import psutil

from infra.local.home import ROOT, Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_mixed

READERS: Final = 200
CHUNKS: Final = 100


def main() -> None:
    """Print a table: what, measured, target."""
    print(
        f"{f'Events of one job, {READERS} readers, one process':<58} {'measured':>10} {'target':>9}"
    )
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as folder:
        for what, value, target in figures(Path(folder)):
            verdict = ""
            if target is not None:
                verdict = f"<= {target:<5g} {'met' if value <= target else 'MISSED'}"
            print(f"{what:<58} {value:>10.3g} {verdict}", flush=True)


def figures(folder: Path) -> Iterator[tuple[str, float, float | None]]:
    """Yield what was measured, and the aim where there is one."""
    with (
        Stack(Home(folder / "home"), options=StackOptions(workers=2)) as stack,
        QuireClient(stack) as quire,
    ):
        quire.http.timeout = httpx.Timeout(60)
        cpu, outcome, schedule = _measure(stack, quire, folder)
        yield "events", outcome["events"], None
        yield "events in a second", (outcome["events"] - 1) / schedule[-1][0], None
        yield "readers that missed, doubled or reordered one", outcome["astray"], 0
        for share, target in ((0.5, None), (0.95, 250), (0.99, None)):
            yield f"  p{share * 100:.0f}, ms", _share(outcome["seconds"], share) * 1e3, target
        yield "the server's CPU, microseconds for one event to one reader", cpu, None
    ideal = _ideal(schedule)["seconds"]
    for share in (0.5, 0.95, 0.99):
        yield f"  p{share * 100:.0f} of the ideal, ms", _share(ideal, share) * 1e3, None
    yield "p95 / the ideal's", _share(outcome["seconds"], 0.95) / _share(ideal, 0.95), None


def _measure(
    stack: Stack, quire: QuireClient, folder: Path
) -> tuple[float, dict[str, Any], list[tuple[float, int]]]:
    """Return the server's CPU time, what the readers say, and when which sizes were sent."""
    path = folder / "leaflet.pdf"
    write_mixed(path, pages=CHUNKS, scanned_every=1000)
    # Libraries are loaded and connections open from here on.
    quire.wait(quire.submit(path, chunk_pages=25))
    announced = quire.http.post(
        "/v1/documents",
        json={
            "filename": path.name,
            "size": path.stat().st_size,
            "options": {"chunk_pages": 1},
        },
    ).json()
    job_id = announced["job_id"]
    at = urlsplit(stack.endpoints["api"])
    token = str(quire.http.headers["Authorization"]).removeprefix("Bearer ")
    server = psutil.Process(stack.processes["functions"])
    with (
        quire.document_ai(latency_per_call_seconds=0.15),
        _program(
            *("read", str(at.hostname), str(at.port)),
            *(f"/v1/jobs/{job_id}/events", token, str(READERS)),
        ) as readers,
    ):
        before = server.cpu_times()
        httpx.put(announced["upload"]["url"], content=path.read_bytes()).raise_for_status()
        outcome = _outcome(readers)
        after = server.cpu_times()
    spent = after.user + after.system - before.user - before.system
    rows = quire.rows(
        "SELECT extract(epoch FROM at - min(at) OVER ())::float8 AS due FROM job_events"
        " WHERE job_id = %s AND id > 1 ORDER BY id",
        job_id,
    )
    sizes = [len(content) for content in _messages(quire, job_id)][1:]
    schedule = [(row["due"], size) for row, size in zip(rows, sizes, strict=True)]
    return spent / len(outcome["seconds"]) * 1e6, outcome, schedule


def _messages(quire: QuireClient, job_id: str) -> list[str]:
    stream = quire.http.get(f"/v1/jobs/{job_id}/events").text
    return [f"{message}\n\n" for message in stream.split("\n\n") if message.startswith("id: ")]


def _ideal(schedule: list[tuple[float, int]]) -> dict[str, Any]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    with (
        # The readers take the first for what was there before them.
        _program("serve", port, str(READERS), told=json.dumps([(0, 100), *schedule])),
        _program("read", "127.0.0.1", port, "/", "-", str(READERS)) as readers,
    ):
        return _outcome(readers)


@contextmanager
def _program(*arguments: str, told: str = "") -> Iterator[subprocess.Popen[str]]:
    """Run the readers, or the ideal server, until it says that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.event_readers", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(told)
        process.stdin.close()
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _outcome(readers: subprocess.Popen[str]) -> dict[str, Any]:
    assert readers.stdout is not None
    outcome: dict[str, Any] = json.loads(readers.stdout.readline())
    return outcome


def _share(seconds: Sequence[float], share: float) -> float:
    """Return what this share of all took at most."""
    return sorted(seconds)[math.ceil(share * len(seconds)) - 1]


if __name__ == "__main__":
    main()
