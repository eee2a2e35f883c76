"""What the cache spares: a batch with each file three times, and one that was read ahead.

`python -m tests.bench.bench_cache`

Calls are those that the Document AI emulator has counted. The OCR takes 50 ms a page, so that what
is not read shows in the time, too.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.bench.unlike_pdfs import unlike
from tests.e2e.batch_client import begin, calls, ended, put_folder, submit
from tests.e2e.quire_client import QuireClient

FILES = 60
COPIES = 3
PAGE_SECONDS = 0.05
WORKERS = 4
_PATIENCE = 1800.0


@dataclass(frozen=True)
class Figures:
    """One batch."""

    what: str
    documents: int
    pages: int
    calls: int
    hit_rate: float
    seconds: float


def main() -> None:
    """Print a line for each batch."""
    print(f"{'The result cache':<46} {'docs':>5} {'pages':>6} {'calls':>6} {'hits':>7} {'took':>8}")
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as folder:
        for each in figures(Path(folder)):
            print(
                f"{each.what:<46} {each.documents:>5} {each.pages:>6} {each.calls:>6} "
                f"{each.hit_rate:>7.1%} {each.seconds:>6.1f} s",
                flush=True,
            )


def figures(folder: Path) -> Iterator[Figures]:
    """Yield what each batch took and how many calls it made."""
    options = StackOptions(workers=WORKERS)
    with (
        Stack(Home(folder / "home"), options=options) as stack,
        QuireClient(stack) as quire,
        quire.document_ai(
            instant=True, latency_per_page_seconds=PAGE_SECONDS, quota_per_minute=None
        ),
    ):
        once = put_folder(quire, dict(unlike(folder, "once", FILES)))
        yield _read(quire, "each file once", lambda: submit(quire, once))
        files = list(unlike(folder, "thrice", FILES))
        copies = {f"{copy}/{name}": content for copy in range(COPIES) for name, content in files}
        thrice = put_folder(quire, copies)
        yield _read(quire, f"each file {COPIES} times", lambda: submit(quire, thrice))
        off = {"cache": False}
        yield _read(
            quire, f"each file {COPIES} times, without the cache",
            lambda: submit(quire, thrice, options=off),
        )  # fmt: skip
        ahead = put_folder(quire, dict(unlike(folder, "ahead", FILES)))
        origin = submit(quire, ahead, paused=True)
        yield _read(quire, "read ahead (warm)", lambda: begin(quire, origin, "warm"))
        yield _read(quire, "and then asked for", lambda: _resumed(quire, origin))


def _read(quire: QuireClient, what: str, start: Any) -> Figures:
    before, began = len(calls(quire)), time.monotonic()
    batch = ended(quire, start(), patience=_PATIENCE)
    took = time.monotonic() - began
    assert batch["status"] == "completed", batch
    return Figures(
        what=what,
        documents=batch["total"],
        pages=batch["total_pages"],
        calls=len(calls(quire)) - before,
        hit_rate=batch["cache_hit_rate"] or 0.0,
        seconds=took,
    )


def _resumed(quire: QuireClient, batch_id: str) -> str:
    answer = quire.http.post(f"/v1/batches/{batch_id}/resume")
    assert answer.status_code == 200, answer.text
    return batch_id


if __name__ == "__main__":
    main()
