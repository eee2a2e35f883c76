"""Pictures of hostile, locked and damaged files: drawn, or refused within bounds."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pikepdf
import pytest

from common.errors import Conflict
from infra.pdf.painter import size_in_pixels
from infra.pdf.pictures import Pictures
from tests.contract.pictures_fixtures import Shelf, cache, drawn, opened, shelf, unavailable
from tests.pdfs.documents import Leaf, write_pages
from tests.pdfs.hostile import HOSTILE
from tests.pdfs.raw import RawPdf

__all__ = ["cache", "opened", "shelf"]


@pytest.mark.parametrize("write", HOSTILE, ids=lambda write: write.__name__)
def test_no_hostile_file_takes_more_than_its_bounds(
    shelf: Shelf, opened: Callable[..., Pictures], write: Callable[[Path], None]
) -> None:
    pictures = opened(seconds=2, memory_mb=256)
    ref = shelf.add("bad.pdf", write)
    with suppress(Conflict):
        drawn(pictures, shelf, ref)
    drawn(pictures, shelf, shelf.book("good.pdf", "One"))


def test_a_page_that_takes_too_long_is_given_up_and_the_next_is_drawn(
    shelf: Shelf, opened: Callable[..., Pictures]
) -> None:
    def write(path: Path) -> None:
        with RawPdf(path) as pdf:
            tree = pdf.reserve()
            content = pdf.stream("", b"0 0 595 842 re f " * 100_000)
            page = pdf.add(
                f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 595 842] "
                f"/Contents {content} 0 R >>"
            )
            pdf.add(f"<< /Type /Pages /Count 1 /Kids [{page} 0 R] >>", tree)
            pdf.root = pdf.add(f"<< /Type /Catalog /Pages {tree} 0 R >>")

    pictures = opened(seconds=1)
    ref = shelf.add("slow.pdf", write)
    begun = time.monotonic()
    sentence = unavailable(lambda: drawn(pictures, shelf, ref, width=2400))
    assert "too much time or memory" in sentence
    assert time.monotonic() - begun < 10
    drawn(pictures, shelf, shelf.book("good.pdf", "One"))


def test_a_page_that_takes_too_much_memory_is_given_up(
    shelf: Shelf, opened: Callable[..., Pictures]
) -> None:
    def write(path: Path) -> None:
        with RawPdf(path) as pdf:
            tree = pdf.reserve()
            image = pdf.stream(
                "/Subtype /Image /Width 30000 /Height 30000 /ColorSpace /DeviceRGB "
                "/BitsPerComponent 8 /Filter /FlateDecode",
                b"\x78\x9c\x03\x00\x00\x00\x00\x01",
            )
            content = pdf.stream("", b"595 0 0 842 0 0 cm /I Do")
            page = pdf.add(
                f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 595 842] "
                f"/Contents {content} 0 R /Resources << /XObject << /I {image} 0 R >> >> >>"
            )
            pdf.add(f"<< /Type /Pages /Count 1 /Kids [{page} 0 R] >>", tree)
            pdf.root = pdf.add(f"<< /Type /Catalog /Pages {tree} 0 R >>")

    pictures = opened(memory_mb=128)
    ref = shelf.add("huge.pdf", write)
    with suppress(Conflict):
        drawn(pictures, shelf, ref)
    drawn(pictures, shelf, shelf.book("good.pdf", "One"))


def test_a_locked_document_has_no_pictures_and_one_without_user_password_has(
    shelf: Shelf, opened: Callable[..., Pictures]
) -> None:
    pictures = opened()
    plain = shelf.folder / "plain.pdf"
    write_pages(plain, [Leaf("One")])

    def lock(path: Path, user: str) -> None:
        with pikepdf.open(plain) as pdf:
            pdf.save(path, encryption=pikepdf.Encryption(owner="owner", user=user))

    locked = shelf.add("locked.pdf", lambda path: lock(path, "secret"))
    assert "password" in unavailable(lambda: drawn(pictures, shelf, locked))
    assert "password" in unavailable(lambda: drawn(pictures, shelf, locked))
    drawn(pictures, shelf, shelf.add("restricted.pdf", lambda path: lock(path, "")))


def test_a_file_whose_pages_are_counted_otherwise_has_no_pictures(
    shelf: Shelf, opened: Callable[..., Pictures]
) -> None:
    ref = shelf.book("a.pdf", "One", "Two")
    assert "damaged" in unavailable(lambda: drawn(opened(), shelf, ref, pages=3))


@pytest.mark.parametrize(
    ("points", "width", "pixels"),
    [
        ((595, 842), 1200, (1200, 1698)),
        ((842, 595), 64, (64, 45)),
        ((100, 100_000), 2400, (8, 8000)),
        ((14_400, 14_400), 2400, (2400, 2400)),
        ((595, 2000), 2400, (1889, 6351)),
        ((0, 0), 300, (300, 300)),
        ((1_000_000, 1), 300, (300, 1)),
    ],
)
def test_a_picture_is_bounded_however_odd_the_page_is(
    points: tuple[float, float], width: int, pixels: tuple[int, int]
) -> None:
    assert size_in_pixels(*points, width) == pixels
    assert pixels[0] * pixels[1] <= 12_010_000
