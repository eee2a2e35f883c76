"""Pictures of pages, drawn by real processes: once fetched, in turn, replaced, refused in time."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from common.errors import TransientError
from common.models import ObjectRef
from infra.pdf.pictures import Pictures
from tests.contract.pictures_fixtures import (
    Shelf,
    cache,
    drawn,
    opened,
    painters,
    shelf,
    unavailable,
)
from tests.pdfs.documents import Leaf, write_pages
from tests.pdfs.text import page_text

__all__ = ["cache", "opened", "shelf"]


def test_a_document_is_fetched_and_opened_once_for_all_its_pages(
    shelf: Shelf, opened: Callable[..., Pictures]
) -> None:
    pictures = opened()
    ref = shelf.book("a.pdf", *(page_text(number) for number in range(1, 9)))
    with ThreadPoolExecutor(8) as threads:
        results = list(
            threads.map(lambda number: drawn(pictures, shelf, ref, number, pages=8), range(1, 9))
        )
    assert {picture.size for picture in results} == {(300, 425)}
    assert len({picture.tobytes() for picture in results}) == 8
    assert shelf.fetched == ["a.pdf"]
    assert len(painters()) == 1


def test_two_documents_never_share_a_process(shelf: Shelf, opened: Callable[..., Pictures]) -> None:
    pictures = opened(processes=1)
    for name in ("a.pdf", "b.pdf", "a.pdf"):
        before = {child.pid for child in painters()}
        drawn(pictures, shelf, shelf.book(name, name))
        assert len(painters()) == 1
        assert before.isdisjoint({child.pid for child in painters()})
    assert shelf.fetched == ["a.pdf", "b.pdf"]


def test_a_process_ends_of_its_own_accord_and_is_replaced(
    shelf: Shelf, opened: Callable[..., Pictures]
) -> None:
    pictures = opened(idle_seconds=0.3)
    ref = shelf.book("a.pdf", "One")
    drawn(pictures, shelf, ref)
    [first] = painters()
    _ended(first)
    drawn(pictures, shelf, ref)
    assert shelf.fetched == ["a.pdf"]


def _ended(process: psutil.Process) -> None:
    """Wait until it has ended; its parent has not looked yet."""
    event = threading.Event()
    for _ in range(500):
        if process.status() == psutil.STATUS_ZOMBIE:
            return
        event.wait(0.02)
    raise AssertionError("the process lives on")


def test_a_killed_process_is_replaced(shelf: Shelf, opened: Callable[..., Pictures]) -> None:
    pictures = opened()
    ref = shelf.book("a.pdf", "One")
    drawn(pictures, shelf, ref)
    [child] = painters()
    child.kill()
    drawn(pictures, shelf, ref)


def test_a_document_that_is_too_large_is_not_even_fetched(
    shelf: Shelf, opened: Callable[..., Pictures]
) -> None:
    ref = shelf.book("a.pdf", "One")
    pictures = opened(max_document_mb=0, cache_mb=0)
    assert "0 MB" in unavailable(lambda: drawn(pictures, shelf, ref))
    assert shelf.fetched == []


def test_a_document_that_was_removed_says_so(shelf: Shelf, opened: Callable[..., Pictures]) -> None:
    gone = ObjectRef("uploads", "gone.pdf", 1)
    assert "removed" in unavailable(lambda: drawn(opened(), shelf, gone))


def test_a_storage_that_was_away_is_asked_again(
    shelf: Shelf, opened: Callable[..., Pictures], cache: Path
) -> None:
    pictures = opened()
    ref = shelf.book("a.pdf", "One")

    def away() -> None:
        raise TransientError("away", code="STORAGE_UNAVAILABLE")

    shelf.before = away
    with pytest.raises(TransientError, match="away"):
        drawn(pictures, shelf, ref)
    assert list(cache.iterdir()) == []
    shelf.before = lambda: None
    drawn(pictures, shelf, ref)


def test_what_was_not_used_longest_makes_room_and_its_process_ends(
    shelf: Shelf, opened: Callable[..., Pictures], cache: Path
) -> None:
    def fat(path: Path) -> None:
        write_pages(path, [Leaf("One")])
        with path.open("ab") as file:
            file.write(b"\n%" + b" " * 400_000 + b"\n%%EOF\n")

    pictures = opened(max_document_mb=1, cache_mb=1, processes=3)
    a, b, c = (shelf.add(name, fat) for name in ("a.pdf", "b.pdf", "c.pdf"))
    for ref in (a, b, a, c):
        drawn(pictures, shelf, ref)
    assert shelf.fetched == ["a.pdf", "b.pdf", "c.pdf"]
    assert len(list(cache.iterdir())) == len(painters()) == 2
    drawn(pictures, shelf, a)
    assert shelf.fetched == ["a.pdf", "b.pdf", "c.pdf"]
    drawn(pictures, shelf, b)
    assert shelf.fetched == ["a.pdf", "b.pdf", "c.pdf", "b.pdf"]


def test_who_waits_for_too_long_or_finds_no_place_to_wait_is_told_to_come_again(
    shelf: Shelf, opened: Callable[..., Pictures]
) -> None:
    pictures = opened(processes=1, waiting=1, wait_seconds=0.2)
    ref = shelf.book("a.pdf", "One")
    arrived, released = threading.Event(), threading.Event()

    def hold() -> None:
        arrived.set()
        assert released.wait(30)

    shelf.before = hold
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(drawn, pictures, shelf, ref)
        assert arrived.wait(30)
        # The second waits, in vain.
        with pytest.raises(TransientError) as raised:
            drawn(pictures, shelf, ref)
        assert raised.value.code == "PICTURES_BUSY"
        released.set()
        first.result()
    drawn(pictures, shelf, ref)

    crowded = opened(processes=1, waiting=0, wait_seconds=30)
    arrived.clear()
    released.clear()
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(drawn, crowded, shelf, ref)
        assert arrived.wait(30)
        with pytest.raises(TransientError) as raised:
            drawn(crowded, shelf, ref)
        assert raised.value.code == "PICTURES_BUSY"
        released.set()
        first.result()


def test_drawing_costs_the_api_nothing_before_the_first_picture() -> None:
    program = (
        "import sys, functions.api.app, infra.pdf.pictures\n"
        "print([name for name in ('PIL', 'pypdfium2', 'pikepdf') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert answer.stdout == "[]\n"
