"""A page's words stand in its row, and can be read as one row a word."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection, sql

from common.access import Caller
from common.models import MergeWork, PageRow, Words
from common.reading import Hits, PageView
from infra.database.migrate import migrate
from infra.database.pages import PostgresPages
from infra.database.pool import open_pool
from infra.local.stack import Stack
from infra.settings import DatabaseSettings
from tests.world import World

SCRIPTS = files("infra.database").joinpath("migrations")
BEFORE = sorted(path.name for path in SCRIPTS.iterdir() if path.name < "0021")

ROWS = """
    INSERT INTO documents (id, owner, filename, bucket, object, generation, result_job,
                           result_attempt)
    VALUES (%(document)s, 'alice', 'a.pdf', 'b', 'a', 1, %(job)s, 2);
    INSERT INTO pages (document_id, job_id, attempt, number, width, height, unit, text_start,
                       text_end, confidence, languages, text, folded)
    SELECT %(document)s, %(job)s, attempt, number, 1, 1, 'pt', 0, 60, 1, '{}',
           repeat('.', 12) || 'needle' || repeat('.', 42),
           CASE number WHEN 1 THEN repeat('.', 12) || 'needle' || repeat('.', 42) ELSE '' END
      FROM generate_series(1, 2) AS attempt, generate_series(1, 3) AS number;
    -- The second page has none.
    INSERT INTO bounding_boxes (document_id, job_id, attempt, page, word, text, text_start,
                                text_end, x0, y0, x1, y1, confidence)
    SELECT %(document)s, %(job)s, attempt, page, word, format('%%s-%%s', page, word), word * 5,
           word * 5 + 4, word / 100.0, page / 100.0, word / 50.0, page / 50.0, attempt / 10.0
      FROM generate_series(1, 2) AS attempt, generate_series(1, 3, 2) AS page,
           generate_series(11, 0, -1) AS word;
"""
WORDS = Words(["word"], [0], [4], [0.1], [0.2], [0.3], [0.4], [0.9])
#: As version 0.1 of before this migration has them.
COPIED_BEFORE = """
    COPY bounding_boxes (document_id, job_id, attempt, page, word, text, text_start, text_end,
                         x0, y0, x1, y1, confidence) FROM STDIN (FORMAT binary)
"""
REAL = ["float4"] * 5
REMOVED_BEFORE = """
    DELETE FROM bounding_boxes
     WHERE ctid = ANY(ARRAY(
           SELECT rows.ctid FROM bounding_boxes AS rows JOIN documents ON id = document_id
            WHERE document_id = %(document)s AND job_id = %(job)s AND page = 2
              AND (job_id, attempt) IS DISTINCT FROM (result_job, result_attempt)
            LIMIT 1))
"""
WORDS_OF = """
    SELECT page, word, text, text_start, text_end, x0, y0, x1, y1, confidence
      FROM bounding_boxes WHERE job_id = %s AND attempt = %s ORDER BY page, word
