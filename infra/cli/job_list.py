"""`quire jobs`: the caller's jobs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

import click

from common.lifecycle import JobStatus
from infra.cli.answering import AnsweringByLine, print_json_line
from infra.cli.api import Api
from infra.cli.connection import running_api
from infra.cli.exits import exit_codes
from infra.cli.jobs import Job, RawJob, read_job
from infra.cli.listing import jobs_of
from infra.cli.options import json_lines_option
from infra.cli.references import SHORT
from infra.cli.rows import print_row, print_table, table_lines
from infra.cli.times import ago_text

_COLUMNS: Final = ("JOB", "FILE", "STATE", "PAGES", "MADE")
#: What gives way on a narrow terminal.
_CUT: Final = {"FILE", "STATE"}
_REFRESH_SECONDS: Final = 2.0

Ask = Callable[[], list[RawJob]]


@click.command(cls=AnsweringByLine, epilog=exit_codes())
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([status.value for status in JobStatus]),
    help="Only jobs in this state; may be repeated for several.",
)
@click.option("--filename", metavar="TEXT", help="Only documents whose names hold this.")
@click.option("--matter", metavar="NAME", help="Only documents of this matter.")
@click.option("--batch", metavar="ID", help="Only documents of this batch, by its whole id.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="The newest N.",
)
@click.option("--all", "everything", is_flag=True, help="All of them, however many.")
@click.option("--watch", is_flag=True, help="Look again every two seconds, until Ctrl-C.")
@json_lines_option
@click.pass_context
def jobs(
    context: click.Context,
    *,
    statuses: tuple[str, ...],
    filename: str | None,
    matter: str | None,
    batch: str | None,
    limit: int,
    everything: bool,
    watch: bool,
    as_json: bool,
) -> None:
    """List your jobs, the newest first.

    On a terminal a table; the first letters of an id, as it shows them, are enough for the other
    commands. In a pipe a line for each job, with tabs between the id, the state, the percent, the
    pages read, all pages, when it was made, and the file's name. With --watch, a pipe gets a
    job's line again whenever it has changed.

    \b
    Examples:
      quire jobs
      quire jobs --status failed --all | cut -f1 | xargs quire retry
      quire jobs --filename minutes --json | jq -r .job_id
    """
    with running_api(context.obj) as api:
        size = None if everything else limit
        filters = {"status": statuses, "filename": filename, "matter": matter, "batch": batch}
        ask = _asking(api, size, **filters)
        on_terminal = sys.stdout.isatty() and not as_json
        if watch:
            (_refresh_table if on_terminal else _tell_changes)(ask, as_json)
        elif on_terminal:
            _print_table(ask())
        else:
            for raw in ask():
                _print_line(raw, as_json)


def _asking(api: Api, limit: int | None, **filters: object) -> Ask:
    return lambda: list(jobs_of(api, limit=limit, **filters))


def _print_table(raws: Sequence[RawJob]) -> None:
    if not raws:
        click.echo("There are no such jobs.", err=True)
        return
    print_table(_COLUMNS, _rows(raws), cut=_CUT)


def _rows(raws: Sequence[RawJob]) -> list[tuple[str, ...]]:
    return [_row(read_job(raw)) for raw in raws]


def _row(job: Job) -> tuple[str, ...]:
    pages = f"{job.completed_pages}/{job.total_pages}" if job.total_pages else "-"
    return job.job_id[:SHORT], job.filename, job.progress_line, pages, ago_text(job.created_at)


def _print_line(raw: RawJob, as_json: bool) -> None:
    job = read_job(raw)
    if as_json:
        print_json_line(raw)
        return
    percent = f"{job.progress_percent:.0f}"
    pages = (str(job.completed_pages), str(job.total_pages))
    print_row([job.job_id, job.status, percent, *pages, job.created_at or "", job.filename])


def _refresh_table(ask: Ask, _as_json: bool) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False)
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            lines = table_lines(_COLUMNS, _rows(ask()), cut=_CUT, width=console.width)
            live.update(Text("\n".join(lines)), refresh=True)
            time.sleep(_REFRESH_SECONDS)


def _tell_changes(ask: Ask, as_json: bool) -> None:
    told: dict[str, RawJob] = {}
    while True:
        for raw in ask():
            job = read_job(raw)
            # The estimate moves with every look: it is no change.
            seen = {name: value for name, value in raw.items() if name not in _MOVING}
            if told.get(job.job_id) != seen:
                told[job.job_id] = seen
                _print_line(raw, as_json)
        time.sleep(_REFRESH_SECONDS)


_MOVING: Final = frozenset({"eta", "heartbeat_at"})
