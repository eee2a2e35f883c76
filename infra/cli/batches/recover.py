"""`quire batch recover`: has read again what failed."""

from __future__ import annotations

from uuid import uuid4

import click

from infra.cli.answering import Answering, print_json
from infra.cli.api import Api
from infra.cli.batches.follow import follow
from infra.cli.batches.references import batch_argument, batch_id
from infra.cli.batches.view import read_batch, status_lines
from infra.cli.connection import running_api
from infra.cli.exits import Exit, exit_codes
from infra.cli.jobs import RawJob
from infra.cli.listing import pages_of
from infra.cli.options import json_option, quiet_option
from infra.cli.patience import patiently
from infra.cli.printable import printable


@click.command(
    cls=Answering,
    epilog=exit_codes(
        {
            Exit.DONE: "the recovery is made; with --watch: everything of it was read",
            Exit.FAILED: "nothing can be recovered, or the API refused; with --watch: it failed",
            Exit.WITH_ERRORS: "with --watch: something could not be read again",
        }
    ),
)
@batch_argument
@click.option(
    "--strategy",
    type=click.Choice(["selective", "all"]),
    default="selective",
    show_default=True,
    help="selective: what may pass this time, and the rest is named. all: everything that failed.",
)
@click.option(
    "--priority",
    type=click.Choice(["high", "normal", "low"]),
    help="Whose chunks are read first; one above the batch's where nothing is said.",
)
@click.option("--watch", is_flag=True, help="Follow the recovery until it has ended.")
@json_option
@quiet_option
@click.pass_context
def recover(
    context: click.Context,
    *,
    batch: str,
    strategy: str,
    priority: str | None,
    watch: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Read again what failed of BATCH, and print the recovery's id.

    What has been read is kept: only the chunks and pages that failed are read. What another try
    would not help is named, and left alone.

    \b
    Examples:
      quire batch recover 0198c5be --watch
      quire batch recover 0198c5be --strategy all
    """
    body = {"strategy": strategy} | ({"priority": priority} if priority else {})
    key = str(uuid4())
    with running_api(context.obj) as api:
        whole = batch_id(api, batch)
        raw: RawJob = patiently(
            lambda: api.post(f"/v1/batches/{whole}/recover", key=key, json=body)
        )
        made = read_batch(raw)
        skipped = _skipped(api, made.batch_id) if made.skipped_count else []
        if not as_json:
            click.echo(made.batch_id)
            for row in skipped:
                click.echo(f"Left alone: {_skipped_line(row)}", err=True)
        code = Exit.DONE
        if watch:
            raw, made = follow(api, made.batch_id, quiet=quiet)
            code = made.exit_code
            if not as_json and not quiet:
                for line in status_lines(made):
                    click.echo(line, err=True)
        if as_json:
            print_json({**raw, "skipped": skipped})
        context.exit(code)


def _skipped(api: Api, batch: str) -> list[RawJob]:
    path = f"/v1/batches/{batch}/skipped"
    return list(pages_of(api, path, "skipped", "cursor", None, {}))


def _skipped_line(row: RawJob) -> str:
    pages = f", pages {row['pages']}" if row.get("pages") else ""
    return printable(f"{row.get('filename')}{pages}: {row.get('message')} [{row.get('code')}]")
