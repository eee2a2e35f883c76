"""Batches on the page: their list, one that goes on, and its failures healed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, Route, expect

from infra.local.stack import Stack
from tests.browser.batches import batch_of, ended, letters, make_batch
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor, token_for
from tests.e2e.quire_client import QuireClient, wait_for

#: Documents of one message are recorded together, and a message has at most so many: of a batch of
#: which one document is kept waiting, all are done but these.
A_MESSAGE: Final = 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "letters"


def _count(page: Page, state: str) -> str:
    return page.locator(f'.legend [data-state="{state}"] b').text_content() or ""


def test_a_batch_is_followed_from_the_list_to_its_end(
    visit: Visit, quire: QuireClient, folder: Path
) -> None:
    with quire.document_ai(instant=True, let_through=11):
        batch_id = make_batch(quire, letters(folder, 12), name="Letters of 1998", priority="high")
        visitor = visit("/batches")
        page = visitor.page
        row = page.locator(".jobrow", has_text="Letters of 1998")
        expect(row.locator(".line")).to_contain_text("of 12 documents")
        expect(row.locator(".facts")).to_contain_text("high priority")
        sums = page.locator(".sums div")
        expect(sums.filter(has_text="Active").locator("dd")).to_have_text("1")
        row.get_by_role("link").click()
        expect(page.locator("h1")).to_have_text("Letters of 1998")
        # Live: some are done, and others are not.
        expect(page.locator(".batchhead .line")).to_have_text(
            re.compile(r"^([1-9]|1[01]) of 12 documents done$")
        )
        expect(page.locator(".documents [data-status=completed]").first).to_be_visible()
    expect(page.locator(".batchhead .line")).to_have_text("Completed: 12 documents")
    expect(page.locator(".percent")).to_have_text("100 %")
    expect(page.locator(".documents [data-status=completed]")).to_have_count(12)
    assert [_count(page, state) for state in ("completed", "failed", "pending")] == ["12", "0", "0"]
    assert "12 of 12" in (page.locator(".batchhead .sums").text_content() or "")
    bar = page.get_by_role("progressbar", name="Progress")
    expect(bar).to_have_attribute("aria-valuetext", "100 %, Completed: 12 documents")
    assert batch_of(quire, batch_id)["completed"] == 12
    page.get_by_role("link", name="letter-07.pdf").click()
    expect(page.locator("h1")).to_have_text("letter-07.pdf")
    page.go_back()
    page.get_by_role("link", name="All batches").click()
    expect(row.locator(".chip")).to_have_text("Completed")
    expect(row.locator(".line")).to_have_text("12 documents · 12 pages")
    expect(sums.filter(has_text="Batches completed").locator("dd")).to_have_text("1")
    page.get_by_label("Filter by state").select_option("Failed")
    expect(page.locator(".below")).to_contain_text("No batch is like that.")
    page.get_by_role("button", name="Show all").click()
    expect(row).to_be_visible()


def test_a_stream_that_breaks_off_goes_on_behind_what_was_seen(
    visit: Visit, quire: QuireClient, folder: Path
) -> None:
    asked: list[str | None] = []
    broken: list[Route] = []

    def break_off(route: Route) -> None:
        """Pass on the stream's beginning, up to an event, and no more."""
        text = ""
        with quire.http.stream("GET", f"/v1/batches/{batch_id}/events") as answer:
            for piece in answer.iter_text():
                text += piece
                if re.search(r"^id: \d+$", text, re.MULTILINE) and text.endswith("\n\n"):
                    break
        route.fulfill(status=200, content_type="text/event-stream", body=text)
        broken.append(route)

    with quire.document_ai(instant=True, let_through=11):
        batch_id = make_batch(quire, letters(folder, 12))
        visitor = visit("/batches")
        page = visitor.page
        page.route(re.compile("/events$"), break_off, times=1)
        page.on(
            "request",
            lambda request: (
                asked.append(request.headers.get("last-event-id"))
                if request.url.endswith("/events")
                else None
            ),
        )
        visitor.open(f"/batches/{batch_id}")
        expect(page.locator(".batchhead .line")).to_contain_text("of 12 documents done")
        while not broken:
            # Routes are gone along while the page is waited for, and only then.
            page.wait_for_timeout(20)
        quire.let_through(None)
        expect(page.locator(".batchhead .line")).to_have_text("Completed: 12 documents")
    assert asked[0] is None
    assert len(asked) == 2
    assert int(asked[1] or 0) > 0


