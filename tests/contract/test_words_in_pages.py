"""A page's words stand in its row, and can be read as one row a word."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from common.models import PageRow, Words
from infra.database.migrate import migrate
from infra.local.stack import Stack
from tests.world import World

SCRIPTS = files("infra.database").joinpath("migrations")
BEFORE = sorted(path.name for path in SCRIPTS.iterdir() if path.name < "0021")

ROWS = """
    INSERT INTO documents (id, owner, filename, bucket, object, generation)
    VALUES (%(document)s, 'alice', 'a.pdf', 'b', 'a', 1);
    INSERT INTO pages (document_id, job_id, attempt, number, width, height, unit, text_start,
                       text_end, confidence, languages, text, folded)
    SELECT %(document)s, %(job)s, attempt, number, 1, 1, 'pt', 0, 0, 1, '{}', '', ''
      FROM generate_series(1, 2) AS attempt, generate_series(1, 3) AS number;
    -- The second page has none.
    INSERT INTO bounding_boxes (document_id, job_id, attempt, page, word, text, text_start,
                                text_end, x0, y0, x1, y1, confidence)
    SELECT %(document)s, %(job)s, attempt, page, word, format('%%s-%%s', page, word), word * 5,
           word * 5 + 4, word / 100.0, page / 100.0, word / 50.0, page / 50.0, attempt / 10.0
      FROM generate_series(1, 2) AS attempt, generate_series(1, 3, 2) AS page,
           generate_series(11, 0, -1) AS word;
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


def test_words_that_were_rows_of_their_own_read_the_same_once_migrated(older: str) -> None:
    job = uuid4()

    def words(attempt: int) -> list[tuple[Any, ...]]:
        with psycopg.connect(older) as connection:
            return connection.execute(WORDS_OF, (job, attempt)).fetchall()

    with psycopg.connect(older, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(ROWS, {"document": uuid4(), "job": job})
    before = {attempt: words(attempt) for attempt in (1, 2)}
    assert len(before[1]) == 24
    assert migrate(older)[0] == "0021_words_in_pages.sql"
    assert {attempt: words(attempt) for attempt in (1, 2)} == before
    with psycopg.connect(older) as connection:
        [without] = connection.execute("SELECT DISTINCT words FROM pages WHERE number = 2")
        assert without == (None,)


@pytest.mark.parametrize("count", [0, 1, 3, 1000])
def test_whatever_words_a_page_has_are_read_as_they_were_written(world: World, count: int) -> None:
    texts = (["naïve", "", "𝄞漢字 é", '"{a,b}\\n', "NULL"] * count)[:count]
    starts = [2**31 - 1 - index for index in range(count)]
    sides = [index / 1000 for index in range(count)]
    words = Words(texts, starts, starts, sides, sides[::-1], sides, sides[::-1], sides)
    job_id, [chunk_id] = world.add_job(1)
    world.finish_chunk(chunk_id)
    work = world.merges.claim(job_id)
    assert work is not None
    page = PageRow(1, 1.0, 1.0, "pt", 0, 5, 0.9, ["en"], "words", "words", words)
    world.merges.write_pages(work, [page, page._replace(number=2, words=None)])
    with world.pool.connection() as connection:
        read = connection.execute(WORDS_OF, (job_id, work.attempt)).fetchall()
        first, second = connection.execute("SELECT words FROM pages ORDER BY number").fetchall()
    assert [tuple(row.values()) for row in read] == [
        (1, index, *word) for index, word in enumerate(zip(*words, strict=True))
    ]
    assert (first["words"], second["words"]) == (texts, None)
