"""PDFs for tests, demo and benchmarks, made by programs: the same calls make the same bytes."""

from tests.pdfs.books import write_book
from tests.pdfs.documents import (
    Leaf,
    write_born_digital,
    write_french,
    write_mixed,
    write_pages,
    write_rotated,
    write_scan,
)
from tests.pdfs.large import (
    write_big_scan,
    write_manual,
    write_shared_form,
    write_shared_resources,
)
from tests.pdfs.odd import (
    write_damaged,
    write_doubled_page,
    write_encrypted,
    write_loaded,
    write_lying_count,
    write_viewer_drawn_form,
)
from tests.pdfs.text import in_words, page_text

__all__ = [
    "Leaf",
    "in_words",
    "page_text",
    "write_big_scan",
    "write_book",
    "write_born_digital",
    "write_damaged",
    "write_doubled_page",
    "write_encrypted",
    "write_french",
    "write_loaded",
    "write_lying_count",
    "write_manual",
    "write_mixed",
    "write_pages",
    "write_rotated",
    "write_scan",
    "write_shared_form",
    "write_shared_resources",
    "write_viewer_drawn_form",
]
