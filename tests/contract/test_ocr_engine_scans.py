from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pikepdf
import pypdfium2
import pytest
from fpdf import FPDF, TextMode
from PIL import Image, ImageFilter

from infra.local.ocr_engine.picture import Grey, draw
from tests.contract.ocr_engine_pages import box_of, character_error, read, read_all, words_of
from tests.pdfs import Leaf, page_text, write_pages

TEXT = page_text(7)


@cache
def picture(columns: int = 1) -> Grey:
    """Return an even, sharp picture, at 200 dpi, of a page with `TEXT` on it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "page.pdf"
        write_pages(path, [Leaf(TEXT, columns=columns)])
        with pypdfium2.PdfDocument(path) as document:
            pixels = draw(document[0], 1654, 2339)
    pixels.flags.writeable = False
    return pixels


def scan(pixels: Grey, *, quality: int = 60, bilevel: bool = False) -> bytes:
    """Make a PDF of one page that is nothing but this picture."""
    image = Image.fromarray(pixels)
    out = io.BytesIO()
    if bilevel:
        image.convert("1", dither=Image.Dither.NONE).save(out, "PNG")
    else:
        image.save(out, "JPEG", quality=quality)
    height, width = pixels.shape
    pdf = FPDF(unit="pt", format=(width * 0.36, height * 0.36))
    pdf.set_margin(0)
    pdf.add_page()
    pdf.image(out, 0, 0, width * 0.36, height * 0.36)
    return bytes(pdf.output())


def grained(pixels: Grey, deviation: float) -> Grey:
    noise = np.random.default_rng(11).normal(0, deviation, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def blurred(pixels: Grey, radius: float) -> Grey:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def speckled(pixels: Grey, share: float) -> Grey:
    spots = np.random.default_rng(12).random(pixels.shape) < share
    return np.where(spots, 0, pixels).astype(np.uint8)


def shaded(pixels: Grey) -> Grey:
    """Darken the page to a third towards its right edge, as a book does at its fold."""
    return (pixels * np.linspace(1.0, 0.33, pixels.shape[1])).astype(np.uint8)


def faded(pixels: Grey) -> Grey:
    return (170 + pixels * (50 / 255)).astype(np.uint8)


def coarse(pixels: Grey) -> Grey:
    """Halve the resolution, as an old fax does, and keep the size."""
    image = Image.fromarray(pixels)
    small = image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX)
    return np.asarray(small.resize(image.size, Image.Resampling.NEAREST))


DEGRADED: dict[str, tuple[Callable[[Grey], Grey], float]] = {
    "grain": (lambda pixels: grained(pixels, 40), 0.01),
    "blur": (lambda pixels: blurred(pixels, 1.8), 0.02),
    "specks": (lambda pixels: speckled(pixels, 0.01), 0.05),
    "shade": (lambda pixels: grained(shaded(pixels), 6), 0.01),
    "faded": (lambda pixels: grained(faded(pixels), 4), 0.01),
    "coarse": (lambda pixels: grained(coarse(pixels), 10), 0.03),
    "negative": (lambda pixels: 255 - pixels, 0.01),
}


@pytest.mark.parametrize("how", DEGRADED)
def test_a_bad_scan_is_still_read(how: str) -> None:
    degrade, most = DEGRADED[how]
    page = read(scan(degrade(picture())), languages=["en"])
    assert character_error(page.text, TEXT) <= most
    assert page.languages == ["en"]
    assert 0.6 < page.confidence < 1.0


def test_a_black_and_white_scan_is_read() -> None:
    page = read(scan(picture(), bilevel=True))
    assert character_error(page.text, TEXT) < 0.01


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_page_scanned_sideways_or_upside_down_comes_out_readable(turns: int) -> None:
    page = read(scan(np.rot90(grained(picture(), 6), turns)), languages=["en"])
    assert character_error(page.text, TEXT) < 0.01
    assert page.confidence > 0.9
    assert (page.width > page.height) == (turns % 2 == 1)
    # The heading's first word lies in the corner that the upper left one was turned to.
    left, top, right, bottom = box_of(page, "Page")
    corner = ((0.15, 0.1), (0.1, 0.85), (0.85, 0.9), (0.9, 0.15))[turns]
    assert (left + right) / 2 == pytest.approx(corner[0], abs=0.06)
    assert (top + bottom) / 2 == pytest.approx(corner[1], abs=0.06)


def test_the_columns_of_a_scan_do_not_interleave() -> None:
    page = read(scan(picture(columns=2)), languages=["en"])
    assert character_error(page.text, TEXT) < 0.01


def test_a_white_a_black_and_a_grainy_sheet_have_no_words() -> None:
    white = np.full((2339, 1654), 255, dtype=np.uint8)
    for pixels in (white, white * 0, grained((white * 0.85).astype(np.uint8), 25)):
        page = read(scan(pixels))
        assert (page.text, page.confidence) == ("", 1.0)


def test_stains_are_not_taken_for_words() -> None:
    noise = np.random.default_rng(2).normal(128, 60, (1100, 800)).clip(0, 255).astype(np.uint8)
    stains = blurred(noise, 2).astype(float)
    dark = stains < stains.mean() - 1.3 * stains.std()
    page = read(scan(np.where(dark, 0, 255).astype(np.uint8), bilevel=True))
    assert page.text == ""


def stamped(pixels: Grey, header: str, hidden: str = "") -> bytes:
    """Make a scan with a header printed on it and, unseen, an earlier OCR's text."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG")
    pdf = FPDF(unit="pt", format=(595, 842))
    pdf.set_margin(0)
    pdf.add_page()
    pdf.image(out, 0, 0, 595, 842)
    pdf.set_font("Helvetica", size=11)
    pdf.text(60, 30, header)
    with pdf.local_context(text_mode=TextMode.INVISIBLE):
        for row, line in enumerate(hidden.splitlines()):
            pdf.text(60, 80 + 20 * row, line)
    return bytes(pdf.output())


