"""The books that stages are measured on look like books, and are the same every time."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest

from tests.pdfs.books import TITLE, write_book

PAGES = 24


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    path = tmp_path_factory.mktemp("books") / "book.pdf"
    write_book(path, PAGES)
    with pypdfium2.PdfDocument(path) as pdf:
        return [page.get_textpage().get_text_range() for page in pdf]


def test_equal_calls_make_equal_bytes_and_another_seed_another_text(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        write_book(tmp_path / name, 3, seed=seed)
    one, same, other = ((tmp_path / name).read_bytes() for name in ("one", "same", "other"))
    assert one == same != other


def test_pages_are_full_numbered_and_headed_but_for_those_that_begin_a_chapter(
    pages: list[str],
) -> None:
    assert len(pages) == PAGES
    assert all(200 < len(page.split()) < 800 for page in pages)
    for number, page in enumerate(pages, 1):
        first, *lines = page.split("\r\n")
        begins = any(line.startswith(("Chapter", "Chapitre")) for line in lines)
        is_header = first == TITLE or first.startswith(("Chapter", "Chapitre"))
        assert str(number) in {first, *lines}
        assert is_header != begins or number == 1


def test_chapters_are_in_two_languages_by_turns(pages: list[str]) -> None:
    text = "\n".join(pages)
    assert text.index("Chapter 1.") < text.index("Chapitre 2.") < text.index("Chapter 3.")


def test_long_words_are_divided_and_sentences_go_on_overleaf(pages: list[str]) -> None:
    # pdfium gives a hyphen at a line's end as U+FFFE.
    assert sum(page.count("\ufffe") for page in pages) > PAGES
    # Behind the header and the page's number.
    assert any(page.split("\r\n")[2][0].islower() for page in pages)


def test_bookmarks_name_the_chapters(tmp_path: Path) -> None:
    write_book(tmp_path / "book.pdf", PAGES)
    with pypdfium2.PdfDocument(tmp_path / "book.pdf") as pdf:
        marks = [(mark.get_title(), mark.get_dest().get_index()) for mark in pdf.get_toc()]
        for title, index in marks:
            assert title.split(".")[0] in pdf[index].get_textpage().get_text_range()
    assert [title.split(".")[0] for title, _ in marks][:3] == [
        "Chapter 1",
        "Chapitre 2",
        "Chapter 3",
    ]
