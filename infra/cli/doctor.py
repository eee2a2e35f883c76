"""`quire doctor`: which part answers, which doesn't, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from infra.cli.answering import Answering, print_json
from infra.cli.connection import home_at, living_record
from infra.cli.exits import Exit
from infra.cli.installation import check_installation
from infra.cli.options import json_option
from infra.cli.printable import printable
from infra.local.home import Home, StackRecord
from infra.local.layout import without_password
from infra.local.probes import Probe, probe_all

_NO_STACK = "Start one with `quire up`, or read one file with `quire run FILE`."


@click.command(cls=Answering)
@json_option
@click.pass_context
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Say which part answers, which doesn't, and what to do.

    Looks at what is installed, and asks every part of the stack that runs. Ends with 0 when all
    is well, 1 when something is not, and 4 when all that is installed is well but no stack runs.
    What is printed holds no password.

    \b
    Examples:
      quire doctor
      quire doctor --json | jq -r .endpoints.api
      quire --home /var/tmp/quire doctor
    """
    home = home_at(context.obj)
    record = living_record(home)
    checks = list(check_installation(home))
    if record is not None:
        asked = probe_all(record.endpoints, record.environment)
        # What the running stack says about itself stands for what was found beside it.
        names = {probe.name for probe in asked}
        checks = [check for check in checks if check.name not in names] + asked
    if as_json:
        print_json(_answer(home, record, checks))
    else:
        for line in _lines(home, record, checks):
            click.echo(line)
    if not all(check.ok for check in checks):
        context.exit(Exit.FAILED)
    context.exit(Exit.DONE if record else Exit.UNREACHABLE)


def _answer(home: Home, record: StackRecord | None, checks: Sequence[Probe]) -> dict[str, object]:
    return {
        "running": record is not None,
        "home": str(home.folder),
        "log": str(home.log),
        "pid": record.pid if record else None,
        "started_at": record.started_at if record else None,
        "endpoints": _places(record),
        "checks": [asdict(check) for check in checks],
        "advice": "" if record else _NO_STACK,
    }


def _places(record: StackRecord | None) -> dict[str, str]:
    if record is None:
        return {}
    return {name: without_password(address) for name, address in record.endpoints.items()}


def _lines(home: Home, record: StackRecord | None, checks: Sequence[Probe]) -> list[str]:
    places = _places(record)
    lines = []
    for check in checks:
        mark = "ok  " if check.ok else "BAD "
        place = places.get(check.name, "")
        said = f"{place}  {check.detail}" if place else check.detail
        lines.append(f"{mark} {check.name:<17} {said}")
        if not check.ok and check.advice:
            lines.append(f"     {'':<17} {check.advice}")
    lines.append("")
    if record is None:
        lines += [f"No stack runs on {home.folder}.", _NO_STACK]
    else:
        lines += [
            f"The stack is process {record.pid}, started {record.started_at}.",
            f"Its log: {home.log}",
        ]
    return [printable(line) for line in lines]
