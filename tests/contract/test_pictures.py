"""Pictures of pages, drawn by real processes from real files, hostile ones too."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pikepdf
import psutil
import pytest
from PIL import Image

from common.errors import Conflict, NotFound, TransientError
from common.models import ObjectRef
from infra.pdf.painter import size_in_pixels
from infra.pdf.pictures import Pictures
from infra.settings import PicturesSettings
from tests.pdfs.documents import Leaf, write_pages
from tests.pdfs.hostile import HOSTILE
from tests.pdfs.raw import RawPdf
from tests.pdfs.text import page_text


class Shelf:
    """Uploads in a folder, and how often each was fetched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fetched: list[str] = []
        #: Called before a file is handed out.
        self.before: Callable[[], object] = lambda: None

    def add(self, name: str, write: Callable[[Path], object]) -> ObjectRef:
        write(self.folder / name)
        return ObjectRef("uploads", name, 1)

    def book(self, name: str, *texts: str) -> ObjectRef:
        return self.add(name, lambda path: write_pages(path, map(Leaf, texts)))

    def download(self, ref: ObjectRef, target: Path) -> int:
        self.fetched.append(ref.name)
        self.before()
        if not (self.folder / ref.name).exists():
            raise NotFound(ref.name)
        return target.write_bytes((self.folder / ref.name).read_bytes())

    def size(self, ref: ObjectRef) -> int:
        path = self.folder / ref.name
        return path.stat().st_size if path.exists() else 0


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    (tmp_path / "shelf").mkdir()
    return Shelf(tmp_path / "shelf")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def opened(shelf: Shelf, cache: Path) -> Iterator[Callable[..., Pictures]]:
    """Make Pictures with these settings; all are closed in the end."""
    made: list[Pictures] = []

    def make(**settings: Any) -> Pictures:
        made.append(Pictures(cache, shelf.download, PicturesSettings(**settings)))
        return made[-1]

    yield make
    for pictures in made:
        pictures.close()
    assert painters() == []


def painters() -> list[psutil.Process]:
    return [
        child for child in psutil.Process().children() if "infra.pdf.painter" in child.cmdline()
    ]


def drawn(
    pictures: Pictures,
    shelf: Shelf,
    ref: ObjectRef,
    number: int = 1,
    *,
    pages: int = 1,
    width: int = 300,
) -> Image.Image:
    size = shelf.size(ref)
    content = pictures.draw(ref, size=size, page_count=pages, number=number, width=width)
    picture = Image.open(io.BytesIO(content))
    assert picture.format == "WEBP"
    return picture


def unavailable(call: Callable[[], object]) -> str:
    with pytest.raises(Conflict) as raised:
        call()
    assert raised.value.code == "PICTURE_UNAVAILABLE"
    return raised.value.message


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


def test_drawing_costs_the_api_nothing_before_the_first_picture() -> None:
    program = (
        "import sys, functions.api.app, infra.pdf.pictures\n"
        "print([name for name in ('PIL', 'pypdfium2', 'pikepdf') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert answer.stdout == "[]\n"
