from __future__ import annotations

import asyncio
import time
from pathlib import Path

import psutil
import pytest

from common.results import Page
from infra.local.ocr_engine.errors import EncryptedPdf, PageUnreadable, UnreadablePdf
from infra.local.ocr_engine.pool import EnginePool

#: Seconds a page may take here, and megabytes a child.
PAGE_SECONDS = 5
MEGABYTES = 400


def outcomes_of(path: Path) -> tuple[str | list[Page | PageUnreadable], int]:
    """Read up to three pages; return what came of it and the most megabytes a child used."""
    pdf = path.read_bytes()
    most = 0

    async def run() -> str | list[Page | PageUnreadable]:
        nonlocal most
        pool = EnginePool(1, page_timeout_seconds=PAGE_SECONDS, memory_limit_mb=MEGABYTES)
        watch = asyncio.create_task(observe(pool))
        try:
            count = await pool.page_count(pdf)
            return await pool.read_each(pdf, range(min(count, 3)), ())
        except (UnreadablePdf, EncryptedPdf) as error:
            return type(error).__name__
        finally:
            watch.cancel()
            await pool.close()

    async def observe(pool: EnginePool) -> None:
        nonlocal most
        while True:
            for pid in pool.pids:
                try:
                    most = max(most, psutil.Process(pid).memory_info().rss >> 20)
                except psutil.NoSuchProcess:
                    continue
            await asyncio.sleep(0.02)

    return asyncio.run(run()), most


def names() -> list[str]:
    folder = Path(__file__).resolve().parents[3] / "shared" / "odd-pdfs"
    return sorted(path.name for path in folder.glob("*.pdf"))


def test_the_odd_pdfs_are_there(odd_pdfs: Path) -> None:
    """Without them the next test has nothing to run on, which must not pass for success in CI."""
    assert len(list(odd_pdfs.glob("*.pdf"))) > 30


@pytest.mark.parametrize("name", names())
def test_every_odd_pdf_ends_in_pages_or_a_clear_error_in_bounded_time_and_memory(
    name: str, odd_pdfs: Path
) -> None:
    begun = time.monotonic()
    outcome, most = outcomes_of(odd_pdfs / name)
    # A count, and three pages of which each may be tried twice, and as many starts.
    assert time.monotonic() - begun < 7 * PAGE_SECONDS + 10
    assert most < MEGABYTES + 100
    for page in outcome if isinstance(outcome, list) else []:
        if isinstance(page, Page):
            assert page.width * page.height <= 25_100_000
            assert page.end == len(page.text)
        else:
            assert page.reason
    if isinstance(outcome, str):
        assert outcome in EXPECTED_REFUSALS.get(name, outcome)
    if name in READABLE:
        assert isinstance(outcome, list)
        assert all(isinstance(page, Page) for page in outcome)
        assert outcome


EXPECTED_REFUSALS = {"enc_user_rc4.pdf": ["EncryptedPdf"]}

#: What opens although it is odd.
READABLE = {
    "base60_classic.pdf",
    "classic_bad_startxref.pdf",
    "classic_no_startxref.pdf",
    "count_huge64.pdf",
    "count_neg.pdf",
    "deep_tree_600.pdf",
    "enc_owner_aes256.pdf",
    "enc_owner_rc4_40.pdf",
    "form100_widget_tree.pdf",
    "image_dims_2e31.pdf",
    "length_self.pdf",
    "mediabox_inverted.pdf",
    "mediabox_tiny.pdf",
    "nest_array_1000.pdf",
    "tree_dup_page.pdf",
    "xref_off_huge.pdf",
}