def _with_failures(quire: QuireClient, folder: Path) -> str:
    """Return a batch of which two documents failed by something passing, and one for good."""
    paths = letters(folder, 6)
    paths[5].write_bytes(b"%PDF-1.7\nnothing that could be a document")
    faults = [
        {"status": "UNAVAILABLE", "match": {"page_text": f"Letter 0{number}"}} for number in (2, 4)
    ]
    with quire.document_ai(faults=faults):
        batch_id = make_batch(quire, paths, name="Half of them", priority="low")
        batch = ended(quire, batch_id)
    assert (batch["completed"], batch["failed"]) == (3, 3), batch["failures"]
    return batch_id


def test_what_failed_is_told_by_cause_and_recovered(
    visit: Visit, quire: QuireClient, folder: Path
) -> None:
    batch_id = _with_failures(quire, folder)
    visitor = visit(f"/batches/{batch_id}")
    page = visitor.page
    failures = page.locator(".failures tbody tr")
    expect(failures).to_have_count(2)
    expect(failures.filter(has_text="may help").locator("td").first).to_have_text("2")
    expect(failures.filter(has_text="will not help").locator("td").first).to_have_text("1")
    page.get_by_label("Filter by state").select_option("failed")
    expect(page.locator(".documents tbody tr")).to_have_count(3)
    expect(page.locator(".documents .why").first).not_to_be_empty()
    page.get_by_role("button", name="Recover", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(
        dialog.get_by_role("radio", name="Where another try may help: 2 documents")
    ).to_be_checked()
    expect(dialog).to_contain_text("Left alone, since another try will not help:")
    expect(dialog.get_by_label("Priority")).to_have_value("normal")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Recover", exact=True).click()
    dialog.get_by_role("button", name="Recover").click()
    # Its own view: what it reads, what it leaves alone, where it comes from.
    expect(page.locator(".batchhead .line")).to_have_text("Completed: 2 documents")
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator(".skipped h2")).to_have_text("Left alone: 1 document")
    expect(page.locator(".skipped li")).to_contain_text("letter-06.pdf")
    expect(page.locator(".related")).to_contain_text("leaves 1 document alone")
    page.get_by_role("link", name="the original batch").click()
    expect(page.locator("h1")).to_have_text("Half of them")
    expect(page.locator('.legend [data-state="completed"] b')).to_have_text("5")
    expect(page.locator('.legend [data-state="failed"] b')).to_have_text("1")
    expect(page.get_by_role("link", name="a later batch")).to_be_visible()
    # What is left is no use trying; one may, and is told.
    expect(page.locator(".failures .hint")).to_contain_text("another try will not help")
    visitor.expected_statuses = {409}
    page.get_by_role("button", name="Recover", exact=True).click()
    expect(dialog.get_by_role("radio", name="Where another try may help")).to_be_disabled()
    dialog.get_by_role("button", name="Recover").click()
    expect(page.get_by_role("region", name="Messages")).to_contain_text("NOTHING_TO_RECOVER")


