"""Search in passages: by words and by vectors, within what the caller may see."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from common.access import Caller
from common.search import FoundPassage, Ranked, SearchRequest, SearchScope, ranked
from common.search_words import folded_words, pieces_of
from common.stage_rows import Vector
from infra.database import search_statements as sql
from infra.database.found_passages import found_passages
from infra.database.languages import CONFIGURATIONS
from infra.database.ownership import whose
from infra.database.pool import Pool
from infra.database.time_limits import Clock, LimitedStatements, Row, limited

Key = tuple[UUID, int]

_CONFIGURATIONS: Final = ["simple", *sorted(set(CONFIGURATIONS.values()))]
#: How far down a ranking is looked for what the other one has further up.
_DEPTH: Final = 100
#: Candidates that the index keeps while it looks (decision 27).
_BREADTH: Final = 200
#: Passages with some of the query's words that are ranked, those with all of them not counted.
_MOST_RANKED: Final = 10_000
#: Up to so many vectors every one is compared; those of one language are picked from so many.
_EXACT: Final = 50_000
_PICKED_FROM: Final = 200_000
_TOO_SLOW: Final = "The search takes too long. Search for something rarer, or in one document."
_MARKED: Final = re.compile("\ue000([^\ue001]*)\ue001")


@dataclass(frozen=True, slots=True)
class _Words:
    """A query as the database reads it; None where it has no word that could be looked up."""

    #: Each piece as each language has it: its place, the configuration, the query.
    asked: list[tuple[int, str, str]]
    any: str
    every: str
    unwanted: str
    #: Those that are no stop words, folded.
    plain: frozenset[str]


class PostgresSearch:
    """Passages of documents' search_job, found for whoever may see the documents."""

    def __init__(
        self,
        pool: Pool,
        *,
        seconds: float = 5.0,
        exact: int = _EXACT,
        clock: Clock = time.monotonic,
    ) -> None:
        self._pool = pool
        self._seconds = seconds
        self._exact = exact
        self._clock = clock

    def scope(self, request: SearchRequest, caller: Caller, *, engine: str) -> SearchScope:
        """Return what there is to search in; `engine` is what would embed the query.

        Raises TransientError SEARCH_TOO_SLOW.
        """
        with self._limited() as statements:
            [row] = statements.rows(sql.SCOPE, _where(request, caller) | {"engine": engine})
        return SearchScope(**row)

    def has(self, document_id: UUID, caller: Caller) -> bool:
        """Whether the document is the caller's."""
        with self._pool.connection() as connection:
            values = {"document_id": document_id, **whose(caller)}
            return connection.execute(sql.EXISTS, values).fetchone() is not None

    def find(
        self,
        request: SearchRequest,
        caller: Caller,
        *,
        engine: str,
        by_text: bool,
        vector: Vector | None,
    ) -> list[FoundPassage]:
        """Return the best passages by their words, by the query's vector, or by both.

        Raises TransientError SEARCH_TOO_SLOW.
        """
        values = _where(request, caller) | {"engine": engine, "depth": _DEPTH}
        with self._limited() as statements:
            statements.rows(sql.LIMITS, {"ef_search": str(_BREADTH)})
            words = self._words(statements, request.query)
            texts = self._by_text(statements, values, words) if by_text else None
            near = None if vector is None else self._by_vector(statements, values, vector)
            found = ranked(texts, near, request.limit)
            return _shown(statements, values, words, found)

    def _limited(self) -> AbstractContextManager[LimitedStatements]:
        return limited(
            self._pool, self._seconds, _TOO_SLOW, code="SEARCH_TOO_SLOW", clock=self._clock
        )

    def _words(self, statements: LimitedStatements, query: str) -> _Words | None:
        pieces = pieces_of(query)
        wanted = _parsed(statements, pieces.wanted)
        stops = _stop_places(wanted)
        asked = [
            (row["place"], row["configuration"], row["query"])
            for row in wanted
            if row["query"] is not None and row["place"] not in stops
        ]
        if not asked:
            return None
        by_place: defaultdict[int, set[str]] = defaultdict(set)
        for place, _, piece in asked:
            by_place[place].add(piece)
        # In the language where it is a stop word no passage has it.
        small = {row["place"] for row in wanted if row["query"] is None}
        every = [_either(by_place[place]) for place in by_place if place not in small]
        unwanted = {row["query"] for row in _parsed(statements, pieces.unwanted) if row["query"]}
        return _Words(
            asked=asked,
            any=_either(piece for _, _, piece in asked),
            every=" & ".join(f"({piece})" for piece in every),
            unwanted=_either(unwanted),
            plain=frozenset(
                word for place in by_place for word in folded_words(pieces.wanted[place - 1])
            ),
        )

    def _by_text(
        self, statements: LimitedStatements, values: Row, words: _Words | None
    ) -> list[Key]:
        if words is None:
            return []
        places, configurations, queries = zip(*words.asked, strict=True)
        asked = {
            "places": list(places),
            "configurations": list(configurations),
            "queries": list(queries),
            "any": words.any,
            "every": words.every,
            "unwanted": words.unwanted,
            "most": _MOST_RANKED,
        }
        return _keys(statements.rows(sql.TEXT, values | asked))

    def _by_vector(self, statements: LimitedStatements, values: Row, vector: Vector) -> list[Key]:
        asked = values | {
            "vector": msgspec.json.encode(vector).decode(),
            "exact": self._exact,
            "picked_from": _PICKED_FROM,
        }
        [few] = statements.rows(sql.FEW_VECTORS, asked)
        statement = sql.VECTORS_EXACT if few["are_few"] else sql.VECTORS_INDEXED
        return _keys(statements.rows(statement, asked))


def _where(request: SearchRequest, caller: Caller) -> Row:
    return {
        **whose(caller),
        "documents": list(request.documents) or None,
        "matter": request.matter,
        "language": request.language and request.language.lower(),
    }


def _parsed(statements: LimitedStatements, pieces: Sequence[str]) -> list[Row]:
    if not pieces:
        return []
    values = {"pieces": list(pieces), "configurations": _CONFIGURATIONS}
    return statements.rows(sql.PARSE, values)


def _stop_places(rows: Sequence[Row]) -> set[int]:
    """Return which pieces are the small words of the language that has most of them here.

    In other languages' texts they would be rare words, and count for much. One alone may be
    another language's word; and where there are no others, they are what is looked for.
    """
    stops: defaultdict[str, set[int]] = defaultdict(set)
    for row in rows:
        if row["query"] is None:
            stops[row["configuration"]].add(row["place"])
    places = {row["place"] for row in rows}
    most = max(stops.values(), key=len, default=set())
    return most if 1 < len(most) < len(places) else set()


def _either(queries: Iterable[str]) -> str:
    return " | ".join(f"({query})" for query in sorted(set(queries)))


def _keys(rows: Iterable[Row]) -> list[Key]:
    return [(row["job_id"], row["position"]) for row in rows]


def _shown(
    statements: LimitedStatements, values: Row, words: _Words | None, found: Sequence[Ranked]
) -> list[FoundPassage]:
    if not found:
        return []
    asked = values | {
        "any": words.any if words else "",
        "jobs": [each.job_id for each in found],
        "positions": [each.position for each in found],
    }
    rows = statements.rows(sql.SHOW, asked)
    matched = [
        set(words.plain if words else ()).union(
            *(folded_words(piece) for piece in _MARKED.findall(row["marked"]))
        )
        for row in rows
    ]
    return found_passages(statements, found, rows, matched)
