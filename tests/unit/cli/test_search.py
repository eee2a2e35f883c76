"""`quire search`: what it asks, and how it shows what is found."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.fixtures import Typed, listening, quire, server
from tests.unit.cli.little_api import DOCUMENT_ID, JOB_ID, a_job
from tests.unit.cli.terminal import on_terminal

__all__ = ["listening", "quire", "server"]

Output = pytest.CaptureFixture[str]


def found(*passages: dict[str, object], **fields: object) -> dict[str, object]:
    return {
        "query": "oak",
        "mode_used": "hybrid",
        "searchable": True,
        "documents": 1,
        "results": list(passages),
        "notes": [],
    } | fields


def passage(**fields: object) -> dict[str, object]:
    return {
        "document_id": DOCUMENT_ID,
        "filename": "wood.pdf",
        "passage": 7,
        "page_start": 12,
        "page_end": 13,
        "snippet": "… An oak\tgrows\x1b[2J slowly.",
        "marks": [[5, 8]],
        "score": 0.98765,
    } | fields


def test_in_a_pipe_a_passage_is_a_line_of_fields(quire: Typed, capsys: Output) -> None:
    quire.server.found = found(passage(), passage(page_end=12, filename="a\tb.pdf"))
    assert quire("search", "oak") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("\t") == [
        *("0.988", DOCUMENT_ID, "12-13", "7", "wood.pdf", "… An oak grows[2J slowly."),
    ]
    assert lines[1].split("\t")[2:5] == ["12", "7", "a b.pdf"]


def test_words_and_filters_reach_the_api(quire: Typed, capsys: Output) -> None:
    quire.server.found = found()
    other = "0198c5be-6f1a-7cc2-a9cb-2d1c8f0e4b13"
    options = f"--document {DOCUMENT_ID} --document {other} --matter m1 --language fr --mode text"
    assert quire("search", "deep", "oak", *options.split(), "--limit", "3") == 0
    assert quire.server.queries == [
        {
            "q": "deep oak",
            "document": [DOCUMENT_ID, other],
            "matter": "m1",
            "language": "fr",
            "mode": "text",
            "limit": "3",
        }
    ]
    assert capsys.readouterr().err == "Nothing is found.\n"


def test_a_job_stands_for_its_document(quire: Typed) -> None:
    quire.server.found = found()
    quire.server.looks.append(a_job())
    assert quire("search", "oak", "--job", JOB_ID) == 0
    assert quire.server.queries[-1]["document"] == DOCUMENT_ID


def test_notes_go_to_standard_error_and_into_the_json(quire: Typed, capsys: Output) -> None:
    note = {"code": "NO_VECTORS", "detail": "Searched by words alone."}
    quire.server.found = found(passage(), notes=[note])
    assert quire("search", "oak") == 0
    said = capsys.readouterr()
    assert said.err == "Searched by words alone.\n"
    assert len(said.out.splitlines()) == 1
    assert quire("search", "oak", "--json") == 0
    assert json.loads(capsys.readouterr().out) == quire.server.found


def test_where_nothing_can_be_searched_it_says_so(quire: Typed, capsys: Output) -> None:
    quire.server.found = found(searchable=False, documents=0)
    assert quire("search", "oak") == 0
    assert "no such document has passages yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [" "],
        ["x" * 1001],
        ["x", "--document", "7"],
        ["x", "--job", "!"],
        ["x", "--limit", "51"],
    ],
)
def test_what_can_not_be_asked_is_refused_before_anybody_is_asked(
    quire: Typed, arguments: list[str]
) -> None:
    assert quire("search", *arguments) == 2
    assert quire.server.queries == []


def test_passages_of_another_version_are_no_traceback(quire: Typed, capsys: Output) -> None:
    quire.server.found = found({"document_id": 5})
    assert quire("search", "oak") == 1
    assert "UNKNOWN_ANSWER" in capsys.readouterr().err


def test_on_a_terminal_the_querys_words_are_underlined(quire: Typed) -> None:
    long = "Nothing to see here at all. " * 3 + "An oak grows."
    start = long.index("oak")
    quire.server.found = found(passage(snippet=long, marks=[[start, start + 3]], page_end=12))
    code, lines = on_terminal("--home", quire.home.folder, "search", "oak")
    assert code == 0
    assert "wood.pdf" in lines[0]
    assert ", page 12  (0.99)" in lines[0]
    assert any("\x1b[4moak\x1b[0m grows." in line for line in lines), lines
    assert max(len(line) for line in lines) < 100
