from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pikepdf
import psutil
import pytest

from common.results import Page
from infra.local.ocr_engine.errors import (
    CRASHED,
    NO_SUCH_PAGE,
    TIMED_OUT,
    EncryptedPdf,
    EngineError,
    PageUnreadable,
    UnreadablePdf,
)
from infra.local.ocr_engine.pool import EnginePool
from tests.contract.ocr_engine_pages import read_all
from tests.pdfs import Leaf, page_text, write_encrypted, write_pages

Result = TypeVar("Result")


def with_pool(
    work: Callable[[EnginePool], Awaitable[Result]],
    *,
    processes: int = 2,
    page_timeout_seconds: float = 60,
    memory_limit_mb: int = 1024,
) -> Result:
    """Run `work` on a pool of its own and see that none of its children stays."""

    async def run() -> Result:
        pool = EnginePool(
            processes, page_timeout_seconds=page_timeout_seconds, memory_limit_mb=memory_limit_mb
        )
        try:
            return await work(pool)
        finally:
            await pool.close()

    before = {child.pid for child in psutil.Process().children()}
    result = asyncio.run(run())
    assert {child.pid for child in psutil.Process().children()} <= before
    return result


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Eight pages, the third and the sixth of them scans."""
    path = tmp_path_factory.mktemp("pdfs") / "mixed.pdf"
    leaves = [Leaf(page_text(number), scanned=number in (3, 6)) for number in range(1, 9)]
    write_pages(path, leaves)
    return path.read_bytes()


def poisoned(good: bytes, poison: Path) -> bytes:
    """Return a PDF of the first two good pages with the poison's first page between them."""
    with pikepdf.open(io.BytesIO(good)) as pdf, pikepdf.open(poison) as other:
        del pdf.pages[2:]
        pdf.pages.insert(1, other.pages[0])
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def test_pages_come_in_the_order_asked_and_as_one_process_reads_them(mixed: bytes) -> None:
    async def work(pool: EnginePool) -> list[Page]:
        return await pool.read(mixed, [5, 0, 2, 7, 0], ["en"])

    expected = read_all(mixed, ["en"])
    assert with_pool(work) == [expected[at] for at in (5, 0, 2, 7, 0)]


def test_pages_are_spread_over_the_children(mixed: bytes) -> None:
    async def work(pool: EnginePool) -> list[float]:
        await pool.warm()
        await pool.read(mixed, [2, 5, 2, 5], ["en"])
        times = [psutil.Process(pid).cpu_times() for pid in pool.pids]
        return [spent.user + spent.system for spent in times]

    spent = with_pool(work)
    assert len(spent) == 2
    assert min(spent) > max(spent) / 4


def test_several_calls_at_once_each_get_their_own_pages(mixed: bytes) -> None:
    other = reversed_pages(mixed)

    async def work(pool: EnginePool) -> list[list[Page]]:
        calls = [pool.read(pdf, [0, 1, 3], ()) for pdf in (mixed, other) * 4]
        return await asyncio.gather(*calls)

    results = with_pool(work)
    assert [result[0].text.split()[1] for result in results] == ["one", "eight"] * 4


