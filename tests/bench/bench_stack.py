"""How long the local stack takes to start, what it holds, and how fast 17 chunks fan out.

`python -m tests.bench.bench_stack`
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.bench.memory import Peak, own_memory
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_mixed
from tests.pdfs.large import write_big_scan


def main() -> None:
    """Print a table: what, measured, target."""
    print(f"{'The local stack, 2 workers':<58} {'measured':>10} {'target':>9}")
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as folder:
        for what, value, target in figures(Path(folder)):
            verdict = ""
            if target is not None:
                verdict = f"<= {target:<5g} {'met' if value <= target else 'MISSED'}"
            print(f"{what:<58} {value:>10.3g} {verdict}", flush=True)


def figures(folder: Path) -> Iterator[tuple[str, float, float | None]]:
    """Yield what was measured, and the aim where there is one."""
    home = Home(folder / "home")
    options = StackOptions(workers=2)
    _say("starting a stack on an empty folder")
    begun = time.monotonic()
    with Stack(home, options=options):
        yield "first start, seconds until all parts are ready", time.monotonic() - begun, 5
    _say("starting it again on the same folder")
    begun = time.monotonic()
    with Stack(home, options=options) as stack:
        yield "second start, seconds", time.monotonic() - begun, 5
        parts = {name: _pss(pid) for name, pid in stack.processes.items()}
        for name, megabytes in parts.items():
            yield f"memory of {name}, MB PSS", megabytes, None
        yield "memory of all parts, MB PSS", sum(parts.values()), 500
        yield from _fan_out(stack, folder)
        yield from _big_scan(stack, folder)


def _fan_out(stack: Stack, folder: Path) -> Iterator[tuple[str, float, float | None]]:
    path = folder / "book.pdf"
    write_mixed(path, pages=425, scanned_every=1000)
    with QuireClient(stack) as quire, quire.document_ai(instant=True):
        quire.wait(quire.submit(path))  # libraries are loaded and connections open from here on
        _say("sending 425 pages whose OCR takes no time")
        job_id = quire.submit(path)
        quire.wait(job_id)
        [row] = quire.rows(
            "SELECT max(chunks.dispatched_at) - min(chunks.dispatched_at) AS spread,"
            "       max(chunks.finished_at) - min(chunks.dispatched_at) AS read,"
            "       jobs.finished_at - jobs.started_at AS whole"
            "  FROM chunks JOIN jobs ON jobs.id = job_id WHERE job_id = %s"
            " GROUP BY jobs.finished_at, jobs.started_at",
            job_id,
        )
    yield "17 chunks: first to last dispatch, seconds", row["spread"].total_seconds(), 1
    yield "17 chunks: first dispatch to last result, seconds", row["read"].total_seconds(), None
    yield "425 pages: split to merged, seconds", row["whole"].total_seconds(), None


def _big_scan(stack: Stack, folder: Path) -> Iterator[tuple[str, float, float | None]]:
    """What a 400 MB document costs the functions host, all of it: API, event, split, merge."""
    path = folder / "scan.pdf"
    write_big_scan(path, 1000)
    size = path.stat().st_size
    _say(f"uploading a scan of 1,000 pages, {size / 1e6:.0f} MB")
    with QuireClient(stack) as quire, quire.document_ai(instant=True):
        announced = quire.http.post(
            "/v1/documents", json={"filename": path.name, "size": size}
        ).json()
        host = psutil.Process(stack.processes["functions"])
        before = own_memory(host)
        with Peak(lambda: own_memory(host)) as peak:
            with path.open("rb") as content:
                httpx.put(announced["upload"]["url"], content=content, timeout=120)
            quire.wait(announced["job_id"])
        events = quire.rows(
            "SELECT kind, min(at) AS at FROM job_events WHERE job_id = %s GROUP BY kind",
            announced["job_id"],
        )
    at = {row["kind"]: row["at"] for row in events}
    yield "1,000-page scan: own memory of all functions, MB", peak.value / 1e6, 150
    yield "  of which before the upload, MB", before / 1e6, None
    yield "  download and open, seconds", (at["planned"] - at["splitting"]).total_seconds(), None
    first = (at["chunks_dispatched"] - at["planned"]).total_seconds()
    yield "  open to first chunk dispatched, seconds", first, None


def _pss(pid: int) -> float:
    """Return the memory of a process and all below it, shared pages counted by share, in MB."""
    process = psutil.Process(pid)
    tree = [process, *process.children(recursive=True)]
    return float(sum(each.memory_full_info().pss for each in tree)) / 1e6


def _say(what: str) -> None:
    print(f"  {what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
