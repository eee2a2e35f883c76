"""`quire history`: what has happened to a job."""

from __future__ import annotations

import sys

import click

from infra.cli.answering import AnsweringByLine, print_json_line
from infra.cli.connection import running_api
from infra.cli.exits import exit_codes
from infra.cli.jobs import RawJob
from infra.cli.listing import history_of
from infra.cli.options import json_lines_option
from infra.cli.printable import printable
from infra.cli.references import job_argument, job_id
from infra.cli.rows import print_row
from infra.cli.sentences import event_sentence
from infra.cli.times import local_text


@click.command(cls=AnsweringByLine, epilog=exit_codes())
@job_argument
@json_lines_option
@click.pass_context
def history(context: click.Context, *, job: str, as_json: bool) -> None:
    """Tell what has happened to JOB, the first first.

    On a terminal a sentence with its time here. In a pipe a line for each event, with tabs
    between its id, its time, its kind and the sentence.

    \b
    Examples:
      quire history 0198c5be
      quire history 0198c5be --json | jq -r 'select(.kind == "chunk_failed").details.message'
    """
    with running_api(context.obj) as api:
        for event in history_of(api, job_id(api, job)):
            print_event(event, as_json=as_json)


def print_event(event: RawJob, *, as_json: bool) -> None:
    """Print one event as the history tells it."""
    if as_json:
        print_json_line(event)
        return
    kind, at, details = str(event.get("kind", "")), str(event.get("at", "")), event.get("details")
    sentence = event_sentence(kind, details if isinstance(details, dict) else {})
    if sys.stdout.isatty():
        click.echo(f"{local_text(at)}  {printable(sentence)}")
    else:
        print_row([str(event.get("id", "")), at, kind, sentence])
