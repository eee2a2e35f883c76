"""Search: find out what there is, embed the query, rank passages by words and by vectors."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from common.access import Caller
from common.errors import PermanentError, QuireError, QuotaError, TransientError
from common.search import (
    FoundPassage,
    SearchAnswer,
    SearchMode,
    SearchNote,
    SearchRequest,
    SearchScope,
)
from common.stage_rows import Vector
from common.stages import Embedder

log = logging.getLogger(__name__)


class PassageSearch(Protocol):
    """Where passages are found."""

    def scope(self, request: SearchRequest, caller: Caller, *, engine: str) -> SearchScope:
        """Return what there is to search in; `engine` is what would embed the query.

        Raises TransientError SEARCH_TOO_SLOW.
        """

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


def search_passages(
    request: SearchRequest,
    caller: Caller,
    *,
    passages: PassageSearch,
    engine: Callable[[], str],
    embedder: Callable[[], Embedder],
) -> SearchAnswer:
    """Answer a query as well as it can be: by words alone where the vectors are away.

    The embedder is loaded only where there are vectors that its own can be compared with; no
    connection to the database is held while it works.
    """
    notes: list[SearchNote] = []
    name = _name(engine, notes) if request.mode is not SearchMode.TEXT else ""
    scope = passages.scope(request, caller, engine=name)
    if not scope.documents:
        return SearchAnswer((), request.mode, scope)
    vector = _vector(request.query, scope, embedder, notes) if name else None
    by_text = request.mode is not SearchMode.VECTORS or vector is None
    found = passages.find(request, caller, engine=name, by_text=by_text, vector=vector)
    return SearchAnswer(tuple(found), _mode(by_text, vector), scope, tuple(notes))


def _mode(by_text: bool, vector: Vector | None) -> SearchMode:
    if vector is None:
        return SearchMode.TEXT
    return SearchMode.HYBRID if by_text else SearchMode.VECTORS


def _name(engine: Callable[[], str], notes: list[SearchNote]) -> str:
    """Return the engine's name; none where it can't be asked anyhow."""
    try:
        return engine()
    except PermanentError as error:
        notes.append(_unavailable(error))
        return ""


def _vector(
    query: str, scope: SearchScope, embedder: Callable[[], Embedder], notes: list[SearchNote]
) -> Vector | None:
    if not scope.with_vectors:
        notes.append(
            SearchNote(
                "NO_VECTORS",
                "Searched by words alone: no document here has vectors of the engine that is set. "
                "Ask for the stage `vectors`.",
            )
        )
        return None
    try:
        [vector] = embedder().embed([query], is_query=True)
    except (TransientError, QuotaError, PermanentError) as error:
        notes.append(_unavailable(error))
        return None
    missing = scope.documents - scope.with_vectors
    if missing:
        notes.append(
            SearchNote(
                "SOME_WITHOUT_VECTORS",
                f"{missing:,} of {scope.documents:,} documents have no vectors of the engine that "
                "is set: by vectors they are not found.",
            )
        )
    return vector


def _unavailable(error: QuireError) -> SearchNote:
    # Not with what it was raised from: a service's answer may quote the query.
    log.warning(
        "a query could not be embedded", extra={"code": error.code, "reason": error.message}
    )
    return SearchNote(
        "EMBEDDER_UNAVAILABLE",
        "Searched by words alone: what says what a query is about is away.",
    )
