"""What the stages after OCR cost beside the reading.

`python -m tests.bench.bench_stages [300 3000]`. Books of two languages go through a local stack
with two worker processes. Text layers are read where pages have them, in some 30 ms a page; how
long Tesseract needs is measured on scans of the same prose, and reckoned up from those.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count, islice
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
from tests.pdfs.documents import write_scan
from tests.pdfs.prose import chapter

_PAGES: Final = (300, 3000)
_SCANNED: Final = 20
_WORKERS: Final = 2
_AIM: Final = 0.10
_PATIENCE: Final = 3600.0
#: What stands on one page of a scan.
_SCANNED_LETTERS: Final = 3200

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
        options = StackOptions(workers=_WORKERS)
        with Stack(Home(folder / "home"), options=options) as stack, QuireClient(stack) as quire:
            # Engines are loaded and connections open from here on.
            write_book(folder / "warm.pdf", 30, seed=1)
            _go_through(quire, folder / "warm.pdf")
            books = [(pages, _report(quire, folder, pages)) for pages in sizes or _PAGES]
            page = _scanned_page(quire, folder)
        print(
            f"Tesseract reads a scan in {page.read:.2f} s a page, {page.read_cpu:.2f} CPU seconds"
        )
        for pages, took in books:
            _share(f"{pages} pages, text layers: seconds", took.added, took.read)
            _share(f"{pages} pages, text layers: CPU seconds", took.added_cpu, took.read_cpu)
            _share(f"{pages} pages, reckoned as scans: seconds", took.added, pages * page.read)


@dataclass(frozen=True)
class Took:
    """Seconds from a document's coming to its merge, and from there to its end."""

    job_id: str
    read: float
    added: float
    #: Of all processes of the stack.
    read_cpu: float
    added_cpu: float


def _share(what: str, added: float, read: float) -> None:
    verdict = "met" if added / read <= _AIM else "MISSED"
    print(f"{what:<44} {added:>8.1f} to {read:>8.1f}: {added / read:.3f} <= {_AIM:g} {verdict}")


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


def _go_through(quire: QuireClient, path: Path, stages: Sequence[str] = ("all",)) -> Took:
    """Have a document read, and return what it took once it has ended."""
    pids = list(quire.stack.processes.values())
    used = [sum(map(cpu_seconds, pids))]
    job_id = quire.submit(path, stages=list(stages))
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


def _scanned_page(quire: QuireClient, folder: Path) -> Took:
    """Return what a page takes that is a picture, all workers together."""
    path = folder / "scan.pdf"
    write_scan(path, list(islice(_page_texts(), _SCANNED)))
    took = _go_through(quire, path, ("ocr",))
    return replace(took, read=took.read / _SCANNED, read_cpu=took.read_cpu / _SCANNED)


def _page_texts() -> Iterator[str]:
    for number in count(1):
        for section in chapter(number)[1:]:
            text = section.title
            for paragraph in section.paragraphs:
                if len(text) + len(paragraph) < _SCANNED_LETTERS:
                    text += f"\n\n{paragraph}"
            yield text


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
