"""Bookmarks of PDFs: where they lead, however they say it, and what hostile ones may cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, NameTree, OutlineItem, Pdf

from common.stages import OutlineEntry
from infra.pdf.outline import Bookmarks
from tests.pdfs.hostile import HOSTILE
from tests.pdfs.raw import RawPdf

BOOKMARKS = Bookmarks(seconds=4, memory_mb=256)


def read(path: Path) -> list[OutlineEntry]:
    begun = time.monotonic()
    entries = BOOKMARKS.read(path)
    assert time.monotonic() - begun < 8
    return entries


def brief(entries: Sequence[OutlineEntry]) -> list[tuple[str, int, int]]:
    return [(entry.title, entry.level, entry.page) for entry in entries]


def blank(pages: int = 6) -> Pdf:
    pdf = Pdf.new()
    for _ in range(pages):
        pdf.add_blank_page(page_size=(600, 800))
    return pdf


def saved(pdf: Pdf, folder: Path) -> Path:
    path = folder / "made.pdf"
    pdf.save(path)
    return path


def raw(
    folder: Path, items: Callable[[RawPdf, int], int], *, pages: int = 2, catalog: str = ""
) -> Path:
    """Write a file whose first bookmark is what `items` returns; pages have numbers from 2."""
    path = folder / "raw.pdf"
    with RawPdf(path) as pdf:
        tree = pdf.reserve()
        kids = [
            pdf.add(f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 600 800] >>")
            for _ in range(pages)
        ]
        refs = " ".join(f"{kid} 0 R" for kid in kids)
        pdf.add(f"<< /Type /Pages /Count {pages} /Kids [{refs}] >>", tree)
        outlines = pdf.reserve()
        first = items(pdf, outlines)
        pdf.add(f"<< /Type /Outlines /First {first} 0 R /Count 1 >>", outlines)
        pdf.root = pdf.add(
            f"<< /Type /Catalog /Pages {tree} 0 R /Outlines {outlines} 0 R {catalog} >>"
        )
    return path


def test_bookmarks_come_in_their_order_with_level_and_page(tmp_path: Path) -> None:
    pdf = blank()
    with pdf.open_outline() as outline:
        one = OutlineItem("One", 0)
        one.children.append(OutlineItem("One, further down", 2))
        two = OutlineItem("Two — deux", 4)
        outline.root.extend([one, two])
    assert brief(read(saved(pdf, tmp_path))) == [
        ("One", 1, 1),
        ("One, further down", 2, 3),
        ("Two — deux", 1, 5),
    ]


def test_a_file_without_bookmarks_has_none(tmp_path: Path) -> None:
    assert read(saved(blank(), tmp_path)) == []


def test_a_file_that_asks_for_a_password_has_none_and_one_that_is_only_restricted_has(
    tmp_path: Path,
) -> None:
    pdf = blank()
    with pdf.open_outline() as outline:
        outline.root.append(OutlineItem("One", 0))
    path = tmp_path / "locked.pdf"
    for user, found in (("secret", []), ("", [("One", 1, 1)])):
        pdf.save(path, encryption=pikepdf.Encryption(owner="owner", user=user))
        assert brief(read(path)) == found


def test_a_place_may_be_a_name_an_action_or_a_pages_number(tmp_path: Path) -> None:
    pdf = blank()
    pages = [page.obj for page in pdf.pages]
    named = NameTree.new(pdf)
    named["in a tree"] = Dictionary(D=Array([pages[1], Name.Fit]))
    named["plain"] = Array([pages[5], Name.Fit])
    pdf.Root.Names = Dictionary(Dests=named.obj)
    pdf.Root.Dests = Dictionary({"/Old": Array([pages[2], Name.Fit])})
    places = [
        ("Dest", pikepdf.String("in a tree")),
        ("Dest", pikepdf.String("plain")),
        ("Dest", Name("/Old")),
        ("A", Dictionary(S=Name.GoTo, D=Array([pages[3], Name.Fit]))),
        ("A", Dictionary(S=Name.GoTo, D=pikepdf.String("in a tree"))),
        ("Dest", Array([4, Name.Fit])),
        # These lead nowhere, or somewhere else.
        ("Dest", pikepdf.String("unknown")),
        ("Dest", Array([99, Name.Fit])),
        ("A", Dictionary(S=Name.GoToR, D=Array([0, Name.Fit]), F=pikepdf.String("b.pdf"))),
        ("A", Dictionary(S=Name.URI, URI=pikepdf.String("https://example.org"))),
        ("Dest", Array([])),
        ("Dest", Dictionary()),
    ]
    items = [
        pdf.make_indirect(Dictionary({"/Title": f"{number}", f"/{key}": place}))
        for number, (key, place) in enumerate(places)
    ]
    for item, following in pairwise(items):
        item.Next = following
    pdf.Root.Outlines = pdf.make_indirect(Dictionary(First=items[0], Last=items[-1]))
    found = read(saved(pdf, tmp_path))
    assert [(entry.title, entry.page) for entry in found] == [
        ("0", 2),
        ("1", 6),
        ("2", 3),
        ("3", 4),
        ("4", 2),
        ("5", 5),
    ]


def test_a_bookmark_without_a_place_is_where_the_first_below_it_is(tmp_path: Path) -> None:
    def items(pdf: RawPdf, outlines: int) -> int:
        part, chapter, lost, last = (pdf.reserve() for _ in range(4))
        pdf.add(f"<< /Title (Part) /First {chapter} 0 R /Next {lost} 0 R >>", part)
        pdf.add("<< /Title (Chapter) /Dest [3 0 R /Fit] >>", chapter)
        pdf.add(f"<< /Title (Lost) /Next {last} 0 R >>", lost)
        pdf.add("<< /Title (Last) /Dest [3 0 R /Fit] >>", last)
        return part

    assert brief(read(raw(tmp_path, items))) == [("Part", 1, 2), ("Chapter", 2, 2), ("Last", 1, 2)]


@pytest.mark.parametrize(
    ("place", "top"),
    [
        ("/XYZ 0 800 null", 0.0),
        ("/XYZ null 600 0", 0.25),
        ("/XYZ 0 null 0", None),
        ("/FitH 200.5", 0.7494),
        ("/FitR 0 100 600 400", 0.5),
        ("/Fit", None),
        ("/XYZ 0 9999 0", 0.0),
        ("/XYZ", None),
    ],
)
def test_a_bookmark_says_how_far_down_the_page_it_points(
    tmp_path: Path, place: str, top: float | None
) -> None:
    def items(pdf: RawPdf, outlines: int) -> int:
        return pdf.add(f"<< /Title (One) /Dest [2 0 R {place}] >>")

    [entry] = read(raw(tmp_path, items))
    assert entry.top == top


def test_titles_are_one_line_without_what_steers_a_terminal_and_not_endless(
    tmp_path: Path,
) -> None:
    def items(pdf: RawPdf, outlines: int) -> int:
        first, second, third = pdf.reserve(), pdf.reserve(), pdf.reserve()
        raw_title = "\x1b[31mRed\u202e\r\n  and  \x00 more\u200b".encode("utf-16-be").hex()
        pdf.add(f"<< /Title <feff{raw_title}> /Dest [2 0 R /Fit] /Next {second} 0 R >>", first)
        pdf.add(f"<< /Title ({'long ' * 99_999}) /Dest [2 0 R /Fit] /Next {third} 0 R >>", second)
        pdf.add("<< /Title ( \x01 ) /Dest [3 0 R /Fit] >>", third)
        return first

    red, long = read(raw(tmp_path, items))
    assert red.title == "[31mRed and more"
    assert long.title.startswith("long long")
    assert len(long.title) <= 200


def test_rings_end(tmp_path: Path) -> None:
    def items(pdf: RawPdf, outlines: int) -> int:
        one, two = pdf.reserve(), pdf.reserve()
        pdf.add(
            f"<< /Title (One) /Dest [2 0 R /Fit] /First {one} 0 R /Next {two} 0 R >>",
            one,
        )
        pdf.add(f"<< /Title (Two) /Dest [3 0 R /Fit] /First {outlines} 0 R /Next {one} 0 R >>", two)
        return one

    assert brief(read(raw(tmp_path, items))) == [("One", 1, 1), ("Two", 1, 2)]


def test_no_more_than_so_many_are_taken_and_none_deeper_than_so_deep(tmp_path: Path) -> None:
    def wide(pdf: RawPdf, outlines: int) -> int:
        first = pdf.reserve(30_000)
        for number in range(first, first + 30_000):
            pdf.add(f"<< /Title (x) /Dest [2 0 R /Fit] /Next {number + 1} 0 R >>", number)
        return first

    def deep(pdf: RawPdf, outlines: int) -> int:
        first = pdf.reserve(2_000)
        for number in range(first, first + 2_000):
            pdf.add(f"<< /Title (x) /Dest [2 0 R /Fit] /First {number + 1} 0 R >>", number)
        return first

    assert len(read(raw(tmp_path, wide))) == 5_000
    assert max(entry.level for entry in read(raw(tmp_path, deep))) == 32


def test_names_in_a_ring_of_trees_end(tmp_path: Path) -> None:
    def items(pdf: RawPdf, outlines: int) -> int:
        ring = pdf.reserve()
        assert ring == 5
        pdf.add(f"<< /Kids [{ring} 0 R] /Limits [(a) (z)] >>", ring)
        good = pdf.add("<< /Title (Good) /Dest [3 0 R /Fit] >>")
        return pdf.add(f"<< /Title (One) /Dest (name) /Next {good} 0 R >>")

    found = read(raw(tmp_path, items, catalog="/Names << /Dests 5 0 R >>"))
    assert brief(found) in ([("Good", 1, 2)], [])


@pytest.mark.parametrize("write", HOSTILE, ids=lambda write: write.__name__)
def test_no_hostile_file_takes_more_than_its_bounds(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    path = tmp_path / "bad.pdf"
    write(path)
    read(path)


def test_the_odd_files_are_read_within_bounds(odd_pdfs: Path) -> None:
    counted = {path.name: len(read(path)) for path in odd_pdfs.glob("*.pdf")}
    assert len(counted) > 30
    assert counted["form100_widget_tree.pdf"] == 10
