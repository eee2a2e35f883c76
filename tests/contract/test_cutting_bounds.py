"""Hostile files end soon, within the memory they may have, and harm nobody."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from common.errors import PermanentError
from common.pages import PageRange
from infra.pdf.cutter import Cutter
from tests import pdfs
from tests.contract.cutting_fixtures import chunks_of, page_count, texts
from tests.pdfs import page_text
from tests.pdfs.hostile import HOSTILE

#: Files kept beside the repository, where they are; their README says what is wrong with each.
ODD_FOLDER = Path(__file__).parents[3] / "shared" / "odd-pdfs"
ODD = sorted(ODD_FOLDER.glob("*.pdf"))
CODES = {
    "NOT_A_PDF",
    "UNREADABLE_PDF",
    "NO_PAGES",
    "PASSWORD_REQUIRED",
    "PASSWORD_WRONG",
    "TOO_MANY_PAGES",
}


def outcome(source: Path, folder: Path) -> str | None:
    """Cut the whole file; return the code it was refused with, or None. Bounded in time."""
    started = time.monotonic()
    refused: PermanentError | None = None
    try:
        with chunks_of(source, folder, size=25) as chunks:
            # Their content is as hostile as it was, so they are only counted.
            assert sum(page_count(chunk) for chunk in chunks) > 0
    except PermanentError as error:
        refused = error
    assert time.monotonic() - started < 20
    if refused is None:
        return None
    assert refused.message.endswith(".")
    return refused.code


@pytest.mark.parametrize("write", HOSTILE, ids=lambda write: write.__name__[6:])
def test_a_hostile_file_ends_soon(write: Callable[[Path], None], tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    write(source)
    assert outcome(source, tmp_path) in HOSTILE[write]


@pytest.mark.skipif(not ODD, reason="the folder of odd PDFs is not beside the repository")
@pytest.mark.parametrize("source", ODD, ids=lambda path: path.stem)
def test_an_odd_file_is_cut_or_refused_soon(source: Path, tmp_path: Path) -> None:
    assert outcome(source, tmp_path) in CODES | {None}


def engines() -> list[psutil.Process]:
    return [
        child for child in psutil.Process().children() if "infra.pdf.process" in child.cmdline()
    ]


def test_an_engine_that_is_killed_is_started_anew(tmp_path: Path) -> None:
    source, chunk = tmp_path / "source.pdf", tmp_path / "chunk.pdf"
    pdfs.write_born_digital(source, [page_text(number) for number in range(1, 6)])
    with Cutter().open(source, None) as document:
        for _ in range(3):
            for engine in engines():
                engine.kill()
                psutil.wait_procs([engine])
            document.cut(PageRange(4, 5), chunk)
            assert texts(chunk)[1].startswith("Page five")
        assert not document.warnings


def test_an_engine_that_keeps_dying_is_replaced_by_the_other(tmp_path: Path) -> None:
    source, chunk = tmp_path / "source.pdf", tmp_path / "chunk.pdf"
    pdfs.write_born_digital(source, [page_text(number) for number in range(1, 6)])
    with Cutter().open(source, None) as document:
        for _ in range(5):
            for engine in engines():
                engine.kill()
                psutil.wait_procs([engine])
            document.cut(PageRange(4, 5), chunk)
            assert texts(chunk)[1].startswith("Page five")
        assert "tolerant" in document.warnings[-1]


def test_no_process_is_left(tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    pdfs.write_born_digital(source, [page_text(1)])
    with Cutter().open(source, None):
        assert len(engines()) == 1
    assert not engines()
    source.write_bytes(b"%PDF-1.7\n")
    with pytest.raises(PermanentError), Cutter().open(source, None):
        pass
    assert not engines()


def test_the_process_that_parses_sees_none_of_our_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPABASE__KEY", "our-secret")
    source = tmp_path / "source.pdf"
    pdfs.write_encrypted(source, user="secret")
    with Cutter().open(source, "secret"):
        [engine] = engines()
        assert "our-secret" not in str(engine.environ())
        assert "secret" not in engine.cmdline()


def test_an_engine_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    pdfs.write_manual(source, 2000)
    started = time.monotonic()
    with (
        pytest.raises(PermanentError) as raised,
        Cutter(seconds=0.001, bytes_per_second=1 << 40).open(source, None),
    ):
        pass
    assert raised.value.code == "UNREADABLE_PDF"
    assert time.monotonic() - started < 10


def test_a_file_larger_than_the_memory_allowed_is_cut(tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    pdfs.write_big_scan(source, 300)
    with Cutter(memory_mb=64).open(source, None) as document:
        sizes = [
            document.cut(pages, tmp_path / "chunk.pdf")
            for pages in PageRange(1, document.page_count).cut(25)
        ]
        assert len(engines()) == 1
    assert sum(sizes) > 100_000_000


def test_an_engine_out_of_memory_is_a_refusal(tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    pdfs.write_manual(source, 2000)
    with (
        pytest.raises(PermanentError) as raised,
        Cutter(memory_mb=18).open(source, None) as document,
    ):
        document.cut(PageRange(1, 2000), tmp_path / "chunk.pdf")
    assert raised.value.code == "UNREADABLE_PDF"
