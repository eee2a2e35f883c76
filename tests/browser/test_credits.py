"""Credits in the header: what is left is told, and is told anew whenever it changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.browser.visitor import token_for, visiting
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital

_OWNER = "counted"


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Stack]:
    """A stack on which pages cost credits."""
    options = StackOptions(workers=1, extra_env={"CREDITS__ENABLED": "true"})
    with Stack(Home(tmp_path / "home"), options=options) as stack:
        yield stack


def _grant(stack: Stack, pages: int) -> None:
    answer = httpx.post(
        f"{stack.endpoints['api']}/v1/admin/credits",
        json={"owner": _OWNER, "pages": pages},
        headers={"Authorization": f"Bearer {token_for(stack, 'operator', role='admin')}"},
    )
    assert answer.status_code == 200, answer.text


def test_what_is_left_follows_what_is_spent_and_given_back(
    counting: Stack, browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "book.pdf"
    write_born_digital(path, [f"Page {number}" for number in range(1, 13)])
    with visiting(counting, browser) as visitor, QuireClient(counting, _OWNER) as quire:
        visitor.expected_statuses = {402}
        page = visitor.open("/", token=token_for(counting, _OWNER))
        left = page.locator(".credits")
        expect(left).to_have_text("0 pages left")
        visitor.send(path)
        row = page.locator('.sending [data-state="failed"]')
        expect(row).to_contain_text("(INSUFFICIENT_CREDITS)")
        _grant(counting, 13)
        with quire.document_ai(instant=True, let_through=0):
            row.get_by_role("button", name="Try again").click()
            expect(left).to_have_text("1 page left")
            visitor.open_job(path.name)
            page.get_by_role("button", name="Cancel", exact=True).click()
            page.get_by_role("dialog").get_by_role("button", name="Cancel the job").click()
            expect(page.locator(".jobhead .chip")).to_have_text("Cancelled")
            expect(left).to_have_text("13 pages left")


def test_where_nothing_is_counted_nothing_is_said(stack: Stack, browser: Browser) -> None:
    with visiting(stack, browser) as visitor:
        with visitor.page.expect_response("**/v1/credits?limit=1"):
            page = visitor.open("/", token=token_for(stack, _OWNER))
        expect(page.locator(".joblist")).to_contain_text("Nothing here yet.")
        expect(page.locator(".credits")).to_be_empty()
