"""Measures cutting: memory, time to the first chunk, speed beside pypdf, and size of the chunks.

Run as `python -m tests.bench.bench_split [--quick]`. Every measurement has a process of its own,
with its library loaded; ours is counted together with the one that it starts to parse, whose
start is part of the time. Prints a table; progress on stderr.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from statistics import median

import psutil

from tests.bench.memory import Peak, own_memory

CHUNK_PAGES = 25


@dataclass(frozen=True)
class Figure:
    """One measured figure and what it should be."""

    what: str
    value: float
    unit: str
    target: float
    at_most: bool = True

    @property
    def met(self) -> bool:
        return self.value <= self.target if self.at_most else self.value >= self.target


def cut_by_quire(source: Path, folder: Path) -> Iterator[int]:
    """Cut into chunks as a split does; yield 0 when ready, then each one's bytes."""
    from common.pages import PageRange
    from infra.pdf.cutter import Cutter

    with Cutter().standby() as cutter:
        # A split starts the engine and then downloads; here the copy stands for the download.
        downloaded = folder / "source.pdf"
        shutil.copyfile(source, downloaded)
        yield 0
        with cutter.open(downloaded, None) as document:
            for pages in PageRange(1, document.page_count).cut(CHUNK_PAGES):
                yield document.cut(pages, folder / f"{pages.start}.pdf")


def cut_by_pypdf(source: Path, folder: Path) -> Iterator[int]:
    """Cut into the same chunks by pypdf; yield 0 when ready, then each one's bytes."""
    from pypdf import PdfReader, PdfWriter

    yield 0
    reader = PdfReader(source)
    count = len(reader.pages)
    for start in range(0, count, CHUNK_PAGES):
        writer = PdfWriter()
        for index in range(start, min(start + CHUNK_PAGES, count)):
            writer.add_page(reader.pages[index])
        target = folder / f"{start + 1}.pdf"
        writer.write(target)
        yield target.stat().st_size


#: Each way to cut, and the module it needs. Neither loads the other's: memory is measured.
WAYS: dict[str, tuple[Callable[[Path, Path], Iterator[int]], str]] = {
    "quire": (cut_by_quire, "infra.pdf.cutter"),
    "pypdf": (cut_by_pypdf, "pypdf"),
}


def measure(way: str, source: Path) -> dict[str, float]:
    """Cut in this process; return seconds, seconds to the first chunk, bytes and peak memory."""
    cut, library = WAYS[way]
    import_module(library)
    first = 0.0
    size = 0
    this = psutil.Process()
    with (
        tempfile.TemporaryDirectory(prefix="quire-bench-") as folder,
        Peak(lambda: own_memory(this)) as peak,
    ):
        chunks = cut(source, Path(folder))
        next(chunks)  # The document is at hand, and the libraries are loaded.
        started = time.perf_counter()
        for chunk in chunks:
            first = first or time.perf_counter() - started
            size += chunk
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "first": first, "bytes": size, "peak": peak.value}


def measured(way: str, source: Path) -> dict[str, float]:
    """Have a fresh process cut the file, and return what it measured."""
    say(f"{way} cuts {source.stem} ({source.stat().st_size / 1e6:.0f} MB) ...")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_split", "--measure", way, str(source)],
        check=True,
        capture_output=True,
        text=True,
    )
    result: dict[str, float] = json.loads(ran.stdout)
    say(
        f"  {result['seconds']:.2f} s, first chunk {result['first']:.2f} s, "
        f"{result['peak'] / 1e6:.0f} MB, chunks {result['bytes'] / 1e6:.1f} MB"
    )
    return result


def in_turn(source: Path, times: int = 3) -> list[tuple[dict[str, float], dict[str, float]]]:
    """Measure both ways by turns: on a noisy machine only a pair can be compared."""
    return [(measured("quire", source), measured("pypdf", source)) for _ in range(times)]


def figures(folder: Path, *, quick: bool) -> Iterator[Figure]:
    """Make the documents, have them cut, and yield the figures."""
    from tests import pdfs

    share = 10 if quick else 1
    scan, manual = folder / "scan.pdf", folder / "manual.pdf"
    form, shared = folder / "form.pdf", folder / "shared.pdf"
    say("making the documents ...")
    pdfs.write_big_scan(scan, 1000 // share)
    pdfs.write_manual(manual, 2000 // share)
    pdfs.write_shared_form(form, 1000 // share)
    pdfs.write_shared_resources(shared, 1000 // share)

    pages = f"{1000 // share:,}-page scan, {scan.stat().st_size / 1e6:.0f} MB"
    pairs = in_turn(scan)
    yield Figure(f"own memory, {pages}", max(o["peak"] for o, _ in pairs) / 1e6, "MB", 150)
    ratio = median(ours["first"] / theirs["seconds"] for ours, theirs in pairs)
    yield Figure("  first chunk / all of it by pypdf", ratio, "", 0.1)
    ratio = median(theirs["seconds"] / ours["seconds"] for ours, theirs in in_turn(manual))
    yield Figure(f"{2000 // share:,}-page manual, speed / pypdf's", ratio, "x", 8, at_most=False)
    for source, name in ((form, "one AcroForm"), (shared, "one resource dictionary")):
        ours = measured("quire", source)
        yield Figure(
            f"{1000 // share:,} pages sharing {name}, bytes / original",
            ours["bytes"] / source.stat().st_size,
            "",
            1.2,
        )


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="documents of a tenth of the pages")
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        way, source = options.measure
        print(json.dumps(measure(way, Path(source))))
        return
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as folder:
        rows = list(figures(Path(folder), quick=options.quick))
    print(f"{'Splitting, 25 pages a chunk':<66} {'measured':>10} {'target':>9}")
    for row in rows:
        bound = "<=" if row.at_most else ">="
        verdict = "met" if row.met else "MISSED"
        value = f"{row.value:.3g}{row.unit and ' ' + row.unit}"
        print(f"{row.what:<66} {value:>10} {bound:>4} {row.target:<4g} {verdict}")


if __name__ == "__main__":
    main()
