"""The page for everybody: by keyboard alone, read out, in the dark, on a phone, without motion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from infra.local.stack import Stack
from tests.browser.conftest import ReadDemo, Visit
from tests.browser.visitor import Visitor, token_for
from tests.e2e.quire_client import QuireClient
from tests.make_demo_pdf import DEMO
from tests.pdfs.documents import write_born_digital

#: What a person operates, by its role in the accessibility tree.
_CONTROLS: Final = {
    *("button", "link", "textbox", "searchbox", "combobox", "spinbutton", "checkbox", "tab"),
    *("option", "listbox", "progressbar", "dialog", "tabpanel", "tablist", "toolbar", "image"),
}


def _places(demo: ReadDemo) -> list[tuple[str, str]]:
    """Return every view's place, and what is there once it is drawn."""
    return [
        ("/", ".jobrow h3 a"),
        (f"/jobs/{demo.job_id}", ".cell"),
        (f"/jobs/{demo.job_id}/pages/4", ".overlay rect"),
        (f"/jobs/{demo.job_id}/pages/2?q=quire", ".hits li"),
        ("/batches", ".jobrow h3 a"),
        (f"/batches/{demo.batch_id}", ".documents a"),
        ("/batches/new", "#manifest"),
        ("/admin", ".workers table"),
        ("/nowhere", "h1"),
    ]


def _shown(visitor: Visitor, demo: ReadDemo) -> Iterator[tuple[str, Page]]:
    for place, there in _places(demo):
        visitor.open(place)
        expect(visitor.page.locator(there).first).to_be_attached()
        yield place, visitor.page


@pytest.fixture
def everything(stack: Stack, demo: ReadDemo) -> str:
    """A token that may see every view."""
    return token_for(stack, "reader-of-the-demo", role="admin")


def test_every_control_has_a_name(visit: Visit, demo: ReadDemo, everything: str) -> None:
    visitor = visit(token=everything)
    for place, page in _shown(visitor, demo):
        nameless = [
            f"{place}: a {role}"
            for role, name in _controls(page)
            if role in _CONTROLS and not name.strip()
        ]
        assert not nameless
        assert page.locator("h1").count() == 1, f"{place} has one heading of the first rank"
        for landmark in ("banner", "main", "navigation"):
            expect(page.get_by_role(landmark)).to_have_count(1)


def _controls(page: Page) -> Iterator[tuple[str, str]]:
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    for node in tree["nodes"]:
        if not node.get("ignored"):
            yield _value(node, "role"), _value(node, "name")


def _value(node: dict[str, Any], name: str) -> str:
    return str(node.get(name, {}).get("value", ""))


def test_all_can_be_done_by_keyboard_alone(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "keys.pdf"
    write_born_digital(path, ["Nothing but keys."])
    visitor = visit()
    page = visitor.page
    page.on("filechooser", lambda chooser: chooser.set_files(path))
    page.keyboard.press("Tab")
    expect(page.locator("#skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#files")).to_be_focused()
    page.keyboard.press("Space")
    job = page.locator(".jobrow h3 a", has_text="keys.pdf")
    expect(job).to_be_visible()
    _tab_to(page, ".jobrow h3 a")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator(".jobhead .line")).to_have_text("Completed: 1 page")
    _tab_to(page, ".cell")
    expect(page.locator(".told")).to_contain_text("Chunk 1, page 1: completed")
    _tab_to(page, '[role="tab"]')
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Log")).to_have_attribute("aria-selected", "true")
    _tab_to(page, ".controls a", backwards=True)
    page.keyboard.press("Enter")
    expect(page.locator(".pagetext")).to_contain_text("Nothing but keys.")
    _tab_to(page, ".pagetext")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".overlay .chosen")).to_have_attribute("data-index", "1")
    expect(page.locator("#spoken")).to_contain_text("but, ")


def _tab_to(page: Page, selector: str, *, backwards: bool = False) -> None:
    for _ in range(40):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"forty tabs do not lead to {selector}")


def test_a_phone_needs_no_sideways_scrolling(visit: Visit, demo: ReadDemo, everything: str) -> None:
    visitor = visit(token=everything, viewport={"width": 360, "height": 740})
    for place, page in _shown(visitor, demo):
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{place} is {width} pixels wide"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(
    visit: Visit, demo: ReadDemo, everything: str, scheme: str
) -> None:
    visitor = visit(token=everything, color_scheme=scheme)
    for place, page in _shown(visitor, demo):
        weak = page.evaluate(_WEAK_TEXTS)
        assert not weak, f"{place}: {weak}"


def test_colours_follow_the_system_until_one_chooses(visit: Visit, demo: ReadDemo) -> None:
    visitor = visit(token=demo.token, color_scheme="dark")
    page = visitor.page
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = visitor.evaluate(ground)
    page.get_by_role("button", name="Light colours").click()
    light = visitor.evaluate(ground)
    assert light != dark
    page.reload()
    expect(page.get_by_role("button", name="Dark colours")).to_be_visible()
    assert visitor.evaluate(ground) == light
    page.get_by_role("button", name="Dark colours").click()
    assert visitor.evaluate(ground) == dark
    assert visitor.evaluate("localStorage.length") == 0


def test_nothing_moves_where_motion_is_not_wanted(visit: Visit, quire: QuireClient) -> None:
    with quire.document_ai(instant=True, let_through=0):
        job_id = quire.submit(DEMO, chunk_pages=11)
        visitor = visit(f"/jobs/{job_id}", reduced_motion="reduce")
        expect(visitor.cells("processing").first).to_be_visible()
        running = "document.getAnimations().length"
        assert visitor.evaluate(running) == 0
        visitor.page.emulate_media(reduced_motion="no-preference")
        assert visitor.evaluate(running) > 0


#: Texts whose contrast with what is behind them is below WCAG's AA: 4.5, or 3 where it is large.
_WEAK_TEXTS: Final = """() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const mixed = (colours) => {
    pen.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
    }
    return pen.getImageData(0, 0, 1, 1).data;
  };
  const light = (colours) => {
    const [r, g, b] = [...mixed(colours)].map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = walker.nextNode()); ) {
    const element = text.parentElement;
    if (!text.data.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest("svg, option, .unseen, .skip, noscript, :disabled")) continue;
    const grounds = [];
    for (let each = element; each; each = each.parentElement) {
      grounds.unshift(getComputedStyle(each).backgroundColor);
    }
    const style = getComputedStyle(element);
    const [one, other] = [light(grounds), light([...grounds, style.color])].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (large ? 3 : 4.5)) {
      weak.push(`${text.data.trim().slice(0, 30)} (${element.className}): ${contrast.toFixed(2)}`);
    }
  }
  return weak;
}"""
