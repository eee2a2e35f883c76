"""Pictures over uploads in a folder, and a look at the processes that draw them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from common.errors import Conflict, NotFound
from common.models import ObjectRef
from infra.pdf.pictures import Pictures
from infra.settings import PicturesSettings
from tests.pdfs.documents import Leaf, write_pages


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
