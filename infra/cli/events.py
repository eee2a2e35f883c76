"""`quire events`: what happens to a job, as it happens."""

from __future__ import annotations

import click

from infra.cli.answering import AnsweringByLine
from infra.cli.connection import running_api
from infra.cli.exits import Exit, exit_codes
from infra.cli.history import print_event
from infra.cli.options import json_lines_option
from infra.cli.patience import Patience
from infra.cli.references import job_argument, job_id
from infra.cli.watch import follow_events


@click.command(
    cls=AnsweringByLine,
    epilog=exit_codes({Exit.DONE: "the job has ended, however (`quire status --watch` tells how)"}),
)
@job_argument
@click.option(
    "--after",
    type=click.IntRange(min=0),
    metavar="ID",
    help="Only events after this one; all from the first otherwise.",
)
@json_lines_option
@click.pass_context
def events(context: click.Context, *, job: str, after: int | None, as_json: bool) -> None:
    """Follow what happens to JOB, one line an event, until it ends.

    Begins with what has happened so far. Where the connection breaks off, it is taken up again
    after the last event that was seen. In a pipe a line has tabs between the event's id, its
    time, its kind and the sentence; with --json it is the stream's own object and its id.

    \b
    Examples:
      quire events 0198c5be
      quire events 0198c5be --after 17
      quire events 0198c5be --json | jq -r '[.kind, .job.progress_percent] | @tsv'
    """
    with running_api(context.obj) as api:
        start = None if after is None else str(after)
        for event in follow_events(api, job_id(api, job), start, Patience()):
            print_event(event, as_json=as_json)
