"""Documents are sent, go through the stages after OCR, and are found: API and command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.local.stack import Stack
from tests.e2e.cli_program import Program
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital

ENGLISH = [
    "Of soils\n\nWheat grows best on loamy soils, for they hold the water of spring. Sand lets it\n"
    "run away, and clay keeps it until the roots are drowned.",
    "Of ships\n\nThe keels were laid in autumn. Shipwrights of the northern harbours preferred\n"
    "the wood of slowly grown oaks, and let it lie in salt water for two years.",
]
FRENCH = [
    "Des chevaux\n\nLes chevaux mangeaient du foin pendant l'hiver, et de l'herbe au printemps.\n"
    "Les juments allaitaient leurs poulains dans les prairies de la vallée.",
]


@dataclass(frozen=True)
class Books:
    """What one owner has: two books that can be searched."""

    owner: str
    english: dict[str, Any]
    french: dict[str, Any]


@pytest.fixture(scope="module")
def books(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    folder = tmp_path_factory.mktemp("books")
    write_born_digital(folder / "english.pdf", ENGLISH)
    write_born_digital(folder / "french.pdf", FRENCH)
    owner = f"reader-{uuid4()}"
    with QuireClient(stack, owner) as quire:
        jobs = [
            quire.submit(folder / "english.pdf", matter="m1", stages=["vectors"]),
            quire.submit(folder / "french.pdf", stages=["vectors"], languages=["fr"]),
        ]
        yield Books(owner, *map(quire.wait, jobs))


@pytest.fixture
def reader(stack: Stack, books: Books) -> Iterator[QuireClient]:
    with QuireClient(stack, books.owner) as quire:
        yield quire


def search(quire: QuireClient, q: str, path: str = "/v1/search", **asked: Any) -> dict[str, Any]:
    answer = quire.http.get(path, params={"q": q, **asked})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def pages(found: dict[str, Any]) -> list[tuple[str, int]]:
    return [(each["filename"], each["page_start"]) for each in found["results"]]


def test_what_is_asked_in_other_forms_is_found_first_with_its_page(
    reader: QuireClient, books: Books
) -> None:
    found = search(reader, "which oak did the shipwright prefer")
    assert (found["mode_used"], found["searchable"], found["notes"]) == ("hybrid", True, [])
    best = found["results"][0]
    assert best["document_id"] == books.english["document_id"]
    assert best["job_id"] == books.english["job_id"]
    assert best["ranks"] == {"text": 1, "vectors": 1}
    assert best["score"] == 1.0
    assert best["page_start"] <= 2 <= best["page_end"]
    marked = {best["snippet"][start:end].lower() for start, end in best["marks"]}
    assert marked >= {"shipwrights", "preferred", "oaks"}
    assert search(reader, "cheval mange", language="fr")["results"][0]["filename"] == "french.pdf"


def test_highlights_lie_over_the_words_on_the_page(reader: QuireClient, books: Books) -> None:
    best = search(reader, "shipwright oak", mode="text")["results"][0]
    document = f"/v1/documents/{books.english['document_id']}"
    assert best["highlights"]
    words = reader.http.get(f"{document}/pages/2").json()["words"]
    for page, left, top, right, bottom in best["highlights"]:
        assert page == 2
        covered = {
            word["text"].strip(".,").lower()
            for word in words
            if word["box"][0] >= left - 0.01
            and word["box"][2] <= right + 0.01
            and word["box"][1] < bottom
            and word["box"][3] > top
        }
        assert covered & {"shipwrights", "oaks"}, covered


def test_one_document_or_matter_is_searched_where_it_is_named(
    reader: QuireClient, books: Books
) -> None:
    english, french = books.english["document_id"], books.french["document_id"]
    for mode in ("hybrid", "text", "vectors"):
        there = search(reader, "water soil", f"/v1/documents/{english}/search", mode=mode)
        assert {each["document_id"] for each in there["results"]} == {english}
        assert there["documents"] == 1
        elsewhere = search(reader, "water soil", document=french, mode=mode)
        assert {each["document_id"] for each in elsewhere["results"]} <= {french}
        matter = search(reader, "cheval", matter="m1", mode=mode)
        assert {each["document_id"] for each in matter["results"]} <= {english}
    assert search(reader, "water", matter="nobody's")["searchable"] is False


def test_another_owner_finds_nothing_of_it(stack: Stack, books: Books) -> None:
    with QuireClient(stack, f"other-{uuid4()}") as other:
        found = search(other, "oak", document=books.english["document_id"])
        assert (found["results"], found["searchable"], found["documents"]) == ([], False, 0)
        answer = other.http.get(
            f"/v1/documents/{books.english['document_id']}/search", params={"q": "oak"}
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "DOCUMENT_NOT_FOUND")


def test_without_vectors_words_are_searched_and_it_says_so(
    quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "english.pdf"
    write_born_digital(path, ENGLISH)
    job = quire.wait(quire.submit(path, stages=["passages"]))
    document = f"/v1/documents/{job['document_id']}/search"
    for mode in ("hybrid", "vectors"):
        found = search(quire, "oaks", document, mode=mode)
        assert found["mode_used"] == "text"
        assert [note["code"] for note in found["notes"]] == ["NO_VECTORS"]
        assert found["results"][0]["ranks"] == {"text": 1, "vectors": None}
    assert search(quire, "oaks", document, mode="text")["notes"] == []


def test_a_document_that_was_only_read_is_not_searchable(
    quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "english.pdf"
    write_born_digital(path, ENGLISH)
    job = quire.wait(quire.submit(path, stages=["ocr"]))
    found = search(quire, "oaks", f"/v1/documents/{job['document_id']}/search")
    assert (found["searchable"], found["results"]) == (False, [])


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"q": ""},
        {"q": "x" * 1001},
        {"q": "a\0b"},
        {"q": "x", "limit": 0},
        {"q": "x", "limit": 51},
        {"q": "x", "mode": "magic"},
        {"q": "x", "language": "no language"},
    ],
)
def test_what_can_not_be_searched_is_refused(quire: QuireClient, asked: dict[str, Any]) -> None:
    for path in ("/v1/search", f"/v1/documents/{uuid4()}/search"):
        answer = quire.http.get(path, params=asked)
        assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST")


def test_the_command_finds_it_too(stack: Stack, tmp_path: Path) -> None:
    word = f"quern{uuid4().hex[:8]}"
    write_born_digital(tmp_path / "mill.pdf", [f"The mill\n\nIts {word} was turned by water."])
    with QuireClient(stack, owner="local") as quire:
        job = quire.wait(quire.submit(tmp_path / "mill.pdf", stages=["vectors"]))
    program = Program(stack.home.folder, tmp_path)
    ended = program("search", word, "--mode", "text")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.split("\t")[1:5] == [job["document_id"], "1", "0", "mill.pdf"]
    ended = program("search", word, "--job", job["job_id"], "--json", "--limit", "1")
    assert json.loads(ended.out)["results"][0]["document_id"] == job["document_id"]
