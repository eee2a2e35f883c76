"""The PDF that ships with the project is the one its script makes."""

from __future__ import annotations

from pathlib import Path

import numpy
import pypdf
import pypdfium2
import pytest

from tests.contract.cutting_fixtures import texts
from tests.make_demo_pdf import DEMO, make


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "made.pdf"
    make(path)
    return path


def test_the_script_still_makes_the_shipped_text(made: Path) -> None:
    assert texts(made) == texts(DEMO)


def test_the_script_still_makes_the_shipped_look(made: Path) -> None:
    # Libraries may round differently from machine to machine, so not byte by byte.
    with pypdfium2.PdfDocument(made) as ours, pypdfium2.PdfDocument(DEMO) as shipped:
        for page, other in zip(ours, shipped, strict=True):
            assert page.get_size() == other.get_size()
            assert page.get_rotation() == other.get_rotation()
            one, two = (
                each.render(grayscale=True).to_numpy().astype(numpy.int16) for each in (page, other)
            )
            assert numpy.abs(one - two).mean() < 1.0


def test_the_script_makes_the_same_bytes_every_time(made: Path, tmp_path: Path) -> None:
    make(tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == made.read_bytes()


def test_it_is_small_and_says_its_licence() -> None:
    assert DEMO.stat().st_size < 1_000_000
    information = pypdf.PdfReader(DEMO).metadata
    assert information is not None
    assert "CC0 1.0" in str(information.subject)


def test_it_has_every_kind_of_page() -> None:
    pages = texts(DEMO)
    scanned = [number for number, text in enumerate(pages, start=1) if not text.strip()]
    assert len(pages) == 11
    assert scanned == [2, 3, 4, 5, 6, 7, 8, 10]
    with pypdfium2.PdfDocument(DEMO) as pdf:
        assert [page.get_rotation() for page in pdf] == [0] * 5 + [90] + [0] * 5
