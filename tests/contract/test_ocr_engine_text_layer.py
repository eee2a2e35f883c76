from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pytest
from fpdf import FPDF
from pikepdf import Array, Dictionary, Name

from tests.contract.ocr_engine_pages import box_of, overlap, read, read_all, words_of
from tests.pdfs import Leaf, page_text, write_pages, write_rotated


def typed(*lines: str, size: int = 12) -> bytes:
    """Make a page with these lines on it, the first 100 points below its top."""
    pdf = FPDF(unit="pt", format=(600, 800))
    pdf.add_page()
    pdf.set_font("Times", size=size)
    for row, line in enumerate(lines):
        pdf.text(60, 100 + 16 * row, line)
    return bytes(pdf.output())


def changed(pdf: bytes, change: object) -> bytes:
    """Return the PDF with `change` called on its first page."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        change(opened, opened.pages[0])  # type: ignore[operator]
        out = io.BytesIO()
        opened.save(out)
    return out.getvalue()


LINES = ("The binder folds every sheet and counts", "the pages before the glue is warm again.")


def test_a_typed_page_gives_its_words_their_places_and_full_confidence() -> None:
    page = read(typed(*LINES))
    assert page.text == "\n".join(LINES) + "\n"
    assert (page.number, page.width, page.height, page.unit) == (1, 1667, 2222, "pixels")
    assert (page.confidence, page.languages) == (1.0, ["en"])
    left, top, _, bottom = box_of(page, "The")
    assert left == pytest.approx(60 / 600, abs=0.002)
    assert bottom == pytest.approx(100 / 800, abs=0.002)
    assert 6 / 800 < bottom - top < 12 / 800


def test_a_page_displays_alike_whatever_its_rotate_says(tmp_path: Path) -> None:
    write_rotated(tmp_path / "turned.pdf", page_text(3))
    upright, *others = read_all((tmp_path / "turned.pdf").read_bytes())
    for page in others:
        assert page.text == upright.text
        for word, same in zip(words_of(page), words_of(upright), strict=True):
            assert word.box == pytest.approx(same.box, abs=2e-4)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_writing_that_stands_on_its_side_is_read_in_its_own_direction(rotate: int) -> None:
    def turn(_: pikepdf.Pdf, page: pikepdf.Page) -> None:
        page.Rotate = rotate

    page = read(changed(typed(*LINES), turn))
    assert page.text == "\n".join(LINES) + "\n"
    assert (page.width < page.height) == (rotate in (0, 180))
    x, y = {0: (0.1, 0.125), 90: (0.875, 0.1), 180: (0.9, 0.875), 270: (0.125, 0.9)}[rotate]
    box = box_of(page, "The")
    assert min(abs(box[0] - x), abs(box[2] - x)) < 0.003
    assert min(abs(box[1] - y), abs(box[3] - y)) < 0.003


def test_what_is_cropped_away_is_not_read_and_boxes_are_of_what_is_left() -> None:
    def crop(_: pikepdf.Pdf, page: pikepdf.Page) -> None:
        page.CropBox = Array([0, 692, 300, 800])  # only the first line, and not all of it

    page = read(changed(typed(*LINES), crop))
    assert page.text == "The binder folds every sheet and counts\n"
    assert page.width == 833
    assert box_of(page, "The")[0] == pytest.approx(60 / 300, abs=0.003)
    assert box_of(page, "The")[3] == pytest.approx(100 / 108, abs=0.01)


def test_a_word_parted_at_the_end_of_its_line_keeps_hyphen_and_line_break() -> None:
    page = read(typed("The glue is warm and the exam-", "ple is read to its very end."))
    assert page.text == "The glue is warm and the exam-\nple is read to its very end.\n"
    assert "\ufffe" not in page.text


def test_typed_columns_do_not_interleave_though_they_were_drawn_row_by_row() -> None:
    pdf = FPDF(unit="pt", format=(600, 800))
    pdf.add_page()
    pdf.set_font("Times", size=11)
    left = [f"left {row} of the column that stands here" for row in range(12)]
    right = [f"right {row} of the column that follows it" for row in range(12)]
    for row in range(12):
        pdf.text(60, 100 + 14 * row, left[row])
        pdf.text(320, 105 + 14 * row, right[row])
    assert read(bytes(pdf.output())).text.splitlines() == left + right


def test_what_was_filled_into_a_form_is_read() -> None:
    def fill(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
        look = pdf.make_stream(
            b"/Tx BMC BT /Helv 12 Tf 2 5 Td (Anna Muster) Tj ET EMC",
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=Array([0, 0, 200, 20]),
            Resources=Dictionary(
                Font=Dictionary(
                    Helv=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
                )
            ),
        )
        field = pdf.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Widget,
                FT=Name.Tx,
                T="name",
                V="Anna Muster",
                F=4,
                Rect=Array([60, 600, 260, 620]),
                AP=Dictionary(N=look),
            )
        )
        page.Annots = Array([field])
        pdf.Root.AcroForm = Dictionary(Fields=Array([field]))

    page = read(changed(typed(*LINES), fill))
    assert page.text == "\n".join([*LINES, "Anna Muster"]) + "\n"
    assert box_of(page, "Anna")[0] == pytest.approx(62 / 600, abs=0.003)


def test_a_blank_page_says_nothing_and_is_sure_of_it() -> None:
    pdf = FPDF()
    pdf.add_page()
    page = read(bytes(pdf.output()))
    assert (page.text, page.blocks, page.languages, page.confidence) == ("", [], [], 1.0)


def test_a_page_with_nothing_but_a_rule_and_its_number_keeps_the_number() -> None:
    pdf = FPDF(unit="pt", format=(600, 800))
    pdf.add_page()
    pdf.set_font("Times", size=11)
    pdf.line(60, 700, 540, 700)
    pdf.text(290, 720, "- 17 -")
    assert read(bytes(pdf.output())).text == "- 17 -\n"


def test_ligatures_are_read_as_the_letters_they_are() -> None:
    def lie(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
        add_to_unicode(pdf, page, b"1 beginbfchar <66> <FB01> endbfchar")

    page = read(changed(typed("The fnal page is the last of those that the binder folds."), lie))
    assert page.text.startswith("The final page")


def add_to_unicode(pdf: pikepdf.Pdf, page: pikepdf.Page, entries: bytes) -> None:
    """Have the page's font say other characters than it shows."""
    table = (
        b"/CIDInit /ProcSet findresource begin begincmap /CMapName /X def /CMapType 2 def "
        b"1 begincodespacerange <00> <FF> endcodespacerange " + entries + b" endcmap end"
    )
    for font in page.resources.Font.values():
        font.ToUnicode = pdf.make_stream(table)


