"""Who sees what: tokens that are missing, expired or another's, and the administration."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from infra.local.stack import Stack
from tests.browser.conftest import ReadDemo, Visit
from tests.browser.visitor import token_for, visiting
from tests.e2e.quire_client import QuireClient
from tests.make_demo_pdf import DEMO
from tests.pdfs.documents import write_born_digital


def test_the_token_is_taken_out_of_the_address_and_kept_for_the_tab_only(
    stack: Stack, browser: Browser, demo: ReadDemo
) -> None:
    with visiting(stack, browser) as visitor:
        page = visitor.open("/", token=demo.token)
        expect(page.locator(".jobrow h3", has_text=DEMO.name)).to_be_visible()
        assert page.url.endswith("/#/")
        page.reload()
        expect(page.locator(".jobrow h3", has_text=DEMO.name)).to_be_visible()
        assert visitor.evaluate("localStorage.length") == 0
        assert page.context.cookies() == []
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_focused()
        assert visitor.evaluate("sessionStorage.getItem('quire.token')") is None


def test_without_a_token_one_signs_in_and_is_where_one_wanted_to_be(
    stack: Stack, browser: Browser, demo: ReadDemo
) -> None:
    with visiting(stack, browser) as visitor:
        page = visitor.open(f"/jobs/{demo.job_id}")
        page.get_by_label("Token or API key").fill(f"Bearer {demo.token}")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text(DEMO.name)


def test_an_expired_token_is_told_and_a_new_one_goes_on_where_one_was(
    stack: Stack, browser: Browser, demo: ReadDemo
) -> None:
    with visiting(stack, browser) as visitor:
        visitor.expected_statuses = {401}
        expired = token_for(stack, "reader-of-the-demo", seconds=-120)
        page = visitor.open(f"/jobs/{demo.job_id}", token=expired)
        expect(page.get_by_role("alert")).to_contain_text("Your token is not valid any more.")
        page.get_by_label("Token or API key").fill(demo.token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("h1")).to_have_text(DEMO.name)


def test_another_tenants_job_is_not_there(visit: Visit, demo: ReadDemo) -> None:
    visitor = visit()
    visitor.expected_statuses = {404}
    page = visitor.page
    expect(page.locator(".joblist")).to_contain_text("Nothing here yet.")
    for place in (f"/jobs/{demo.job_id}", f"/jobs/{demo.job_id}/pages/1"):
        visitor.open(place)
        expect(page.get_by_role("alert")).to_contain_text("There is no job with this id.")
        expect(page.get_by_role("alert")).to_contain_text("JOB_NOT_FOUND")
    visitor.open("/admin")
    expect(page.locator("h1")).to_have_text("Not for this token")
    expect(page.get_by_role("navigation")).not_to_contain_text("Admin")


def test_operators_see_everybodys_jobs_the_queues_and_the_workers(
    visit: Visit, stack: Stack, quire: QuireClient, owner: str, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.pdf"
    write_born_digital(path, [f"Page {number}" for number in range(1, 7)])
    with quire.document_ai(instant=True, let_through=0):
        quire.submit(path, chunk_pages=1)
        page = visit(token=token_for(stack, "operator", role="admin")).page
        page.get_by_role("navigation").get_by_role("link", name="Admin").click()
        row = page.locator(".jobrow", has_text=owner)
        expect(row).to_contain_text("theirs.pdf")
        expect(page.locator(".workers")).to_contain_text("celery@")
        expect(page.locator(".workers")).to_contain_text("2 of 2")
        expect(page.locator(".queues")).to_contain_text("normal")
        page.get_by_label("Filter by owner").fill("nobody")
        expect(page.locator(".joblist")).to_contain_text("No job is like that.")
        page.get_by_role("button", name="Show all").click()
        row.get_by_role("link").click()
        expect(page.locator("h1")).to_have_text("theirs.pdf")
        expect(page.locator(".jobhead .facts")).to_contain_text(f"of {owner}")
        expect(page.locator(".cell")).to_have_count(6)
        expect(page.locator(".controls")).to_be_empty()
    expect(page.locator(".jobhead .line")).to_have_text("Completed: 6 pages")


def test_names_from_outside_are_text_and_nothing_else(
    visit: Visit, quire: QuireClient, tmp_path: Path
) -> None:
    hostile = tmp_path / "<img src=x onerror=alert(1)>.pdf"
    write_born_digital(hostile, ["<script>alert(2)</script> <b>bold</b>"])
    right_to_left = tmp_path / "תיק ראשי - 2026.pdf"
    right_to_left.write_bytes(hostile.read_bytes())
    for path in (hostile, right_to_left):
        quire.wait(quire.submit(path))
    visitor = visit()
    page = visitor.page
    page.on("dialog", lambda dialog: visitor.note(f"a dialog: {dialog.message}"))
    expect(page.locator(".jobrow h3")).to_have_text([right_to_left.name, hostile.name])
    visitor.open_job(hostile.name)
    page.get_by_role("link", name="Open the result").click()
    expect(page.locator(".pagetext")).to_contain_text("<script>alert(2)</script> <b>bold</b>")
    expect(page.locator("h1")).to_have_text(hostile.name)
