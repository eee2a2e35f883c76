"""`quire batch list`: the caller's batches."""

from __future__ import annotations

import sys
from typing import Final

import click

from common.lifecycle import BatchStatus
from infra.cli.answering import AnsweringByLine, print_json_line
from infra.cli.batches.references import batches_of
from infra.cli.batches.view import Batch, read_batch
from infra.cli.connection import running_api
from infra.cli.exits import exit_codes
from infra.cli.options import json_lines_option
from infra.cli.references import SHORT
from infra.cli.rows import print_row, print_table
from infra.cli.times import ago_text

_COLUMNS: Final = ("BATCH", "NAME", "STATE", "DOCUMENTS", "FAILED", "PAGES", "MADE")


@click.command(name="list", cls=AnsweringByLine, epilog=exit_codes())
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([status.value for status in BatchStatus]),
    help="Only batches in this state; may be repeated for several.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="The newest N.",
)
@click.option("--all", "everything", is_flag=True, help="All of them, however many.")
@json_lines_option
@click.pass_context
def list_(
    context: click.Context,
    *,
    statuses: tuple[str, ...],
    limit: int,
    everything: bool,
    as_json: bool,
) -> None:
    """List your batches, the newest first.

    In a pipe a line for each, with tabs between the id, the state, the percent, the documents
    that have ended, all documents, those that lack something, the pages read, when it was made,
    and its name.

    \b
    Examples:
      quire batch list
      quire batch list --status completed_with_errors --all | cut -f1
      quire batch list --json | jq -r .batch_id
    """
    with running_api(context.obj) as api:
        raws = list(batches_of(api, limit=None if everything else limit, status=statuses))
    if as_json:
        for raw in raws:
            print_json_line(raw)
    elif sys.stdout.isatty():
        if not raws:
            click.echo("There are no such batches.", err=True)
            return
        rows = [_row(read_batch(raw)) for raw in raws]
        print_table(_COLUMNS, rows, cut={"NAME"})
    else:
        for raw in raws:
            print_row(_fields(read_batch(raw)))


def _row(batch: Batch) -> tuple[str, ...]:
    return (
        batch.batch_id[:SHORT],
        batch.name or batch.purpose,
        batch.status.value.replace("_", " "),
        f"{batch.ended:,}/{batch.total:,}",
        f"{batch.failed + batch.completed_with_errors:,}",
        f"{batch.completed_pages:,}",
        ago_text(batch.created_at),
    )


def _fields(batch: Batch) -> tuple[str, ...]:
    return (
        batch.batch_id,
        batch.status.value,
        f"{batch.completion_percentage:.0f}",
        str(batch.ended),
        str(batch.total),
        str(batch.failed + batch.completed_with_errors),
        str(batch.completed_pages),
        batch.created_at or "",
        batch.name,
    )
