"""A document's pages through the API: words, search, and pictures that the words' boxes fit."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pikepdf
import pytest
from PIL import Image

from infra.local.stack import Stack
from tests.e2e.api_requests import refused
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import Leaf, write_pages
from tests.pdfs.text import page_text

RESOURCES = Path(__file__).parents[1] / "resources"


@dataclass(frozen=True)
class Book:
    """A document that was read."""

    quire: QuireClient
    id: str

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.quire.http.get(f"/v1/documents/{self.id}/{path}", params=params)

    def page(self, number: int) -> dict[str, Any]:
        answer = self.get(f"pages/{number}")
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page

    def picture(self, number: int, width: int) -> Image.Image:
        answer = self.get(f"pages/{number}/picture", width=width)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "image/webp"
        return Image.open(io.BytesIO(answer.content)).convert("L")

    def hits(self, q: str, **params: Any) -> dict[str, Any]:
        answer = self.get("find", q=q, **params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture(scope="module")
def books(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Book]]:
    """The demo, and pages that lie in every direction."""
    turned = tmp_path_factory.mktemp("books") / "turned.pdf"
    leaves = [
        Leaf(page_text(number), scanned=scanned, rotate=rotate)
        for number, (scanned, rotate) in enumerate(
            [(False, 0), (False, 90), (False, 180), (False, 270), (True, 90)], 1
        )
    ]
    write_pages(turned, leaves)
    with QuireClient(stack) as quire:
        jobs = {
            "demo": quire.submit(RESOURCES / "quire-demo.pdf"),
            "turned": quire.submit(turned, chunk_pages=2),
        }
        yield {name: Book(quire, quire.wait(job)["document_id"]) for name, job in jobs.items()}


def test_a_page_has_its_text_and_its_words_with_their_places_in_it(books: dict[str, Book]) -> None:
    pages = [books["turned"].page(number) for number in range(1, 6)]
    reached = 0
    for number, page in enumerate(pages, 1):
        assert page["number"] == number
        assert page["start"] == reached
        assert page["end"] - page["start"] == len(page["text"])
        reached = page["end"]
        at = page["start"]
        for word in page["words"]:
            assert word["start"] == at
            text = page["text"][word["start"] - page["start"] : word["end"] - page["start"]]
            assert text.rstrip() == word["text"]
            assert 0 <= word["confidence"] <= 1
            at = word["end"]
        assert at == page["end"]


@pytest.mark.parametrize("width", [1200, 333])
def test_the_boxes_of_the_words_fit_the_picture_however_the_page_lies(
    books: dict[str, Book], width: int
) -> None:
    for number in range(1, 6):
        page = books["turned"].page(number)
        picture = books["turned"].picture(number, width)
        assert picture.width == width
        assert picture.height == pytest.approx(width * page["height"] / page["width"], abs=1.5)
        assert_ink_in_boxes(np.asarray(picture), page["words"])


def test_the_boxes_of_the_demo_fit_its_pictures(books: dict[str, Book]) -> None:
    for number in (1, 2):
        page = books["demo"].page(number)
        assert_ink_in_boxes(np.asarray(books["demo"].picture(number, 1200)), page["words"])


def assert_ink_in_boxes(pixels: np.ndarray[Any, Any], words: list[dict[str, Any]]) -> None:
    """Hold that boxes have ink, and that what is in no box has none."""
    height, width = pixels.shape
    outside = np.ones_like(pixels, dtype=bool)
    assert len(words) > 20
    for word in words:
        x0, y0, x1, y1 = word["box"]
        left, right = int(x0 * width), max(int(x1 * width), int(x0 * width) + 1)
        top, bottom = int(y0 * height), max(int(y1 * height), int(y0 * height) + 1)
        inside = pixels[top:bottom, left:right]
        assert inside.min() < 170, word
        # Half a letter's height of air, for what blurs over a box's edge.
        air = (bottom - top) // 2 + 1
        outside[max(0, top - air) : bottom + air, max(0, left - air) : right + air] = False
    ink = pixels < 128
    assert np.count_nonzero(ink & outside) < 0.02 * np.count_nonzero(ink)


def test_a_phrase_is_found_across_lines_with_its_words(books: dict[str, Book]) -> None:
    book = books["turned"]
    page = book.page(2)
    for first in range(3, 30):
        some = page["words"][first : first + 3]
        phrase = " ".join(word["text"] for word in some).upper()
        found = book.hits(phrase, limit=100)
        hits = [hit for hit in found["hits"] if hit["page"] == 2]
        assert any(hit["words"] == [first, first + 1, first + 2] for hit in hits), phrase
        for hit in hits:
            text = page["text"][hit["start"] - page["start"] : hit["end"] - page["start"]]
            assert " ".join(text.split()).upper() == phrase
            marked = hit["snippet"][hit["snippet_start"] : hit["snippet_end"]]
            assert marked.upper() == phrase


def test_hits_are_paged_in_the_pages_order_and_counted_once(books: dict[str, Book]) -> None:
    book = books["turned"]
    everything = book.hits("the b", limit=100)
    assert everything["total"] == len(everything["hits"]) > 10
    assert everything["next"] is None
    places = [(hit["page"], hit["start"]) for hit in everything["hits"]]
    assert places == sorted(places)
    text = "".join(book.page(number)["text"] for number in range(1, 6)).lower()
    assert everything["total"] == text.replace("\n", " ").count("the b")
    paged: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        answer = book.hits("the b", after=after, limit=3)
        assert answer["total"] == everything["total"]
        paged += answer["hits"]
        after = answer["next"]
    assert paged == everything["hits"]


@pytest.mark.parametrize("q", ["%", "_", "\\", ".*", "'", "\x00", "zzzz", "-", " ", "☃", "\u0301"])
def test_what_is_not_there_is_not_found_whatever_it_means_elsewhere(
    books: dict[str, Book], q: str
) -> None:
    assert books["turned"].hits(q) == {"query": q, "total": 0, "hits": [], "next": None}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"q": ""},
        {"q": "x" * 201},
        {"q": "x", "after": -1},
        {"q": "x", "after": 2**31},
        {"q": "x", "limit": 101},
    ],
)
def test_a_search_has_bounds(books: dict[str, Book], params: dict[str, object]) -> None:
    refused(books["turned"].get("find", **params), 422, "INVALID_REQUEST")


@pytest.mark.parametrize("width", [63, 2401, "wide", 1e300])
def test_a_pictures_width_has_bounds(books: dict[str, Book], width: object) -> None:
    refused(books["turned"].get("pages/1/picture", width=width), 422, "INVALID_REQUEST")


@pytest.mark.parametrize("number", [0, -1, 2**31, "first"])
def test_a_pages_number_is_a_number_from_1(books: dict[str, Book], number: object) -> None:
    refused(books["turned"].get(f"pages/{number}"), 422, "INVALID_REQUEST")
    refused(books["turned"].get(f"pages/{number}/picture"), 422, "INVALID_REQUEST")


def test_a_page_that_the_document_does_not_have_is_not_found(books: dict[str, Book]) -> None:
    refused(books["turned"].get("pages/6"), 404, "PAGE_NOT_FOUND")
    refused(books["turned"].get("pages/6/picture"), 404, "PAGE_NOT_FOUND")


@pytest.mark.parametrize("path", ["pages/1", "pages/1/picture", "find?q=the"])
def test_nobody_sees_anothers_pages(stack: Stack, books: dict[str, Book], path: str) -> None:
    with QuireClient(stack, owner="mallory") as mallory:
        own = f"/v1/documents/{books['turned'].id}/{path}"
        refused(mallory.http.get(own), 404, "DOCUMENT_NOT_FOUND")
        nothing = mallory.http.get(f"/v1/documents/{uuid4()}/{path}")
        refused(nothing, 404, "DOCUMENT_NOT_FOUND")


def test_a_picture_one_has_is_not_sent_again(books: dict[str, Book]) -> None:
    book = books["turned"]
    first = book.get("pages/1/picture", width=100)
    assert first.headers["cache-control"] == "private, max-age=86400"
    url = f"/v1/documents/{book.id}/pages/1/picture?width=100"
    for tags in (first.headers["etag"], f'"x", W/{first.headers["etag"]}', "*"):
        again = book.quire.http.get(url, headers={"If-None-Match": tags})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    other = book.quire.http.get(url + "0", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_pages_that_were_not_asked_for_have_a_picture_and_say_why_they_have_no_text(
    quire: QuireClient, books: dict[str, Book]
) -> None:
    job = quire.wait(quire.submit(RESOURCES / "quire-demo.pdf", pages="2"))
    book = Book(quire, job["document_id"])
    assert book.page(2)["words"]
    refused(book.get("pages/1"), 404, "PAGE_NOT_READ")
    assert book.picture(1, 64).width == 64


def test_a_page_that_could_not_be_read_says_why_and_has_a_picture(
    quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "poisoned.pdf"
    write_pages(path, [Leaf(page_text(number)) for number in range(1, 4)])
    with quire.document_ai(poison="Page two"):
        job = quire.wait(quire.submit(path))
    assert job["status"] == "completed_with_errors"
    book = Book(quire, job["document_id"])
    detail = refused(book.get("pages/2"), 404, "PAGE_NOT_READ")
    assert job["page_errors"][0]["message"] in detail
    assert np.asarray(book.picture(2, 200)).min() < 100
    assert {hit["page"] for hit in book.hits("page")["hits"]} == {1, 3}


def test_a_document_that_is_not_read_yet_says_so(quire: QuireClient) -> None:
    announced = quire.http.post("/v1/documents", json={"filename": "a.pdf", "size": 9}).json()
    book = Book(quire, announced["document_id"])
    refused(book.get("pages/1"), 404, "PAGE_NOT_READ")
    refused(book.get("pages/1/picture"), 404, "PAGE_NOT_READ")
    refused(book.get("find", q="x"), 409, "DOCUMENT_NOT_READ")


def test_a_document_that_needs_its_password_is_read_but_not_drawn(
    quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "locked.pdf"
    with pikepdf.open(RESOURCES / "quire-demo.pdf") as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(owner="owner", user="secret"))
    job = quire.wait(quire.submit(path, password="secret", pages="1"))
    book = Book(quire, job["document_id"])
    assert book.page(1)["words"]
    detail = refused(book.get("pages/1/picture"), 409, "PICTURE_UNAVAILABLE")
    assert "password" in detail


@pytest.mark.parametrize("outputs", [["text"], ["boxes"], []])
def test_only_the_outputs_that_were_asked_for_are_made(
    quire: QuireClient, outputs: list[str]
) -> None:
    job_id = quire.submit(RESOURCES / "quire-demo.pdf", pages="1", outputs=outputs)
    book = Book(quire, quire.wait(job_id)["document_id"])
    page = book.page(1)
    assert page["text"].startswith("Of Quires")
    assert bool(page["words"]) == ("boxes" in outputs)
    [hit] = book.hits("of quires")["hits"]
    assert hit["words"] == ([0, 1] if "boxes" in outputs else [])
    text = quire.http.get(f"/v1/jobs/{job_id}/result", params={"format": "text"})
    if "text" in outputs:
        assert text.text.startswith("Of Quires")
    else:
        refused(text, 409, "OUTPUT_NOT_MADE")
    assert quire.result(job_id)["page_count"] == 1
