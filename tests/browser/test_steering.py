"""Jobs steered from the page: paused, resumed, cancelled, retried; and lines that break."""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_born_digital


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Twelve pages, of which each says its number."""
    path = tmp_path / "book.pdf"
    write_born_digital(path, [f"Page {number:02}\n\nSome words." for number in range(1, 13)])
    return path


def _in_work(visit: Visit, quire: QuireClient, path: Path, **options: object) -> Visitor:
    """Return a tab on a job of which a chunk is completed, and others are not."""
    job_id = quire.submit(path, **options)
    visitor = visit(f"/jobs/{job_id}")
    expect(visitor.cells("completed").first).to_be_visible()
    return visitor


def _read(quire: QuireClient, job_id: str, chunks: int) -> None:
    """Wait until so many chunks of a job are completed, and no more."""
    what = f"{chunks} chunks to be read"
    wait_for(lambda: quire.job(job_id)["completed_chunks"] == chunks, what)


def test_pause_lets_running_chunks_finish_and_resume_goes_on(
    visit: Visit, quire: QuireClient, book: Path
) -> None:
    with quire.document_ai(instant=True, let_through=1):
        visitor = _in_work(visit, quire, book, chunk_pages=1)
        page = visitor.page
        pause = page.get_by_role("button", name="Pause")
        resume = page.get_by_role("button", name="Resume")
        pause.click()
        expect(resume).to_be_focused()
        expect(pause).to_have_count(0)
        quire.let_through(None)
        expect(visitor.cells("processing")).to_have_count(0)
        expect(visitor.cells("pending")).not_to_have_count(0)
        expect(page.locator(".jobhead .line")).to_contain_text("Paused at chunk ")
        resume.click()
        expect(pause).to_be_focused()
    expect(page.locator(".jobhead .line")).to_have_text("Completed: 12 pages")
    expect(visitor.cells("completed")).to_have_count(12)
    for said in ("Paused", "Resumed"):
        expect(page.locator(".trail li", has_text=said)).to_have_count(1)


def test_cancel_asks_first(visit: Visit, quire: QuireClient, book: Path) -> None:
    with quire.document_ai(instant=True, let_through=1):
        visitor = _in_work(visit, quire, book, chunk_pages=1)
        page = visitor.page
        cancel = page.get_by_role("button", name="Cancel", exact=True)
        cancel.click()
        page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        cancel.click()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator(".jobhead .chip")).to_have_text("Processing")
        cancel.click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel the job").click()
        expect(page.locator(".jobhead .line")).to_have_text("Cancelled")
        expect(page.locator(".controls button")).to_have_count(0)


def test_a_page_that_failed_is_named_and_retried(
    visit: Visit, quire: QuireClient, book: Path
) -> None:
    with quire.document_ai(poison="Page 07"):
        visitor = visit()
        visitor.send(book, Pages_in_a_chunk="4")
        visitor.open_job(book.name)
        page = visitor.page
        expect(page.locator(".jobhead .line")).to_have_text(
            "Completed with errors: 11 of 12 pages read"
        )
    expect(page.locator(".problems li")).to_contain_text("Page 7 could not be read: ")
    visitor.cells().nth(1).focus()
    expect(page.locator(".told")).to_contain_text("pages 5-8: completed")
    expect(page.locator(".told")).to_contain_text("1 page could not be read")
    page.get_by_role("link", name="Open the result").click()
    page.get_by_label("Page, 1 to 12").fill("7")
    page.keyboard.press("Enter")
    expect(page.locator(".unread")).to_be_visible()
    # Its picture can be drawn all the same.
    expect(page.get_by_role("img", name="Page 7 of 12")).to_be_visible()
    page.get_by_role("link", name="To the job").click()
    page.get_by_role("button", name="Retry what failed").click()
    expect(page.locator(".jobhead .line")).to_have_text("Completed: 12 pages")
    expect(page.locator(".problems")).to_be_hidden()
    expect(page.locator(".jobhead .facts")).to_contain_text("retried once")


def test_a_lost_line_is_told_and_what_was_missed_is_caught_up(
    visit: Visit, quire: QuireClient, book: Path
) -> None:
    asked: list[str | None] = []

    def break_off(route: Route) -> None:
        """Pass on the stream's beginning, and let nothing through from then on."""
        asked.append(route.request.headers.get("last-event-id"))
        if len(asked) > 1:
            route.abort()
            return
        beginning = "".join(
            f"id: {event}\nevent: {kind}\ndata: {json.dumps(content)}\n\n"
            for event, kind, content in islice(quire.events(job_id), 2)
        )
        route.fulfill(status=200, content_type="text/event-stream", body=beginning)

    with quire.document_ai(instant=True, let_through=1):
        job_id = quire.submit(book, chunk_pages=1)
        _read(quire, job_id, 1)
        visitor = visit()
        visitor.may_lose_connections = True
        page = visitor.page
        page.route(re.compile("/events$"), break_off)
        visitor.open(f"/jobs/{job_id}")
        expect(visitor.cells("completed")).to_have_count(1)
        expect(page.locator("#banner")).to_contain_text("Reconnecting")
        quire.let_through(3)
        _read(quire, job_id, 4)
        expect(visitor.cells("completed")).to_have_count(1)
        page.unroute(re.compile("/events$"))
        # The next try would come by itself, after some seconds.
        visitor.evaluate("dispatchEvent(new Event('online'))")
        expect(page.locator("#banner")).to_be_empty()
        expect(visitor.cells("completed")).to_have_count(4)
        quire.let_through(None)
        expect(page.locator(".jobhead .line")).to_have_text("Completed: 12 pages")
    assert len(asked) > 1
    assert None not in asked[1:], "what was seen is not asked for again"
    expect(visitor.cells("completed")).to_have_count(12)
    history = quire.history(job_id)
    trail = page.locator(".trail li")
    expect(trail).to_have_count(len(history))
    kinds = trail.evaluate_all("rows => rows.map((row) => row.dataset.kind)")
    assert kinds == [event["kind"] for event in reversed(history)]