"""


@pytest.fixture
def older(servers: Stack) -> Iterator[str]:
    """A database as it was before the words came into their pages' rows."""
    server, name = urlsplit(servers.endpoints["postgres"]), f"older_{uuid4().hex}"
    admin = urlunsplit(server._replace(path="/template1"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = urlunsplit(server._replace(path=f"/{name}"))
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE schema_migrations (name text PRIMARY KEY, at timestamptz)")
        for script in BEFORE:
            connection.execute(SCRIPTS.joinpath(script).read_bytes())
            connection.execute("INSERT INTO schema_migrations VALUES (%s)", (script,))
    yield url
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_words_that_were_rows_of_their_own_read_as_before_and_go_with_their_pages(
    older: str,
) -> None:
    document, job = uuid4(), uuid4()

    def words(attempt: int) -> list[tuple[Any, ...]]:
        with psycopg.connect(older) as connection:
            return connection.execute(WORDS_OF, (job, attempt)).fetchall()

    with psycopg.connect(older, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(ROWS, {"document": document, "job": job})
    before = {attempt: words(attempt) for attempt in (1, 2)}
    assert len(before[1]) == 24
    assert migrate(older)[0] == "0021_words_in_pages.sql"
    assert {attempt: words(attempt) for attempt in (1, 2)} == before

    with open_pool(DatabaseSettings(url=older)) as pool:
        pages, alice = PostgresPages(pool), Caller("alice")
        page = pages.find(document, 3, alice)
        assert isinstance(page, PageView)
        assert [(each.text, each.start, each.box) for each in page.words[:2]] == [
            ("3-0", 0, (0.0, 0.03, 0.0, 0.06)),
            ("3-1", 5, (0.01, 0.03, 0.02, 0.06)),
        ]
        assert [each.start for each in page.words] == [place * 5 for place in range(12)]
        empty = pages.find(document, 2, alice)
        assert isinstance(empty, PageView)
        assert empty.words == ()
        found = pages.search(document, "needle", alice, after=0, limit=9)
        assert isinstance(found, Hits)
        assert [hit.words for hit in found.hits] == [(2, 3)]

    with psycopg.connect(older) as connection:
        connection.execute("DELETE FROM pages WHERE attempt = 1")
        left = connection.execute("SELECT DISTINCT attempt FROM older_words").fetchall()
        connection.execute("DELETE FROM documents")
        assert left == [(2,)]
        assert connection.execute("SELECT FROM older_words").rowcount == 0


def test_the_version_before_goes_on_writing_and_removing_beside_this_one(world: World) -> None:
    work = _claimed(world)
    page = PageRow(1, 1.0, 1.0, "pt", 0, 4, 0.9, ["en"], "word", "word", WORDS)
    world.merges.write_pages(work, [page, page._replace(number=2, words=None)])
    of = {"document": work.document_id, "job": work.job_id, "attempt": work.attempt}
    with world.pool.connection() as connection:
        with connection.cursor() as cursor, cursor.copy(COPIED_BEFORE) as copy:
            copy.set_types(["uuid", "uuid", "int4", "int4", "int4", "text"] + ["int4"] * 2 + REAL)
            for word in range(2):
                copy.write_row((*of.values(), 2, word, "x", word, word + 1, 0, 0, 1, 1, 1))
        assert _count(connection, "bounding_boxes") == 3
        # As its clean-up does it, some rows at a time.
        removed = connection.execute(REMOVED_BEFORE, of).rowcount
        assert (removed, _count(connection, "bounding_boxes")) == (1, 2)
        # As its merges do it: the word that stands in a page's row stays with it.
        left = connection.execute("DELETE FROM bounding_boxes WHERE job_id = %(job)s", of)
        assert (left.rowcount, _count(connection, "older_words")) == (1, 0)
        assert _count(connection, "bounding_boxes") == 1


def _claimed(world: World) -> MergeWork:
    job_id, [chunk_id] = world.add_job(1)
    world.finish_chunk(chunk_id)
    work = world.merges.claim(job_id)
    assert work is not None
    return work


def _count(connection: Connection[dict[str, Any]], table: str) -> int:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row["count"])


@pytest.mark.parametrize("count", [0, 1, 3, 1000])
def test_whatever_words_a_page_has_are_read_as_they_were_written(world: World, count: int) -> None:
    texts = (["naïve", "", "𝄞漢字 é", '"{a,b}\\n', "NULL"] * count)[:count]
    # No two lists are the same, nor the same from behind.
    starts, ends = ([2**31 - 1 - index * step for index in range(count)] for step in (3, 2))
    sides = ([(index * step % 1000) / 1000 for index in range(count)] for step in (1, 3, 7, 9, 11))
    words = Words(texts, starts, ends, *(list(each) for each in sides))
    work = _claimed(world)
    page = PageRow(1, 1.0, 1.0, "pt", 0, 5, 0.9, ["en"], "words", "words", words)
    world.merges.write_pages(work, [page, page._replace(number=2, words=None)])
    with world.pool.connection() as connection:
        read = connection.execute(WORDS_OF, (work.job_id, work.attempt)).fetchall()
        first, second = connection.execute("SELECT words FROM pages ORDER BY number").fetchall()
    assert [tuple(row.values()) for row in read] == [
        (1, index, *word) for index, word in enumerate(zip(*words, strict=True))
    ]
    assert (first["words"], second["words"]) == (texts, None)
