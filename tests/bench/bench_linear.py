"""How throughput grows with workers: `python -m tests.bench.bench_linear`.

OCR takes 200 ms a page, as long as the service, and costs this machine next to nothing, as it does
there. What is measured lies between the moment when every worker process has begun its first chunk,
and the document is cut, and the one when the last chunk is begun: in between each has always
something to read, and functions, which are on other machines in use, nothing to do.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital

_WORKERS: Final = (1, 2, 4, 8, 16)
_PAGE_SECONDS: Final = 0.2
#: Chunks of the default size, all of one document: it is merged when everything has been measured.
_CHUNK_PAGES: Final = 25
_CHUNKS_EACH: Final = 8
_LINEAR: Final = 0.95

# A chunk that lies in the time that is measured in part counts by that part.
_PACE: Final = """
    WITH chunk AS (
        SELECT started_at, finished_at, ready_at, page_end - page_start + 1 AS pages,
               row_number() OVER (ORDER BY started_at) AS place
          FROM chunks WHERE status = 'completed' AND job_id = %s
    ), steady AS (
        SELECT greatest(min(started_at) FILTER (WHERE place = %s), max(ready_at)) AS since,
               max(started_at) AS until
          FROM chunk
    )
    SELECT sum(pages * extract(epoch FROM least(finished_at, until) - greatest(started_at, since))
               / extract(epoch FROM finished_at - started_at)) AS pages,
           extract(epoch FROM max(until) - max(since)) AS seconds
      FROM chunk, steady WHERE finished_at > since AND started_at < until
"""


def main() -> None:
    """Print a table: workers, pages a second, share of linear."""
    print(f"{'OCR at 200 ms a page':<44} {'pages/s':>9} {'of linear':>10} {'of ideal':>9}")
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as folder:
        single = 0.0
        for workers, pace in figures(Path(folder)):
            single = single or pace / workers
            share = pace / (workers * single)
            verdict = f">= {_LINEAR:g} {'met' if share >= _LINEAR else 'MISSED'}"
            ideal = pace * _PAGE_SECONDS / workers
            print(
                f"{workers:>3} workers {'':<32} {pace:>9.2f} {share:>10.3f} {ideal:>9.3f}", verdict
            )


def figures(
    folder: Path, numbers: tuple[int, ...] = _WORKERS, *, chunks_each: int = _CHUNKS_EACH
) -> Iterator[tuple[int, float]]:
    """Yield a number of workers and the pages that they read in a second."""
    for workers in numbers:
        chunks = workers * chunks_each
        path = folder / f"{workers}.pdf"
        # Long enough for the engine behind the emulator to see at once that it is no scan.
        texts = (f"This is page {number} of {chunks * _CHUNK_PAGES}." for number in count(1))
        write_born_digital(path, [next(texts) for _ in range(chunks * _CHUNK_PAGES)])
        # Each run on an empty stack: the first of several would be the slowest.
        options = StackOptions(workers=workers, extra_env={"CACHE__ENABLED": "false"})
        with (
            Stack(Home(folder / f"home-{workers}"), options=options) as stack,
            QuireClient(stack) as quire,
            quire.document_ai(latency_per_page_seconds=_PAGE_SECONDS, quota_per_minute=None),
        ):
            job_id = quire.submit(path)
            ended = quire.wait(job_id)
            assert ended["status"] == "completed", ended
            [row] = quire.rows(_PACE, job_id, workers)
        yield workers, float(row["pages"]) / float(row["seconds"])


if __name__ == "__main__":
    main()