def test_a_font_that_lies_about_its_letters_is_recognized_from_its_picture() -> None:
    def lie(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
        add_to_unicode(pdf, page, b"2 beginbfrange <61> <77> <0064> <78> <7A> <0061> endbfrange")

    page = read(changed(typed(*LINES, size=14), lie), languages=["en"])
    assert page.text == "\n".join(LINES) + "\n"
    assert page.confidence < 1.0


def test_a_page_reads_the_same_from_whatever_file_it_was_cut_into(tmp_path: Path) -> None:
    write_pages(
        tmp_path / "whole.pdf",
        [
            Leaf(page_text(1), columns=2),
            Leaf(page_text(2), scanned=True, noise=6, skew=0.5),
            Leaf(page_text(3), rotate=90, font="sans"),
            Leaf(page_text(4), scanned=True, rotate=180, shade=90),
            Leaf("A last word"),
        ],
    )
    whole = read_all((tmp_path / "whole.pdf").read_bytes())
    with pikepdf.open(tmp_path / "whole.pdf") as source:
        # Backwards, so that what one page left behind would show on the next.
        for page, expected in reversed(list(zip(source.pages, whole, strict=True))):
            single = pikepdf.new()
            single.pages.append(page)
            out = io.BytesIO()
            single.save(out)
            alone = read(out.getvalue())
            assert alone.number == 1
            alone.number = expected.number
            assert alone == expected


def test_boxes_of_recognized_words_lie_where_the_text_layer_puts_them(tmp_path: Path) -> None:
    write_pages(tmp_path / "both.pdf", [Leaf(page_text(5)), Leaf(page_text(5), scanned=True)])
    typed_page, scanned = read_all((tmp_path / "both.pdf").read_bytes(), languages=["en"])
    assert scanned.text == typed_page.text
    pairs = list(zip(words_of(scanned), words_of(typed_page), strict=True))
    well = sum(overlap(word.box, same.box) > 0.5 for word, same in pairs)
    assert well / len(pairs) > 0.97
