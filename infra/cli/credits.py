"""`quire credits`: how many pages may still be read."""

from __future__ import annotations

import click

from infra.cli.answering import Answering, print_json
from infra.cli.connection import running_api
from infra.cli.exits import exit_codes
from infra.cli.jobs import RawJob
from infra.cli.listing import rows_in
from infra.cli.options import json_option
from infra.cli.patience import patiently
from infra.cli.printable import printable
from infra.cli.references import SHORT
from infra.cli.times import local_text


@click.command(cls=Answering, epilog=exit_codes())
@click.option(
    "--limit",
    type=click.IntRange(1, 100),
    default=10,
    show_default=True,
    metavar="N",
    help="The last N entries of the ledger.",
)
@json_option
@click.pass_context
def credits(  # noqa: A001 - the command's own name
    context: click.Context, *, limit: int, as_json: bool
) -> None:
    """Tell how many pages may still be read, and what the last ones went to.

    A credit is a page. They are reserved when a job begins, and given back for what was not read.

    \b
    Examples:
      quire credits
      quire credits --json | jq .available
    """
    with running_api(context.obj) as api:
        answer = patiently(lambda: api.get("/v1/credits", limit=limit))
    if as_json:
        print_json(answer)
        return
    if not answer.get("enabled"):
        click.echo("Reading costs nothing here: credits are switched off.")
    elif answer.get("available") is None:
        click.echo("What the account has is not for a token that is limited to matters.")
    else:
        click.echo(f"Available  {answer.get('available')}")
        click.echo(f"Reserved   {answer.get('reserved')}")
    for entry in rows_in(answer, "entries"):
        click.echo(printable(_line(entry)))


def _line(entry: RawJob) -> str:
    change = entry.get("available_change")
    signed = f"{change:+d}" if isinstance(change, int) else "?"
    job = f"job {str(entry['job_id'])[:SHORT]}" if entry.get("job_id") else ""
    rest = "  ".join(part for part in (job, str(entry.get("note") or "")) if part)
    at = local_text(str(entry.get("at", "")))
    return f"{at}  {entry.get('kind', ''):<9} {signed:>8}  {rest}".rstrip()
