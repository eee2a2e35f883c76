"""Search on real Postgres: what is found, whose it is, and where it stands."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from common.access import Caller
from common.errors import TransientError
from common.search import FoundPassage, SearchRequest, SearchScope
from common.stage_rows import Vector
from infra.database import search_statements as sql
from infra.database.pool import Pool
from infra.database.search import PostgresSearch
from tests.contract.search_fixtures import ENGINE, Library, axis, library

__all__ = ["library"]

ALICE = Caller("alice")
SOIL = "Wheat grows on loamy soils that hold water."
SHIPS = "Ships were built of oak in the harbours of the north."
#: More to the point than anything of alice's in matter m1.
THEIRS = "Oak soil grows: oak soil grows, oak soil grows."
BOTH = "Oak grows slowly, and needs deep soil."


@pytest.fixture
def search(pool: Pool) -> PostgresSearch:
    return PostgresSearch(pool)


def texts(
    search: PostgresSearch,
    query: str,
    caller: Caller = ALICE,
    *,
    vector: Vector | None = None,
    by_text: bool = True,
    **where: Any,
) -> list[FoundPassage]:
    request = SearchRequest(query, **where)
    return search.find(request, caller, engine=ENGINE, by_text=by_text, vector=vector)


def found(passages: list[FoundPassage]) -> list[int]:
    return [each.passage for each in passages]


def test_any_form_of_any_word_finds_a_passage_and_rare_words_count_for_more(
    search: PostgresSearch, library: Library
) -> None:
    library.add(SOIL, SHIPS, BOTH, "Corn grows too.", "Grapes grow as well.")
    assert found(texts(search, "soil oaks")) == [2, 0, 1]
    assert found(texts(search, "growing harbour")) == [1, 0, 2, 3, 4]
    assert found(texts(search, "growing harbour"))[0] == 1
    assert texts(search, "iron") == []


def test_each_language_has_its_own_forms(search: PostgresSearch, library: Library) -> None:
    french = library.add("Les chevaux mangeaient du foin.", language="fr")
    english = library.add("The horses were eating hay.", language="en")
    assert [each.document_id for each in texts(search, "cheval mange")] == [french]
    assert [each.document_id for each in texts(search, "eats horse")] == [english]


def test_phrases_are_taken_as_they_stand_and_a_minus_leaves_passages_out(
    search: PostgresSearch, library: Library
) -> None:
    library.add(SOIL, SHIPS, BOTH)
    assert found(texts(search, '"deep soil"')) == [2]
    assert found(texts(search, "oak -harbours")) == [2]
    assert found(texts(search, 'grows -"deep soil"')) == [0]


@pytest.mark.parametrize(
    "query",
    [
        *("the of and", "…", "'", "\\ & | !", ":* <->", '"', "-", "%s", "or", "not and or"),
        # No word that is indexed is so long; of four bytes a letter it is longer still.
        *("\u5b57" * 1000, "\U0001d4b3" * 1000, "e\u0301" * 500, "<b>" * 300, "a.b@c" * 200),
    ],
)
def test_a_query_without_words_that_count_finds_nothing_and_breaks_nothing(
    search: PostgresSearch, library: Library, query: str
) -> None:
    library.add(SOIL, vectors=[axis(0)])
    assert texts(search, query) == []
    assert found(texts(search, query, vector=axis(0))) == [0]


def test_vectors_find_what_no_word_says(search: PostgresSearch, library: Library) -> None:
    library.add(SOIL, SHIPS, BOTH, vectors=[axis(0), axis(2), axis(0, 0.5)])
    near = texts(search, "farming", vector=axis(0, 0.1), by_text=False)
    assert found(near) == [0, 2, 1]
    assert [(each.text_rank, each.vector_rank) for each in near] == [
        (None, 1),
        (None, 2),
        (None, 3),
    ]
    assert near[0].score == 1.0 > near[1].score


def test_both_rankings_become_one(search: PostgresSearch, library: Library) -> None:
    library.add(SOIL, SHIPS, BOTH, vectors=[axis(0), axis(2), axis(0, 0.5)])
    [first, second, third] = texts(search, "harbours", vector=axis(0))
    assert (first.passage, first.text_rank, first.vector_rank) == (1, 1, 3)
    assert (second.passage, second.text_rank, second.vector_rank) == (0, None, 1)
    assert first.score > second.score > third.score


@pytest.mark.parametrize("exact", [0, 50_000])
def test_nobody_finds_what_is_not_theirs_and_ranks_and_scores_are_as_if_it_was_not_there(
    pool: Pool, library: Library, exact: int
) -> None:
    search = PostgresSearch(pool, exact=exact)
    mine = library.add(SOIL, BOTH, matter="m1", vectors=[axis(0), axis(2, 0.5)])

    def look() -> list[list[FoundPassage]]:
        return [
            texts(search, "oak soil grows", caller, vector=axis(1), by_text=by_text)
            for caller in (ALICE, Caller("alice", ("m1",)))
            for by_text in (True, False)
        ]

    alone = look()
    assert {each.document_id for answer in alone for each in answer} == {mine}
    for _ in range(3):
        library.add(*[THEIRS] * 9, owner="bob", matter="m1", vectors=[axis(1)] * 9)
    assert look() == alone
    other = library.add(*[THEIRS] * 9, matter="m2", vectors=[axis(1)] * 9)
    assert look()[2:] == alone[2:]
    assert look()[0][0].document_id == other
    nobody = Caller("alice", ())
    assert texts(search, "oak", nobody, vector=axis(1)) == []
    scope = SearchRequest("oak")
    assert search.scope(scope, nobody, engine=ENGINE) == SearchScope(0, 0)
    assert search.scope(scope, Caller("alice", ("m1",)), engine=ENGINE) == SearchScope(1, 1)
    assert search.has(mine, Caller("alice", ("m1",)))
    assert not search.has(mine, Caller("alice", ("m2",)))
    assert not search.has(mine, Caller("bob"))
    assert not search.has(uuid4(), ALICE)


@pytest.mark.parametrize("exact", [0, 50_000])
def test_a_search_keeps_to_documents_matter_and_language(
    pool: Pool, library: Library, exact: int
) -> None:
    search = PostgresSearch(pool, exact=exact)
    first = library.add("Oak", matter="m1", language="en-GB", vectors=[axis(0)])
    second = library.add("Oak", matter="m2", language="eng", vectors=[axis(0)])
    third = library.add("Oak", language="en", vectors=[axis(0)])
    for by_text, vector in ((True, None), (False, axis(0)), (True, axis(0))):

        def ids(by_text: bool = by_text, vector: Vector | None = vector, **where: Any) -> set[UUID]:
            passages = texts(search, "oak", by_text=by_text, vector=vector, **where)
            return {each.document_id for each in passages}

        assert ids() == {first, second, third}
        assert ids(documents=(first, third)) == {first, third}
        assert ids(documents=(uuid4(),)) == set()
        assert ids(matter="m2") == {second}
        assert ids(language="en") == {first, third}
        assert ids(language="EN-gb") == {first}
        assert len(texts(search, "oak", by_text=by_text, vector=vector, limit=2)) == 2


def test_only_rows_of_the_job_that_counts_are_found(
    search: PostgresSearch, library: Library, pool: Pool
) -> None:
    library.add(SOIL, vectors=[axis(0)])
    with pool.connection() as connection:
        connection.execute("UPDATE documents SET search_job = gen_random_uuid()")
    assert texts(search, "soil", vector=axis(0)) == []
    with pool.connection() as connection:
        connection.execute("UPDATE documents SET search_job = NULL")
    assert texts(search, "soil", vector=axis(0)) == []
    assert search.scope(SearchRequest("soil"), ALICE, engine=ENGINE) == SearchScope(0, 0)


def test_passages_that_are_being_made_again_are_not_searched(
    search: PostgresSearch, library: Library
) -> None:
    library.add(SOIL, vectors=[axis(0)], passages_status="processing")
    assert texts(search, "soil", vector=axis(0)) == []
    assert search.scope(SearchRequest("soil"), ALICE, engine=ENGINE) == SearchScope(0, 0)
    whole = library.add(SOIL)
    assert [each.document_id for each in texts(search, "soil")] == [whole]
    assert search.scope(SearchRequest("soil"), ALICE, engine=ENGINE) == SearchScope(1, 0)


def test_vectors_of_another_engine_or_not_all_there_yet_are_not_compared(
    search: PostgresSearch, library: Library
) -> None:
    library.add(SOIL, vectors=[axis(0)], engine="other-256-1")
    library.add(SHIPS, vectors=[axis(0)], vectors_status="processing")
    library.add(BOTH)
    whole = library.add(BOTH, vectors=[axis(0)])
    assert search.scope(SearchRequest("x"), ALICE, engine=ENGINE) == SearchScope(4, 1)
    near = texts(search, "x", vector=axis(0), by_text=False)
    assert [each.document_id for each in near] == [whole]
    assert len(texts(search, "soil harbours oak", vector=axis(0))) == 4


def test_what_is_found_says_where_it_stands_and_where_the_querys_words_do(
    search: PostgresSearch, library: Library
) -> None:
    document = library.add("Nothing.", "The soils are deep; this soil, too.", filename="a.pdf")
    [passage] = texts(search, "SOIL")
    assert (passage.document_id, passage.filename, passage.passage) == (document, "a.pdf", 1)
    assert (passage.page_start, passage.page_end, passage.language) == (2, 2, "en")
    assert passage.text == passage.snippet == "The soils are deep; this soil, too."
    assert [passage.snippet[a:b] for a, b in passage.marks] == ["soils", "soil"]
    assert passage.boxes == ((2, 0.1, 0.1, 0.9, 0.12),)
    assert passage.highlights == ((2, 0.004, 0.1, 0.009, 0.12), (2, 0.025, 0.1, 0.03, 0.12))


def test_accents_and_case_of_the_query_do_not_matter_for_marks(
    search: PostgresSearch, library: Library
) -> None:
    library.add("Un réseau d'eau.", language="fr", vectors=[axis(0)])
    [passage] = texts(search, "RESEAU d\u2019Eau", vector=axis(0))
    assert [passage.snippet[a:b] for a, b in passage.marks] == ["réseau", "d", "eau"]


def test_a_word_again_and_again_has_a_hundred_highlights_at_most(
    search: PostgresSearch, library: Library
) -> None:
    library.add("oak elm " * 300)
    [passage] = texts(search, "oak")
    assert len(passage.highlights) == 100
    assert len(passage.snippet) < 300


def test_a_search_ends_in_time_and_leaves_the_connection_as_it_was(
    pool: Pool, library: Library
) -> None:
    library.add(*["oak " * 200] * 50)
    with pytest.raises(TransientError) as raised:
        texts(PostgresSearch(pool, seconds=0.001), "oak")
    assert raised.value.code == "SEARCH_TOO_SLOW"
    with pool.connection() as connection:
        row = connection.execute("SHOW statement_timeout").fetchone()
        assert row == {"statement_timeout": "0"}


def test_the_time_is_that_of_all_its_statements(pool: Pool, library: Library) -> None:
    library.add("Oak", vectors=[axis(0)])
    looks: list[float] = []

    def clock() -> float:
        looks.append(float(len(looks)))
        return looks[-1]

    assert found(texts(PostgresSearch(pool, seconds=60, clock=clock), "oak", vector=axis(0))) == [0]
    # The first look is when it begins; each statement may take less than what the last one left.
    short = PostgresSearch(pool, seconds=len(looks) - 1, clock=clock)
    looks.clear()
    with pytest.raises(TransientError) as raised:
        texts(short, "oak", vector=axis(0))
    assert raised.value.code == "SEARCH_TOO_SLOW"


def test_what_there_is_to_search_is_counted_in_time(pool: Pool, library: Library) -> None:
    library.add("Oak")
    hours = map(float, range(0, 36_000, 3_600))
    slow = PostgresSearch(pool, clock=lambda: next(hours))
    with pytest.raises(TransientError) as raised:
        slow.scope(SearchRequest("oak"), ALICE, engine=ENGINE)
    assert raised.value.code == "SEARCH_TOO_SLOW"


def test_few_vectors_of_a_language_are_compared_one_by_one(pool: Pool, library: Library) -> None:
    library.add(*["Oak"] * 20, vectors=[axis(n) for n in range(20)])
    library.add(*["Chêne"] * 3, language="fr-CA", vectors=[axis(n) for n in range(3)])

    def are_few(language: str | None, *, picked_from: int = 99) -> Any:
        values: dict[str, object] = {"owner": "alice", "matters": None, "documents": None}
        values |= {"matter": None, "language": language, "engine": ENGINE, "exact": 3}
        with pool.connection() as connection:
            row = connection.execute(sql.FEW_VECTORS, values | {"picked_from": picked_from})
            return row.fetchall()

    assert are_few(None) == are_few("en") == [{"are_few": False}]
    assert are_few("fr") == are_few("fr", picked_from=23) == [{"are_few": True}]
    assert are_few("fr", picked_from=22) == [{"are_few": False}]


def test_the_index_looks_far_for_what_is_the_callers(pool: Pool) -> None:
    limits = {
        "hnsw.ef_search": "200",
        "hnsw.iterative_scan": "relaxed_order",
        "hnsw.max_scan_tuples": "200000",
        "hnsw.scan_mem_multiplier": "8",
    }
    with pool.connection() as connection:
        connection.execute(sql.LIMITS, {"ef_search": "200"})
        for name, limit in limits.items():
            assert connection.execute(f"SHOW {name}").fetchone() == {name: limit}


def test_vectors_of_many_are_found_by_their_index(
    pool: Pool, library: Library, database_url: str
) -> None:
    for owner in ("alice", "bob"):
        library.add(*["Oak"] * 200, owner=owner, vectors=[axis(n) for n in range(200)])
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    search = PostgresSearch(pool, exact=10)
    near = texts(search, "x", vector=axis(7, 0.1), by_text=False, limit=2)
    assert found(near) == [7, 8]
    values: dict[str, object] = {"owner": "alice", "matters": None, "documents": None}
    values |= {
        "matter": None,
        "language": "en",
        "engine": ENGINE,
        "vector": str(axis(7)),
        "depth": 10,
    }
    with pool.connection() as connection:
        plan = connection.execute(f"EXPLAIN {sql.VECTORS_INDEXED}", values).fetchall()
    assert any("passage_vectors_by_closeness" in row["QUERY PLAN"] for row in plan), plan
