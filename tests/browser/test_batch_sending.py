"""Batches that begin on the page: files, folders, manifests; and what can't be taken."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.batches import batch_of, ended, held, letters
from tests.browser.conftest import Visit
from tests.e2e.quire_client import QuireClient

_SESSIONS = re.compile("/upload/storage/v1/")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "letters"


def _choose(page: Page, picker: str, *paths: Path) -> None:
    page.locator(f"#{picker}").set_input_files([str(path) for path in paths])


def _batch_shown(page: Page) -> str:
    """Return the id of the batch whose view is open."""
    expect(page).to_have_url(re.compile(r"#/batches/[0-9a-f-]{36}$"))
    return page.url.rsplit("/", 1)[1]


def test_twenty_files_become_a_batch(visit: Visit, quire: QuireClient, folder: Path) -> None:
    paths = letters(folder, 20)
    notes = folder / "notes.txt"
    notes.write_text("no document")
    visitor = visit("/batches")
    visitor.may_lose_connections = True
    page = visitor.page
    page.get_by_role("link", name="New batch").click()
    page.get_by_label("Name").fill("Twenty letters")
    page.get_by_text("Options for all documents").click()
    page.get_by_label("Priority").select_option("high")
    page.get_by_label("Languages").fill("en, de")
    _choose(page, "files", *paths, notes)
    expect(page.get_by_role("region", name="Messages")).to_contain_text("1 file is no PDF")
    expect(page.locator(".chosen h2")).to_contain_text("20 documents, ")
    page.get_by_role("button", name=re.compile("Remove .*letter-20.pdf")).click()
    expect(page.locator(".chosen h2")).to_contain_text("19 documents, ")
    _choose(page, "files", paths[19], paths[0])
    expect(page.locator(".chosen h2")).to_contain_text("20 documents, ")
    # Two of its pieces do not arrive at first.
    page.route(_SESSIONS, lambda route: route.abort(), times=2)
    with quire.document_ai(instant=True):
        page.get_by_role("button", name="Start the batch").click()
        expect(page.locator(".sendingbatch .line")).to_contain_text("of 20 documents sent")
        batch_id = _batch_shown(page)
        expect(page.locator("h1")).to_have_text("Twenty letters")
        expect(page.locator(".batchhead .line")).to_have_text("Completed: 20 documents")
    batch = batch_of(quire, batch_id)
    assert (batch["total"], batch["completed"], batch["priority"]) == (20, 20, "high")
    jobs = quire.rows("SELECT options FROM jobs WHERE batch_id = %s", batch_id)
    assert {tuple(job["options"]["languages"]) for job in jobs} == {("en", "de")}


def test_a_folder_is_sent_with_all_below_it(visit: Visit, quire: QuireClient, folder: Path) -> None:
    letters(folder / "inner", 2)
    letters(folder, 1)
    (folder / "index.json").write_text("{}")
    visitor = visit("/batches/new")
    page = visitor.page
    _choose(page, "folder", folder)
    expect(page.get_by_label("Name")).to_have_value("letters")
    expect(page.locator(".files li")).to_have_count(3)
    expect(page.locator(".files")).to_contain_text("letters/inner/letter-02.pdf")
    with quire.document_ai(instant=True):
        page.get_by_role("button", name="Start the batch").click()
        assert ended(quire, _batch_shown(page))["completed"] == 3


def test_what_could_not_be_sent_is_named_and_tried_again(
    visit: Visit, quire: QuireClient, folder: Path
) -> None:
    paths = letters(folder, 5)
    paths[1].write_text("This calls itself a PDF and is none.")
    visitor = visit("/batches/new")
    visitor.expected_statuses = {410}
    page = visitor.page
    gone = {"status": 410, "headers": {"access-control-allow-origin": "*"}}
    page.route(_SESSIONS, lambda route: route.fulfill(**gone), times=1)
    _choose(page, "files", *paths)
    page.get_by_role("button", name="Start the batch").click()
    expect(page.locator(".sendingbatch .line")).to_have_text(
        "3 of 5 documents sent. 2 could not be sent."
    )
    failed = page.locator('.sending [data-state="failed"]')
    expect(failed.filter(has_text="This file is not a PDF.")).to_contain_text("letter-02.pdf")
    expect(failed.filter(has_text="(UPLOAD_REFUSED)")).to_have_count(1)
    page.get_by_role("button", name="Try again what failed").click()
    expect(page.locator(".sendingbatch .line")).to_have_text(
        "4 of 5 documents sent. One could not be sent."
    )
    # One may look elsewhere and come back.
    page.get_by_role("link", name="All batches").click()
    expect(page.locator(".sendingnow")).to_contain_text("4 of 5 documents")
    page.get_by_role("link", name="Look at it").click()
    page.get_by_role("button", name="Leave out letter-02.pdf").click()
    with quire.document_ai(instant=True):
        page.get_by_role("button", name="Start with the 4 documents that arrived").click()
        assert ended(quire, _batch_shown(page))["completed"] == 4


def test_a_batch_that_is_given_up_leaves_the_form_as_it_was(visit: Visit, folder: Path) -> None:
    [path] = letters(folder, 1)
    visitor = visit("/batches/new")
    page = visitor.page
    path.write_text("no PDF")
    _choose(page, "files", path)
    page.get_by_role("button", name="Start the batch").click()
    page.get_by_role("button", name="Give it up").click()
    page.get_by_role("dialog").get_by_role("button", name="Give it up").click()
    expect(page.locator(".chosen h2")).to_contain_text("1 document, ")
    page.get_by_role("button", name="Remove all").click()
    expect(page.locator(".chosen h2")).to_have_count(0)
    start = page.get_by_role("button", name="Start the batch")
    expect(start).to_be_disabled()
    start.press("Enter")
    expect(page.get_by_role("region", name="Messages")).to_contain_text("Choose documents first.")


def test_a_manifest_is_sent_as_it_is(visit: Visit, quire: QuireClient, folder: Path) -> None:
    ids = held(quire, letters(folder, 3))
    lines = [json.dumps({"document_id": each}) for each in ids]
    manifest = folder / "all of them.jsonl"
    manifest.write_text("\n".join(lines))
    visitor = visit("/batches/new")
    page = visitor.page
    page.get_by_label("Name").fill("By manifest")
    with quire.document_ai(instant=True):
        _choose(page, "manifest", manifest)
        batch = ended(quire, _batch_shown(page))
    assert (batch["name"], batch["completed"]) == ("By manifest", 3)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_every_bad_line_of_a_manifest_is_told_by_its_number(
    visit: Visit, quire: QuireClient, folder: Path, form: str
) -> None:
    [good] = held(quire, letters(folder, 1))
    absent = "gs://quire-uploads/batches/nobody/else.pdf"
    manifest = folder / f"boxes.{form}"
    if form == "csv":
        manifest.write_text(f"document_id,uri,pages\n{good},,\nno-id,,\n,{absent},\n{good},,9-3\n")
        bad = ["3", "4", "5"]
    else:
        documents = [{"document_id": good}, {"uri": absent}]
        manifest.write_text(json.dumps({"documents": documents}))
        bad = ["2"]
    visitor = visit("/batches/new", viewport={"width": 360, "height": 740})
    visitor.expected_statuses = {422}
    page = visitor.page
    _choose(page, "manifest", manifest)
    told = page.locator(".manifesterrors tbody tr")
    expect(told).to_have_count(len(bad))
    assert told.locator("th").all_text_contents() == bad
    expect(page.get_by_role("alert")).to_contain_text(
        "Nothing was begun: 3 entries of boxes.csv can't be taken"
        if form == "csv"
        else "Nothing was begun: 1 entry of boxes.json can't be taken"
    )
    expect(page.locator(".manifesterrors")).to_be_focused()
    assert visitor.evaluate("document.documentElement.scrollWidth") <= 360
    if form == "csv":
        expect(told.first.locator(".text")).to_have_text("no-id,,")
    assert quire.http.get("/v1/batches").json()["batches"] == []


def test_a_batch_is_begun_and_followed_by_keyboard_alone(
    visit: Visit, quire: QuireClient, folder: Path
) -> None:
    paths = letters(folder, 2)
    visitor = visit("/batches")
    page = visitor.page
    page.on("filechooser", lambda chooser: chooser.set_files(paths))
    _tab_to(page, ".button.primary")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_be_focused()
    _tab_to(page, "#batch-name")
    page.keyboard.type("By keys")
    _tab_to(page, "#files")
    page.keyboard.press("Space")
    expect(page.locator(".files li")).to_have_count(2)
    with quire.document_ai(instant=True):
        _tab_to(page, "button.primary")
        page.keyboard.press("Enter")
        expect(page.locator(".batchhead .line")).to_have_text("Completed: 2 documents")
    expect(page.locator("h1")).to_be_focused()
    _tab_to(page, ".plot")
    page.keyboard.press("End")
    expect(page.locator(".plot")).to_have_attribute("aria-valuetext", re.compile("pages a minute"))
    _tab_to(page, ".documents a")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("letter-01.pdf")


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"thirty tabs do not lead to {selector}")
