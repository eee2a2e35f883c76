"""What the stages after OCR cost beside the reading.

`python -m tests.bench.bench_stages [300 3000]`. Born-digital books of two languages go through a
local stack with two worker processes, twice: their pages recognized by Tesseract
(`DOCUMENT_AI__NATIVE_PDF_PARSING=false`, as Document AI does unless it is asked not to), which is
local OCR; and their own text taken, which is no OCR at all. Of books with more than 300 pages not
all is recognized: the time is reckoned from those that are.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil
import psycopg

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.bench.memory import anonymous
from tests.bench.processes import cpu_seconds
from tests.e2e.quire_client import QuireClient
from tests.pdfs.books import write_book

_PAGES: Final = (300, 3000)
#: Of these all pages are recognized: some 5 minutes.
_RECOGNIZED: Final = 300
_WORKERS: Final = 2
_AIM: Final = 0.10
_PATIENCE: Final = 3600.0

_TABLES: Final = {
    "text": "page_texts",
    "sentences": "sentences",
    "passages": "passages",
    "entities": "entities",
    "embedding": "passage_embeddings",
    "tree": "tree_nodes",
    "vectors": "passage_vectors",
}
_TIMES: Final = """
    SELECT (SELECT min(at) FROM job_events WHERE job_id = jobs.id) AS received,
           (SELECT max(at) FROM job_events WHERE job_id = jobs.id AND kind = 'merged') AS merged,
           finished_at AS ended
      FROM jobs WHERE id = %s
"""
_STAGES: Final = "SELECT * FROM job_stages WHERE job_id = %s ORDER BY place"


def main() -> None:
    """Print a table a document, and the stages' share of the time to read it."""
    sizes = [int(size) for size in sys.argv[1:]] if __name__ == "__main__" else []
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as name:
        folder = Path(name)
        with _stack(folder / "own-text", native=True) as quire:
            books = [(pages, _report(quire, folder, pages)) for pages in sizes or _PAGES]
        with _stack(folder / "recognized", native=False) as quire:
            most = min(_RECOGNIZED, max(sizes or _PAGES))
            print("Every page recognized by Tesseract:")
            ocr = _report(quire, folder, most)
    _share(f"{most} pages, recognized: seconds", ocr.added, ocr.read, aim=_AIM)
    _share(f"{most} pages, recognized: CPU seconds", ocr.added_cpu, ocr.read_cpu, aim=_AIM)
    for pages, took in books:
        if pages > most:
            reckoned = ocr.read / most * pages
            what = f"{pages} pages, as recognized at the same pace: seconds"
            _share(what, took.added, reckoned, aim=_AIM)
    for pages, took in books:
        _share(f"{pages} pages, their own text taken: seconds", took.added, took.read)
        _share(f"{pages} pages, their own text taken: CPU seconds", took.added_cpu, took.read_cpu)


@contextmanager
def _stack(home: Path, *, native: bool) -> Iterator[QuireClient]:
    options = StackOptions(
        workers=_WORKERS, extra_env={"DOCUMENT_AI__NATIVE_PDF_PARSING": str(native).lower()}
    )
    with Stack(Home(home), options=options) as stack, QuireClient(stack) as quire:
        # Engines are loaded and connections open from here on.
        write_book(home / "warm.pdf", 30 if native else 4, seed=1)
        _go_through(quire, home / "warm.pdf")
        yield quire


@dataclass(frozen=True)
class Took:
    """Seconds from a document's coming to its merge, and from there to its end."""

    job_id: str
    read: float
    added: float
    #: Of all processes of the stack.
    read_cpu: float
    added_cpu: float


def _share(what: str, added: float, read: float, *, aim: float | None = None) -> None:
    line = f"{what:<58} {added:>8.1f} to {read:>8.1f}: {added / read:.3f}"
    if aim is not None:
        line += f" <= {aim:g} {'met' if added / read <= aim else 'MISSED'}"
    print(line, flush=True)


