"""A document's sentences and passages over the API: pages of them, and what to do without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital

SENTENCE = (
    "INSERT INTO sentences (job_id, document_id, position, text, language, page_start, start,"
    ' page_end, "end", paragraph, boxes, level)'
    " SELECT %s, %s, n, 'Sentence ' || n || '.', CASE n WHEN 2 THEN 'fr' ELSE 'en' END,"
    " n + 1, 0, n + 1, 11, n, jsonb_build_array(jsonb_build_array(n + 1, 0.1, 0.2, 0.9, 0.3)),"
    " CASE n WHEN 0 THEN 1 ELSE 0 END FROM generate_series(0, 2) AS n"
)
PASSAGE = (
    "INSERT INTO passages (job_id, document_id, position, text, language, configuration, tokens,"
    " page_start, page_end, first_sentence, last_sentence, boxes)"
    " VALUES (%s, %s, 0, 'Sentence 0. Sentence 1.', 'en', 'english', 10, 1, 2, 0, 1, '[]')"
)
STAGE = (
    "INSERT INTO job_stages (job_id, stage, place, version, status, finished_at)"
    " VALUES (%s, %s, 2, '1', 'completed', now())"
)


@pytest.fixture
def document(quire: QuireClient, tmp_path: Path) -> tuple[str, str]:
    """A document that was read, and its job."""
    path = tmp_path / "lease.pdf"
    write_born_digital(path, ["A lease."])
    job = quire.wait(quire.submit(path, stages=["ocr"]))
    return job["document_id"], job["job_id"]


def test_sentences_are_listed_page_by_page(quire: QuireClient, document: tuple[str, str]) -> None:
    document_id, job_id = document
    path = f"/v1/documents/{document_id}/sentences"
    answer = quire.http.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_PREPARED")
    assert '{"stages": ["passages"]}' in answer.json()["detail"]

    quire.rows(SENTENCE, job_id, document_id)
    quire.rows(STAGE, job_id, "sentences")
    quire.rows("UPDATE documents SET search_job = %s WHERE id = %s", job_id, document_id)
    first = quire.http.get(path, params={"limit": 2}).json()
    assert first["sentences"][0] == {
        "position": 0,
        "text": "Sentence 0.",
        "normalized": None,
        "language": "en",
        "page_start": 1,
        "start": 0,
        "page_end": 1,
        "end": 11,
        "paragraph": 0,
        "level": 1,
        "boxes": [[1, 0.1, 0.2, 0.9, 0.3]],
    }
    rest = quire.http.get(path, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [row["position"] for row in rest["sentences"]] == [2]
    assert rest["next_cursor"] is None
    french = quire.http.get(path, params={"language": "fr"}).json()
    assert [row["position"] for row in french["sentences"]] == [2]
    second = quire.http.get(path, params={"page": 2}).json()
    assert [row["position"] for row in second["sentences"]] == [1]


def test_passages_are_listed_with_their_sentences(
    quire: QuireClient, document: tuple[str, str]
) -> None:
    document_id, job_id = document
    path = f"/v1/documents/{document_id}/passages"
    assert quire.http.get(path).json()["code"] == "NOT_PREPARED"
    quire.rows(PASSAGE, job_id, document_id)
    quire.rows(STAGE, job_id, "passages")
    quire.rows("UPDATE documents SET search_job = %s WHERE id = %s", job_id, document_id)
    assert quire.http.get(path).json() == {
        "passages": [
            {
                "position": 0,
                "text": "Sentence 0. Sentence 1.",
                "language": "en",
                "tokens": 10,
                "page_start": 1,
                "page_end": 2,
                "first_sentence": 0,
                "last_sentence": 1,
                "boxes": [],
            }
        ],
        "next_cursor": None,
    }
    assert quire.http.get(path, params={"page": 3}).json()["passages"] == []
    wrong = quire.http.get(path, params={"language": "französisch"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "INVALID_REQUEST")


def test_a_job_that_asks_for_passages_makes_them_of_what_it_has_read(
    quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "book.pdf"
    write_born_digital(path, ["Mr. Roy left. He was late.", "No. 4 is lost. Nobody knows why."])
    job = quire.wait(quire.submit(path, stages=["passages"]))
    assert job["status"] == "completed", job
    document = f"/v1/documents/{job['document_id']}"
    sentences = quire.http.get(f"{document}/sentences").json()["sentences"]
    assert [(row["text"], row["page_start"]) for row in sentences] == [
        ("Mr. Roy left.", 1),
        ("He was late.", 1),
        ("No. 4 is lost.", 2),
        ("Nobody knows why.", 2),
    ]
    assert all(box[0] == row["page_start"] for row in sentences for box in row["boxes"])
    assert all(0 <= box[1] < box[3] <= 1 for row in sentences for box in row["boxes"])
    [passage] = quire.http.get(f"{document}/passages").json()["passages"]
    assert (passage["page_start"], passage["page_end"]) == (1, 2)
    assert (passage["first_sentence"], passage["last_sentence"]) == (0, 3)
