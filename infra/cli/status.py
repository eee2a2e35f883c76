"""`quire status`: how a job stands."""

from __future__ import annotations

import sys
from uuid import UUID

import click

from infra.cli.answering import Answering, print_json
from infra.cli.api import Api, Away
from infra.cli.connection import running_api
from infra.cli.display import display_on
from infra.cli.exits import STOPS, CommandError, stop_code
from infra.cli.jobs import RawJob, read_job
from infra.cli.options import json_option, quiet_option
from infra.cli.patience import Patience
from infra.cli.report import status_lines
from infra.cli.watch import watch as watch_job


@click.command(cls=Answering)
@click.argument("job", type=click.UUID)
@click.option("--watch", is_flag=True, help="Follow the job until it ends.")
@json_option
@quiet_option
@click.pass_context
def status(context: click.Context, *, job: UUID, watch: bool, as_json: bool, quiet: bool) -> None:
    """Tell how JOB stands.

    Ends with 0 whatever the job's state. With --watch it waits for the job's end and then ends
    as `quire run` does: 0 all read, 3 some pages could not be read, 1 failed or cancelled.

    \b
    Examples:
      quire status 0198c5be-6f1a-7cc2-a9cb-2d1c8f0e4b11
      quire status 0198c5be-6f1a-7cc2-a9cb-2d1c8f0e4b11 --watch
      quire status 0198c5be-6f1a-7cc2-a9cb-2d1c8f0e4b11 --json | jq .progress_percent
    """
    stream = sys.stderr if as_json else sys.stdout
    with running_api(context.obj) as api:
        if not watch:
            raw = ask(api, str(job))
        else:
            try:
                with display_on(stream, quiet=quiet) as display:
                    for raw in watch_job(api, str(job), Patience()):
                        display.job(str(job), read_job(raw))
            except STOPS as stop:
                raise CommandError(
                    "Interrupted.",
                    stop_code(stop),
                    code="INTERRUPTED",
                    advice="The job itself goes on in the running stack.",
                ) from stop
    seen = read_job(raw)
    if as_json:
        print_json(raw)
    else:
        for line in status_lines(seen):
            click.echo(line)
    if watch:
        context.exit(seen.exit_code)


def ask(api: Api, job_id: str) -> RawJob:
    """Return the job, asking again for a while where the API is briefly away."""
    patience = Patience(seconds=10)
    while True:
        try:
            return api.job(job_id)
        except Away as error:
            patience.wait(error)
