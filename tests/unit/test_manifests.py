"""Manifests of any making are read or refused by line, and never fall over."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InvalidRequest
from common.manifests import (
    MAX_TOLD,
    InvalidManifest,
    Rows,
    json_lines,
    listed_rows,
    table_rows,
)

MOST = 50

#: What a spreadsheet's cell may have; surrogates are no text.
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
JSON = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=5), SCALARS)


def in_utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def read(parse: Callable[..., Rows], content: Any) -> Rows | InvalidManifest:
    try:
        return parse(content, most=MOST)
    except InvalidManifest as error:
        return error


def found(parse: Callable[..., Rows], content: Any) -> list[tuple[int, dict[str, Any]]]:
    rows = parse(content, most=MOST)
    assert not rows.errors
    return [(row.line, dict(row.fields)) for row in rows.rows]


def codes(parse: Callable[..., Rows], content: Any) -> list[tuple[int, str]]:
    result = read(parse, content)
    return [(error.line, error.code) for error in result.errors]


@given(st.binary(max_size=300) | st.text(max_size=200).map(in_utf8))
def test_any_bytes_are_read_or_refused_by_line(content: bytes) -> None:
    for parse in (json_lines, table_rows):
        result = read(parse, content)
        for error in result.errors:
            assert 1 <= error.line <= content.count(b"\n") + content.count(b"\r") + 1
            assert error.message.endswith(".")
        assert isinstance(result, InvalidManifest) or result.rows or result.errors


@given(st.text(max_size=200))
def test_anything_below_a_good_header_is_read_or_refused_by_line(text: str) -> None:
    content = in_utf8("uri,pages\n" + text)
    result = read(table_rows, content)
    if isinstance(result, Rows):
        assert all(row.fields.keys() <= {"uri", "options"} for row in result.rows)


@given(st.lists(JSON, max_size=MOST + 2))
def test_any_json_is_rows_or_errors(documents: list[object]) -> None:
    result = read(listed_rows, documents)
    if isinstance(result, Rows):
        assert len(result.rows) + len(result.errors) == max(len(documents), 1)
        assert {row.line for row in result.rows} == {
            line for line, each in enumerate(documents, 1) if isinstance(each, dict)
        }
    else:
        assert len(documents) > MOST


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=10), st.sampled_from(",;\t"))
def test_what_a_spreadsheet_writes_comes_back(cells: list[tuple[str, str]], delimiter: str) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerow(["uri", "pages"])
    writer.writerows(cells)
    wanted = [
        {
            **({"uri": uri.strip()} if uri.strip() else {}),
            **({"options": {"pages": pages.strip()}} if pages.strip() else {}),
        }
        for uri, pages in cells
    ]
    content = ("\ufeff" + written.getvalue()).encode()
    if not any(wanted):
        assert codes(table_rows, content) == [(1, "MANIFEST_EMPTY")]
    else:
        assert [fields for _, fields in found(table_rows, content)] == [
            each for each in wanted if each
        ]


@given(st.lists(st.dictionaries(st.text(max_size=5), JSON), min_size=1, max_size=10))
def test_json_lines_are_what_was_written(documents: list[dict[str, Any]]) -> None:
    content = "\n".join(json.dumps(each) for each in documents).encode()
    assert [fields for _, fields in found(json_lines, content)] == documents


def test_lines_are_the_files_own_also_behind_empty_ones_and_cells_of_two_lines() -> None:
    content = b'uri,pages\r\n\r\n"gs://b/a\nb",1\r\n,,,\r\ngs://b/c,\r\n'
    assert found(table_rows, content) == [
        (3, {"uri": "gs://b/a\nb", "options": {"pages": "1"}}),
        (6, {"uri": "gs://b/c"}),
    ]
    assert found(json_lines, b'\n{"uri": 1}\n\n{}\n') == [(2, {"uri": 1}), (4, {})]


def test_a_table_says_its_options_as_json_would() -> None:
    content = (
        b"document_id;pages;languages;chunk_pages;priority\n"
        b'x;1-20,25;"en, de";25;High\n'
        b"y;;en de;twenty;\n"
    )
    assert found(table_rows, content) == [
        (
            2,
            {
                "document_id": "x",
                "priority": "high",
                "options": {"pages": "1-20,25", "languages": ["en", "de"], "chunk_pages": 25},
            },
        ),
        (
            3,
            {
                "document_id": "y",
                "options": {"languages": ["en", "de"], "chunk_pages": "twenty"},
            },
        ),
    ]


def test_a_table_may_begin_by_saying_its_delimiter() -> None:
    assert found(table_rows, b"sep=;\r\nuri;pages\r\ngs://b/a;\r\n") == [(3, {"uri": "gs://b/a"})]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"gs://b/a.pdf\n", (1, "INVALID_COLUMNS")),
        (b"uri,colour\ngs://b/a.pdf,red\n", (1, "INVALID_COLUMNS")),
        (b"uri,uri\n", (1, "INVALID_COLUMNS")),
        (b"uri\ngs://b/\xe9.pdf\n", (2, "INVALID_TEXT")),
        (b'uri\n"gs://b/a.pdf\n', (2, "INVALID_CSV")),
        (b"uri,pages\ngs://b/a.pdf,1-2,4\n", (2, "INVALID_COLUMNS")),
        (b"uri\n" + b"x" * 200_000 + b"\n", (2, "INVALID_CSV")),
        (b"", (1, "INVALID_COLUMNS")),
        (b"uri\n", (1, "MANIFEST_EMPTY")),
    ],
)
def test_a_table_that_makes_no_sense_is_refused_by_its_line(
    content: bytes, expected: tuple[int, str]
) -> None:
    assert codes(table_rows, content) == [expected]


def test_lines_that_are_no_json_are_each_named() -> None:
    content = b'{}\n{"a"\n[]\n\xff\n' + b"[" * 100_000
    assert codes(json_lines, content) == [
        (2, "INVALID_JSON"),
        (3, "INVALID_REQUEST"),
        (4, "INVALID_JSON"),
        (5, "INVALID_JSON"),
    ]


@pytest.mark.parametrize("parse", [json_lines, table_rows, listed_rows])
def test_one_document_too_many_is_refused_at_its_line(parse: Callable[..., Rows]) -> None:
    for count, expected in ((MOST, []), (MOST + 1, [(MOST + 1, "TOO_MANY_DOCUMENTS")])):
        content: Any = [{}] * count
        lines = 0
        if parse is json_lines:
            content = b"{}\n" * count
        if parse is table_rows:
            content, lines = b"uri\n" + b"x\n" * count, 1
        assert codes(parse, content) == [(line + lines, code) for line, code in expected]


def test_an_error_names_its_first_line_and_counts_the_others() -> None:
    rows = listed_rows(["x"] * MOST, most=MOST)
    error = InvalidManifest([*rows.errors] * 100)
    assert (len(error.errors), error.error_count) == (MAX_TOLD, 100 * MOST)
    assert error.message.startswith("Line 1 of the manifest: A document is a JSON object")
    assert "4,999 more" in error.message
    assert isinstance(error, InvalidRequest)
    assert error.status == 422
