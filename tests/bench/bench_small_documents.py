"""What a small document costs: `python -m tests.bench.bench_small_documents`.

1,000 documents of one page, an OCR that answers at once, two worker processes. Quire's way and the
baselines' (tests/bench/plan_shape.py) by turns on the same stack, and Quire's own way for large
documents on another.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg

from common.errors import PermanentError, QuotaError
from common.models import JobId
from functions.bootstrap import Application
from infra.local.home import ROOT, Home
from infra.local.layout import Layout
from infra.local.processes import Service
from infra.local.services import local_services
from infra.local.stack import Stack, StackOptions
from infra.settings import Settings
from tests.bench.plan_batches import PlanBatches
from tests.bench.processes import cpu_of
from tests.bench.small_parts import MeasuredApplication
from tests.bench.stand_ins import FOLDER, REQUEST_MS
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_born_digital

_DOCUMENTS: Final = 1000
_WORKERS: Final = 2
_RUNS: Final = 3
#: By the way of large documents: as it takes long.
_LARGE: Final = 100
#: Documents in a message, as by default.
_MESSAGE: Final = 8
#: Milliseconds: a region's storages are hardly nearer.
_IN_USE: Final = "20"
#: What storages and OCR are, and how long a request of a storage takes where they are stand-ins.
_SERVICES: Final = {
    "emulated services": None,
    "no services at all": "0",
    "services 20 ms away": _IN_USE,
}
#: The plan's shape, and how many times its documents a second Quire's are to be.
_BASELINES: Final[dict[str, tuple[str, float | None]]] = {
    "drawn": ("the plan's shape, as drawn: a task a chunk", 2),
    "folded": ("the plan's shape, a task a document", None),
    "short": ("the plan's shape, with Quire's short way in it", None),
}
_WORKER_OF: Final = {"worker": "tests.bench.small_worker", "its worker": "tests.bench.plan_shape"}
_ENVIRONMENT: Final = {"DOCUMENT_AI__CALLS_PER_MINUTE": "100000"}


@dataclass(frozen=True)
class Job:
    """A document in the bucket with its job."""

    id: UUID
    document_id: UUID
    source: tuple[str, str, int]
    size: int


@dataclass(frozen=True)
class Run:
    """One batch, measured."""

    seconds: float
    #: CPU seconds by process.
    cpu: dict[str, float]


def main() -> None:
    """Print the figures."""
    print(f"{'1,000 documents of one page, 2 workers':<62} {'measured':>10} {'target':>9}")
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as folder:
        for what, value, target in figures(Path(folder)):
            verdict = ""
            if target is not None:
                verdict = f">= {target:<5g} {'met' if value >= target else 'MISSED'}"
            print(f"{what:<62} {value:>10.3g} {verdict}", flush=True)


def figures(
    folder: Path, *, documents: int = _DOCUMENTS, runs: int = _RUNS, large: int = _LARGE
) -> Iterator[tuple[str, float, float | None]]:
    """Yield what was measured, and the aim where there is one."""
    for name, request_ms in _SERVICES.items():
        runs_by_way = _compare(folder / name.split()[0], request_ms, documents, runs)
        rates = {
            way: documents / median(run.seconds for run in each)
            for way, each in runs_by_way.items()
        }
        rate = rates["ours"]
        yield f"{name}: documents a second", rate, None
        for way, (what, aim) in _BASELINES.items():
            yield f"  {what}", rates[way], None
            # The aim is for services as far as they are in use. On one machine's two cores are
            # the services as well, and what both sides do to a page is most of what is left.
            yield "  ratio", rate / rates[way], aim if request_ms == _IN_USE else None
        for way, each in runs_by_way.items():
            yield from _costs(f"{way}, CPU", each, documents)
    with _stack(folder / "large", BATCHES__SMALL_DOCUMENT_BYTES="0") as stack:
        _run_ours(stack, {}, _put(stack, 10))
        split = _run_ours(stack, {}, _put(stack, large))
    with _stack(folder / "parts", with_worker=False) as stack:
        parts = list(_parts(stack, documents))
    for part, milliseconds in parts:
        yield f"one worker, ms a document: {part}", milliseconds, None
    yield "split, chunk and merge each: documents a second", large / split.seconds, None
    yield from _costs("CPU", [split], large)


def _compare(
    folder: Path, request_ms: str | None, documents: int, runs: int
) -> dict[str, list[Run]]:
    """Run ours and the baselines by turns, each with two worker processes."""
    extra = {}
    if request_ms is not None:
        store = folder / "stand-ins"
        store.mkdir(parents=True)
        extra = {REQUEST_MS: request_ms, FOLDER: str(store)}
    found: dict[str, list[Run]] = {way: [] for way in ("ours", *_BASELINES)}
    with _stack(folder, with_worker=False) as stack, ExitStack() as workers:
        pids = {
            name: workers.enter_context(_worker(stack, module, extra)).pid
            for name, module in _WORKER_OF.items()
        }
        for _ in range(runs + 1):  # The first is for libraries and connections.
            for way in _BASELINES:
                found[way].append(_run_plan(stack, pids, _put(stack, documents), way=way))
            found["ours"].append(_run_ours(stack, pids, _put(stack, documents)))
    return {way: each[1:] for way, each in found.items()}


def _costs(
    what: str, runs: Sequence[Run], documents: int
) -> Iterator[tuple[str, float, float | None]]:
    names = runs[0].cpu
    parts = {name: median(run.cpu[name] for run in runs) / documents * 1000 for name in names}
    own = sum(value for name, value in parts.items() if name != "emulators")
    yield f"  {what}, all but emulated services, ms a document", own, None
    for name, value in parts.items():
        if value >= 0.2:
            yield f"    {name}", value, None


@contextmanager
def _stack(folder: Path, *, with_worker: bool = True, **environment: str) -> Iterator[Stack]:
    options = StackOptions(
        workers=_WORKERS,
        maintain_every=24 * 3600,
        extra_env={**_ENVIRONMENT, **environment},
    )

    def services(layout: Layout) -> list[Service]:
        return [each for each in local_services(layout) if with_worker or each.name != "worker"]

    with (
        Stack(Home(folder), options=options, services=services) as stack,
        QuireClient(stack) as quire,
        quire.document_ai(instant=True, quota_per_minute=None),
    ):
        yield stack


@contextmanager
def _worker(stack: Stack, module: str, extra: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    worker = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", module, "worker"),
            *(f"--concurrency={_WORKERS}", "--loglevel=WARNING"),
            *("--without-gossip", "--without-mingle"),
        ],
        env={**stack.layout.full_environment, "PYTHONPATH": str(ROOT), **extra},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield worker
    finally:
        worker.terminate()
        worker.wait(30)


def _application(stack: Stack) -> Any:
    os.environ.update(stack.environment)
    return Application(Settings())


def _put(stack: Stack, documents: int) -> list[Job]:
    """Lay so many documents into the bucket, each another, and make their rows and jobs."""
    app, folder = _application(stack), uuid4()
    jobs = []
    with tempfile.TemporaryDirectory() as scratch, closing(app.uploads):
        path = Path(scratch) / "page.pdf"
        for number in range(documents):
            write_born_digital(path, [f"Page of document {number} in {folder}."])
            content = path.read_bytes()
            name = f"batches/alice/{folder}/{number:05d}.pdf"
            ref = app.uploads.put_upload(name, BytesIO(content), len(content))
            jobs.append(Job(uuid4(), uuid4(), (ref.bucket, ref.name, ref.generation), len(content)))
    values = {
        "jobs": [job.id for job in jobs],
        "documents": [job.document_id for job in jobs],
        "buckets": [job.source[0] for job in jobs],
        "objects": [job.source[1] for job in jobs],
        "generations": [job.source[2] for job in jobs],
        "sizes": [job.size for job in jobs],
    }
    with psycopg.connect(stack.endpoints["postgres"], autocommit=True) as connection:
        connection.execute(_ROWS, values)
    return jobs


_GIVEN: Final = """
    FROM unnest(%(jobs)s::uuid[], %(documents)s::uuid[], %(buckets)s::text[], %(objects)s::text[],
                %(generations)s::bigint[], %(sizes)s::bigint[])
         WITH ORDINALITY AS given (job_id, document_id, bucket, object, generation, size, position)
