"""Documents that have gone through the stages after OCR, as far as search sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from common.models import DocumentId, JobId
from common.stage_rows import (
    DIMENSIONS,
    Embedding,
    LaidWord,
    Layout,
    PageText,
    Passage,
    PublishedVectors,
    Sentence,
    Vector,
)
from infra.database.pool import Pool
from infra.database.stage_rows import write

ENGINE = "tests-256-1"

DOCUMENT = """
    WITH document AS (
        INSERT INTO documents (id, owner, matter, filename, bucket, object, generation, search_job)
        VALUES (%(document)s, %(owner)s, %(matter)s, %(filename)s, 'b', %(document)s, 1, %(job)s))
    INSERT INTO jobs (id, document_id, owner, matter, last_event)
    VALUES (%(job)s, %(document)s, %(owner)s, %(matter)s, 0)
"""
STAGE = """
    INSERT INTO job_stages (job_id, stage, place, version, status, finished_at)
    VALUES (%s, %s, %s, %s, %s, CASE WHEN %s = 'completed' THEN now() END)
"""


def axis(number: int, lean: float = 0.0) -> Vector:
    """Return a vector of length 1 along one axis, leaning towards the next."""
    vector = [0.0] * DIMENSIONS
    vector[number] = (1 - lean**2) ** 0.5
    vector[number + 1] = lean
    return vector


def page_text(number: int, text: str, language: str) -> PageText:
    """Return a page in one line: every code point is a thousandth of its width."""
    words: list[LaidWord] = []
    start = 0
    for word in text.split(" "):
        end = start + len(word)
        words.append(LaidWord(start, end, 0, start / 1000, 0.1, end / 1000, 0.12))
        start = end + 1
    return PageText(number, text, "\n\n", language, "", "", Layout([], words))


@dataclass(frozen=True)
class Library:
    """Writes documents whose pages are one passage and one sentence each."""

    pool: Pool

    def add(
        self,
        *texts: str,
        owner: str = "alice",
        matter: str | None = None,
        language: str = "en",
        filename: str = "book.pdf",
        vectors: Sequence[Vector] | None = None,
        engine: str = ENGINE,
        passages_status: str = "completed",
        vectors_status: str = "completed",
    ) -> UUID:
        """Add a document that may be searched; return its id."""
        document, job = DocumentId(uuid4()), JobId(uuid4())
        values = {"document": document, "job": job, "owner": owner, "matter": matter}
        with self.pool.connection() as connection:
            connection.execute(DOCUMENT, values | {"filename": filename})
            stages = [("passages", "1", passages_status)]
            if vectors is not None:
                stages.append(("embedding", f"1:{engine}", "completed"))
                stages.append(("vectors", "1", vectors_status))
            for place, (stage, version, status) in enumerate(stages):
                connection.execute(STAGE, (job, stage, place, version, status, status))
            box = (1, 0.1, 0.1, 0.9, 0.12)
            for number, text in enumerate(texts, 1):
                place, size = number - 1, len(text)
                boxes = [(number, *box[1:])]
                sentence = Sentence(
                    place, text, language, number, 0, number, size, place, list(boxes)
                )
                passage = Passage(
                    place, text, language, 9, number, number, place, place, list(boxes)
                )
                rows = [page_text(number, text, language), sentence, passage]
                write(connection, job, document, rows)
            if vectors is not None:
                embeddings = [Embedding(place, vector) for place, vector in enumerate(vectors)]
                write(connection, job, document, embeddings)
                write(connection, job, document, [PublishedVectors(0, len(vectors) - 1)])
        return document


@pytest.fixture
def library(pool: Pool) -> Library:
    """Documents to be searched."""
    return Library(pool)
