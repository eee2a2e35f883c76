"""Takes the pictures of the page for the documentation: `python -m tests.browser.screenshots`.

A stack is started, the demo is sent to it, and what a reader would see is written to
docs/pictures.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.browser.batches import ended, make_batch
from tests.browser.chromium import MISSING, find_chromium, opened
from tests.browser.visitor import PATIENCE, token_for, visiting
from tests.e2e.quire_client import QuireClient
from tests.make_demo_pdf import DEMO
from tests.pdfs.documents import write_born_digital, write_mixed

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
OWNER = "ada"
MATTER = "Harbour Board"
_MOST_BYTES = 250_000
_LETTERS = [f"1998-{1 + at // 10:02}-{1 + at * 3 % 28:02} Letter {at + 1}" for at in range(120)]

#: Quick to give up, so that a failure can be seen.
OPTIONS = StackOptions(workers=2, extra_env={"RETRIES__BASE_SECONDS": "0.2"})

_DESK: dict[str, Any] = {"viewport": {"width": 1200, "height": 760}, "device_scale_factor": 1.5}
_TALL: dict[str, Any] = {"viewport": {"width": 1200, "height": 1060}}
_PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 760},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}


def main() -> None:
    """Take them all."""
    path = find_chromium()
    if path is None:
        sys.exit(MISSING)
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="quire-pictures-") as folder,
        Stack(Home(Path(folder) / "home"), options=OPTIONS) as stack,
        QuireClient(stack, OWNER) as quire,
        opened(path) as browser,
    ):
        minutes = Path(folder) / "Minutes of the Harbour Board.pdf"
        write_mixed(minutes, pages=425, scanned_every=1000)
        demo_job = quire.submit(DEMO, chunk_pages=2, matter="Bindery", stages=["all"])
        quire.wait(demo_job)
        _result(stack, browser, demo_job)
        _found(stack, browser)
        _batch(stack, browser, quire, Path(folder))
        _under_way(stack, browser, quire, minutes)
        _administration(stack, browser, quire, minutes)


def _result(stack: Stack, browser: Browser, job_id: str) -> None:
    token = token_for(stack, OWNER)
    with visiting(stack, browser, **_DESK, color_scheme="dark") as visitor:
        page = visitor.open(f"/jobs/{job_id}/pages/4", token=token)
        words = page.locator(".overlay rect")
        expect(words.first).to_be_attached()
        page.locator(".pagetext span", has_text="Linen").hover()
        expect(page.locator(".tip")).to_be_visible()
        _save(page, "result-dark")


def _found(stack: Stack, browser: Browser) -> None:
    """A question, and the page on which it is answered."""
    token = token_for(stack, OWNER)
    with visiting(stack, browser, **_DESK, color_scheme="light") as visitor:
        page = visitor.open("/search?q=why+is+the+thread+waxed", token=token)
        page.locator(".passages li").first.get_by_role("link").click()
        expect(page.locator(".overlay rect").first).to_be_attached()
        expect(page.locator(".lit .asked").first).to_be_visible()
        _save(page, "found-light")


def _under_way(stack: Stack, browser: Browser, quire: QuireClient, minutes: Path) -> None:
    token = token_for(stack, OWNER)
    with quire.document_ai(instant=True, latency_per_call_seconds=1.5):
        job_id = quire.submit(minutes, chunk_pages=25, matter=MATTER)
        with visiting(stack, browser, **_DESK, color_scheme="light") as visitor:
            page = visitor.open(f"/jobs/{job_id}", token=token)
            page.wait_for_function(
                """() => document.querySelectorAll('.cell[data-state="completed"]').length >= 7""",
                timeout=PATIENCE,
            )
            expect(visitor.cells("processing")).to_have_count(2)
            _save(page, "job-light")
        with visiting(stack, browser, **_PHONE, color_scheme="light") as visitor:
            page = visitor.open(f"/jobs/{job_id}", token=token)
            expect(visitor.cells("processing")).to_have_count(2)
            _save(page, "job-phone")
        quire.wait(job_id)


def _batch(stack: Stack, browser: Browser, quire: QuireClient, folder: Path) -> None:
    """A batch in its middle, and at its end, of which a little has failed."""
    paths = [_letter(folder / f"{name}.pdf", number) for number, name in enumerate(_LETTERS)]
    paths[5].write_bytes(b"%PDF-1.4\nwhat is left of a scan")
    outage = {"status": "UNAVAILABLE", "match": {"pages": 2}}
    token = token_for(stack, OWNER)
    with quire.document_ai(instant=True, latency_per_call_seconds=0.4, faults=[outage]):
        batch_id = make_batch(quire, paths, name="Letters to the Harbour Board", matter=MATTER)
        for name, context in (("batch-light", _DESK | _TALL), ("batch-phone", _PHONE)):
            with visiting(stack, browser, **context, color_scheme="light") as visitor:
                page = visitor.open(f"/batches/{batch_id}", token=token)
                page.wait_for_function(
                    "() => document.querySelector('[role=progressbar]')?.ariaValueNow >= 30",
                    timeout=4 * PATIENCE,
                )
                expect(page.locator(".plot rect").first).to_be_attached()
                expect(page.locator(".documents a").first).to_be_visible()
                _save(page, name)
        ended(quire, batch_id)
    with visiting(stack, browser, **_DESK | _TALL, color_scheme="dark") as visitor:
        page = visitor.open(f"/batches/{batch_id}", token=token)
        expect(page.get_by_role("button", name="Recover")).to_be_visible()
        expect(page.locator(".plot rect").first).to_be_attached()
        expect(page.locator(".documents a").first).to_be_visible()
        _save(page, "batch-dark")


def _letter(path: Path, number: int) -> Path:
    """Write a letter of four pages, or now and then of two: these are not read in an outage."""
    pages = 2 if number % 19 == 2 else 4
    write_born_digital(path, [f"Letter {number}, page {page}" for page in range(pages)])
    return path


def _administration(stack: Stack, browser: Browser, quire: QuireClient, minutes: Path) -> None:
    token = token_for(stack, "operator", role="admin")
    with (
        quire.document_ai(instant=True, latency_per_call_seconds=1.5),
        QuireClient(stack, "grace") as other,
    ):
        jobs = [
            quire.submit(minutes, chunk_pages=25, matter=MATTER),
            other.submit(DEMO, chunk_pages=1, priority="high"),
        ]
        with visiting(stack, browser, **_DESK, color_scheme="light") as visitor:
            page = visitor.open("/admin", token=token)
            expect(page.locator(".held li")).to_have_count(2)
            expect(page.locator(".jobrow .line", has_text="Processing")).to_have_count(2)
            _save(page, "admin-light")
        for job_id in jobs:
            quire.http.post(f"/v1/jobs/{job_id}/cancel")


def _save(page: Page, name: str) -> None:
    """Write the picture with as few colours as it takes to stay small."""
    shot = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide")))
    target = PICTURES / f"{name}.png"
    colours = shot.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT)
    colours.save(target, optimize=True)
    size = target.stat().st_size
    if size > _MOST_BYTES:
        raise RuntimeError(f"{target.name} has {size:,} bytes, and may have {_MOST_BYTES:,}")
    print(f"  docs/pictures/{target.name}  {size // 1000} kB")


if __name__ == "__main__":
    main()
