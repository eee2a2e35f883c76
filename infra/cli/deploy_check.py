"""`quire deploy-check`: what is missing before anything is created."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from infra.cli.answering import Answering, print_json
from infra.cli.exits import Exit, UnusableInput, exit_codes
from infra.cli.options import json_option
from infra.cli.printable import printable

if TYPE_CHECKING:
    from infra.cli.deploying.check import Check
    from infra.cli.deploying.target import Target

_MARKS: Final = {
    "ok": "ok  ",
    "later": "ok  ",
    "note": "NOTE",
    "missing": "MISS",
    "unknown": "?   ",
}


@click.command(
    "deploy-check",
    cls=Answering,
    epilog=exit_codes(
        {
            Exit.DONE: "nothing is missing",
            Exit.FAILED: "something is missing; it is told what, and what to do",
            Exit.USAGE: "wrong options; nothing was looked at",
            Exit.WITH_ERRORS: "nothing is known to be missing, but not all could be looked at",
        }
    ),
)
@click.option("--project", required=True, envvar="PROJECT", metavar="ID", help="A Google project.")
@click.option("--region", required=True, envvar="REGION", metavar="NAME", help="As europe-west1.")
@click.option(
    "--env",
    "environment",
    default="prod",
    show_default=True,
    metavar="NAME",
    help="Which of terraform/environments.",
)
@click.option(
    "--supabase-url",
    envvar="SUPABASE_URL",
    default="",
    metavar="URL",
    help="The Supabase project, where no .tfvars file names it.",
)
@click.option(
    "--terraform",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The Terraform configuration; this project's where left out.",
)
@click.option("--offline", is_flag=True, help="Look only at what this machine knows by itself.")
@json_option
@click.pass_context
def deploy_check(
    context: click.Context,
    *,
    project: str,
    region: str,
    environment: str,
    supabase_url: str,
    folder: Path | None,
    offline: bool,
    as_json: bool,
) -> None:
    """Tell what is missing for `make deploy`, before anything is created.

    Looks at the tools, the logins, the project with its APIs, quotas, buckets and secrets, and at
    the variables. It only looks. What can't be looked at is told, and why. No secret is shown, and
    none is asked for.

    \b
    Examples:
      quire deploy-check --project my-project --region europe-west1
      quire deploy-check --project my-project --region europe-west1 --env dev --offline
      quire deploy-check … --json | jq -r '.checks[] | select(.state == "missing").advice'
    """
    from infra.cli.deploying.target import ROOT, Target

    target = Target(
        project,
        region,
        environment,
        terraform=folder.resolve() if folder else ROOT / "terraform",
        supabase_url=supabase_url.rstrip("/"),
    )
    if not (target.terraform / "variables.tf").is_file():
        raise UnusableInput(
            f"There is no Terraform configuration in {target.terraform}.",
            code="NO_TERRAFORM",
            advice="`quire deploy-check` works from a checkout; or say where with --terraform.",
        )
    checks: list[Check] = []
    for check in look(target, offline=offline):
        checks.append(check)
        if not as_json:
            tell(check)
    if as_json:
        print_json({"project": project, "region": region, "checks": [asdict(c) for c in checks]})
    else:
        click.echo("")
        click.echo(summary(checks))
    context.exit(verdict(checks))


def look(target: Target, *, offline: bool = False) -> Iterator[Check]:
    """Make all checks, each group beside the others, and yield them in their order."""
    from infra.cli.deploying import cloud, tools, values

    def all_values(target: Target) -> Iterator[Check]:
        return values.check_values(target, offline=offline)

    groups = [tools.check_tools, all_values]
    if not offline:
        groups[1:1] = [
            tools.check_logins,
            cloud.check_project,
            cloud.check_quotas,
            cloud.check_buckets,
            cloud.check_secrets,
        ]
    with ThreadPoolExecutor(len(groups)) as threads:
        found: Iterable[list[Check]] = threads.map(lambda group: list(group(target)), groups)
        for group in found:
            yield from group


def tell(check: Check) -> None:
    """Print one check, and below it what to do."""
    click.echo(printable(f"{_MARKS[check.state]} {check.name:<27} {check.detail}"))
    if check.advice and check.state not in {"ok", "later"}:
        click.echo(printable(f"     {'':<27} {check.advice}"))
    sys.stdout.flush()


def verdict(checks: Sequence[Check]) -> Exit:
    """Return what the command ends with."""
    states = {str(check.state) for check in checks}
    if "missing" in states:
        return Exit.FAILED
    return Exit.WITH_ERRORS if "unknown" in states else Exit.DONE


def summary(checks: Sequence[Check]) -> str:
    """Say how it stands in one sentence."""
    missing = sum(check.state == "missing" for check in checks)
    unlooked = sum(check.state == "unknown" for check in checks)
    said = "Nothing is missing." if not missing else f"Missing: {missing}."
    return f"{said} Not looked at: {unlooked}." if unlooked else said
