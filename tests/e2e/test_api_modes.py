"""What the API does with documents where the deployment is set up otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from infra.database.credits import PostgresCredits
from infra.database.pool import open_pool
from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from infra.settings import DatabaseSettings
from tests.e2e.api_requests import refused
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital
from tests.pdfs.text import page_text


@pytest.fixture(scope="module")
def strict_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that is paid for, takes three pages, and answers everything with its result."""
    home = Home(tmp_path_factory.mktemp("strict"))
    environment = {
        "CREDITS__ENABLED": "true",
        "API__MAX_PAGES": "3",
        "API__MAX_WAIT_SECONDS": "5",
        "ASYNC_PROCESSING_ENABLED": "false",
        "CHUNKING_THRESHOLD_PAGES": "0",
    }
    with Stack(home, options=StackOptions(workers=1, extra_env=environment)) as stack:
        yield stack


@pytest.fixture
def ledger(strict_stack: Stack) -> Iterator[PostgresCredits]:
    url = strict_stack.endpoints["postgres"]
    with open_pool(DatabaseSettings(url=url, max_connections=1)) as pool:
        yield PostgresCredits(pool)


@pytest.fixture
def quire(strict_stack: Stack) -> Iterator[QuireClient]:
    """A new owner."""
    with QuireClient(strict_stack, owner=f"owner-{uuid4()}") as quire:
        yield quire


@pytest.fixture
def three_pages(tmp_path: Path) -> bytes:
    path = tmp_path / "three.pdf"
    write_born_digital(path, [page_text(number) for number in (1, 2, 3)])
    return path.read_bytes()


def test_a_document_that_is_not_covered_by_credits_is_not_made(
    quire: QuireClient, ledger: PostgresCredits, three_pages: bytes
) -> None:
    owner, key = quire.owner, {"Idempotency-Key": "once"}
    ledger.grant(owner, 2)
    refused(sent(quire, three_pages, headers=key), 402, "INSUFFICIENT_CREDITS")
    assert quire.rows("SELECT * FROM documents WHERE owner = %s", owner) == []
    assert balance(ledger, owner) == (2, 0)

    answers = [sent(quire, three_pages, headers=key, pages="2-3") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert balance(ledger, owner) == (0, 0)
    kinds = [entry.kind for entry in ledger.entries(owner)]
    assert kinds == ["settled", "reserved", "granted"]


def test_what_is_refused_for_its_content_costs_nothing(
    quire: QuireClient, ledger: PostgresCredits, three_pages: bytes
) -> None:
    owner = quire.owner
    ledger.grant(owner, 9)
    refused(sent(quire, three_pages, pages="4"), 422, "INVALID_PAGE_RANGE")
    assert [entry.kind for entry in ledger.entries(owner)] == ["granted"]


def test_a_document_of_too_many_pages_is_not_made(quire: QuireClient, tmp_path: Path) -> None:
    path = tmp_path / "four.pdf"
    write_born_digital(path, [page_text(number) for number in range(1, 5)])
    for pages in ("", "1"):
        detail = refused(sent(quire, path.read_bytes(), pages=pages), 422, "TOO_MANY_PAGES")
        assert "4 pages" in detail
    assert quire.rows("SELECT * FROM documents WHERE owner = %s", quire.owner) == []


def test_where_nothing_is_asynchronous_every_document_is_waited_for(
    quire: QuireClient, ledger: PostgresCredits, three_pages: bytes
) -> None:
    ledger.grant(quire.owner, 9)
    for headers in ({}, {"Prefer": "respond-async"}):
        answer = sent(quire, three_pages, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["job"]["status"] == "completed"
        assert "preference-applied" not in answer.headers


def test_the_longest_wait_is_the_settings(
    quire: QuireClient, ledger: PostgresCredits, three_pages: bytes
) -> None:
    ledger.grant(quire.owner, 9)
    with quire.document_ai(let_through=0):
        answer = sent(quire, three_pages, headers={"Prefer": "wait=600"})
        assert answer.status_code == 202, answer.text
        assert answer.headers["preference-applied"] == "wait=5"
        quire.let_through(None)
        assert quire.wait(answer.json()["job_id"])["status"] == "completed"


def sent(
    quire: QuireClient,
    content: bytes,
    *,
    headers: dict[str, str] | None = None,
    pages: str = "",
) -> httpx.Response:
    return quire.http.post(
        "/v1/documents",
        files={"file": ("a.pdf", content)},
        data={"options": json.dumps({"pages": pages})},
        headers=headers,
    )


def balance(ledger: PostgresCredits, owner: str) -> tuple[int, int]:
    account = ledger.account(owner)
    return account.available, account.reserved
