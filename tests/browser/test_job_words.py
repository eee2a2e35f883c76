"""What the page says of a job that was cancelled, retried, never cut, or removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_born_digital


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Twelve pages, of which each says its number."""
    path = tmp_path / "book.pdf"
    write_born_digital(path, [f"Page {number:02}\n\nSome words." for number in range(1, 13)])
    return path


def _cancel(page: Page, warning: str) -> None:
    page.get_by_role("button", name="Cancel", exact=True).click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text(warning)
    question.get_by_role("button", name="Cancel the job").click()
    expect(page.locator(".jobhead .line")).to_have_text("Cancelled")


def test_an_earlier_result_can_be_opened_while_and_after_a_retry(
    visit: Visit, quire: QuireClient, book: Path
) -> None:
    with quire.document_ai(poison="Page 07"):
        job_id = quire.submit(book, chunk_pages=4)
        assert quire.wait(job_id)["status"] == "completed_with_errors"
    page = visit(f"/jobs/{job_id}").page
    eta = page.locator(".jobhead .eta")
    expect(eta).to_contain_text("took ")
    with quire.document_ai(instant=True, let_through=0):
        page.get_by_role("button", name="Retry what failed").click()
        earlier = page.get_by_role("link", name="Open the earlier result")
        expect(earlier).to_be_visible()
        expect(page.locator(".jobhead .chip")).to_have_text("Processing")
        earlier.click()
        expect(page.locator(".pagetext")).to_contain_text("Page 01")
        page.get_by_role("link", name="To the job").click()
        _cancel(page, "What the retry has read is removed, and it costs nothing. The earlier")
    expect(earlier).to_be_visible()
    expect(page.locator(".jobhead .facts")).to_contain_text("retried once")
    # The hours between its failure and its retry were nobody's work.
    expect(eta).not_to_contain_text("took")
    earlier.click()
    expect(page.locator(".pagetext")).to_contain_text("Page 01")


def test_a_cancelled_job_costs_nothing_and_its_chunks_are_gone_later(
    visit: Visit, quire: QuireClient, book: Path
) -> None:
    with quire.document_ai(instant=True, let_through=1):
        job_id = quire.submit(book, chunk_pages=1)
        visitor = visit(f"/jobs/{job_id}")
        page = visitor.page
        expect(visitor.cells("completed").first).to_be_visible()
        _cancel(page, "What has been read so far is removed, and nothing is charged.")
    expect(page.get_by_role("link", name="Open the")).to_have_count(0)

    def removed() -> bool:
        quire.maintain()
        return not quire.http.get(f"/v1/jobs/{job_id}/chunks").json()["chunks"]

    wait_for(removed, "the clean-up")
    page.reload()
    expect(page.locator(".told")).to_have_text("Its chunks have been removed.")


def test_a_job_that_was_never_cut_says_so(visit: Visit, quire: QuireClient, tmp_path: Path) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(b"%PDF-1.7\nnothing behind its head")
    # Only what goes straight to the bucket is taken before anybody has looked into it.
    job_id = quire.upload(path)
    assert quire.wait(job_id)["status"] == "failed"
    visitor = visit(f"/jobs/{job_id}")
    page = visitor.page
    expect(page.locator(".told")).to_have_text("The document was not cut.")
    visitor.open(f"/jobs/{job_id}/pages/1")
    expect(page.get_by_role("alert")).to_have_text("This job has no result.")
