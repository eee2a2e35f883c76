"""`quire status`: how a job stands."""

from __future__ import annotations

import sys

import click

from infra.cli.answering import Answering, print_json
from infra.cli.connection import running_api
from infra.cli.display import display_on
from infra.cli.exits import STOPS, CommandError, Exit, exit_codes, stop_code
from infra.cli.jobs import read_job
from infra.cli.options import json_option, quiet_option
from infra.cli.patience import Patience, patiently
from infra.cli.references import job_argument, job_id
from infra.cli.report import status_lines
from infra.cli.watch import watch as watch_job


@click.command(
    cls=Answering,
    epilog=exit_codes(
        {
            Exit.DONE: "it is told, whatever the state; with --watch: every page was read",
            Exit.FAILED: "there is no such job; with --watch also: it failed or was cancelled",
            Exit.WITH_ERRORS: "with --watch: some pages could not be read",
        }
    ),
)
@job_argument
@click.option("--watch", is_flag=True, help="Follow the job until it ends.")
@json_option
@quiet_option
@click.pass_context
def status(context: click.Context, *, job: str, watch: bool, as_json: bool, quiet: bool) -> None:
    """Tell how JOB stands.

    With --watch it waits for the job's end, and ends as `quire run` does.

    \b
    Examples:
      quire status 0198c5be-6f1a-7cc2-a9cb-2d1c8f0e4b11
      quire status 0198c5be --watch
      quire status 0198c5be --json | jq .progress_percent
    """
    stream = sys.stderr if as_json else sys.stdout
    with running_api(context.obj) as api:
        whole = job_id(api, job)
        if not watch:
            raw = patiently(lambda: api.job(whole))
        else:
            try:
                with display_on(stream, quiet=quiet) as display:
                    for raw in watch_job(api, whole, Patience()):
                        display.job(whole, read_job(raw))
            except STOPS as stop:
                raise CommandError(
                    "Interrupted.",
                    stop_code(stop),
                    code="INTERRUPTED",
                    advice=f"The job itself goes on {api.place}.",
                ) from stop
    seen = read_job(raw)
    if as_json:
        print_json(raw)
    else:
        for line in status_lines(seen, context.obj.command):
            click.echo(line)
    if watch:
        context.exit(seen.exit_code)
