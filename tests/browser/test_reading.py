"""The demo, clicked through: a document is sent, read before one's eyes, opened and searched."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import ReadDemo, Visit
from tests.browser.visitor import Visitor
from tests.e2e.quire_client import QuireClient
from tests.make_demo_pdf import DEMO


def test_every_chunk_changes_its_colour_while_the_document_is_read(
    visit: Visit, quire: QuireClient
) -> None:
    visitor = visit()
    page = visitor.page
    expect(page.locator(".joblist")).to_contain_text("Nothing here yet.")
    with quire.document_ai(instant=True, let_through=0):
        visitor.send(DEMO, Pages_in_a_chunk="2", Matter="Bindery")
        visitor.open_job(DEMO.name)
        expect(visitor.cells()).to_have_count(6)
        expect(visitor.cells("processing")).to_have_count(2)
        expect(visitor.cells("pending")).to_have_count(4)
        expect(page.locator(".jobhead .line")).to_have_text("Processing chunk 1/6")
        quire.let_through(2)
        expect(visitor.cells("completed")).to_have_count(2)
        expect(visitor.cells("processing")).to_have_count(2)
        expect(page.locator(".jobhead .line")).to_have_text("Processing chunk 3/6")
        expect(page.locator(".jobhead .eta")).to_contain_text("of 6 chunks in")
        expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "33")
        visitor.cells().nth(2).hover()
        expect(page.locator(".told")).to_contain_text("Chunk 3, pages 5-6: ")
        quire.let_through(None)
        expect(visitor.cells("completed")).to_have_count(6)
    expect(page.locator(".jobhead .line")).to_have_text("Completed: 11 pages")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    expect(page.locator(".jobhead .facts")).to_contain_text("matter Bindery")
    trail = page.locator(".trail li")
    expect(trail.first).to_contain_text("Completed")
    expect(trail.last).to_contain_text("The document was sent")
    expect(trail.filter(has_text=re.compile(r"Chunk 2 \(pages 3-4\) completed"))).to_have_count(1)
    page.get_by_role("tab", name="Log").click()
    expect(page.locator(".loglines li").first).to_be_visible()


def test_a_dropped_and_a_pasted_file_are_sent_like_a_chosen_one(visit: Visit) -> None:
    visitor = visit()
    for kind, holder in (("drop", "DragEvent"), ("paste", "ClipboardEvent")):
        transfer = "dataTransfer" if kind == "drop" else "clipboardData"
        visitor.evaluate(
            "async () => { const given = new DataTransfer();"
            f"given.items.add(new File(['no pdf'], '{kind}.pdf', {{type: 'application/pdf'}}));"
            f"dispatchEvent(new {holder}('{kind}', {{ {transfer}: given }})); }}"
        )
        row = visitor.page.locator(".sending li", has_text=f"{kind}.pdf")
        expect(row).to_contain_text("This file is not a PDF.")
        row.get_by_role("button", name=f"Don't send {kind}.pdf").click()
        expect(row).to_have_count(0)


def test_pointing_at_a_word_tells_it_and_marks_it_in_the_text(visit: Visit, demo: ReadDemo) -> None:
    visitor = visit(f"/jobs/{demo.job_id}", token=demo.token)
    page = visitor.page
    page.get_by_role("link", name="Open the result").click()
    words = page.locator(".overlay rect")
    expect(words.nth(1)).to_be_attached()
    words.nth(1).hover()
    expect(page.locator(".tip")).to_have_text(re.compile(r"^Quires\d+ %$"))
    expect(page.locator(".pagetext .pointed")).to_have_text("Quires")
    page.locator(".pagetext span", has_text="account").hover()
    expect(page.locator(".tip b")).to_have_text("account")
    expect(page.locator(".overlay .pointed")).to_have_count(1)
    # The boxes fit the picture: the word is where the picture has ink.
    assert _ink_under(visitor, 1) > 0.02
    page.get_by_role("button", name="Boxes").click()
    expect(page.locator(".overlay")).to_have_class(re.compile("bare"))


def test_keys_turn_the_pages_and_the_back_button_leads_to_the_job(
    visit: Visit, demo: ReadDemo
) -> None:
    visitor = visit(f"/jobs/{demo.job_id}", token=demo.token)
    page = visitor.page
    page.get_by_role("link", name="Open the result").click()
    number = page.get_by_label("Page, 1 to 11")
    expect(number).to_have_value("1")
    for key, reached in (
        *(("j", 2), ("ArrowRight", 3), ("k", 2), ("End", 11), ("j", 11)),
        *(("ArrowLeft", 10), ("Home", 1), ("k", 1)),
    ):
        page.keyboard.press(key)
        expect(number).to_have_value(str(reached))
    page.keyboard.press("End")
    expect(page.locator(".paper")).to_have_attribute("aria-label", "Page 11 of 11")
    expect(page).to_have_url(re.compile(r"/pages/11$"))
    number.fill("4")
    number.press("Enter")
    expect(page.locator(".pagetext")).to_contain_text("The tools")
    expect(page.locator(".pagetext .poor, .pagetext .low").first).to_be_visible()
    page.go_back()
    expect(page.locator("h1")).to_have_text(DEMO.name)
    expect(page.get_by_role("link", name="Open the result")).to_be_visible()


def test_hits_are_listed_and_marked_in_the_picture(visit: Visit, demo: ReadDemo) -> None:
    visitor = visit(f"/jobs/{demo.job_id}/pages/1", token=demo.token)
    page = visitor.page
    expect(page.locator(".overlay rect").first).to_be_attached()
    page.keyboard.press("/")
    page.keyboard.type("quire")
    expect(page.locator(".search .hint")).to_contain_text("hits for “quire”")
    expect(page.locator(".hits li").first).to_contain_text("Page 1")
    expect(page.locator(".overlay .hit")).not_to_have_count(0)
    page.locator(".hits button", has_text="Page 2").first.click()
    expect(page.get_by_label("Page, 1 to 11")).to_have_value("2")
    expect(page.locator(".overlay .found")).not_to_have_count(0)
    page.keyboard.press("n")
    expect(page.locator(".hits [aria-current]")).to_have_count(1)
    # The address has the search, too.
    address = page.url
    assert address.endswith("/pages/2?q=quire")
    page.reload()
    expect(page.locator(".search input")).to_have_value("quire")
    expect(page.locator(".overlay .hit")).not_to_have_count(0)
    page.get_by_label("Search in this document").fill("no such word")
    expect(page.locator(".search .hint")).to_contain_text("Nothing is found")


def test_the_result_is_downloaded_by_the_browser_itself(visit: Visit, demo: ReadDemo) -> None:
    page = visit(f"/jobs/{demo.job_id}", token=demo.token).page
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download text").click()
    assert "loose sheets become a book" in Path(begun.value.path()).read_text()
    assert begun.value.suggested_filename == "quire-demo.txt"


#: The share of dark pixels of the picture within the box of the word INDEX.
_INK = """() => {
  const rect = document.querySelectorAll(".overlay rect")[INDEX];
  const picture = document.querySelector(".paper img");
  const canvas = document.createElement("canvas");
  canvas.width = picture.naturalWidth;
  canvas.height = picture.naturalHeight;
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0);
  const [x, width] = ["x", "width"].map((name) => rect.getAttribute(name) * canvas.width);
  const [y, height] = ["y", "height"].map((name) => rect.getAttribute(name) * canvas.height);
  const { data } = pen.getImageData(x, y, Math.ceil(width), Math.ceil(height));
  let dark = 0;
  for (let i = 0; i < data.length; i += 4) dark += data[i] < 128;
  return dark / (data.length / 4);
}"""


def _ink_under(visitor: Visitor, index: int) -> float:
    return float(visitor.evaluate(_INK.replace("INDEX", str(index))))
