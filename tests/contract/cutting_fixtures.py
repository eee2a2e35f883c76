"""Looking at PDFs with an engine that had no part in cutting them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pypdfium2

from common.pages import PageRange
from infra.pdf.cutter import Cutter


def page_count(path: Path) -> int:
    """Return how many pages there are, looking into none."""
    with pypdfium2.PdfDocument(path) as pdf:
        return len(pdf)


def texts(path: Path) -> list[str]:
    """Return every page's text."""
    with pypdfium2.PdfDocument(path) as pdf:
        return [page.get_textpage().get_text_bounded() for page in pdf]


def looks(
    path: Path, *, scale: float = 0.5, as_form: bool = False
) -> list[tuple[tuple[float, float], bytes]]:
    """Return every page's size and its pixels, annotations included.

    `as_form` opens it for filling in, when the viewer draws the values of fields itself.
    """
    with pypdfium2.PdfDocument(path) as pdf:
        if as_form:
            pdf.init_forms()
        return [(page.get_size(), bytes(page.render(scale=scale).buffer)) for page in pdf]


@contextmanager
def chunks_of(
    source: Path, folder: Path, *, size: int, password: str | None = None
) -> Iterator[list[Path]]:
    """Cut the whole document into chunks of at most `size` pages; yield their paths."""
    paths: list[Path] = []
    with Cutter().open(source, password) as document:
        for pages in PageRange(1, document.page_count).cut(size):
            path = folder / f"chunk-{size}-{pages.start}.pdf"
            assert document.cut(pages, path) == path.stat().st_size
            paths.append(path)
        yield paths