def test_pause_stops_it_resume_goes_on_and_its_priority_changes(
    visit: Visit, quire: QuireClient, folder: Path
) -> None:
    with quire.document_ai(instant=True, let_through=13):
        batch_id = make_batch(quire, letters(folder, 14))
        visitor = visit(f"/batches/{batch_id}")
        page = visitor.page
        expect(page.locator(".documents [data-status=completed]").first).to_be_visible()
        pause = page.get_by_role("button", name="Pause")
        resume = page.get_by_role("button", name="Resume")
        pause.click()
        expect(resume).to_be_focused()
        expect(page.locator(".batchhead .line")).to_contain_text("Paused at ")
        expect(page.locator(".batchhead .chip")).to_have_text("Paused")
        page.get_by_label("Priority").select_option("high")
        wait_for(lambda: batch_of(quire, batch_id)["priority"] == "high" or None, "the priority")
        resume.click()
        expect(pause).to_be_focused()
        expect(page.locator(".batchhead .chip")).to_have_text("Processing")
    expect(page.locator(".batchhead .line")).to_have_text("Completed: 14 documents")
    expect(page.get_by_label("Priority")).to_be_disabled()


def test_cancel_asks_first_and_keeps_what_was_read(
    visit: Visit, quire: QuireClient, folder: Path
) -> None:
    with quire.document_ai(instant=True, let_through=23):
        batch_id = make_batch(quire, letters(folder, 24))
        visitor = visit(f"/batches/{batch_id}")
        page = visitor.page
        expect(page.locator(".documents [data-status=completed]").first).to_be_visible()
        cancel = page.get_by_role("button", name="Cancel", exact=True)
        cancel.click()
        page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
        cancel.click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel the batch").click()
        expect(page.locator(".batchhead .line")).to_contain_text("Cancelled: ")
    expect(page.locator(".controls button")).to_have_count(0)
    expect(page.locator(".documents [data-status=cancelled]").first).to_be_visible()
    assert batch_of(quire, batch_id)["completed"] > 0


def test_documents_are_a_page_at_a_time_and_by_their_state(
    visit: Visit, quire: QuireClient, folder: Path
) -> None:
    with quire.document_ai(instant=True):
        batch_id = make_batch(quire, letters(folder, 53), paused=True)
    visitor = visit(f"/batches/{batch_id}")
    page = visitor.page
    rows = page.locator(".documents tbody tr")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Next page").click()
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("letter-51.pdf")
    expect(page.get_by_role("button", name="Next page")).to_be_disabled()
    page.get_by_role("button", name="Previous page").click()
    expect(rows).to_have_count(50)
    page.get_by_label("Filter by state").select_option("completed")
    expect(page.locator(".batchdocuments .below")).to_have_text("No document is in this state.")


def test_anothers_batch_is_not_shown(
    visit: Visit, quire: QuireClient, stack: Stack, folder: Path
) -> None:
    batch_id = make_batch(quire, letters(folder, 1), name="Not for everybody", paused=True)
    visitor = visit(f"/batches/{batch_id}", token=token_for(stack, "somebody-else"))
    visitor.expected_statuses = {404}
    page = visitor.page
    expect(page.locator("h1")).to_have_text("This batch can't be shown")
    expect(page.locator(".trouble")).to_contain_text("BATCH_NOT_FOUND")
    page.get_by_role("link", name="All batches").click()
    expect(page.locator(".blank")).to_contain_text("No batch yet.")
    expect(page.get_by_text("Not for everybody")).to_have_count(0)


def test_nothing_moves_when_the_counts_do(visit: Visit, quire: QuireClient, folder: Path) -> None:
    count = 10 + A_MESSAGE
    with quire.document_ai(instant=True, let_through=0):
        visitor = visit(f"/batches/{make_batch(quire, letters(folder, count))}")
        page = visitor.page
        expect(page.locator(".documents tbody tr")).to_have_count(count)
        before = _places(visitor)
        quire.let_through(count - 1)
        completed = page.locator('.legend [data-state="completed"] b')
        expect(completed).to_have_text(re.compile(r"^\d\d$"))
        assert _places(visitor) == before


def _places(visitor: Visitor) -> list[list[float]]:
    found: list[list[float]] = visitor.evaluate(
        "['.legend li:nth-child(4)', '.legend li:nth-child(6)', '.batchhead .sums', '.plot',"
        " '.documents'].map((each) => document.querySelector(each).getBoundingClientRect())"
        ".map(({x, y}) => [Math.round(x), Math.round(y)])"
    )
    return found
