"""A page is cut by the number that it was counted under, or it is refused."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from common.errors import PermanentError
from common.pages import PageRange
from infra.pdf.cutter import Cutter
from tests import pdfs
from tests.contract.cutting_fixtures import texts
from tests.contract.test_cutting_bounds import engines
from tests.pdfs import page_text


def kill_engines() -> None:
    running = engines()
    for engine in running:
        engine.kill()
    psutil.wait_procs(running)


def test_an_engine_that_counts_other_pages_never_cuts_any(tmp_path: Path) -> None:
    source, chunk = tmp_path / "source.pdf", tmp_path / "chunk.pdf"
    # One engine counts pages, the other believes the count that the file states.
    pdfs.write_lying_count(source, pages=3, count=2)
    with Cutter().open(source, None) as document:
        assert document.page_count == 3
        for _ in range(3):
            kill_engines()
            document.cut(PageRange(2, 2), chunk)
            assert texts(chunk)[0].startswith("Page two")
        kill_engines()
        for pages in (PageRange(1, 2), PageRange(2, 2), PageRange(1, 1)):
            with pytest.raises(PermanentError) as refused:
                document.cut(pages, chunk)
            assert refused.value.code == "UNREADABLE_PDF"
            assert not chunk.exists()
        assert not engines()


def test_pages_that_an_earlier_attempt_counted_and_this_one_did_not_are_unreadable(
    tmp_path: Path,
) -> None:
    source, chunk = tmp_path / "source.pdf", tmp_path / "chunk.pdf"
    pdfs.write_born_digital(source, [page_text(number) for number in range(1, 4)])
    with Cutter().open(source, None) as document:
        with pytest.raises(PermanentError) as refused:
            document.cut(PageRange(3, 4), chunk)
        assert refused.value.code == "UNREADABLE_PDF"
        document.cut(PageRange(3, 3), chunk)
