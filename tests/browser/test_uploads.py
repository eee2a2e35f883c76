"""Uploads: a large file goes to the bucket in pieces, and goes on where it broke off."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital
from tests.receiver import WebhookReceiver

_MEGABYTES = 48


def test_a_large_file_goes_on_after_its_connection_broke(
    visit: Visit, quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "large.pdf"
    write_born_digital(path, ["A page, and much behind it that nobody reads."])
    _pad(path, _MEGABYTES * 1_000_000)
    visitor = visit()
    visitor.may_lose_connections = True
    page = visitor.page
    ranges: list[str] = []
    page.on("request", lambda request: ranges.append(request.headers.get("content-range", "")))
    with quire.document_ai(instant=True):
        with page.expect_response(lambda answer: answer.status == 308):
            visitor.send(path)
        # Its next piece, whichever that is by now, does not arrive.
        page.route(re.compile("/upload/storage/v1/"), lambda route: route.abort(), times=1)
        expect(page.locator(".sending li")).to_contain_text("reconnecting")
        visitor.open_job(path.name)
        expect(page.locator(".jobhead .line")).to_have_text("Completed: 1 page")
    starts = [int(found[1]) for each in ranges if (found := re.match(r"bytes (\d+)-", each))]
    assert starts[0] == 0
    assert starts.count(0) == 1, "what had arrived is not sent again"
    assert f"bytes */{path.stat().st_size}" in ranges, "it is asked how far it came"


def test_a_refused_document_is_told_in_the_apis_words(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "pages.pdf"
    write_born_digital(path, ["One page."])
    visitor = visit()
    visitor.expected_statuses = {422}
    page = visitor.page
    visitor.send(path, Pages="7-3")
    row = page.locator('.sending [data-state="failed"]')
    expect(row).to_contain_text("(INVALID_PAGE_RANGE)")
    row.get_by_role("button", name="Don't send").click()
    expect(row).to_have_count(0)
    visitor.send(path, Pages="x")
    expect(page.get_by_role("region", name="Messages")).to_contain_text("Look at the options")


def test_removing_a_failed_upload_cancels_the_job_that_waits_for_it(
    visit: Visit, quire: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "torn.pdf"
    write_born_digital(path, ["A page."])
    _pad(path, 40_000_000)
    visitor = visit()
    visitor.expected_statuses = {410}
    page = visitor.page
    gone = {"status": 410, "headers": {"access-control-allow-origin": "*"}}
    page.route(re.compile("/upload/storage/v1/"), lambda route: route.fulfill(**gone))
    visitor.send(path)
    row = page.locator('.sending [data-state="failed"]')
    expect(row).to_contain_text("(UPLOAD_REFUSED)")
    (job,) = quire.http.get("/v1/jobs").json()["jobs"]
    assert job["status"] == "pending"
    with page.expect_response(re.compile(f"{job['job_id']}/cancel")):
        row.get_by_role("button", name="Don't send").click()
    expect(row).to_have_count(0)
    assert quire.job(job["job_id"])["status"] == "cancelled"
    page.unroute(re.compile("/upload/storage/v1/"))
    with quire.document_ai(instant=True):
        visitor.send(path)
        done = page.locator(".jobrow .line", has_text="Completed: 1 page")
        expect(done, "it is a new job's, not the rest of the cancelled one's").to_be_visible()


def test_the_options_reach_the_job(visit: Visit, quire: QuireClient, tmp_path: Path) -> None:
    path = tmp_path / "told.pdf"
    write_born_digital(path, ["A page."])
    visitor = visit()
    page = visitor.page
    with WebhookReceiver().serving() as receiver, quire.document_ai(instant=True):
        page.locator("details.options summary").click()
        page.get_by_label("Made besides JSON").select_option("nothing")
        visitor.send(path, Webhook=receiver.url())
        visitor.open_job(path.name)
        expect(page.locator(".jobhead .line")).to_have_text("Completed: 1 page")
        page.get_by_role("tab", name="Webhooks").click()
        expect(page.locator(".hooks")).to_contain_text(receiver.url())
    job_id = page.url.rsplit("/", 1)[1]
    refused = quire.http.get(f"/v1/jobs/{job_id}/result", params={"format": "text"})
    assert refused.json()["code"] == "OUTPUT_NOT_MADE"


def _pad(path: Path, size: int) -> None:
    """Make the PDF so long by a comment before its end, which readers look for at the end."""
    content = path.read_bytes()
    body, mark, end = content.rpartition(b"startxref")
    path.write_bytes(body + b"%" + b"x" * (size - len(content)) + b"\n" + mark + end)
