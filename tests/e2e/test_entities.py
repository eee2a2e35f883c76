"""What a document names: found by the stage, listed by the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital

PAGES = [
    "Of mills\n\nMr Thompson bought the mill at Plymouth on 5 March 1874 for £1,250.\n"
    "He sold it to Harland Shipping Ltd, and Thompson never came back.",
    "Of ships\n\nThe Harland Shipping Ltd lost three ships near Plymouth in 1891.\n"
    "Its keels were 40 metres long. The deed was signed on 5 March 1874.",
]


@pytest.fixture
def document(quire: QuireClient, tmp_path: Path) -> str:
    write_born_digital(tmp_path / "mill.pdf", PAGES)
    job = quire.wait(quire.submit(tmp_path / "mill.pdf", stages=["entities"]))
    assert job["status"] == "completed"
    return str(job["document_id"])


def test_each_thing_is_listed_once_with_its_pages_and_its_value(
    quire: QuireClient, document: str
) -> None:
    address = f"/v1/documents/{document}/entities"
    listed = quire.http.get(address).json()
    found = {
        (each["kind"], each["text"]): (each["value"], each["pages"]) for each in listed["entities"]
    }
    assert found == {
        ("person", "Thompson"): (None, [1]),
        ("place", "Plymouth"): (None, [1, 2]),
        ("date", "5 March 1874"): ("1874-03-05", [1, 2]),
        ("amount", "£1,250"): ("1250 GBP", [1]),
        ("organisation", "Harland Shipping Ltd"): (None, [1, 2]),
        ("date", "1891"): ("1891", [2]),
        ("amount", "40 metres"): ("40 m", [2]),
    }
    assert (listed["total"], listed["next_cursor"]) == (7, None)

    amounts = quire.http.get(address, params={"kind": "amount"}).json()
    assert {each["text"] for each in amounts["entities"]} == {"£1,250", "40 metres"}
    ships = quire.http.get(address, params={"q": "SHIPPING"}).json()
    assert [each["text"] for each in ships["entities"]] == ["Harland Shipping Ltd"]

    paged: list[str] = []
    cursor: str | None = None
    while cursor is not None or not paged:
        asked = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = quire.http.get(address, params=asked).json()
        paged += [each["text"] for each in page["entities"]]
        cursor = page["next_cursor"]
    assert paged == [each["text"] for each in listed["entities"]]


def test_a_document_in_which_nobody_has_looked_says_how_to_have_it_done(
    quire: QuireClient, tmp_path: Path
) -> None:
    write_born_digital(tmp_path / "mill.pdf", PAGES[:1])
    job = quire.wait(quire.submit(tmp_path / "mill.pdf", stages=["passages"]))
    answer = quire.http.get(f"/v1/documents/{job['document_id']}/entities")
    assert answer.status_code == 404
    assert answer.json()["code"] == "NOT_PREPARED"
    assert '{"stages": ["entities"]}' in answer.json()["detail"]
