"""`quire outline`: a document's sections, one within the other."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable
from typing import Final
from uuid import UUID

import click
import msgspec

from infra.cli.answering import AnsweringByLine, print_json_line
from infra.cli.connection import running_api
from infra.cli.exits import CommandError, Exit, UnusableInput, exit_codes
from infra.cli.jobs import RawJob, pages_text
from infra.cli.listing import pages_of
from infra.cli.options import json_lines_option
from infra.cli.printable import printable
from infra.cli.references import document_of, job_option
from infra.cli.rows import print_row

_INDENT: Final = "  "
#: A summary deeper in the tree than this keeps so many columns nevertheless.
_LEAST_COLUMNS: Final = 40


class Section(msgspec.Struct, frozen=True):
    """A section, as far as it is told here."""

    position: int
    depth: int
    title: str
    page_start: int
    page_end: int
    first_passage: int | None
    last_passage: int | None
    summary: str


@click.command(
    cls=AnsweringByLine,
    epilog=exit_codes({Exit.FAILED: "there is no such document, or no outline of it yet"}),
)
@click.argument("document", required=False, type=click.UUID)
@job_option
@click.option(
    "--depth",
    type=click.IntRange(0, 100),
    metavar="N",
    help="Only so many levels; 0 is the document alone.",
)
@click.option("--summaries", is_flag=True, help="Tell what each section says.")
@json_lines_option
@click.pass_context
def outline(
    context: click.Context,
    *,
    document: UUID | None,
    job: str | None,
    depth: int | None,
    summaries: bool,
    as_json: bool,
) -> None:
    """Show the sections of DOCUMENT, or of a job's document.

    There is an outline where the job went through the stage `tree`; `quire extend` has one made.

    On a terminal it is drawn with indentation. In a pipe a line for each section, with tabs between
    its number, its depth, its first and last page, its title and its summary.

    \b
    Examples:
      quire outline 9d2c7f55-1b07-4f5e-8f63-52d1f0f3c0aa
      quire outline --job 0198c5be --summaries --depth 2
      quire outline --job 0198c5be --json | jq -r 'select(.depth == 1).title'
    """
    if (document is None) == (job is None):
        raise UnusableInput("Name a document by its id, or a job with --job.")
    with running_api(context.obj) as api:
        whole = str(document) if job is None else document_of(api, job)
        path = f"/v1/documents/{whole}/outline"
        sections = pages_of(api, path, "sections", "cursor", None, {"deepest": depth})
        if as_json:
            for section in sections:
                print_json_line(section)
        elif sys.stdout.isatty():
            _draw(_read(sections), summaries=summaries)
        else:
            for each in _read(sections):
                print_row(_fields(each))


def _read(raws: Iterable[RawJob]) -> Iterable[Section]:
    for raw in raws:
        try:
            yield msgspec.convert(raw, Section)
        except msgspec.ValidationError as error:
            raise CommandError(
                "The API's answer has sections of an unknown form.",
                Exit.FAILED,
                code="UNKNOWN_ANSWER",
                advice="Is `quire` of another version than the stack? `quire doctor` tells.",
            ) from error


def _fields(section: Section) -> list[str]:
    numbers = section.position, section.depth, section.page_start, section.page_end
    return [*map(str, numbers), section.title, section.summary]


def _draw(sections: Iterable[Section], *, summaries: bool) -> None:
    columns = shutil.get_terminal_size().columns
    for section in sections:
        margin = _INDENT * section.depth
        pages = click.style(pages_text(section.page_start, section.page_end), dim=True)
        click.echo(f"{margin}{printable(section.title)}  {pages}")
        if summaries and section.summary:
            inner = margin + _INDENT
            width = max(columns, len(inner) + _LEAST_COLUMNS)
            for line in textwrap.wrap(
                printable(section.summary), width, initial_indent=inner, subsequent_indent=inner
            ):
                click.echo(line)