def _report(quire: QuireClient, folder: Path, pages: int) -> Took:
    """Print what each stage took."""
    path = folder / f"{pages}.pdf"
    write_book(path, pages)
    with Memory(psutil.Process(quire.stack.processes["worker"])) as memory:
        took = _go_through(quire, path)
    print(f"{pages} born-digital pages, {path.stat().st_size / 1e6:.1f} MB: {took.read:.1f} s")
    print(
        f"  {'stage':<10} {'seconds':>8} {'ms/page':>8} {'of reading':>10} {'checkpoints':>11}"
        f" {'repeated':>8} {'rows':>7} {'rows/s':>7} {'units/s':>8} {'MB before':>9} {'at most':>8}"
    )
    for row in quire.rows(_STAGES, took.job_id):
        rows = _rows(quire, row["stage"], took.job_id)
        before, most = memory.between(row["started_at"], row["finished_at"])
        seconds = max(row["seconds"], 1e-3)
        print(
            f"  {row['stage']:<10} {seconds:>8.2f} {seconds * 1000 / pages:>8.2f}"
            f" {seconds / took.read:>10.3f} {row['checkpoints']:>11} {row['repeated']:>8}"
            f" {rows:>7} {rows / seconds:>7.0f} {row['done'] / seconds:>8.0f}"
            f" {before / 1e6:>9.0f} {most / 1e6:>8.0f}",
            flush=True,
        )
    print(f"  all stages, messages between them included: {took.added:.1f} s", flush=True)
    return took


def _rows(quire: QuireClient, stage: str, job_id: str) -> int:
    [row] = quire.rows(f"SELECT count(*) AS rows FROM {_TABLES[stage]} WHERE job_id = %s", job_id)
    return int(row["rows"])


def _go_through(quire: QuireClient, path: Path) -> Took:
    """Have a document read, and return what it took once it has ended."""
    pids = list(quire.stack.processes.values())
    used = [sum(map(cpu_seconds, pids))]
    job_id = quire.submit(path, stages=["all"])
    end = time.monotonic() + _PATIENCE
    with psycopg.connect(quire.stack.endpoints["postgres"], autocommit=True) as database:
        while True:
            row = database.execute(
                "SELECT stage = ANY(%s), finished_at IS NOT NULL, status FROM jobs WHERE id = %s",
                (list(_TABLES), job_id),
            ).fetchone()
            assert row is not None
            assert time.monotonic() < end, quire.job(job_id)
            is_read, has_ended, status = row
            if (is_read or has_ended) and len(used) == 1:
                used.append(sum(map(cpu_seconds, pids)))
            if has_ended:
                break
            time.sleep(0.2)
    assert status == "completed", quire.job(job_id)
    used.append(sum(map(cpu_seconds, pids)))
    [times] = quire.rows(_TIMES, job_id)
    merged = times["merged"] or times["ended"]
    return Took(
        job_id,
        read=(merged - times["received"]).total_seconds(),
        added=(times["ended"] - merged).total_seconds(),
        read_cpu=used[1] - used[0],
        added_cpu=used[2] - used[1],
    )


class Memory:
    """Looks ten times a second how much memory of its own the largest worker process has."""

    def __init__(self, worker: psutil.Process) -> None:
        self._worker = worker
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._seen: list[tuple[float, int]] = []

    def between(self, since: datetime, until: datetime) -> tuple[int, int]:
        """Return the bytes just before, and the most of them in between."""
        first = bisect_left(self._seen, (since.timestamp(), 0))
        last = bisect_left(self._seen, (until.timestamp(), 0))
        before = self._seen[max(first - 1, 0)][1]
        return before, max([before, *(value for _, value in self._seen[first : last + 1])])

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        children: list[psutil.Process] = []
        while not self._done.wait(0.1):
            # To ask who they are costs as much as a page's stages; a new one comes rarely.
            if len(self._seen) % 50 == 0:
                children = self._worker.children()
            self._seen.append((time.time(), max(map(anonymous, children), default=0)))


if __name__ == "__main__":
    main()