"""
_ROWS: Final = f"""
    WITH document AS (
        INSERT INTO documents (id, owner, filename, bucket, object, generation, size)
        SELECT document_id, 'alice', 'page.pdf', bucket, object, generation, size {_GIVEN}
    ), job AS (
        INSERT INTO jobs (id, document_id, owner, last_event)
        SELECT job_id, document_id, 'alice', 1 {_GIVEN}
    )
    INSERT INTO job_events (job_id, id, kind) SELECT job_id, 1, 'job_created' {_GIVEN}
"""
_BATCH: Final = """
    WITH batch AS (
        INSERT INTO batches (id, owner, total, unfinished)
        VALUES (%(batch)s, 'alice', %(total)s, %(total)s)
    ), given AS (
        SELECT * FROM unnest(%(jobs)s::uuid[]) WITH ORDINALITY AS given (id, position)
    ), job AS (
        UPDATE jobs SET batch_id = %(batch)s, batch_position = position
          FROM given WHERE jobs.id = given.id
    )
    INSERT INTO batch_jobs (batch_id, position, job_id) SELECT %(batch)s, position, id FROM given
"""


def _parts(stack: Stack, documents: int) -> Iterator[tuple[str, float]]:
    """Read a batch in this process; its queue stays full, as nobody else takes from it."""
    jobs = _put(stack, documents + _MESSAGE)
    values = {"batch": uuid4(), "total": len(jobs), "jobs": [job.id for job in jobs]}
    with psycopg.connect(stack.endpoints["postgres"], autocommit=True) as connection:
        connection.execute(_BATCH, values)
    app = MeasuredApplication(Settings())
    # The quota's bucket fills from nothing.
    wait_for(lambda: _reads(app), "the first token")
    try:
        yield from app.read([JobId(job.id) for job in jobs], _MESSAGE)
    finally:
        app.whole_pdfs.close()


def _reads(app: MeasuredApplication) -> bool:
    try:
        app.engine.read(b"%PDF-", languages=())
    except QuotaError:
        return False
    except PermanentError:
        return True
    return True


def _run_ours(stack: Stack, workers: Mapping[str, int], jobs: Sequence[Job]) -> Run:
    app, batch = _application(stack), uuid4()
    values = {"batch": batch, "total": len(jobs), "jobs": [job.id for job in jobs]}
    with psycopg.connect(stack.endpoints["postgres"], autocommit=True) as connection:
        connection.execute(_BATCH, values)

        def ended() -> bool:
            row = connection.execute(
                "SELECT finished_at IS NOT NULL, status FROM batches WHERE id = %s", (batch,)
            ).fetchone()
            assert row is not None
            return bool(row[0])

        pids = {**stack.processes, **workers}
        before, begun = cpu_of(pids), time.monotonic()
        app.give_turns(something_new=True)
        wait_for(ended, "the batch to end")
        seconds = time.monotonic() - begun
        cpu = _less(cpu_of(pids), before)
        [(status,)] = connection.execute(
            "SELECT status FROM batches WHERE id = %s", (batch,)
        ).fetchall()
    assert status == "completed", status
    return Run(seconds, cpu)


def _run_plan(stack: Stack, workers: Mapping[str, int], jobs: Sequence[Job], *, way: str) -> Run:
    batch = str(uuid4())
    sent = [(str(job.id), str(job.document_id), list(job.source)) for job in jobs]
    pids = {**stack.processes, **workers}
    with closing(PlanBatches(stack.endpoints["redis"])) as plan:
        before, begun = cpu_of(pids), time.monotonic()
        plan.submit(batch, sent, way=way)
        wait_for(lambda: plan.has_ended(batch), "the chord to end")
        seconds = time.monotonic() - begun
    return Run(seconds, _less(cpu_of(pids), before))


def _less(after: dict[str, float], before: dict[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}


if __name__ == "__main__":
    main()
