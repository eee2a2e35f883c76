"""What a chunk costs the broker and the database: `python -m tests.bench.bench_costs`.

Two documents of the same kind are read, one longer by some chunks: the difference is the chunks',
and what goes on without work is measured by itself and taken off. OCR answers at once, so what a
worker does while it waits for the service (the heartbeat of its leases) is not in it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
from redis import Redis

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_mixed

_PAGES: Final = 25  #: In a chunk, as is the default.
_SHORT, _LONG = 4, 24  #: Chunks.
_IDLE_SECONDS: Final = 20
#: What the totals are made of; of a table, rows written in any way.
_ROWS: Final = "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables"

Counts = dict[str, float]


def main() -> None:
    """Print the figures."""
    print(f"{'One chunk of 25 pages, beyond what goes on without work':<58} {'measured':>10}")
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as folder:
        for what, value in figures(Path(folder)):
            print(f"{what:<58} {value:>10.4g}", flush=True)


def figures(folder: Path) -> Iterator[tuple[str, float]]:
    """Yield what was measured."""
    short, long = folder / "short.pdf", folder / "long.pdf"
    write_mixed(short, pages=_SHORT * _PAGES, scanned_every=10_000)
    write_mixed(long, pages=_LONG * _PAGES, scanned_every=10_000)
    # Maintain is left out: what it asks is once a minute, whatever the load.
    options = StackOptions(workers=2, maintain_every=24 * 3600)
    with (
        Stack(Home(folder / "home"), options=options) as stack,
        QuireClient(stack) as quire,
        quire.document_ai(instant=True),
        psycopg.connect(stack.endpoints["postgres"], autocommit=True) as database,
        Redis.from_url(stack.endpoints["redis"]) as broker,
    ):

        def counts() -> Counts:
            # A process of Postgres' that has nothing to do tells its counts after ten seconds.
            time.sleep(11)
            return _counts(broker, database)

        quire.wait(quire.submit(short))  # Connections open and libraries are loaded.
        before, begun = counts(), time.monotonic()
        time.sleep(_IDLE_SECONDS)
        idle = _per(_less(counts(), before), time.monotonic() - begun)
        spent = {}
        for path in (short, long):
            before, begun = counts(), time.monotonic()
            looks = _wait(database, quire.submit(path))
            used = _less(counts(), before)
            used["postgres commits"] -= looks
            seconds = time.monotonic() - begun
            spent[path] = {name: used[name] - idle.get(name, 0) * seconds for name in used}
        chunk = _per(_less(spent[long], spent[short]), _LONG - _SHORT)
        query = "SELECT pg_total_relation_size('pages'), count(*) FROM pages"
        [(size, pages)] = database.execute(query).fetchall()
        page_bytes = float(str(size)) / float(str(pages))
        # What a document costs beside its chunks.
        document = _less(spent[short], {name: value * _SHORT for name, value in chunk.items()})
    for name in sorted(chunk, key=lambda each: -chunk[each]):
        if chunk[name] >= 0.05:
            yield name, chunk[name]
    yield "a document beside its chunks: redis commands", document["redis commands"]
    yield "a document beside its chunks: postgres commits", document["postgres commits"]
    yield "a document beside its chunks: WAL bytes", document["postgres WAL, bytes"]
    yield "bytes of a row of pages, with its words and indexes", page_bytes
    yield "without work, a second: redis commands", idle["redis commands"]
    yield "without work, a second: postgres commits", idle["postgres commits"]


def _wait(database: psycopg.Connection[tuple[object, ...]], job_id: str) -> int:
    """Return once the job has ended, and how often was looked: the API would count requests."""
    looks = 0
    while True:
        looks += 1
        query = "SELECT finished_at IS NOT NULL FROM jobs WHERE id = %s"
        if database.execute(query, (job_id,)).fetchone() == (True,):
            return looks
        time.sleep(0.5)


def _counts(broker: Redis, database: psycopg.Connection[tuple[object, ...]]) -> Counts:
    found: Counts = {"redis commands": 0}
    for name, stats in broker.info("commandstats").items():
        found[f"redis {name.removeprefix('cmdstat_')}"] = stats["calls"]
        found["redis commands"] += stats["calls"]
    [row] = database.execute(
        "SELECT xact_commit, pg_current_wal_lsn() - '0/0'::pg_lsn FROM pg_stat_database"
        " WHERE datname = current_database()"
    ).fetchall()
    found["postgres commits"], found["postgres WAL, bytes"] = map(float, map(str, row))
    for table, rows in database.execute(_ROWS).fetchall():
        found[f"rows written in {table}"] = float(str(rows))
    return found


def _less(after: Counts, before: Counts) -> Counts:
    return {name: value - before.get(name, 0) for name, value in after.items()}


def _per(counts: Counts, divisor: float) -> Counts:
    return {name: value / divisor for name, value in counts.items()}


if __name__ == "__main__":
    main()
