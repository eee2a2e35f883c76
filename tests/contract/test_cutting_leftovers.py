"""A chunk carries the look of its pages, and nothing else of the document."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from pikepdf import Name

from common.pages import PageRange
from infra.pdf.cutter import Cutter
from tests import pdfs


@pytest.fixture
def chunk(tmp_path: Path) -> Path:
    """Pages 2 and 3 of a document that is loaded with everything a chunk must not carry."""
    source, chunk = tmp_path / "source.pdf", tmp_path / "chunk.pdf"
    pdfs.write_loaded(source)
    with Cutter().open(source, None) as document:
        document.cut(PageRange(2, 3), chunk)
    return chunk


@pytest.mark.parametrize(
    "word",
    [
        "JavaScript",
        "app.alert",
        "secret",
        "EmbeddedFile",
        "Outlines",
        "URI",
        "OpenAction",
        "/AA",
        "/Dest",
        "StructTreeRoot",
        "PieceInfo",
        "Thumb",
        "Metadata",
        "Bead",
        "AcroForm",
        "Popup",
        "Filespec",
        "Encrypt",
        "/Order",
        "/Info",
    ],
)
def test_a_chunk_has_no_trace_of(word: str, chunk: Path) -> None:
    assert word.encode().lower() not in chunk.read_bytes().lower()


def test_the_source_has_all_that_the_chunk_must_not_have(tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    pdfs.write_loaded(source)
    for word in (b"JavaScript", b"secret", b"EmbeddedFile", b"Outlines", b"Bead", b"Popup"):
        assert word in source.read_bytes()


def test_other_pages_do_not_come_along(chunk: Path) -> None:
    with pikepdf.open(chunk) as pdf:
        pages = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary)]
        assert len([item for item in pages if item.get(Name.Type) == Name.Page]) == 2


def test_what_shows_stays_and_an_invisible_link_goes(chunk: Path) -> None:
    with pikepdf.open(chunk) as pdf:
        for page in pdf.pages:
            kinds = [str(annotation.Subtype) for annotation in page.obj.Annots]
            assert kinds == ["/Stamp", "/Widget", "/Highlight", "/Link", "/FileAttachment"]
            link = page.obj.Annots[3]
            assert link.keys() == {"/Type", "/Subtype", "/Rect", "/C"}


def test_a_layer_that_is_off_stays_off(chunk: Path) -> None:
    with pikepdf.open(chunk) as pdf:
        layers = pdf.Root.OCProperties
        assert layers.D.OFF[0].objgen == layers.OCGs[0].objgen
        assert pdf.pages[0].obj.Resources.Properties.Layer.objgen == layers.OCGs[0].objgen


@pytest.mark.parametrize("strength", [3, 4, 6])
def test_a_chunk_of_an_encrypted_document_is_not_encrypted(strength: int, tmp_path: Path) -> None:
    source, chunk = tmp_path / "source.pdf", tmp_path / "chunk.pdf"
    pdfs.write_encrypted(source, user="secret", strength=strength)
    with Cutter().open(source, "secret") as document:
        document.cut(PageRange(1, 1), chunk)
    with pikepdf.open(chunk) as pdf:
        assert not pdf.is_encrypted
