"""A document is made searchable, found, and looked at where it is found; its outline is browsed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from pikepdf import OutlineItem, Pdf
from playwright.sync_api import expect

from infra.local.stack import Stack
from tests.browser.conftest import Visit
from tests.browser.visitor import token_for
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital

#: So much that what follows it is not seen before one scrolls.
_YARD = "".join(f"Slip {number} of the yard was laid by other hands.\n" for number in range(1, 31))
PAGES = (
    ("Soils", "Wheat grows best on loamy soils, for they hold the water of spring."),
    ("Clay", "Clay keeps the water until the roots are drowned, and sand lets it run away."),
    (
        "Ships",
        _YARD + "The keels were laid in autumn, and the shipwrights preferred slowly grown oaks.",
    ),
    ("Harbours", "Nobody had expected that dredging the basin would cost so many francs."),
)


def _write(path: Path) -> None:
    """Write four pages with bookmarks: two chapters, the first with a section."""
    write_born_digital(path, [f"{title}\n\n{text}" for title, text in PAGES])
    with Pdf.open(path, allow_overwriting_input=True) as pdf:
        with pdf.open_outline() as outline:
            fields = OutlineItem("Soils", 0)
            fields.children.append(OutlineItem("Clay", 1))
            outline.root.extend([fields, OutlineItem("Ships", 2)])
        pdf.save(path)


@dataclass(frozen=True, slots=True)
class Almanac:
    """A job that went through all stages, and a token of its owner."""

    job_id: str
    token: str


@pytest.fixture(scope="module")
def almanac(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Almanac]:
    path = tmp_path_factory.mktemp("almanac") / "almanac.pdf"
    _write(path)
    owner = f"reader-{uuid4()}"
    with QuireClient(stack, owner) as quire:
        job = quire.wait(quire.submit(path, stages=["all"]))
        assert job["status"] == "completed", job
        yield Almanac(job["job_id"], token_for(stack, owner))


def test_a_passage_is_found_and_its_words_are_lit_on_the_page_picture(
    visit: Visit, almanac: Almanac
) -> None:
    visitor = visit("/", token=almanac.token)
    page = visitor.page
    page.get_by_role("navigation").get_by_role("link", name="Search").click()
    field = page.get_by_label("Search in all documents")
    expect(field).to_be_focused()
    page.keyboard.type("which oak did the shipwright prefer")
    best = page.locator(".passages li").first
    expect(best.get_by_role("link")).to_contain_text("almanac.pdf page")
    expect(best.locator("mark")).to_have_text(["shipwrights", "preferred", "oaks"])
    assert page.url.endswith("#/search?q=which+oak+did+the+shipwright+prefer")
    best.get_by_role("link").click()
    expect(page.get_by_label("Page, 1 to 4")).to_have_value("3")
    asked = page.locator(".lit .asked")
    expect(page.locator(".overlay rect").first).to_be_attached()
    # Words that stand side by side have one box.
    expect(asked).to_have_count(2)
    expect(page.locator(".lit .line")).not_to_have_count(0)
    # It is far down the page.
    expect(asked.first).to_be_in_viewport()
    assert visitor.evaluate("document.querySelector('.viewport').scrollTop") > 100
    lit = visitor.evaluate(_UNDER)
    expect(page.locator(".hits [aria-current]")).to_have_count(1)
    # The address leads there again, and the way back to what was found.
    page.reload()
    expect(asked).to_have_count(2)
    page.get_by_role("tab", name="Text").click()
    expect(page.locator(".pagetext .hit")).to_have_text(["shipwrights", "preferred", "oaks."])
    marked = page.locator(".pagetext .hit").evaluate_all("found => found.map(each => each.dataset)")
    assert [int(each["index"]) for each in marked] == lit
    page.go_back()
    expect(field).to_have_value("which oak did the shipwright prefer")
    expect(best.locator("mark").first).to_have_text("shipwrights")


def test_within_a_document_one_searches_by_meaning_as_well_as_by_exact_words(
    visit: Visit, almanac: Almanac
) -> None:
    page = visit(f"/jobs/{almanac.job_id}/pages/1", token=almanac.token).page
    page.get_by_role("tab", name="Search").click()
    page.get_by_label("Search in this document").fill("drowning root")
    expect(page.locator(".search .hint")).to_contain_text("Nothing is found")
    page.get_by_role("button", name="Meaning").click()
    first = page.locator(".hits button").first
    expect(first.locator("mark").first).to_be_visible()
    first.click()
    expect(page.get_by_label("Page, 1 to 4")).to_have_value("2")
    expect(page.locator(".lit .asked")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"/pages/2\?q=drowning\+root&by=meaning&passage=\d+$"))
    page.get_by_role("button", name="Exact words").click()
    expect(page.locator(".lit rect")).to_have_count(0)


def test_the_outline_unfolds_tells_a_summary_and_turns_the_page(
    visit: Visit, almanac: Almanac
) -> None:
    page = visit(f"/jobs/{almanac.job_id}/pages/1", token=almanac.token).page
    page.get_by_role("tab", name="Outline").click()
    outline = page.locator(".outline")
    number = page.get_by_label("Page, 1 to 4")
    outline.get_by_role("button", name="Ships pages 3-4").click()
    expect(number).to_have_value("3")
    clay = outline.locator(".way", has_text="Clay")
    expect(clay).to_have_count(0)
    outline.get_by_role("button", name="Soils pages 1-2").focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(clay).to_have_attribute("aria-current", "true")
    expect(number).to_have_value("2")
    outline.get_by_role("button", name="Summary of Clay").click()
    expect(outline.locator(".summary:visible")).to_contain_text("Clay keeps the water")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(clay).to_be_hidden()


def test_a_finished_document_is_made_searchable_step_by_step(
    visit: Visit, quire: QuireClient, tmp_path: Path
) -> None:
    _write(tmp_path / "almanac.pdf")
    job_id = quire.submit(tmp_path / "almanac.pdf", stages=["ocr"])
    quire.wait(job_id)
    visitor = visit("/search?q=oaks")
    page = visitor.page
    expect(page.locator(".blank")).to_contain_text("Nothing is searchable yet.")
    visitor.open(f"/jobs/{job_id}")
    steps = page.get_by_role("list", name="After the reading").get_by_role("listitem")
    expect(page.locator(".jobhead .chip")).to_have_text("Completed")
    expect(steps).to_have_count(0)
    page.get_by_role("button", name="Make searchable").click()
    names = ["Clean text", "Sentences", "Passages", "Names and dates", "Meaning", "Outline"]
    expect(steps.locator("b")).to_have_text([*names, "Search index"])
    expect(page.locator('.steps [data-state="completed"]')).to_have_count(7)
    expect(steps.first).to_contain_text("done")
    expect(page.locator(".jobhead .chip")).to_have_text("Completed")
    expect(page.get_by_role("button", name="Make searchable")).to_have_count(0)
    visitor.open("/search?q=oaks")
    expect(page.locator(".passages mark")).to_have_text("oaks")


def test_a_step_under_way_says_how_far_it_is(
    visit: Visit, quire: QuireClient, tmp_path: Path
) -> None:
    _write(tmp_path / "almanac.pdf")
    job_id = quire.submit(tmp_path / "almanac.pdf", stages=["embedding"])
    quire.wait(job_id)
    # As it stands when somebody has paused it after a checkpoint.
    quire.rows(
        "UPDATE job_stages SET status = 'processing', done = 3, total = 8, finished_at = NULL"
        " WHERE job_id = %s AND stage = 'embedding'",
        job_id,
    )
    quire.rows(
        "UPDATE jobs SET status = 'paused', finished_at = NULL WHERE id = %s",
        job_id,
    )
    page = visit(f"/jobs/{job_id}").page
    expect(page.locator(".jobhead .line")).to_have_text("Paused at embedding passages 3/8")
    step = page.locator(".steps li", has_text="Meaning")
    expect(step).to_contain_text("37 %, 3 of 8")
    gauge = step.get_by_role("progressbar", name="Meaning")
    expect(gauge).to_have_attribute("aria-valuenow", "37")
    expect(page.get_by_role("button", name="Make searchable")).to_have_count(0)
    quire.rows("UPDATE jobs SET status = 'completed', finished_at = now() WHERE id = %s", job_id)


def test_an_outline_that_is_missing_is_made_where_it_is_missed(
    visit: Visit, quire: QuireClient, tmp_path: Path
) -> None:
    _write(tmp_path / "almanac.pdf")
    job_id = quire.submit(tmp_path / "almanac.pdf", stages=["ocr"])
    quire.wait(job_id)
    visitor = visit(f"/jobs/{job_id}/pages/1")
    visitor.expected_statuses = {404}
    page = visitor.page
    page.get_by_role("tab", name="Outline").click()
    expect(page.locator(".outline")).to_contain_text("No outline was made of this document yet.")
    page.get_by_role("button", name="Make searchable").click()
    expect(page.get_by_role("button", name="Soils pages 1-2")).to_be_visible()


def test_what_is_sent_is_made_searchable_where_its_sender_says_so(
    visit: Visit, quire: QuireClient, tmp_path: Path
) -> None:
    _write(tmp_path / "almanac.pdf")
    visitor = visit()
    page = visitor.page
    page.locator("details.options summary").click()
    page.get_by_label("Afterwards").select_option("make it searchable")
    visitor.send(tmp_path / "almanac.pdf")
    visitor.open_job("almanac.pdf")
    expect(page.locator('.steps [data-state="completed"]')).to_have_count(7)
    [job] = quire.http.get("/v1/jobs").json()["jobs"]
    assert job["stages"][-1]["stage"] == "vectors"


#: The numbers of the words whose middle lies in a lit box.
_UNDER = """() => {
  const lit = [...document.querySelectorAll(".lit .asked")];
  const boxes = lit.map((each) => each.getBoundingClientRect());
  return [...document.querySelectorAll(".overlay rect")].flatMap((word, at) => {
    const { x, y, width, height } = word.getBoundingClientRect();
    const [across, down] = [x + width / 2, y + height / 2];
    const isIn = ({ left, right, top, bottom }) =>
      left <= across && across <= right && top <= down && down <= bottom;
    return boxes.some(isIn) ? [at] : [];
  });
}"""