def test_a_network_that_was_away_without_a_broken_line_is_not_told_of_for_ever(
    visit: Visit, quire: QuireClient, book: Path
) -> None:
    with quire.document_ai(instant=True, let_through=1):
        visitor = _in_work(visit, quire, book, chunk_pages=1)
        page = visitor.page
        # Again and again, since an answer that is still on its way says that there is a network.
        away = visitor.evaluate("setInterval(() => dispatchEvent(new Event('offline')), 20)")
        expect(page.locator("#banner")).to_contain_text("Reconnecting")
        page.evaluate("away => clearInterval(away)", away)
        # Nothing is said on the line meanwhile: every chunk under way is kept waiting.
        visitor.evaluate("dispatchEvent(new Event('online'))")
        expect(page.locator("#banner")).to_be_empty()


def test_a_thousand_chunks_are_one_grid_that_keys_go_through(
    visit: Visit, quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "long.pdf"
    write_born_digital(path, [f"Page {number}" for number in range(1, 1025)])
    with quire.document_ai(instant=True, let_through=0):
        visitor = visit(f"/jobs/{quire.submit(path, chunk_pages=1)}")
        page = visitor.page
        expect(visitor.cells()).to_have_count(1024)
        visitor.cells().first.focus()
        page.keyboard.press("End")
        expect(page.locator(".told")).to_have_text("Chunk 1,024, page 1,024: pending")
        page.keyboard.press("ArrowUp")
        place = page.locator(".cell:focus").get_attribute("aria-posinset")
        assert 20 < 1024 - int(place or 0) < 200, "the cell above is a row away"
        page.get_by_role("button", name="Cancel", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel the job").click()
        expect(page.locator(".jobhead .chip")).to_have_text("Cancelled")
