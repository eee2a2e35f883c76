"""How long the local stack takes to start, what it holds, and how fast 17 chunks fan out.

`python -m tests.bench.bench_stack`
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.bench.memory import Peak, own_memory
from tests.e2e.quire_client import QuireClient, wait_for
from tests.e2e.services import as_caller
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
    """What a 400 MB document costs ingest, deployed by itself as on the platform."""
    path = folder / "scan.pdf"
    write_big_scan(path, 1000)
    with QuireClient(stack) as quire, quire.document_ai(instant=True), _ingest(stack) as ingest:
        _say(f"uploading a scan of 1,000 pages, {path.stat().st_size / 1e6:.0f} MB")
        # In a bucket of which the stack's own functions hear nothing.
        landed = _upload(stack, path)
        before = own_memory(ingest.process)
        with Peak(lambda: own_memory(ingest.process)) as peak:
            answer = httpx.post(
                ingest.address,
                headers=as_caller(stack, "ingest")
                | {
                    "ce-id": "1",
                    "ce-source": "//storage.googleapis.com/projects/_/buckets/quire-chunks",
                    "ce-specversion": "1.0",
                    "ce-type": "google.cloud.storage.object.v1.finalized",
                },
                json=landed,
                timeout=120,
            )
        answer.raise_for_status()
        events = quire.rows(
            "SELECT kind, min(at) AS at FROM job_events JOIN jobs ON jobs.id = job_id"
            " JOIN documents ON documents.id = document_id"
            " WHERE object = %s GROUP BY kind",
            landed["name"],
        )
    at = {row["kind"]: row["at"] for row in events}
    yield "1,000-page scan: ingest's own memory at rest, MB", before / 1e6, None
    yield "1,000-page scan: ingest's own memory at most, MB", peak.value / 1e6, 150
    yield "  download and open, seconds", (at["planned"] - at["splitting"]).total_seconds(), None
    first = (at["chunks_dispatched"] - at["planned"]).total_seconds()
    yield "  open to first chunk dispatched, seconds", first, None
    yield (
        "  open to last chunk dispatched, seconds",
        (at["split"] - at["planned"]).total_seconds(),
        None,
    )


def _upload(stack: Stack, path: Path) -> dict[str, str]:
    options = {"api_endpoint": stack.endpoints["gcs"]}
    client = Client(
        project="quire-local",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options=options,
    )
    with closing(client):
        blob = client.bucket("quire-chunks").blob("inbox/alice/scan.pdf")
        blob.upload_from_filename(str(path))
    return {"bucket": "quire-chunks", "name": blob.name, "generation": str(blob.generation)}


@dataclass(frozen=True)
class _Ingest:
    process: psutil.Process
    address: str


@contextmanager
def _ingest(stack: Stack) -> Iterator[_Ingest]:
    """Run the ingest function as the platform does: one target, one server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).with_name("functions-framework")
    source = Path(__file__).resolve().parents[2] / "functions" / "main.py"
    server = subprocess.Popen(
        [program, "--target=ingest", f"--source={source}", "--host=127.0.0.1", f"--port={port}"],
        env=stack.layout.full_environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}/"
        wait_for(lambda: _answers(address), "the ingest function")
        yield _Ingest(psutil.Process(server.pid), address)
    finally:
        server.terminate()
        server.wait(30)


def _answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code > 0
    except httpx.TransportError:
        return False


def _pss(pid: int) -> float:
    """Return the memory of a process and all below it, shared pages counted by share, in MB."""
    process = psutil.Process(pid)
    tree = [process, *process.children(recursive=True)]
    return float(sum(each.memory_full_info().pss for each in tree)) / 1e6


def _say(what: str) -> None:
    print(f"  {what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
