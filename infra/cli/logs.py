"""`quire logs`: a job's own log lines."""

from __future__ import annotations

import sys
import time
from typing import Final

import click

from infra.cli.answering import AnsweringByLine, print_json_line
from infra.cli.connection import running_api
from infra.cli.exits import exit_codes
from infra.cli.jobs import RawJob, read_job
from infra.cli.listing import logs_of
from infra.cli.options import json_lines_option
from infra.cli.patience import patiently
from infra.cli.references import job_argument, job_id
from infra.cli.rows import print_row
from infra.cli.times import local_text

_LOOK_EVERY_SECONDS: Final = 2.0
_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@click.command(cls=AnsweringByLine, epilog=exit_codes())
@job_argument
@click.option(
    "--level",
    type=click.Choice(_LEVELS, case_sensitive=False),
    help="Only lines of this level and above.",
)
@click.option("--follow", "-f", is_flag=True, help="Go on with new lines until the job has ended.")
@json_lines_option
@click.pass_context
def logs(
    context: click.Context, *, job: str, level: str | None, follow: bool, as_json: bool
) -> None:
    """Show JOB's own log lines, the oldest first.

    In a pipe a line has tabs between its time, its level, the chunk (from 1) and the sentence.

    \b
    Examples:
      quire logs 0198c5be
      quire logs 0198c5be --level warning --json | jq -r .message
    """
    with running_api(context.obj) as api:
        whole = job_id(api, job)
        after: object = None
        while True:
            # Asked before the lines are: none that was written before the end is missed.
            ended = not follow or read_job(patiently(lambda: api.job(whole))).is_final
            for line in logs_of(api, whole, after=after, level=level):
                after = line.get("id", after)
                _print_line(line, as_json=as_json)
            if ended:
                return
            time.sleep(_LOOK_EVERY_SECONDS)


def _print_line(line: RawJob, *, as_json: bool) -> None:
    if as_json:
        print_json_line(line)
        return
    at, level, index = str(line.get("at", "")), str(line.get("level", "")), line.get("chunk_index")
    chunk = str(index + 1) if isinstance(index, int) else ""
    sentence = "  ".join([str(line.get("message", "")), *_fields(line)])
    if sys.stdout.isatty():
        about = f"chunk {chunk}: " if chunk else ""
        print_row([f"{local_text(at)}  {level:<8} {about}{sentence}"])
    else:
        print_row([at, level, chunk, sentence])


def _fields(line: RawJob) -> list[str]:
    fields = line.get("fields")
    if not isinstance(fields, dict):
        return []
    return [f"{name}={value}" for name, value in fields.items() if value not in (None, "")]
