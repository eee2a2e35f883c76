"""Vectors in Postgres: size, writing and finding, by column type and by the index's settings.

`python -m tests.bench.bench_vectors [20000]`. Passages are docstrings of the installed packages;
questions are the first words of others. Recall is the share of the ten nearest that were found.
"""

from __future__ import annotations

import re
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import mean, median
from typing import Any, Final

import psutil
import psycopg

from common.stage_rows import DIMENSIONS, Vector
from infra.embedding.wordllama import WordLlamaEmbedder
from infra.local.home import Home
from infra.local.postgres import postgres
from infra.local.stack import Stack

#: Some are halves of something else, which does no harm here.
_DOCSTRING: Final = re.compile(r'"""(.+?)"""', re.DOTALL)
_WORDS: Final = 60
_QUESTIONS: Final = 200
_NEAREST: Final = 10
#: A document has so many passages; an owner, one of a hundred, every hundredth document.
_OF_DOCUMENT: Final = 50
_OWNERS: Final = 100


@dataclass(frozen=True)
class Variant:
    """A column with its index, and how it is filled."""

    type: str = "halfvec"
    m: int = 16
    ef_construction: int = 64
    #: Rows a transaction; 0 fills the table first and makes the index afterwards.
    at_once: int = 100

    @property
    def name(self) -> str:
        """For the table."""
        how = f"{self.at_once} a transaction" if self.at_once else "index made afterwards"
        return f"{self.type}, m={self.m}, ef_construction={self.ef_construction}, {how}"


_VARIANTS: Final = (
    Variant("vector"),
    Variant(),
    Variant(at_once=1000),
    Variant(at_once=0),
    Variant(m=24, ef_construction=128),
    Variant(m=12, ef_construction=48),
    Variant(m=8),
    Variant(m=8, ef_construction=32),
)


