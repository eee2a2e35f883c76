"""Small files made to hurt whoever parses them without bounds."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

from tests.pdfs.raw import RawPdf

_BOX = "/MediaBox [0 0 595 842]"


def write_page_loop(path: Path) -> None:
    """A page tree that is its own child."""
    with RawPdf(path) as pdf:
        tree = pdf.reserve()
        pdf.add(f"<< /Type /Pages /Count 1 /Kids [{tree} 0 R] >>", tree)
        pdf.root = pdf.add(f"<< /Type /Catalog /Pages {tree} 0 R >>")


def write_page_dag(path: Path, *, levels: int = 10, wide: int = 10) -> None:
    """A page tree of a few nodes that all name the next one many times: 10^10 pages."""
    with RawPdf(path) as pdf:
        page = pdf.reserve()
        below, pages = page, 1
        for _ in range(levels):
            refs = " ".join([f"{below} 0 R"] * wide)
            pages *= wide
            below = pdf.add(f"<< /Type /Pages /Count {pages} /Kids [{refs}] >>")
        pdf.add(f"<< /Type /Page /Parent {below} 0 R {_BOX} >>", page)
        pdf.root = pdf.add(f"<< /Type /Catalog /Pages {below} 0 R >>")


def write_too_many_pages(path: Path) -> None:
    """A sound page tree of more pages than are taken."""
    with RawPdf(path) as pdf:
        tree = pdf.reserve()
        refs = " ".join(
            f"{pdf.add(f'<< /Type /Page /Parent {tree} 0 R {_BOX} >>')} 0 R" for _ in range(100_001)
        )
        pdf.add(f"<< /Type /Pages /Count 100001 /Kids [{refs}] >>", tree)
        pdf.root = pdf.add(f"<< /Type /Catalog /Pages {tree} 0 R >>")


def write_no_pages(path: Path) -> None:
    """A sound document without a page."""
    with RawPdf(path) as pdf:
        tree = pdf.add("<< /Type /Pages /Count 0 /Kids [] >>")
        pdf.root = pdf.add(f"<< /Type /Catalog /Pages {tree} 0 R >>")


def write_header_only(path: Path) -> None:
    """Nothing but the first line."""
    path.write_bytes(b"%PDF-1.7\n")


def write_content_bomb(path: Path) -> None:
    """A page whose content unfolds to 256 MB, beside a shared font that is never used."""
    unfolding = zlib.compressobj(9)
    zeros = b" " * (1 << 20)
    packed = b"".join([*(unfolding.compress(zeros) for _ in range(256)), unfolding.flush()])
    with RawPdf(path) as pdf:
        tree = pdf.reserve()
        content = pdf.stream("/Filter /FlateDecode", packed)
        page = pdf.add(
            f"<< /Type /Page /Parent {tree} 0 R {_BOX} /Contents {content} 0 R "
            f"/Resources << /Font << /F0 << /Type /Font >> >> >> >>"
        )
        pdf.add(f"<< /Type /Pages /Count 1 /Kids [{page} 0 R] >>", tree)
        pdf.root = pdf.add(f"<< /Type /Catalog /Pages {tree} 0 R >>")


def write_object_stream_bomb(path: Path) -> None:
    """A file whose page tree lies in an object stream that unfolds to 256 MB."""
    unfolding = zlib.compressobj(9)
    catalog, tree, page = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    )
    offsets = (0, len(catalog) + 1, len(catalog) + len(tree) + 2)
    index = b" ".join(b"%d %d" % pair for pair in zip((1, 2, 3), offsets, strict=True)) + b" "
    spaces = b" " * (1 << 20)
    packed = b"".join(
        [
            unfolding.compress(index + b" ".join((catalog, tree, page))),
            *(unfolding.compress(spaces) for _ in range(256)),
            unfolding.flush(),
        ]
    )
    head = b"%PDF-1.5\n"
    body = b"4 0 obj\n<< /Type /ObjStm /N 3 /First %d /Filter /FlateDecode /Length %d >>\nstream\n"
    objects = head + body % (len(index), len(packed)) + packed + b"\nendstream\nendobj\n"
    rows = [(0, 0, 255), (2, 4, 0), (2, 4, 1), (2, 4, 2), (1, len(head), 0), (1, len(objects), 0)]
    table = b"".join(
        bytes([kind]) + where.to_bytes(4, "big") + bytes([last]) for kind, where, last in rows
    )
    path.write_bytes(
        objects
        + b"5 0 obj\n<< /Type /XRef /Size 6 /W [1 4 1] /Root 1 0 R /Length %d >>\nstream\n"
        % len(table)
        + table
        + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(objects)
    )


def write_form_bomb(path: Path, *, levels: int = 30) -> None:
    """A page that draws a form ten times, which draws a form ten times, and so on."""
    with RawPdf(path) as pdf:
        tree = pdf.reserve()
        below = pdf.stream("/Subtype /Form /BBox [0 0 9 9]", b"0 0 9 9 re f")
        for _ in range(levels):
            below = pdf.stream(
                "/Subtype /Form /BBox [0 0 9 9] "
                f"/Resources << /XObject << /X {below} 0 R /Unused {below} 0 R >> >>",
                b"/X Do " * 10,
            )
        content = pdf.stream("", b"/X Do")
        page = pdf.add(
            f"<< /Type /Page /Parent {tree} 0 R {_BOX} /Contents {content} 0 R "
            f"/Resources << /XObject << /X {below} 0 R >> >> >>"
        )
        pdf.add(f"<< /Type /Pages /Count 1 /Kids [{page} 0 R] >>", tree)
        pdf.root = pdf.add(f"<< /Type /Catalog /Pages {tree} 0 R >>")


def write_nested_arrays(path: Path, *, depth: int = 100_000) -> None:
    """A page with an array in an array in an array."""
    with RawPdf(path) as pdf:
        tree = pdf.reserve()
        page = pdf.add(
            f"<< /Type /Page /Parent {tree} 0 R {_BOX} /Annots {'[' * depth}{']' * depth} >>"
        )
        pdf.add(f"<< /Type /Pages /Count 1 /Kids [{page} 0 R] >>", tree)
        pdf.root = pdf.add(f"<< /Type /Catalog /Pages {tree} 0 R >>")


#: Each hostile file, and the code it must end with; None for one that can be cut.
HOSTILE: dict[Callable[[Path], None], set[str | None]] = {
    write_page_loop: {"UNREADABLE_PDF", "NO_PAGES"},
    write_page_dag: {"UNREADABLE_PDF", "NO_PAGES", "TOO_MANY_PAGES"},
    write_too_many_pages: {"TOO_MANY_PAGES"},
    write_no_pages: {"NO_PAGES"},
    write_header_only: {"UNREADABLE_PDF"},
    write_content_bomb: {None},
    write_object_stream_bomb: {"UNREADABLE_PDF", "NO_PAGES", None},
    write_form_bomb: {None},
    write_nested_arrays: {"UNREADABLE_PDF", "NO_PAGES", None},
}
