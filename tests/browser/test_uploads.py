"""Uploads: a large file goes to the bucket in pieces, and goes on where it broke off."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Request, Route, expect

from tests.browser.conftest import Visit
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital

_MEGABYTES = 34


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

    def to_the_bucket(route: Route, request: Request) -> None:
        if request.method == "PUT":
            ranges.append(request.headers.get("content-range", ""))
            if len(ranges) == 2:
                route.abort("connectionreset")
                return
        route.continue_()

    page.route(re.compile(r"/upload/storage/v1/"), to_the_bucket)
    with quire.document_ai(instant=True):
        visitor.send(path)
        expect(page.locator(".sending li")).to_contain_text("reconnecting")
        visitor.open_job(path.name)
        expect(page.locator(".jobhead .line")).to_have_text("Completed: 1 page")
    size = path.stat().st_size
    piece = 8 * 1024 * 1024
    assert ranges[:4] == [
        f"bytes 0-{piece - 1}/{size}",
        f"bytes {piece}-{2 * piece - 1}/{size}",
        f"bytes */{size}",
        f"bytes {piece}-{2 * piece - 1}/{size}",
    ]


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


def _pad(path: Path, size: int) -> None:
    """Make the PDF so long by a comment before its end, which readers look for at the end."""
    content = path.read_bytes()
    body, mark, end = content.rpartition(b"startxref")
    path.write_bytes(body + b"%" + b"x" * (size - len(content)) + b"\n" + mark + end)
