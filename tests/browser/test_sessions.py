"""Links that sign in: nobody is put into another's account unnoticed, and one sees who one is."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from infra.local.stack import Stack
from tests.browser.chromium import ELSEWHERE
from tests.browser.conftest import ReadDemo, Visit
from tests.browser.visitor import Visitor, token_for, visiting
from tests.e2e.quire_client import QuireClient
from tests.make_demo_pdf import DEMO
from tests.pdfs.documents import write_born_digital

_KEPT = "sessionStorage.getItem('quire.token')"


def _bearer(page: Page) -> Locator:
    return page.locator(".bearer")


def _follow(visitor: Visitor, token: str, to: str = "/") -> Locator:
    """Follow a link on the page that is open, and return the question that it leads to."""
    visitor.page.evaluate("fragment => { location.hash = fragment }", f"token={token}&to={to}")
    return visitor.page.get_by_role("dialog")


def test_a_link_into_another_account_asks_first_and_names_both(
    visit: Visit, stack: Stack, demo: ReadDemo, owner: str
) -> None:
    visitor = visit()
    page = visitor.page
    own = visitor.evaluate(_KEPT)
    expect(page.locator(".joblist")).to_contain_text("Nothing here yet.")
    question = _follow(visitor, demo.token, f"/jobs/{demo.job_id}")
    expect(question).to_contain_text("This link signs you in as reader-of-the-demo:")
    expect(question).to_contain_text(f"You are signed in as {owner}.")
    assert page.url.endswith("/#/"), "the token is in no history while one thinks"
    assert visitor.evaluate(_KEPT) == own
    expect(question.get_by_role("button", name="Stay")).to_be_focused()
    page.keyboard.press("Enter")
    expect(question).to_have_count(0)
    assert visitor.evaluate(_KEPT) == own
    expect(_bearer(page)).to_contain_text(owner)
    _follow(visitor, demo.token, f"/jobs/{demo.job_id}")
    question.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1")).to_have_text(DEMO.name)
    expect(_bearer(page)).to_contain_text("reader-of-the-demo")
    assert page.url.endswith(f"/#/jobs/{demo.job_id}")
    page.reload()
    # A link that opens the page anew asks as well.
    page.goto("about:blank")
    visitor.open("/", token=own)
    expect(question).to_contain_text(f"This link signs you in as {owner}:")
    page.keyboard.press("Escape")
    expect(page.locator(".jobrow h3", has_text=DEMO.name)).to_be_visible()
    assert visitor.evaluate(_KEPT) == demo.token


def test_a_new_token_of_the_same_account_is_taken_at_once(
    visit: Visit, stack: Stack, owner: str
) -> None:
    visitor = visit()
    newer = token_for(stack, owner, seconds=7200)
    question = _follow(visitor, newer)
    expect(_bearer(visitor.page)).to_contain_text(owner)
    expect(question).to_have_count(0)
    assert visitor.evaluate(_KEPT) == newer


def test_an_api_key_in_a_link_is_named_by_its_public_part(
    visit: Visit, quire: QuireClient, owner: str
) -> None:
    made = quire.http.post("/v1/api-keys", json={"name": "a link", "scopes": ["jobs:read"]})
    assert made.status_code == 201, made.text
    key, prefix = made.json()["key"], made.json()["prefix"]
    visitor = visit()
    question = _follow(visitor, key)
    expect(question).to_contain_text(f"This link signs you in as API key {prefix}:")
    expect(question).not_to_contain_text(key)
    question.get_by_role("button", name="Sign in").click()
    expect(_bearer(visitor.page)).to_contain_text(f"API key {prefix}")


def test_elsewhere_than_on_ones_own_machine_every_link_asks(
    stack: Stack, browser: Browser, demo: ReadDemo
) -> None:
    with visiting(stack, browser) as visitor:
        visitor.come_from_elsewhere(ELSEWHERE)
        page = visitor.open(f"/jobs/{demo.job_id}", token=demo.token)
        question = page.get_by_role("dialog")
        expect(question).to_contain_text("This link signs you in as reader-of-the-demo:")
        expect(question).not_to_contain_text("You are signed in as")
        question.get_by_role("button", name="Don't sign in").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert visitor.evaluate(_KEPT) is None
        _follow(visitor, demo.token, f"/jobs/{demo.job_id}")
        question.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.locator("h1")).to_have_text(DEMO.name)


def test_what_one_account_was_sending_is_not_sent_for_the_next(
    visit: Visit, stack: Stack, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{number}.pdf" for number in range(4)]
    for path in paths:
        write_born_digital(path, ["A page."])
    visitor = visit()
    page = visitor.page
    # None arrives: two are on their way for ever, two wait for them.
    page.route("**/v1/documents", lambda route: None)
    visitor.send(*paths)
    expect(page.locator(".sending li")).to_have_count(4)
    other = f"other-{uuid4()}"
    _follow(visitor, token_for(stack, other)).get_by_role("button", name="Sign in").click()
    expect(_bearer(page)).to_contain_text(other)
    expect(page.locator(".sending li")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_it_is_seen_who_is_signed_in_however_long_the_name(
    visit: Visit, stack: Stack, width: int
) -> None:
    name = f"somebody-with-a-very-long-name-{uuid4()}@an-institution.example"
    token = token_for(stack, name, role="admin")
    page = visit(token=token, viewport={"width": width, "height": 740}).page
    shown = _bearer(page)
    expect(shown).to_be_visible()
    expect(shown).to_have_attribute("title", f"Signed in as {name}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = shown.bounding_box()
    assert box is not None
    assert box["width"] >= 100, "enough of it to know it by"
