"""How fast a page is drawn, and a text found: `python -m tests.bench.bench_pages`."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg

from common.access import Caller
from common.folding import fold
from common.models import DocumentId, JobId, MergeWork, ObjectRef, PageRow, Words
from infra.database.page_rows import write
from infra.database.pages import PostgresPages
from infra.database.pool import open_pool
from infra.local.home import Home
from infra.local.services import database
from infra.local.stack import Stack
from infra.pdf.pictures import Pictures
from infra.settings import DatabaseSettings, PicturesSettings
from tests.pdfs.large import write_big_scan
from tests.pdfs.text import page_text

_PAGES = 20_000


def main() -> None:
    """Print a table: what, measured, target."""
    print(f"{'Looking at results':<58} {'measured':>10} {'target':>9}")
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as name:
        folder = Path(name)
        for what, value, target in (*_pictures(folder), *_searches(folder)):
            verdict = ""
            if target is not None:
                verdict = f"<= {target:<5g} {'met' if value <= target else 'MISSED'}"
            print(f"{what:<58} {value:>10.3g} {verdict}", flush=True)


def _pictures(folder: Path) -> Iterator[tuple[str, float, float | None]]:
    scan, cache = folder / "scan.pdf", folder / "cache"
    cache.mkdir()
    write_big_scan(scan, pages=1000, page_bytes=190_000)
    size = scan.stat().st_size

    def fetch(_: ObjectRef, target: Path) -> int:
        shutil.copyfile(scan, target)
        return size

    pictures = Pictures(cache, fetch, PicturesSettings())
    source = ObjectRef("uploads", "scan.pdf", 1)

    def draw(number: int) -> float:
        begun = time.monotonic()
        pictures.draw(source, size=size, page_count=1000, number=number, width=1200)
        return time.monotonic() - begun

    try:
        yield "1,000-page scan of 190 MB: the first picture, seconds", draw(1000), None
        times = [draw(number) for number in range(1, 1000, 37)]
        yield "  any other page, seconds", statistics.median(times), 0.5
    finally:
        pictures.close()


def _searches(folder: Path) -> Iterator[tuple[str, float, float | None]]:
    document, job, caller = DocumentId(uuid4()), JobId(uuid4()), Caller("alice")
    home = Home(folder / "home")
    with Stack(home, services=lambda layout: [database(layout)]) as stack:
        url = stack.endpoints["postgres"]
        with psycopg.connect(url) as connection:
            connection.execute(
                "INSERT INTO documents (id, owner, filename, bucket, object, page_count,"
                " result_job, result_attempt) VALUES (%s, 'alice', 'f', 'b', 'o', %s, %s, 2)",
                (document, _PAGES, job),
            )
            work = MergeWork(job, document, 1, 2, 1, "book.pdf", _PAGES, ())
            write(connection, work, map(_row, range(1, _PAGES + 1)))
        with open_pool(DatabaseSettings(url=url)) as pool:
            pages = PostgresPages(pool)
            for wanted in ("twelve thousand three hundred forty-five", "broken threads", "the"):
                begun = time.monotonic()
                pages.search(document, wanted, caller, after=0, limit=100)
                what = f"20,000 pages: search for “{wanted[:15]}”, seconds"
                yield what, time.monotonic() - begun, 1


def _row(number: int) -> PageRow:
    text = page_text(number, sentences=40)
    words = text.split()
    place, part = list(range(len(words))), [0.5] * len(words)
    lists = Words(words, place, place, part, part, part, part, part)
    return PageRow(number, 1.0, 1.0, "pixels", 0, 0, 0.9, ["en"], text, fold(text), lists)


if __name__ == "__main__":
    main()
