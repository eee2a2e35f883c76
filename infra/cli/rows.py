"""Rows of an answer: columns that fit the terminal, or lines with tabs between the fields."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Final

import click

from infra.cli.printable import printable

_GAP: Final = "  "
_LEAST_WIDTH: Final = 10


def print_row(fields: Sequence[str]) -> None:
    """Print one row for programs, at once."""
    click.echo("\t".join(printable(field) for field in fields))
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, cut: set[str]) -> None:
    """Print rows below their columns' names, as wide as the terminal is."""
    head, *lines = table_lines(columns, rows, cut=cut, width=shutil.get_terminal_size().columns)
    click.secho(head, bold=True)
    for line in lines:
        click.echo(line)


def table_lines(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, cut: set[str], width: int
) -> list[str]:
    """Return the names and the rows, each in one line; columns in `cut` give way to the others."""
    from rich.cells import cell_len

    cells = [tuple(columns), *(tuple(printable(field) for field in row) for row in rows)]
    widths = [max(cell_len(row[place]) for row in cells) for place in range(len(columns))]
    yielding = [place for place, name in enumerate(columns) if name in cut]
    room = width - len(_GAP) * (len(columns) - 1)
    while sum(widths) > room:
        place = max(yielding, key=lambda place: widths[place])
        if widths[place] <= _LEAST_WIDTH:
            break
        widths[place] -= 1
    return [
        _GAP.join(_sized(field, size) for field, size in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _sized(text: str, size: int) -> str:
    """Return the text in exactly so many of the terminal's cells."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= size:
        return set_cell_size(text, size)
    return set_cell_size(text, size - 1) + "…"
