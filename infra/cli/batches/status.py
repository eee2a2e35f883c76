"""`quire batch status`: how a batch stands."""

from __future__ import annotations

import click

from infra.cli.answering import Answering, print_json
from infra.cli.api import Api
from infra.cli.batches.follow import follow
from infra.cli.batches.references import batch_argument, batch_id, documents_of
from infra.cli.batches.view import read_batch, status_lines
from infra.cli.connection import running_api
from infra.cli.exits import Exit, exit_codes
from infra.cli.jobs import RawJob
from infra.cli.options import json_option, quiet_option
from infra.cli.patience import patiently
from infra.cli.rows import print_row


@click.command(
    cls=Answering,
    epilog=exit_codes(
        {
            Exit.DONE: "it is told, whatever the state; with --watch: every page was read",
            Exit.FAILED: "there is no such batch; with --watch also: it failed or was cancelled",
            Exit.WITH_ERRORS: "with --watch: something could not be read",
        }
    ),
)
@batch_argument
@click.option("--watch", is_flag=True, help="Follow the batch until it has ended.")
@click.option("--documents", is_flag=True, help="List its documents too, a line each.")
@click.option("--failed", is_flag=True, help="List those that failed or lack pages, and why.")
@json_option
@quiet_option
@click.pass_context
def status(
    context: click.Context,
    *,
    batch: str,
    watch: bool,
    documents: bool,
    failed: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Tell how BATCH stands.

    Documents are listed with tabs between their place in the manifest, the job's id, the state,
    the pages read, all pages, the error's code and sentence, and the file's name.

    \b
    Examples:
      quire batch status 0198c5be --watch
      quire batch status 0198c5be --failed | cut -f8
      quire batch status 0198c5be --json | jq .completion_percentage
    """
    with running_api(context.obj) as api:
        whole = batch_id(api, batch)
        if watch:
            raw, seen = follow(api, whole, quiet=quiet)
        else:
            raw = patiently(lambda: api.get(f"/v1/batches/{whole}"))
            seen = read_batch(raw)
        listed = _listed(api, whole, only_failed=failed) if documents or failed else []
    if as_json:
        print_json({**raw, "documents": listed} if documents or failed else raw)
    else:
        for line in status_lines(seen):
            click.echo(line)
        for row in listed:
            print_row(_fields(row))
    if watch:
        context.exit(seen.exit_code)


def _listed(api: Api, batch: str, *, only_failed: bool) -> list[RawJob]:
    if not only_failed:
        return list(documents_of(api, batch))
    found = [
        row
        for status in ("failed", "completed_with_errors")
        for row in documents_of(api, batch, status=status)
    ]
    return sorted(found, key=lambda row: int(str(row["position"])))


def _fields(row: RawJob) -> tuple[str, ...]:
    error = row.get("error")
    trouble = error if isinstance(error, dict) else {}
    return (
        str(row["position"]),
        str(row["job_id"]),
        str(row["status"]),
        str(row["completed_pages"]),
        str(row["total_pages"]),
        str(trouble.get("code", "")),
        str(trouble.get("message", "")),
        str(row["filename"]),
    )
