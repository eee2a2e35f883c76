"""A document's outline, from the bookmarks in its upload to the API and the command."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

from pikepdf import OutlineItem, Pdf

from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital

TOPICS = ("The basin", "Pilots", "The grain quay")


def write_report(path: Path) -> None:
    """Write four pages about a harbour, with bookmarks: two chapters, one with a section."""
    write_born_digital(
        path,
        [
            f"{topic}\n\nThis page tells of the harbour and of {topic.lower()}. The board has met\n"
            f"in Lisbon. Nobody had expected that {topic.lower()} would cost so many francs."
            for topic in (*TOPICS, "The pier")
        ],
    )
    with Pdf.open(path, allow_overwriting_input=True) as pdf:
        with pdf.open_outline() as outline:
            first = OutlineItem(TOPICS[0], 0)
            first.children.append(OutlineItem(TOPICS[1], 1))
            outline.root.extend([first, OutlineItem(TOPICS[2], 2)])
        pdf.save(path)


def drawn(sections: list[dict[str, Any]]) -> list[tuple[str, int, int, int]]:
    return [
        (each["title"], each["depth"], each["page_start"], each["page_end"]) for each in sections
    ]


def test_bookmarks_become_an_outline_with_summaries(quire: QuireClient, tmp_path: Path) -> None:
    path = tmp_path / "harbour.pdf"
    write_report(path)
    job = quire.wait(quire.submit(path, stages=["tree"]))
    assert job["status"] == "completed", job
    address = f"/v1/documents/{job['document_id']}/outline"
    answer = quire.http.get(address)
    assert answer.status_code == 200, answer.text
    outline = answer.json()
    assert outline["next_cursor"] is None
    sections = outline["sections"]
    bookmarks = [("The basin", 1, 1, 2), ("Pilots", 2, 2, 2), ("The grain quay", 1, 3, 4)]
    assert [each for each in drawn(sections) if each in bookmarks] == bookmarks
    assert (sections[0]["page_start"], sections[0]["page_end"]) == (1, 4)
    assert sections[0]["summary"]

    chapters = quire.http.get(address, params={"deepest": 1, "limit": 2}).json()
    assert [each["title"] for each in chapters["sections"]][1:] == ["The basin"]
    rest = quire.http.get(address, params={"deepest": 1, "cursor": chapters["next_cursor"]}).json()
    assert [each["title"] for each in rest["sections"]] == ["The grain quay"]
    assert rest["next_cursor"] is None


def test_without_the_stage_there_is_no_outline_and_it_says_how_to_get_one(
    quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "harbour.pdf"
    write_report(path)
    job = quire.wait(quire.submit(path, stages=["passages"]))
    answer = quire.http.get(f"/v1/documents/{job['document_id']}/outline")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_PREPARED")
    assert '"tree"' in answer.json()["detail"]
    answer = quire.http.get(f"/v1/documents/{uuid4()}/outline")
    assert (answer.status_code, answer.json()["code"]) == (404, "DOCUMENT_NOT_FOUND")
    answer = quire.http.get(f"/v1/documents/{job['document_id']}/outline", params={"limit": 0})
    assert answer.status_code == 422
