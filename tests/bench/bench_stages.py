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
from datetime import datetime
from itertools import count, islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psutil

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.bench.memory import own_memory
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.books import write_book
from tests.pdfs.documents import write_scan
from tests.pdfs.prose import chapter

_PAGES: Final = (300, 3000)
_SCANNED: Final = 40
_WORKERS: Final = 2
_AIM: Final = 0.10
_PATIENCE: Final = 3600.0
#: Of a page's height: about what a page of the books has.
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
            shares = [(pages, *_report(stack, quire, folder, pages)) for pages in sizes or _PAGES]
            page = _scanned_page_seconds(quire, folder)
        print(f"Tesseract reads a scan in {page:.2f} s a page, by {_SCANNED} pages")
        for pages, read, added in shares:
            for how, whole in (("text layer", read), ("Tesseract, reckoned", pages * page)):
                share = added / whole
                print(
                    f"{pages:>5} pages: stages add {added:.1f} s to {whole:.1f} s of reading"
                    f" ({how}): {share:.3f}  <= {_AIM:g} {'met' if share <= _AIM else 'MISSED'}"
                )


def _report(stack: Stack, quire: QuireClient, folder: Path, pages: int) -> tuple[float, float]:
    """Print what each stage took; return the seconds of reading and those of all that followed."""
    path = folder / f"{pages}.pdf"
    write_book(path, pages)
    with Memory(psutil.Process(stack.processes["worker"])) as memory:
        job_id = _go_through(quire, path)
    [times] = quire.rows(_TIMES, job_id)
    read = (times["merged"] - times["received"]).total_seconds()
    added = (times["ended"] - times["merged"]).total_seconds()
    print(f"{pages} born-digital pages, {path.stat().st_size / 1e6:.1f} MB: read in {read:.1f} s")
    print(
        f"  {'stage':<10} {'seconds':>8} {'ms/page':>8} {'of reading':>10} {'checkpoints':>11}"
        f" {'repeated':>8} {'rows':>7} {'rows/s':>7} {'units/s':>8} {'MB before':>9} {'at most':>8}"
    )
    for row in quire.rows(_STAGES, job_id):
        rows = _rows(quire, row["stage"], job_id)
        before, most = memory.between(row["started_at"], row["finished_at"])
        seconds = max(row["seconds"], 1e-3)
        print(
            f"  {row['stage']:<10} {seconds:>8.2f} {seconds * 1000 / pages:>8.2f}"
            f" {seconds / read:>10.3f} {row['checkpoints']:>11} {row['repeated']:>8} {rows:>7}"
            f" {rows / seconds:>7.0f} {row['done'] / seconds:>8.0f}"
            f" {before / 1e6:>9.0f} {most / 1e6:>8.0f}",
            flush=True,
        )
    print(f"  all stages, messages between them included: {added:.1f} s")
    return read, added


def _rows(quire: QuireClient, stage: str, job_id: str) -> int:
    [row] = quire.rows(f"SELECT count(*) AS rows FROM {_TABLES[stage]} WHERE job_id = %s", job_id)
    return int(row["rows"])


def _go_through(quire: QuireClient, path: Path, stages: Sequence[str] = ("all",)) -> str:
    job_id = quire.submit(path, stages=list(stages))

    def ended() -> dict[str, Any] | None:
        [job] = quire.rows("SELECT status, finished_at FROM jobs WHERE id = %s", job_id)
        return job if job["finished_at"] else None

    job = wait_for(ended, f"{path.name} to end", _PATIENCE)
    assert job["status"] == "completed", quire.job(job_id)
    return job_id


def _scanned_page_seconds(quire: QuireClient, folder: Path) -> float:
    """Return what a page takes that is a picture, all workers together."""
    path = folder / "scan.pdf"
    write_scan(path, list(islice(_page_texts(), _SCANNED)))
    job_id = _go_through(quire, path, ("ocr",))
    [times] = quire.rows(_TIMES, job_id)
    seconds: float = (times["ended"] - times["received"]).total_seconds()
    return seconds / _SCANNED


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
        while not self._done.wait(0.1):
            children = [own_memory(child) for child in self._worker.children()]
            self._seen.append((time.time(), max(children, default=0)))


if __name__ == "__main__":
    main()
