"""`quire webhooks`: what became of the messages about a job."""

from __future__ import annotations

import click

from infra.cli.answering import Answering, print_json
from infra.cli.connection import running_api
from infra.cli.exits import exit_codes
from infra.cli.jobs import RawJob, seconds_text
from infra.cli.listing import rows_in
from infra.cli.options import json_option
from infra.cli.patience import patiently
from infra.cli.printable import printable
from infra.cli.references import job_argument, job_id
from infra.cli.times import local_text


@click.command(cls=Answering, epilog=exit_codes())
@job_argument
@json_option
@click.pass_context
def webhooks(context: click.Context, *, job: str, as_json: bool) -> None:
    """Tell what became of the messages that were posted about JOB.

    \b
    Examples:
      quire webhooks 0198c5be
      quire webhooks 0198c5be --json | jq '.deliveries[] | {event, status}'
    """
    with running_api(context.obj) as api:
        path = f"/v1/jobs/{job_id(api, job)}/webhooks"
        answer = patiently(lambda: api.get(path))
    if as_json:
        print_json(answer)
        return
    deliveries = rows_in(answer, "deliveries")
    if not deliveries:
        click.echo("Nobody is told about this job.", err=True)
    for delivery in deliveries:
        for line in _lines(delivery):
            click.echo(printable(line))


def _lines(delivery: RawJob) -> list[str]:
    lines = [f"{delivery.get('event')} to {delivery.get('url')}: {delivery.get('status')}"]
    attempts = delivery.get("attempts")
    for attempt in attempts if isinstance(attempts, list) else []:
        error = attempt.get("error")
        trouble = error.get("message") if isinstance(error, dict) else None
        said = trouble or f"HTTP {attempt.get('status_code')}"
        seconds = attempt.get("seconds")
        took = f" after {seconds_text(seconds)}" if isinstance(seconds, int | float) else ""
        lines.append(f"  {local_text(attempt.get('at'))}  {said}{took}")
    following = delivery.get("next_attempt_at")
    if following:
        lines.append(f"  {local_text(str(following))}  is tried again")
    return lines