def reversed_pages(pdf: bytes) -> bytes:
    """Return the pages in reverse order."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.pages.reverse()
        out = io.BytesIO()
        opened.save(out)
    return out.getvalue()


def test_one_call_after_another_never_sees_the_file_of_the_one_before(mixed: bytes) -> None:
    async def work(pool: EnginePool) -> list[str]:
        pages = [(await pool.read(pdf, [0], ()))[0] for pdf in (mixed, reversed_pages(mixed)) * 2]
        return [page.text.split()[1] for page in pages]

    assert with_pool(work, processes=1) == ["one", "eight"] * 2


def test_a_file_is_closed_in_the_children_when_its_call_ends(mixed: bytes) -> None:
    async def work(pool: EnginePool) -> set[int]:
        await pool.read(mixed, [0], ())
        (child,) = [psutil.Process(pid) for pid in pool.pids]
        open_files = set()
        for _ in range(5):
            await pool.read(mixed, [0, 1], ())
            open_files.add(child.num_fds())
        return open_files

    # The last one may be closing yet.
    open_files = with_pool(work, processes=1)
    assert max(open_files) - min(open_files) <= 1


def test_pages_are_counted(mixed: bytes) -> None:
    assert with_pool(lambda pool: pool.page_count(mixed)) == 8


def test_a_page_that_crashes_its_reader_fails_alone(mixed: bytes, odd_pdfs: Path) -> None:
    pdf = poisoned(mixed, odd_pdfs / "content_20M_ops.pdf")

    async def work(pool: EnginePool) -> list[Page | PageUnreadable]:
        return await pool.read_each(pdf, [0, 1, 2], ())

    first, second, third = with_pool(work, memory_limit_mb=300)
    assert isinstance(first, Page)
    assert isinstance(third, Page)
    assert third.number == 3
    assert third.text.startswith("Page two\n")
    assert isinstance(second, PageUnreadable)
    assert (second.index, second.reason) == (1, CRASHED)


def test_a_page_that_takes_too_long_fails_alone(mixed: bytes, odd_pdfs: Path) -> None:
    pdf = poisoned(mixed, odd_pdfs / "form_xobject_exp_10e29.pdf")

    async def work(pool: EnginePool) -> list[Page | PageUnreadable]:
        await pool.warm()
        return await pool.read_each(pdf, [0, 1, 2], ())

    first, second, third = with_pool(work, page_timeout_seconds=1.5)
    assert isinstance(first, Page)
    assert isinstance(third, Page)
    assert isinstance(second, PageUnreadable)
    assert (second.index, second.reason) == (1, TIMED_OUT)


def test_one_bad_page_makes_a_whole_reading_fail_with_its_index(
    mixed: bytes, odd_pdfs: Path
) -> None:
    pdf = poisoned(mixed, odd_pdfs / "form_xobject_exp_10e29.pdf")
    with pytest.raises(PageUnreadable) as failure:
        with_pool(lambda pool: pool.read(pdf, [2, 1, 0], ()), page_timeout_seconds=1.5)
    assert failure.value.index == 1


def test_a_page_that_is_not_there_is_refused(mixed: bytes) -> None:
    with pytest.raises(PageUnreadable, match=NO_SUCH_PAGE):
        with_pool(lambda pool: pool.read(mixed, [8], ()))


def test_an_encrypted_file_asks_for_its_password(tmp_path: Path) -> None:
    write_encrypted(tmp_path / "locked.pdf", user="secret", owner="own")
    pdf = (tmp_path / "locked.pdf").read_bytes()
    with pytest.raises(EncryptedPdf):
        with_pool(lambda pool: pool.read(pdf, [0, 1], ()))
    with pytest.raises(EncryptedPdf):
        with_pool(lambda pool: pool.page_count(pdf))


@pytest.mark.parametrize("content", [b"", b"x", b"<html></html>", b"%PDF-1.7\n"])
def test_what_is_no_pdf_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadablePdf):
        with_pool(lambda pool: pool.read(content, [0], ()))
    with pytest.raises(UnreadablePdf):
        with_pool(lambda pool: pool.page_count(content))


def test_a_child_that_is_killed_is_replaced_and_its_page_still_comes_out(mixed: bytes) -> None:
    async def work(pool: EnginePool) -> tuple[list[int], list[Page], list[int]]:
        await pool.read(mixed, [0, 1], ())
        first = pool.pids
        reading = asyncio.create_task(pool.read(mixed, [2, 5, 2, 5], ()))
        await asyncio.sleep(0)  # lets the call put its questions
        for pid in first:
            psutil.Process(pid).kill()
        return first, await reading, pool.pids

    first, pages, later = with_pool(work)
    assert [page.number for page in pages] == [3, 6, 3, 6]
    assert not set(first) & set(later)


def test_a_call_that_is_given_up_frees_its_children_for_the_next(mixed: bytes) -> None:
    async def work(pool: EnginePool) -> list[Page]:
        await pool.warm()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.read(mixed, [2] * 50, ()), 0.3)
        return await pool.read(mixed, [0, 1], ())

    assert [page.number for page in with_pool(work)] == [1, 2]


def test_a_call_leaves_no_file_behind(mixed: bytes) -> None:
    folder = Path(tempfile.gettempdir())

    async def work(pool: EnginePool) -> tuple[int, int]:
        await pool.read(mixed, [0, 1], ())
        before = psutil.Process().num_fds()
        await pool.read(mixed, [0, 1], ())
        with pytest.raises(PageUnreadable):
            await pool.read(mixed, [99], ())
        return before, psutil.Process().num_fds()

    before, after = with_pool(work)
    assert before == after
    assert not list(folder.glob("quire-*.pdf"))


def test_children_know_nothing_of_the_parents_secrets(
    mixed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPABASE__SERVICE_KEY", "not for children")

    async def work(pool: EnginePool) -> list[dict[str, str]]:
        await pool.page_count(mixed)
        return [psutil.Process(pid).environ() for pid in pool.pids]

    (environment,) = with_pool(work)
    assert "SUPABASE__SERVICE_KEY" not in environment
    assert environment["OMP_THREAD_LIMIT"] == "1"


def test_children_are_started_when_they_are_needed_and_not_before(mixed: bytes) -> None:
    async def work(pool: EnginePool) -> list[int]:
        counts = [len(pool.pids)]
        await pool.page_count(mixed)
        counts.append(len(pool.pids))
        await pool.warm()
        counts.append(len(pool.pids))
        return counts

    assert with_pool(work, processes=3) == [0, 1, 3]


def test_a_closed_pool_refuses_work(mixed: bytes) -> None:
    async def work(pool: EnginePool) -> None:
        await pool.close()
        await pool.read(mixed, [0], ())

    with pytest.raises(EngineError, match="closed"):
        with_pool(work)


def test_closing_while_a_child_starts_leaves_none(mixed: bytes) -> None:
    async def work(pool: EnginePool) -> BaseException | None:
        reading = asyncio.create_task(pool.read(mixed, [0], ()))
        while not psutil.Process().children():
            await asyncio.sleep(0)
        await pool.close()
        await asyncio.wait([reading])
        return reading.exception()

    assert isinstance(with_pool(work), EngineError)


def test_children_end_with_their_parent_even_when_it_is_killed(odd_pdfs: Path) -> None:
    program = Path(__file__).with_name("ocr_engine_program.py")
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, program, odd_pdfs / "form_xobject_exp_10e29.pdf"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
        text=True,
    ) as parent:
        assert parent.stdout is not None
        children = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(children) == 2
        parent.kill()
        _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
