"""A cut page reads and looks as it did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest

from common.pages import PageRange
from infra.pdf.cutter import Cutter
from tests import pdfs
from tests.contract.cutting_fixtures import chunks_of, looks, texts
from tests.pdfs import Leaf, page_text


def born_digital(path: Path) -> None:
    pdfs.write_born_digital(path, [page_text(number) for number in range(1, 31)])


def scan(path: Path) -> None:
    pdfs.write_scan(path, [page_text(1), page_text(2)], leaf=Leaf("", dpi=72, noise=5, skew=0.5))


def rotated_scan(path: Path) -> None:
    pdfs.write_rotated(path, page_text(4), scanned=True)


def manual(path: Path) -> None:
    pdfs.write_manual(path, 40)


def shared_form(path: Path) -> None:
    pdfs.write_shared_form(path, 12)


def shared_resources(path: Path) -> None:
    pdfs.write_shared_resources(path, 12)


def owner_locked(path: Path) -> None:
    pdfs.write_encrypted(path, pages=8)


@pytest.mark.parametrize(
    "write",
    [
        born_digital,
        scan,
        pdfs.write_french,
        rotated_scan,
        manual,
        shared_form,
        shared_resources,
        owner_locked,
        pdfs.write_loaded,
    ],
)
@pytest.mark.parametrize("size", [1, 7])
def test_a_cut_page_reads_and_looks_as_it_did(
    write: Callable[[Path], None], size: int, tmp_path: Path
) -> None:
    source = tmp_path / "source.pdf"
    write(source)
    with chunks_of(source, tmp_path, size=size) as chunks:
        assert [text for chunk in chunks for text in texts(chunk)] == texts(source)
        assert [look for chunk in chunks for look in looks(chunk)] == looks(source)


def test_values_that_a_viewer_has_to_draw_are_still_drawn(tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    pdfs.write_viewer_drawn_form(source)
    whole = looks(source, as_form=True)
    assert all(min(pixels) < 100 for _, pixels in whole)
    with chunks_of(source, tmp_path, size=2) as chunks:
        assert [look for chunk in chunks for look in looks(chunk, as_form=True)] == whole


def test_inherited_boxes_turn_and_resources_come_along(tmp_path: Path) -> None:
    source, chunk = tmp_path / "source.pdf", tmp_path / "chunk.pdf"
    pdfs.write_loaded(source)
    with Cutter().open(source, None) as document:
        document.cut(PageRange(2, 3), chunk)
    with pikepdf.open(chunk) as pdf:
        own, inherited = (page.obj for page in pdf.pages)
        assert pdf.Root.Pages.keys() == {"/Type", "/Count", "/Kids"}
        assert [list(own.MediaBox), own.Rotate] == [[0, 0, 500, 800], 0]
        assert [list(inherited.MediaBox), inherited.Rotate] == [[0, 0, 595, 842], 90]
        assert list(own.CropBox) == list(inherited.CropBox) == [50, 60, 550, 790]
        assert "/F0" in own.Resources.Font
        assert "/Layer" in inherited.Resources.Properties


def test_chunks_can_be_cut_in_any_order_overlapping_and_again(tmp_path: Path) -> None:
    source, chunk = tmp_path / "source.pdf", tmp_path / "chunk.pdf"
    born_digital(source)
    whole = texts(source)
    with Cutter().open(source, None) as document:
        for pages in (PageRange(20, 30), PageRange(1, 25), PageRange(7, 7), PageRange(20, 30)):
            document.cut(pages, chunk)
            assert texts(chunk) == whole[pages.start - 1 : pages.end]


def test_the_source_stays_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    pdfs.write_loaded(source)
    before = source.read_bytes()
    with chunks_of(source, tmp_path, size=2):
        assert source.read_bytes() == before


def test_a_page_that_is_listed_twice_is_cut_twice(tmp_path: Path) -> None:
    source, chunk = tmp_path / "source.pdf", tmp_path / "chunk.pdf"
    pdfs.write_doubled_page(source)
    with Cutter().open(source, None) as document:
        assert document.page_count == 3
        document.cut(PageRange(1, 3), chunk)
    assert texts(chunk) == texts(source)