def main() -> None:
    """Print two tables: writing and finding."""
    count = int(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 20_000
    texts = list(islice(_passages(), count + _QUESTIONS))
    embedder = WordLlamaEmbedder()
    passages = embedder.embed(texts[:count])
    questions = embedder.embed([" ".join(text.split()[:10]) for text in texts[count:]])
    print(f"{len(passages)} vectors of {DIMENSIONS}, {len(questions)} questions")
    with (
        tempfile.TemporaryDirectory(prefix="quire-bench-") as folder,
        Stack(Home(Path(folder) / "home"), services=lambda layout: [postgres(layout)]) as stack,
        # Not prepared: a prepared statement keeps the plan of its first settings.
        psycopg.connect(
            stack.endpoints["postgres"], autocommit=True, prepare_threshold=None
        ) as database,
    ):
        _prepare(database, passages)
        print(f"{'writing':<64} {'CPU ms':>8} {'table MB':>9} {'index MB':>9}", flush=True)
        for place, variant in enumerate(_VARIANTS):
            seconds = _fill(database, f"v{place}", variant)
            sizes = [
                _one(database, f"SELECT pg_{what}_size('v{place}') / 1e6")
                for what in ("table", "indexes")
            ]
            each = seconds * 1000 / len(passages)
            print(f"{variant.name:<64} {each:>8.3f} {sizes[0]:>9.1f} {sizes[1]:>9.1f}", flush=True)
        print(f"{'finding 10':<64} {'recall':>8} {'ms':>9} {'of 10':>9}")
        exact = _found(database, "v0", questions, index=False)
        for name, found in _findings(database, questions):
            _say(name, found, exact)
        mine = _found(database, "v1", questions, index=False, owned=True)
        for name, found in _own_findings(database, questions):
            _say(name, found, mine)


def _passages() -> Iterator[str]:
    """Yield so many words at a time of what the installed packages say of themselves."""
    met: set[str] = set()
    for path in sorted(Path(sysconfig.get_paths()["purelib"]).rglob("*.py")):
        for docstring in _DOCSTRING.findall(path.read_text(errors="replace")):
            words = docstring.split()
            for start in range(0, len(words) - _WORDS // 2, _WORDS):
                text = " ".join(words[start : start + _WORDS])
                if text not in met:
                    met.add(text)
                    yield text


def _prepare(database: psycopg.Connection, passages: Sequence[Vector]) -> None:
    database.execute("CREATE EXTENSION vector")
    database.execute("CREATE TABLE embeddings (place int PRIMARY KEY, embedding halfvec(256))")
    with database.cursor() as cursor, cursor.copy("COPY embeddings FROM STDIN") as copy:
        for place, vector in enumerate(passages):
            copy.write_row((place, str(vector)))
    database.execute("CREATE TABLE documents (id int PRIMARY KEY, owner int)")
    database.execute(
        "INSERT INTO documents SELECT id, id %% %s FROM generate_series(0, %s) AS id",
        (_OWNERS, len(passages) // _OF_DOCUMENT),
    )
    database.execute("CREATE INDEX ON documents (owner)")
    database.execute("VACUUM ANALYZE embeddings, documents")


def _fill(database: psycopg.Connection, table: str, variant: Variant) -> float:
    """Make a table and its index, and return the CPU seconds that writing took."""
    backend = psutil.Process(_one(database, "SELECT pg_backend_pid()"))
    total = _one(database, "SELECT count(*) FROM embeddings")
    index = (
        f"CREATE INDEX {table}_near ON {table} USING hnsw (embedding {variant.type}_cosine_ops)"
        f" WITH (m = {variant.m}, ef_construction = {variant.ef_construction})"
    )
    _run(
        database,
        f"CREATE TABLE {table} (document int, place int, embedding {variant.type}(256) NOT NULL,"
        " PRIMARY KEY (document, place))",
    )
    if variant.at_once:
        _run(database, index)
    began = _cpu(backend)
    step = variant.at_once or total
    for first in range(0, total, step):
        _run(
            database,
            f"INSERT INTO {table} SELECT place / {_OF_DOCUMENT}, place, embedding FROM embeddings"
            f" WHERE place >= {first} AND place < {first + step} ORDER BY place",
        )
    if not variant.at_once:
        _run(database, index)
    seconds = _cpu(backend) - began
    _run(database, f"VACUUM ANALYZE {table}")
    return seconds


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


@dataclass(frozen=True)
class Found:
    """Each question's nearest passages, and what it took in milliseconds."""

    places: list[list[int]]
    ms: list[float]


def _findings(
    database: psycopg.Connection, questions: Sequence[Vector]
) -> Iterator[tuple[str, Found]]:
    yield "vector, every one compared", _found(database, "v0", questions, index=False)
    yield "halfvec, every one compared", _found(database, "v1", questions, index=False)
    for place, variant in enumerate(_VARIANTS):
        for breadth in (40, 100, 200):
            _run(database, f"SET hnsw.ef_search = {breadth}")
            found = _found(database, f"v{place}", questions)
            yield f"{variant.name}, ef_search={breadth}", found


def _own_findings(
    database: psycopg.Connection, questions: Sequence[Vector]
) -> Iterator[tuple[str, Found]]:
    yield (
        "1 % are the owner's: all of those compared",
        _found(database, "v1", questions, index=False, owned=True),
    )
    for scan in ("off", "strict_order", "relaxed_order"):
        for breadth in (40, 100, 200):
            _run(database, f"SET hnsw.iterative_scan = {scan}")
            _run(database, f"SET hnsw.ef_search = {breadth}")
            found = _found(database, "v1", questions, owned=True)
            yield f"1 % are the owner's: iterative_scan={scan}, ef_search={breadth}", found


def _found(
    database: psycopg.Connection,
    table: str,
    questions: Sequence[Vector],
    *,
    index: bool = True,
    owned: bool = False,
) -> Found:
    type_ = "vector" if table == "v0" else "halfvec"
    # As the search itself asks: the index first, then whose each is.
    whose = (
        " CROSS JOIN LATERAL (SELECT FROM documents WHERE id = document AND owner = %(owner)s"
        " LIMIT 1) AS mine"
        if index
        else " WHERE document IN (SELECT id FROM documents WHERE owner = %(owner)s)"
    )
    query = (
        f"SELECT place FROM {table}{whose if owned else ''}"
        f" ORDER BY embedding <=> %(question)s::{type_}(256) LIMIT {_NEAREST}"
    )
    places, ms = [], []
    with database.transaction():
        _run(database, f"SET LOCAL enable_indexscan = {'on' if index or owned else 'off'}")
        if index:
            _run(database, "SET LOCAL enable_seqscan = off")
            _run(database, "SET LOCAL enable_sort = off")
        for number, question in enumerate(questions):
            values = {"question": str(question), "owner": number % _OWNERS}
            began = time.monotonic()
            rows = database.execute(query.encode(), values).fetchall()
            ms.append((time.monotonic() - began) * 1000)
            places.append([row[0] for row in rows])
    return Found(places, ms)


def _say(name: str, found: Found, exact: Found) -> None:
    pairs = list(zip(found.places, exact.places, strict=True))
    recall = mean(len({*some} & {*right}) / max(len(right), 1) for some, right in pairs)
    length = mean(len(some) for some, _ in pairs)
    print(f"{name:<64} {recall:>8.3f} {median(found.ms):>9.2f} {length:>9.1f}", flush=True)


def _run(database: psycopg.Connection, statement: str) -> None:
    database.execute(statement.encode())


def _one(database: psycopg.Connection, query: str) -> Any:
    row = database.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


if __name__ == "__main__":
    main()
