"""Small documents of which no two are alike, so that the cache has nothing for any of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.pdfs.documents import write_born_digital
from tests.pdfs.text import page_text


def unlike(
    folder: Path, what: str, count: int, words: Mapping[int, str] | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents: one page each, every fifth with 3 pages, every 20th with 40.

    `words` stand on the first page of the documents with these numbers.
    """
    path = folder / "unlike.pdf"
    for number in range(count):
        pages = 40 if number % 20 == 19 else 3 if number % 5 == 4 else 1
        word = (words or {}).get(number, "")
        texts = [f"{page_text(n)} {what} {number}." for n in range(1, pages + 1)]
        texts[0] += f" {word}"
        write_born_digital(path, texts)
        yield f"{number:05d}.pdf", path.read_bytes()
