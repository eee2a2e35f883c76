"""`make deploy` and `make destroy`: `python -m infra.cli.deploying --help`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from infra.cli.deploy_check import look, summary, tell, verdict
from infra.cli.deploying.flow import Deployment, Stopped
from infra.cli.deploying.programs import ProgramFailed
from infra.cli.deploying.target import Target
from infra.cli.exits import CommandError, Exit, stop_signals

Command = TypeVar("Command", bound=Callable[..., Any])


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def deploying() -> None:
    """Deploy Quire to Google Cloud, or take it away."""


def _options(command: Command) -> Command:
    for option in (
        click.option("--yes", is_flag=True, help="Don't ask."),
        click.option("--supabase-url", envvar="SUPABASE_URL", default="", metavar="URL"),
        click.option("--env", "environment", default="prod", show_default=True, metavar="NAME"),
        click.option("--region", required=True, metavar="NAME"),
        click.option("--project", required=True, metavar="ID"),
    ):
        command = option(command)
    return command


@deploying.command()
@_options
def deploy(*, project: str, region: str, environment: str, supabase_url: str, yes: bool) -> None:
    """Deploy, or bring what is deployed up to date. Every step may be run again."""
    target = Target(project, region, environment, supabase_url=supabase_url.rstrip("/"))
    run = Deployment(target, tell=_say)
    _step(1, "Looking at what is there")
    checks = []
    for check in look(target):
        tell(check)
        checks.append(check)
    _say(summary(checks))
    if verdict(checks) == Exit.FAILED:
        raise Stopped("Something is missing.", "Nothing was made or changed.")
    for number, (what, do) in enumerate(
        (
            ("Packing the functions", run.package),
            ("Preparing Terraform's state", run.prepare_state),
            ("Making what comes first: APIs, registry, secrets", run.lay_foundations),
            ("Building the workers' image", run.push_image),
            ("Looking for the secrets' values", run.ask_for_secrets),
            ("Migrating the database", run.migrate),
        ),
        2,
    ):
        _step(number, what)
        do()
    _step(8, "Applying Terraform")
    run.apply(lambda: _confirmed("Apply this plan?", yes=yes))
    _step(9, "Asking the API whether it is ready")
    address = run.smoke()
    _say("")
    _say(f"Quire is at {address}")
    _say(f"  It is asked by:    quire --url {address} doctor")
    _say("  In Supabase:       Authentication, URL Configuration, Site URL is this address")
    _say("  Operators:         a user's app_metadata in Supabase: " + '{"role": "admin"}')
    _say("  Later changes:     the same command")


@deploying.command()
@_options
def destroy(*, project: str, region: str, environment: str, supabase_url: str, yes: bool) -> None:
    """Take away all that was deployed, documents too. The Supabase project stays as it is."""
    target = Target(project, region, environment, supabase_url=supabase_url.rstrip("/"))
    run = Deployment(target, tell=_say)
    if not yes:
        _say(f"This takes away Quire ({environment}) in {project}, with all its documents.")
        if not sys.stdin.isatty():
            raise Stopped("Nobody is there to be asked.", "make destroy … YES=1")
        if click.prompt("The project's id, to go on", default="", show_default=False) != project:
            raise Stopped("Nothing was taken away.")
    _step(1, "Preparing Terraform's state")
    run.prepare_state()
    values = [*run.values(run.running_image()), "-var=deletion_protection=false"]
    if target.assigned.get("deletion_protection", "true").strip() != "false":
        _step(2, "Lifting the protection against this")
        if run.terraform("apply", "-auto-approve", *values):
            raise Stopped("The protection could not be lifted.", "Nothing was taken away.")
    _step(3, "Taking everything away")
    if run.terraform("destroy", "-auto-approve", *values):
        raise Stopped("Not everything is away.", "Run it again: it goes on from there.")
    _say("")
    _say(f"Gone. What stays: the bucket {target.state_bucket}, the project's APIs, and in Supabase")
    _say("the tables and results. The bucket holds the earlier states, which hold a password.")


def _confirmed(question: str, *, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Stopped("Nobody is there to be asked.", "make deploy … YES=1")
    return click.confirm(question)


def _step(number: int, what: str) -> None:
    _say(f"\n[{number}] {what}")


def _say(sentence: str) -> None:
    click.echo(sentence)
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    try:
        with stop_signals():
            deploying.main(arguments, "python -m infra.cli.deploying", standalone_mode=False)
    except ProgramFailed as error:
        Stopped(error.said).show()
        return int(Exit.FAILED)
    except CommandError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return int(Exit.INTERRUPTED)
    return int(Exit.DONE)


if __name__ == "__main__":
    sys.exit(main())
