"""A query is answered as well as it can be, whatever of the engine is away."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from common.access import Caller
from common.errors import MisconfiguredError, PermanentError, QuotaError, TransientError
from common.search import FoundPassage, SearchAnswer, SearchMode, SearchRequest, SearchScope
from common.stage_rows import Vector
from common.stages import Embedder
from functions.pipeline.search_passages import search_passages

ALICE = Caller("alice")
MODES = list(SearchMode)


@dataclass
class Shelf:
    """Passages that are all found, and what they were asked by."""

    held: SearchScope
    asked: list[tuple[str, bool, Vector | None]] = field(default_factory=list)

    def scope(self, request: SearchRequest, caller: Caller, *, engine: str) -> SearchScope:
        return self.held

    def find(
        self,
        request: SearchRequest,
        caller: Caller,
        *,
        engine: str,
        by_text: bool,
        vector: Vector | None,
    ) -> list[FoundPassage]:
        self.asked.append((engine, by_text, vector))
        return []


class Engine:
    """Embeds everything alike."""

    name = "alike-1"

    def embed(self, texts: Sequence[str], *, is_query: bool = False) -> list[Vector]:
        assert is_query
        return [[1.0] for _ in texts]


class Away(Engine):
    """Raises what an engine raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def embed(self, texts: Sequence[str], *, is_query: bool = False) -> list[Vector]:
        raise self._error


def never() -> Embedder:
    raise AssertionError("nobody should load the engine")


def answered(
    shelf: Shelf,
    mode: SearchMode,
    embedder: Callable[[], Embedder] = Engine,
    engine: Callable[[], str] = lambda: "alike-1",
) -> SearchAnswer:
    return search_passages(
        SearchRequest("oak", mode=mode), ALICE, passages=shelf, engine=engine, embedder=embedder
    )


def codes(answer: SearchAnswer) -> list[str]:
    return [note.code for note in answer.notes]


@pytest.mark.parametrize(
    ("mode", "by_text", "vector"),
    [
        (SearchMode.HYBRID, True, [1.0]),
        (SearchMode.TEXT, True, None),
        (SearchMode.VECTORS, False, [1.0]),
    ],
)
def test_each_mode_asks_for_its_rankings(
    mode: SearchMode, by_text: bool, vector: Vector | None
) -> None:
    shelf = Shelf(SearchScope(2, 2))
    answer = answered(shelf, mode)
    assert (answer.mode, codes(answer)) == (mode, [])
    assert [asked[1:] for asked in shelf.asked] == [(by_text, vector)]


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_loaded_where_there_is_nothing_to_search(mode: SearchMode) -> None:
    shelf = Shelf(SearchScope(0, 0))
    answer = answered(shelf, mode, never)
    assert (answer.results, answer.mode, shelf.asked) == ((), mode, [])


@pytest.mark.parametrize("mode", [SearchMode.HYBRID, SearchMode.VECTORS])
def test_without_vectors_the_engine_is_not_loaded(mode: SearchMode) -> None:
    shelf = Shelf(SearchScope(2, 0))
    answer = answered(shelf, mode, never)
    assert (answer.mode, codes(answer)) == (SearchMode.TEXT, ["NO_VECTORS"])
    assert [asked[1:] for asked in shelf.asked] == [(True, None)]


@pytest.mark.parametrize("mode", [SearchMode.HYBRID, SearchMode.VECTORS])
@pytest.mark.parametrize("error", [TransientError("x"), QuotaError("x"), PermanentError("x")])
def test_an_engine_that_is_away_leaves_the_words(mode: SearchMode, error: Exception) -> None:
    shelf = Shelf(SearchScope(2, 2))
    answer = answered(shelf, mode, lambda: Away(error))
    assert (answer.mode, codes(answer)) == (SearchMode.TEXT, ["EMBEDDER_UNAVAILABLE"])


def test_what_a_service_says_of_a_query_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    away = TransientError("Google is away.", code="EMBEDDING_AWAY")
    away.__cause__ = ValueError("400: bad content 'oak'")
    answered(Shelf(SearchScope(1, 1)), SearchMode.HYBRID, lambda: Away(away))
    [record] = caplog.records
    assert {"code": "EMBEDDING_AWAY", "reason": "Google is away."}.items() <= vars(record).items()
    assert record.exc_info is None
    assert "oak" not in caplog.text


def test_an_engine_that_is_not_installed_leaves_the_words() -> None:
    def missing() -> str:
        raise MisconfiguredError("not installed")

    answer = answered(Shelf(SearchScope(2, 0)), SearchMode.HYBRID, never, missing)
    assert (answer.mode, codes(answer)) == (SearchMode.TEXT, ["EMBEDDER_UNAVAILABLE"])
    assert answered(Shelf(SearchScope(2, 0)), SearchMode.TEXT, never, missing).notes == ()


def test_unknown_errors_are_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        answered(Shelf(SearchScope(1, 1)), SearchMode.HYBRID, lambda: Away(ZeroDivisionError()))


def test_documents_that_are_found_by_words_alone_are_told_of() -> None:
    answer = answered(Shelf(SearchScope(3, 1)), SearchMode.HYBRID)
    assert codes(answer) == ["SOME_WITHOUT_VECTORS"]
    assert answer.notes[0].message.startswith("2 of 3 documents")


def test_the_api_loads_no_engine_before_the_first_search() -> None:
    code = (
        "import sys, functions.api.app, functions.bootstrap, functions.api.search\n"
        "engines = {'numpy', 'tokenizers', 'wordllama', 'google.genai'}\n"
        "assert not engines & set(sys.modules), engines & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
