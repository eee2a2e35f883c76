"""Looking at many small PDFs by one process that stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pikepdf
import pytest

from common.errors import PermanentError
from common.pages import PageRange
from infra.pdf.cutter import Cutter
from infra.pdf.warm import WarmPdfs
from tests.pdfs.documents import write_mixed

_MOST: Final = 25
_FILE_BYTES: Final = 4_000_000


@pytest.fixture
def warm(tmp_path: Path) -> Iterator[WarmPdfs]:
    pdfs = WarmPdfs(tmp_path, file_bytes=_FILE_BYTES)
    yield pdfs
    pdfs.close()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "sound.pdf"
    write_mixed(path, pages=3, scanned_every=100)
    return path.read_bytes()


def cutters_word(content: bytes, folder: Path) -> int | None:
    """Return the pages that a process of its own cuts without a warning; None for all else."""
    path = folder / "cut-this.pdf"
    path.write_bytes(content)
    try:
        with Cutter(seconds=4).open(path, None) as pdf:
            if pdf.page_count > _MOST:
                return None
            pdf.cut(PageRange(1, pdf.page_count), folder / "whole.pdf")
            return None if pdf.warnings else pdf.page_count
    except PermanentError:
        return None


def test_a_sound_document_is_counted(warm: WarmPdfs, sound: bytes) -> None:
    assert warm.count_pages(sound, most=3) == 3


def test_one_process_looks_at_many(warm: WarmPdfs, sound: bytes) -> None:
    assert warm.count_pages(sound, most=_MOST) == 3
    process = warm.process_id
    assert warm.count_pages(sound, most=_MOST) == 3
    assert warm.process_id == process is not None


def test_a_document_with_more_pages_is_not_that_simple(warm: WarmPdfs, sound: bytes) -> None:
    assert warm.count_pages(sound, most=2) is None


@pytest.mark.parametrize("password", ["", "secret"])
def test_a_locked_document_is_not_that_simple(
    warm: WarmPdfs, sound: bytes, tmp_path: Path, password: str
) -> None:
    plain, locked = tmp_path / "plain.pdf", tmp_path / "locked.pdf"
    plain.write_bytes(sound)
    with pikepdf.open(plain) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="owner", user=password))
    assert warm.count_pages(locked.read_bytes(), most=_MOST) is None


def test_a_cut_off_document_is_not_that_simple(warm: WarmPdfs, sound: bytes) -> None:
    assert warm.count_pages(sound[: len(sound) // 2], most=_MOST) is None


def test_what_does_not_begin_as_a_pdf_is_not_that_simple(warm: WarmPdfs, sound: bytes) -> None:
    assert warm.count_pages(b"\n" + sound, most=_MOST) is None


def test_whatever_is_not_sound_takes_its_process_along(warm: WarmPdfs, sound: bytes) -> None:
    assert warm.count_pages(sound, most=_MOST) == 3
    first = warm.process_id
    assert warm.count_pages(sound[:-20], most=_MOST) is None
    assert warm.count_pages(sound, most=_MOST) == 3
    assert warm.process_id != first


def test_a_document_that_takes_too_long_costs_itself_alone(
    tmp_path: Path, odd_pdfs: Path, sound: bytes
) -> None:
    warm = WarmPdfs(tmp_path, file_bytes=1 << 30, seconds=0.001)
    assert warm.count_pages((odd_pdfs / "content_20M_ops.pdf").read_bytes(), most=_MOST) is None
    warm.close()
    again = WarmPdfs(tmp_path, file_bytes=1 << 30)
    assert again.count_pages(sound, most=_MOST) == 3
    again.close()


def test_nothing_of_a_document_stays_on_the_disk(
    warm: WarmPdfs, sound: bytes, tmp_path: Path
) -> None:
    warm.count_pages(sound, most=_MOST)
    warm.count_pages(sound[:100], most=_MOST)
    assert list(tmp_path.iterdir()) == []


def test_odd_documents_are_sound_just_where_a_process_of_their_own_says_so(
    warm: WarmPdfs, odd_pdfs: Path, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    said, cut = {}, {}
    for path in sorted(odd_pdfs.glob("*.pdf")):
        content = path.read_bytes()
        if len(content) > _FILE_BYTES:
            continue
        said[path.name] = warm.count_pages(content, most=_MOST)
        cut[path.name] = cutters_word(content, tmp_path / "own")
    assert said == cut
    assert any(said.values())
