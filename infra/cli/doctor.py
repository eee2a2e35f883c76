"""`quire doctor`: which part answers, which doesn't, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click

from infra.cli.answering import Answering, print_json
from infra.cli.connection import home_at, living_record
from infra.cli.exits import Exit, exit_codes
from infra.cli.options import json_option
from infra.cli.printable import printable
from infra.cli.target import Remote, Wanted, remote_of
from infra.local.home import Home, StackRecord
from infra.local.layout import without_password
from infra.local.probes import Probe, probe_all

_NO_STACK = "Start one with `quire up`, or read one file with `quire run FILE`."


@click.command(
    cls=Answering,
    epilog=exit_codes(
        {
            Exit.DONE: "all is well",
            Exit.FAILED: "something is not well; it is told what, and what to do",
            Exit.USAGE: "wrong options or configuration",
            Exit.UNREACHABLE: "all that is installed is well, but no stack runs and no deployed "
            "Quire is configured",
        }
    ),
)
@json_option
@click.pass_context
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Say which part answers, which doesn't, and what to do.

    Looks at what is installed, and asks every part of the stack that runs. Where a deployed Quire
    is configured, asks that too, and whether it takes the token; with --url or --profile only
    that. What is printed holds no password and no token.

    \b
    Examples:
      quire doctor
      quire doctor --json | jq -r .endpoints.api
      quire --home /var/tmp/quire doctor
      quire --profile prod doctor
    """
    wanted: Wanted = context.obj
    remote = remote_of(wanted)
    home = home_at(wanted.home)
    record = None
    checks: list[Probe] = []
    if remote is None or not remote.is_typed:
        record = living_record(home)
        checks += _check_this_machine(home, record)
    if remote is not None:
        from infra.cli.remote_checks import check_remote

        checks += check_remote(remote)
    if as_json:
        print_json(_answer(home, record, checks, remote))
    else:
        for line in _lines(home, record, checks, remote):
            click.echo(line)
    if not all(check.ok for check in checks):
        context.exit(Exit.FAILED)
    context.exit(Exit.DONE if record or remote else Exit.UNREACHABLE)


def _check_this_machine(home: Home, record: StackRecord | None) -> Iterator[Probe]:
    from infra.cli.installation import check_installation

    asked = probe_all(record.endpoints, record.environment) if record else []
    # What the running stack says about itself stands for what was found beside it.
    names = {probe.name for probe in asked}
    yield from (check for check in check_installation(home) if check.name not in names)
    yield from asked


def _answer(
    home: Home, record: StackRecord | None, checks: Sequence[Probe], remote: Remote | None
) -> dict[str, object]:
    return {
        "running": record is not None,
        "home": str(home.folder),
        "log": str(home.log),
        "pid": record.pid if record else None,
        "started_at": record.started_at if record else None,
        "endpoints": _places(record),
        "checks": [asdict(check) for check in checks],
        "remote": {"url": remote.address, "source": remote.source} if remote else None,
        "advice": "" if record or remote else _NO_STACK,
    }


def _places(record: StackRecord | None) -> dict[str, str]:
    if record is None:
        return {}
    return {name: without_password(address) for name, address in record.endpoints.items()}


def _lines(
    home: Home, record: StackRecord | None, checks: Sequence[Probe], remote: Remote | None
) -> list[str]:
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
    if remote is not None:
        lines.append(f"The commands go to {remote.address} ({remote.source}).")
    if record is None and remote is None:
        lines += [f"No stack runs on {home.folder}.", _NO_STACK]
    elif record is not None:
        lines += [
            f"The stack is process {record.pid}, started {record.started_at}.",
            f"Its log: {home.log}",
        ]
    return [printable(line) for line in lines]
