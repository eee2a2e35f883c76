"""Manifests: what a batch is to read, as JSON, as JSON Lines or as a table from a spreadsheet.

Here they become rows, each with its line and its fields as JSON would have them; every line that
can't be read is named. What the fields mean is looked at later, for all three alike.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, Final

import msgspec

from common.errors import InvalidRequest

#: Errors that an answer names; the others are counted.
MAX_TOLD: Final = 1000

#: A table's columns.
COLUMNS: Final = ("uri", "document_id", "pages", "languages", "chunk_pages", "priority")
#: Those that are options of reading; the others are of the line itself.
_OPTIONS: Final = ("pages", "languages", "chunk_pages")
_DELIMITERS: Final = (",", ";", "\t")
_BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong with a line."""

    #: From 1: of the file, or for JSON which of the `documents` it is.
    line: int
    code: str
    message: str


class InvalidManifest(InvalidRequest):
    """Lines of a manifest that don't fit. Nothing has been made of the others."""

    def __init__(self, errors: Sequence[LineError]) -> None:
        ordered = sorted(errors, key=lambda error: error.line)
        first, count = ordered[0], len(ordered)
        others = "" if count == 1 else f" {count - 1:,} more are wrong, too."
        super().__init__(
            f"Line {first.line} of the manifest: {first.message}{others} Nothing was begun.",
            code="MANIFEST_INVALID",
            status=422,
        )
        #: By their lines, the first `MAX_TOLD` of them.
        self.errors = ordered[:MAX_TOLD]
        #: How many there are.
        self.error_count = count


@dataclass(frozen=True, slots=True)
class Row:
    """A line that could be read."""

    line: int
    fields: Mapping[str, Any]


@dataclass(slots=True)
class Rows:
    """What a manifest says, and which of its lines say nothing that can be understood."""

    #: A manifest may have so many documents.
    most: int
    rows: list[Row] = field(default_factory=list)
    errors: list[LineError] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether there are too many; the rest is not looked at."""
        return len(self.rows) + len(self.errors) > self.most

    def add(self, line: int, fields: object) -> None:
        """Take a line."""
        if not isinstance(fields, dict):
            self.refuse(
                line, "INVALID_REQUEST", "A document is a JSON object like {“uri”: “gs://…”}."
            )
        else:
            self.rows.append(Row(line, fields))

    def refuse(self, line: int, code: str, message: str) -> None:
        """Name a line that is wrong."""
        self.errors.append(LineError(line, code, message))

    def finished(self) -> Rows:
        """Return this; InvalidManifest where there is nothing, or too much to look further."""
        if self.is_full:
            lines = [row.line for row in self.rows] + [error.line for error in self.errors]
            self.refuse(
                max(lines),
                "TOO_MANY_DOCUMENTS",
                f"A batch may have {self.most:,} documents. Split the manifest.",
            )
            raise InvalidManifest(self.errors)
        if not self.rows and not self.errors:
            self.refuse(1, "MANIFEST_EMPTY", "The manifest names no documents.")
        return self


def listed_rows(documents: Sequence[object], *, most: int) -> Rows:
    """Return the `documents` of a JSON manifest, which count as lines from 1."""
    found = Rows(most)
    for line, document in enumerate(documents, start=1):
        found.add(line, document)
        if found.is_full:
            break
    return found.finished()


def json_lines(content: bytes, *, most: int) -> Rows:
    """Read one JSON object a line; empty lines are nothing."""
    found = Rows(most)
    for line, text in enumerate(content.removeprefix(_BOM.encode()).split(b"\n"), start=1):
        if not text.strip():
            continue
        try:
            found.add(line, msgspec.json.decode(text))
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            found.refuse(line, "INVALID_JSON", "The line is not JSON in UTF-8.")
        if found.is_full:
            break
    return found.finished()


def table_rows(content: bytes, *, most: int) -> Rows:
    """Read CSV as spreadsheets write it: with commas, semicolons or tabs, as its header has them.

    Columns are `uri` or `document_id` and, as wanted, `pages`, `languages` (several with spaces
    between them), `chunk_pages` and `priority`. Empty cells and empty lines are nothing.
    """
    found = Rows(most)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found.refuse(
            content.count(b"\n", 0, error.start) + 1,
            "INVALID_TEXT",
            "The file is not in UTF-8. Save it as “CSV UTF-8”.",
        )
        raise InvalidManifest(found.errors) from error
    head, skipped = _header(text)
    columns, delimiter = _columns(head, skipped)
    lines = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    at = 1
    try:
        for cells in lines:
            line, at = at, lines.line_num + 1
            if line <= skipped + 1 or not any(cell.strip() for cell in cells):
                continue
            _add_cells(found, line, columns, cells)
            if found.is_full:
                break
    except csv.Error:
        found.refuse(at, "INVALID_CSV", "The quotes of this line don't fit, or a cell is too long.")
    return found.finished()


def _header(text: str) -> tuple[str, int]:
    """Return the header and how many lines stand before it."""
    lines = text.splitlines()
    # By which some spreadsheets are told the delimiter.
    skipped = 1 if lines and lines[0].lower().startswith("sep=") else 0
    return (lines[skipped] if len(lines) > skipped else ""), skipped


def _columns(head: str, skipped: int) -> tuple[list[str], str]:
    """Return the columns' names and the delimiter: the one by which most names are known."""

    def names(delimiter: str) -> list[str]:
        return [cell.strip().strip('"').strip().lower() for cell in head.split(delimiter)]

    delimiter = max(_DELIMITERS, key=lambda each: len(set(COLUMNS) & set(names(each))))
    columns = names(delimiter)
    while columns and not columns[-1]:  # a spreadsheet's empty columns
        columns.pop()
    known = ", ".join(COLUMNS)
    problem = None
    if not set(columns) & {"uri", "document_id"}:
        problem = f"The first line must name the columns, `uri` or `document_id` among {known}."
    elif unknown := [name for name in columns if name not in COLUMNS]:
        problem = f"There is no column `{unknown[0][:50]}`; there are {known}."
    elif len(set(columns)) < len(columns):
        problem = "A column stands there twice."
    if problem:
        raise InvalidManifest([LineError(skipped + 1, "INVALID_COLUMNS", problem)])
    return columns, delimiter


def _add_cells(found: Rows, line: int, columns: Sequence[str], cells: Sequence[str]) -> None:
    if any(cell.strip() for cell in cells[len(columns) :]):
        found.refuse(
            line,
            "INVALID_COLUMNS",
            f"The line has {len(cells)} cells, and there are {len(columns)} columns. Put quotes "
            "around a value that has the delimiter in it.",
        )
        return
    filled = dict(_filled(columns, cells))
    options = {name: filled.pop(name) for name in _OPTIONS if name in filled}
    found.add(line, {**filled, "options": options} if options else filled)


def _filled(columns: Sequence[str], cells: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(columns, cells, strict=False):
        text = cell.strip()
        match name:
            case _ if not text:
                continue
            case "languages":
                yield name, text.replace(",", " ").replace(";", " ").split()
            case "chunk_pages":
                yield name, _number(text)
            case "priority":
                yield name, text.lower()
            case _:
                yield name, text


def _number(text: str) -> object:
    """Return a whole number; what is none, as it is, to be refused as any other text would be."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text
