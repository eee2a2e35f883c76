"""Sentences and passages on real Postgres: whose they are, which job's, and which are asked for."""

from __future__ import annotations

from uuid import UUID

import pytest

from common.access import Caller
from common.models import DocumentId, JobId
from common.prepared import NotPrepared, Wanted
from common.stage_rows import Passage, Sentence, StageRow
from infra.database.prepared_texts import PostgresPreparedTexts
from infra.database.stage_rows import PostgresStageRows, write
from tests.world import World

ALICE = Caller("alice")

STAGES = """
    INSERT INTO job_stages (job_id, stage, place, version, status, finished_at)
    VALUES (%(job)s, 'sentences', 2, '1', 'completed', now()),
           (%(job)s, 'passages', 3, '1', 'completed', now())
"""
AGAIN = """
    UPDATE job_stages SET status = 'processing', finished_at = NULL
     WHERE job_id = %s AND stage = %s RETURNING stage
"""


@pytest.fixture
def texts(world: World) -> PostgresPreparedTexts:
    return PostgresPreparedTexts(world.pool)


def sentence(
    position: int, first: int, last: int | None = None, *, language: str = "en"
) -> Sentence:
    text = f"Sentence {position}."
    box = (first, 0.1, 0.2, 0.9, 0.22)
    return Sentence(position, text, language, first, 3, last or first, 9, 0, [box], "Put right.", 2)


def passage(position: int, first: int, last: int, *, language: str = "en") -> Passage:
    box = (first, 0.1, 0.2, 0.9, 0.22)
    return Passage(position, f"Passage {position}.", language, 7, first, last, 0, 4, [box])


def prepared(world: World, *rows: StageRow) -> tuple[UUID, JobId]:
    """Return a document whose search_job has made these rows."""
    job_id, _ = world.add_job(1, owner="alice")
    with world.pool.connection() as connection:
        found = connection.execute("SELECT document_id FROM jobs WHERE id = %s", [job_id])
        row = found.fetchone()
        assert row is not None
        document_id: UUID = row["document_id"]
        write(connection, job_id, DocumentId(document_id), rows)
        if rows:
            connection.execute(STAGES, {"job": job_id})
        connection.execute(
            "UPDATE documents SET search_job = %s WHERE id = %s", [job_id, document_id]
        )
    return document_id, job_id


def positions(found: list[Sentence] | list[Passage] | NotPrepared | None) -> list[int]:
    assert isinstance(found, list)
    return [row.position for row in found]


def test_rows_come_as_they_were_written(world: World, texts: PostgresPreparedTexts) -> None:
    rows = [sentence(0, 1), sentence(1, 1, 2)]
    document_id, job_id = prepared(world, *rows, passage(0, 1, 2))
    sentences = texts.sentences(document_id, ALICE, Wanted())
    assert isinstance(sentences, list)
    assert [row._replace(boxes=[]) for row in sentences] == [row._replace(boxes=[]) for row in rows]
    assert [list(row.boxes[0]) for row in sentences] == [list(row.boxes[0]) for row in rows]
    assert positions(texts.passages(document_id, ALICE, Wanted())) == [0]
    read = PostgresStageRows(world.pool, job_id)
    assert list(read.sentences()) == rows
    assert list(read.sentences(start=1)) == rows[1:]
    assert read.last_sentence() == 1


def test_a_page_has_what_stands_on_it_in_part(world: World, texts: PostgresPreparedTexts) -> None:
    document_id, _ = prepared(
        world, sentence(0, 1), sentence(1, 1, 3), sentence(2, 3), passage(0, 1, 2), passage(1, 2, 3)
    )
    for page, sentences, passages in ((1, [0, 1], [0]), (2, [1], [0, 1]), (3, [1, 2], [1])):
        wanted = Wanted(page=page)
        assert positions(texts.sentences(document_id, ALICE, wanted)) == sentences
        assert positions(texts.passages(document_id, ALICE, wanted)) == passages
    assert positions(texts.sentences(document_id, ALICE, Wanted(page=4))) == []


def test_a_language_is_asked_for_with_its_varieties(
    world: World, texts: PostgresPreparedTexts
) -> None:
    languages = ["en", "fr", "fr-CA", "fro"]
    rows = [sentence(at, 1, language=language) for at, language in enumerate(languages)]
    document_id, _ = prepared(world, *rows)
    assert positions(texts.sentences(document_id, ALICE, Wanted(language="FR"))) == [1, 2]
    assert positions(texts.sentences(document_id, ALICE, Wanted(language="fr-CA"))) == [2]


def test_rows_are_paged_through(world: World, texts: PostgresPreparedTexts) -> None:
    document_id, _ = prepared(world, *[sentence(at, 1) for at in range(5)])
    assert positions(texts.sentences(document_id, ALICE, Wanted(limit=2))) == [0, 1]
    assert positions(texts.sentences(document_id, ALICE, Wanted(after=1, limit=2))) == [2, 3]
    assert positions(texts.sentences(document_id, ALICE, Wanted(after=4))) == []


def test_only_those_who_may_see_the_document_see_its_sentences(
    world: World, texts: PostgresPreparedTexts
) -> None:
    document_id, _ = prepared(world, sentence(0, 1), passage(0, 1, 1))
    for caller in (Caller("bob"), Caller("alice", matters=("m2",))):
        assert texts.sentences(document_id, caller, Wanted()) is None
        assert texts.passages(document_id, caller, Wanted()) is None


def test_only_the_rows_of_the_job_that_is_searched_are_shown(
    world: World, texts: PostgresPreparedTexts
) -> None:
    document_id, job_id = prepared(world, sentence(0, 1))
    with world.pool.connection() as connection:
        connection.execute(
            "INSERT INTO sentences SELECT gen_random_uuid(), document_id, 1, text, language,"
            ' page_start, start, page_end, "end", paragraph, boxes, normalized, level'
            " FROM sentences WHERE job_id = %s",
            [job_id],
        )
    assert positions(texts.sentences(document_id, ALICE, Wanted())) == [0]


def test_without_a_job_that_made_them_it_says_whether_one_is_on_its_way(
    world: World, texts: PostgresPreparedTexts
) -> None:
    document_id, job_id = prepared(world)
    with world.pool.connection() as connection:
        connection.execute("UPDATE documents SET search_job = NULL WHERE id = %s", [document_id])
    assert texts.sentences(document_id, ALICE, Wanted()) == NotPrepared(is_awaited=False)
    with world.pool.connection() as connection:
        connection.execute(
            "INSERT INTO job_stages (job_id, stage, place, version)"
            " VALUES (%s, 'passages', 3, '1')",
            [job_id],
        )
    assert texts.passages(document_id, ALICE, Wanted()) == NotPrepared(is_awaited=True)


@pytest.mark.parametrize("is_awaited", [True, False])
def test_rows_are_shown_when_all_of_them_are_there(
    world: World, texts: PostgresPreparedTexts, is_awaited: bool
) -> None:
    document_id, job_id = prepared(world, sentence(0, 1), passage(0, 1, 1))
    if not is_awaited:
        world.one(
            "UPDATE jobs SET status = 'cancelled', finished_at = now() WHERE id = %s RETURNING id",
            job_id,
        )
    world.one(AGAIN, job_id, "passages")
    assert positions(texts.sentences(document_id, ALICE, Wanted())) == [0]
    assert texts.passages(document_id, ALICE, Wanted()) == NotPrepared(is_awaited)
    world.one(AGAIN, job_id, "sentences")
    assert texts.sentences(document_id, ALICE, Wanted()) == NotPrepared(is_awaited)
