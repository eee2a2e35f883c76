"""`quire search`: passages of the caller's documents."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

import click
import msgspec

from common.search import SearchMode
from infra.cli.answering import Answering, print_json
from infra.cli.connection import running_api
from infra.cli.exits import CommandError, Exit, UnusableInput, exit_codes
from infra.cli.jobs import RawJob
from infra.cli.listing import rows_in
from infra.cli.options import json_option
from infra.cli.patience import patiently
from infra.cli.printable import printable
from infra.cli.references import document_of, job_option
from infra.cli.rows import print_row


class Passage(msgspec.Struct, frozen=True):
    """A found passage, as far as it is told here."""

    document_id: str
    filename: str
    passage: int
    page_start: int
    page_end: int
    snippet: str
    marks: list[tuple[int, int]]
    score: float

    @property
    def pages(self) -> str:
        """`12`, or `12-13`."""
        if self.page_end == self.page_start:
            return str(self.page_start)
        return f"{self.page_start}-{self.page_end}"


@click.command(cls=Answering, epilog=exit_codes({Exit.DONE: "done, whether anything was found"}))
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--document",
    "documents",
    multiple=True,
    type=click.UUID,
    metavar="ID",
    help="Only this document, by its whole id; may be repeated for several.",
)
@job_option
@click.option("--matter", metavar="NAME", help="Only documents of this matter.")
@click.option("--language", metavar="CODE", help="Only passages in this language, like fr.")
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in SearchMode]),
    default=SearchMode.HYBRID.value,
    show_default=True,
    help="By words, by what passages are about, or by both.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 50),
    default=10,
    show_default=True,
    metavar="N",
    help="The best N.",
)
@json_option
@click.pass_context
def search(
    context: click.Context,
    *,
    words: tuple[str, ...],
    documents: tuple[UUID, ...],
    job: str | None,
    matter: str | None,
    language: str | None,
    mode: str,
    limit: int,
    as_json: bool,
) -> None:
    """Find passages that say what WORDS ask for, in all your documents.

    Documents are searched whose jobs went through the stages after OCR. "A phrase" in quotation
    marks is taken as it stands, and -WORD leaves passages out (write `--` before the first).

    On a terminal each passage with its words marked. In a pipe a line for each, with tabs between
    the score, the document's id, the pages, the passage's number, the file's name and the snippet.

    \b
    Examples:
      quire search when does a notice take effect
      quire search '"force majeure" -insurance' --matter 2026-118
      quire search --document 9d2c7f55-1b07-4f5e-8f63-52d1f0f3c0aa --json rent | jq .results[0].text
    """
    query = " ".join(words).strip()
    if not 0 < len(query) <= 1000:
        raise UnusableInput("A query has 1 to 1,000 characters.")
    with running_api(context.obj) as api:
        wanted = [str(each) for each in documents]
        if job is not None:
            wanted.append(document_of(api, job))
        answer = patiently(
            lambda: api.get(
                "/v1/search",
                q=query,
                document=wanted,
                matter=matter,
                language=language,
                mode=mode,
                limit=limit,
            )
        )
    if as_json:
        print_json(answer)
        return
    for note in rows_in(answer, "notes"):
        click.echo(printable(str(note.get("detail", ""))), err=True)
    _print(answer)


def _print(answer: RawJob) -> None:
    passages = _passages(answer)
    if not answer.get("searchable"):
        click.echo("There is nothing to search in: no such document has passages yet.", err=True)
    elif not passages:
        click.echo("Nothing is found.", err=True)
    for passage in passages:
        (_print_on_terminal if sys.stdout.isatty() else _print_line)(passage)


def _passages(answer: RawJob) -> list[Passage]:
    try:
        return msgspec.convert(rows_in(answer, "results"), list[Passage])
    except msgspec.ValidationError as error:
        raise CommandError(
            "The API's answer has passages of an unknown form.",
            Exit.FAILED,
            code="UNKNOWN_ANSWER",
            advice="Is `quire` of another version than the stack? `quire doctor` tells.",
        ) from error


def _print_line(passage: Passage) -> None:
    score, number = f"{passage.score:.3f}", str(passage.passage)
    place = [passage.document_id, passage.pages, number, passage.filename]
    print_row([score, *place, passage.snippet])


def _print_on_terminal(passage: Passage) -> None:
    pages = f"page{'s' if '-' in passage.pages else ''} {passage.pages}"
    head = click.style(printable(passage.filename), bold=True)
    click.echo(f"{head}, {pages}  ({passage.score:.2f})")
    for line in _wrapped(passage.snippet, passage.marks):
        click.echo(f"  {line}")
    click.echo()


def _wrapped(snippet: str, marks: Sequence[tuple[int, int]], width: int = 76) -> list[str]:
    """Return the snippet in lines, its marked words underlined."""
    begins = [place for mark in marks for place in mark]
    pieces = [
        (printable(snippet[first:last]), number % 2 == 1)
        for number, (first, last) in enumerate(pairwise([0, *begins, len(snippet)]))
    ]
    text = "".join(piece for piece, _ in pieces)
    marked = [is_marked for piece, is_marked in pieces for _ in piece]
    lines: list[str] = []
    reached = 0
    for line in textwrap.wrap(text, width, break_on_hyphens=False):
        # Lines differ from the text by the spaces between them alone.
        reached = text.index(line, reached)
        lines.append(_styled(line, marked[reached : reached + len(line)]))
        reached += len(line)
    return lines


def _styled(line: str, marked: Sequence[bool]) -> str:
    styled = ""
    start = 0
    for place in range(1, len(line) + 1):
        if place == len(line) or marked[place] != marked[start]:
            piece = line[start:place]
            styled += click.style(piece, underline=True) if marked[start] else piece
            start = place
    return styled
