"""The `quire` command: its global options, and its commands by name, imported when called."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version as installed_version
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from infra.cli.by_name import CommandsByName
from infra.cli.exits import EPILOG, Exit, stop_signals
from infra.cli.target import Wanted

#: Each command's module and the line about it in `quire --help`, so that listing the commands
#: imports none of them.
COMMANDS = {
    "run": ("infra.cli.run", "Read a PDF from start to result, in one go."),
    "up": ("infra.cli.up", "Start the stack and keep it running."),
    "submit": ("infra.cli.submit", "Hand over PDFs; prints their job ids."),
    "batch": ("infra.cli.batches.group", "Read many documents at once."),
    "jobs": ("infra.cli.job_list", "List your jobs, the newest first."),
    "status": ("infra.cli.status", "Tell how a job stands."),
    "result": ("infra.cli.result", "Fetch a job's text or JSON."),
    "outline": ("infra.cli.outline", "Show a document's sections, with pages and summaries."),
    "search": ("infra.cli.search", "Find passages in your documents."),
    "pause": ("infra.cli.controls", "Start no more chunks of jobs; those that run end."),
    "resume": ("infra.cli.controls", "Let paused jobs go on."),
    "cancel": ("infra.cli.controls", "End jobs, and remove what they have made."),
    "retry": ("infra.cli.controls", "Read again what failed of jobs."),
    "extend": ("infra.cli.controls", "Have further stages made of jobs that are read."),
    "events": ("infra.cli.events", "Follow what happens to a job, one line an event."),
    "history": ("infra.cli.history", "Tell what has happened to a job."),
    "logs": ("infra.cli.logs", "Show a job's own log lines."),
    "webhooks": ("infra.cli.webhooks", "Tell what became of a job's webhooks."),
    "credits": ("infra.cli.credits", "Tell how many pages may still be read."),
    "token": ("infra.cli.token", "Print a token for curl on this machine's stack."),
    "flower": ("infra.cli.flower", "Open Flower, Celery's monitor, on this machine's stack."),
    "doctor": ("infra.cli.doctor", "Say which part answers, which doesn't, and what to do."),
    "migrate": ("infra.cli.migrate", "Bring a deployed Quire's database up to date."),
    "deploy-check": ("infra.cli.deploy_check", "Tell what a deployment lacks; create nothing."),
}


class Quire(CommandsByName):
    """The whole command."""

    table = COMMANDS

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Where the reader of its output has gone, end without a word."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # What is still buffered can't go into the closed pipe when the process ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(Exit.READER_GONE)


def _version_text() -> str:
    return f"quire {installed_version('quire')} (Python {sys.version.split()[0]})"


def _show_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(_version_text())
        context.exit()


@click.group(
    cls=Quire,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="QUIRE_HOME",
    show_envvar=True,
    metavar="DIR",
    help="Where this machine's stack keeps its data, log and addresses.",
)
@click.option(
    "--profile",
    metavar="NAME",
    help="A deployed Quire, by its name in the configuration file; `local` for this machine's.",
)
@click.option(
    "--url",
    metavar="URL",
    help="A deployed Quire, by its address; its token is in QUIRE_TOKEN or the file.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and end.",
)
@click.pass_context
def cli(context: click.Context, *, home: Path | None, profile: str | None, url: str | None) -> None:
    """Read large PDFs in parallel: text and boxes of every page.

    Works with the stack of this machine, or with a deployed Quire: --url or --profile, else
    QUIRE_URL with QUIRE_TOKEN, else [default] in ~/.config/quire/config.toml (or in
    XDG_CONFIG_HOME). A profile of the file is

    \b
      [prod]
      url = "https://quire.example.org"
      token = "qk_..."

    \b
    Examples:
      quire run scan.pdf                 read a PDF; starts and stops what it needs
      quire up                           keep the stack running in this terminal
      quire submit *.pdf --watch         in another one: hand over many PDFs
      quire --profile prod jobs          the jobs of a deployed Quire
    """
    typed = context.get_parameter_source("home") is ParameterSource.COMMANDLINE
    context.obj = Wanted(home, home_typed=typed, profile=profile, url=url)


@cli.command("version")
def version() -> None:
    """Show the version."""
    click.echo(_version_text())


def main() -> None:
    """Run the command and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that knows few letters shows `?` for the others of a document's text.
            stream.reconfigure(errors="replace")
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run the command with these arguments and return its exit code."""
    try:
        with stop_signals():
            code = cli.main(arguments, prog_name="quire", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return int(Exit.INTERRUPTED)
    return int(code or Exit.DONE)
