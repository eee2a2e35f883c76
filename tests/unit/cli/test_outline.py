"""`quire outline`: what it asks, and how it draws what is answered."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.fixtures import Typed, listening, quire, server
from tests.unit.cli.little_api import DOCUMENT_ID, JOB_ID, a_job
from tests.unit.cli.terminal import on_terminal

__all__ = ["listening", "quire", "server"]

Output = pytest.CaptureFixture[str]


def section(position: int, depth: int, title: str, **fields: object) -> dict[str, object]:
    return {
        "position": position,
        "parent": None,
        "depth": depth,
        "title": title,
        "page_start": 1,
        "page_end": 9,
        "first_passage": 0,
        "last_passage": 4,
        "summary": f"{title} is told here.",
    } | fields


MILL = [
    section(0, 0, "The mill"),
    section(1, 1, "Wa\x1b[2Jter", page_end=3),
    section(2, 2, "The race", page_start=3, page_end=3, first_passage=None, last_passage=None),
    section(3, 1, "Stones", page_start=4, summary="word " * 30),
]


def test_in_a_pipe_a_section_is_a_line_of_fields(quire: Typed, capsys: Output) -> None:
    quire.server.outlines = {DOCUMENT_ID: MILL}
    assert quire("outline", DOCUMENT_ID) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[:3] == [
        ["0", "0", "1", "9", "The mill", "The mill is told here."],
        ["1", "1", "1", "3", "Wa[2Jter", "Wa[2Jter is told here."],
        ["2", "2", "3", "3", "The race", "The race is told here."],
    ]


def test_all_of_it_is_fetched_page_by_page_down_to_the_depth(quire: Typed, capsys: Output) -> None:
    quire.server.outlines = {DOCUMENT_ID: MILL}
    quire.server.page_size = 3
    assert quire("outline", DOCUMENT_ID, "--depth", "2", "--json") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == MILL
    assert quire.server.queries == [
        {"deepest": "2", "limit": "100"},
        {"deepest": "2", "limit": "100", "cursor": "2"},
    ]


def test_a_job_stands_for_its_document(quire: Typed, capsys: Output) -> None:
    quire.server.looks.append(a_job())
    quire.server.outlines = {DOCUMENT_ID: MILL[:1]}
    assert quire("outline", "--job", JOB_ID) == 0
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("arguments", [(), (DOCUMENT_ID, "--job", JOB_ID), ("no-id",)])
def test_one_document_is_named_and_only_one(quire: Typed, arguments: tuple[str, ...]) -> None:
    assert quire("outline", *arguments) == 2


def test_without_an_outline_it_is_told_so(quire: Typed, capsys: Output) -> None:
    assert quire("outline", DOCUMENT_ID, "--json") == 1
    shown = capsys.readouterr()
    assert json.loads(shown.out)["error"]["code"] == "NOT_PREPARED"
    assert "No outline was made" in shown.err


def test_on_a_terminal_it_is_drawn_with_pages_and_summaries(quire: Typed) -> None:
    quire.server.outlines = {DOCUMENT_ID: MILL}
    home = ("--home", quire.home.folder)
    code, lines = on_terminal(*home, "outline", DOCUMENT_ID)
    assert code == 0
    assert [plain(line) for line in lines] == [
        "The mill  pages 1-9",
        "  Wa[2Jter  pages 1-3",
        "    The race  page 3",
        "  Stones  pages 4-9",
    ]
    code, lines = on_terminal(*home, "outline", DOCUMENT_ID, "--summaries")
    assert plain(lines[1]) == "  The mill is told here."
    assert lines[-2:] == ["    " + ("word " * 15).rstrip()] * 2


def plain(line: str) -> str:
    for code in ("\x1b[0m", "\x1b[2m"):
        line = line.replace(code, "")
    return line