def test_a_scan_with_a_header_printed_on_it_is_read_whole() -> None:
    page = read(stamped(picture(), "Case 20-1234 Document 45"), languages=["en"])
    assert character_error(page.text, "Case 20-1234 Document 45 " + TEXT) < 0.01


def test_an_earlier_ocrs_layer_is_taken_over_at_less_than_full_confidence() -> None:
    hidden = "an earlier reading of this page said\nthat the binder folds every sheet"
    page = read(stamped(picture(), "Exhibit 7", hidden))
    assert page.text == "Exhibit 7\n" + hidden + "\n"
    assert page.confidence == 0.9


def test_a_scan_in_strips_is_read_as_one_page() -> None:
    pdf = FPDF(unit="pt", format=(595.44, 842.04))
    pdf.set_margin(0)
    pdf.set_auto_page_break(auto=False)
    pdf.add_page()
    for top in range(0, 2339, 200):
        out = io.BytesIO()
        strip = Image.fromarray(picture()[top : top + 200])
        strip.save(out, "PNG")
        pdf.image(out, 0, top * 0.36, 595.44, strip.height * 0.36)
    page = read(bytes(pdf.output()), languages=["en"])
    assert character_error(page.text, TEXT) < 0.01


def test_a_page_as_large_as_a_poster_is_read_within_the_picture_limit() -> None:
    with pikepdf.open(io.BytesIO(scan(picture()))) as pdf:
        width, height = 3000, 4242
        pdf.pages[0].MediaBox = pikepdf.Array([0, 0, width, height])
        pdf.pages[0].contents_add(
            f"q {width / 595.44} 0 0 {height / 842.04} 0 0 cm".encode(), prepend=True
        )
        pdf.pages[0].contents_add(b"Q")
        out = io.BytesIO()
        pdf.save(out)
    page = read(out.getvalue(), languages=["en"])
    assert page.width * page.height <= 25_100_000
    assert character_error(page.text, TEXT) < 0.05


def test_the_same_scan_reads_the_same_again_and_after_others() -> None:
    first = scan(grained(picture(), 12))
    before = read(first, languages=["en"])
    read(scan(speckled(picture(columns=2), 0.01)), languages=["en"])
    assert read(first, languages=["en"]) == before


def test_hints_for_languages_that_are_not_here_do_no_harm() -> None:
    page = read(scan(picture()), languages=["xx", "tlh", "en-GB"])
    assert character_error(page.text, TEXT) < 0.01
    assert page.languages == ["en-GB"]


def test_words_of_a_scan_have_tight_boxes_inside_of_the_page() -> None:
    page = read(scan(picture()), languages=["en"])
    ink = picture() < 128
    for word in words_of(page):
        left, top, right, bottom = word.box
        columns = slice(round(left * 1654), round(right * 1654))
        rows = slice(round(top * 2339), round(bottom * 2339))
        assert ink[rows, columns].any()
    assert len(read_all(scan(picture()))) == 1
