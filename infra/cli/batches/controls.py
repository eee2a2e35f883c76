"""`quire batch pause`, `resume`, `cancel` and `priority`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final

import click

from infra.cli.answering import Answering, print_json
from infra.cli.api import Api
from infra.cli.batches.references import batch_argument, batch_id, batches_argument
from infra.cli.batches.view import read_batch
from infra.cli.connection import running_api
from infra.cli.exits import CommandError, Exit, exit_codes
from infra.cli.jobs import RawJob
from infra.cli.options import json_option
from infra.cli.patience import patiently
from infra.cli.printable import printable
from infra.cli.references import SHORT

_DONE: Final = {
    Exit.DONE: "done, for every batch",
    Exit.FAILED: "a batch does not allow it, or is not there; the others are done all the same",
}


@click.command(cls=Answering, epilog=exit_codes(_DONE))
@batches_argument
@json_option
@click.pass_context
def pause(context: click.Context, *, batches: tuple[str, ...], as_json: bool) -> None:
    """Start nothing more of each BATCH. What runs ends, and what is read stays.

    \b
    Examples:
      quire batch pause 0198c5be
    """
    with running_api(context.obj) as api:
        context.exit(_carry_out(api, batches, "pause", as_json=as_json))


@click.command(cls=Answering, epilog=exit_codes(_DONE))
@batches_argument
@json_option
@click.pass_context
def resume(context: click.Context, *, batches: tuple[str, ...], as_json: bool) -> None:
    """Let each paused BATCH go on from where it was.

    \b
    Examples:
      quire batch resume 0198c5be
    """
    with running_api(context.obj) as api:
        context.exit(_carry_out(api, batches, "resume", as_json=as_json))


@click.command(cls=Answering, epilog=exit_codes(_DONE))
@batches_argument
@click.option("--yes", "-y", is_flag=True, help="Don't ask first.")
@json_option
@click.pass_context
def cancel(context: click.Context, *, batches: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """End each BATCH for good. What has been read of it stays.

    Asks first on a terminal. In a pipe, or with --yes, it does not.

    \b
    Examples:
      quire batch cancel 0198c5be
    """
    with running_api(context.obj) as api:
        if not yes and sys.stdin.isatty():
            batches = _confirmed(api, batches)
        context.exit(_carry_out(api, batches, "cancel", as_json=as_json))


@click.command(cls=Answering, epilog=exit_codes(_DONE))
@batch_argument
@click.argument("priority", type=click.Choice(["high", "normal", "low"]))
@json_option
@click.pass_context
def priority(context: click.Context, *, batch: str, priority: str, as_json: bool) -> None:
    """Have what BATCH still waits for read with another PRIORITY, from now on.

    \b
    Examples:
      quire batch priority 0198c5be low
    """

    def change(api: Api, whole: str) -> RawJob:
        return api.patch(f"/v1/batches/{whole}", {"priority": priority})

    with running_api(context.obj) as api:
        context.exit(_carry_out(api, (batch,), change, as_json=as_json))


def _carry_out(
    api: Api,
    references: Sequence[str],
    action: str | Callable[[Api, str], RawJob],
    *,
    as_json: bool,
) -> Exit:
    done: list[RawJob] = []
    refused: list[dict[str, object]] = []
    for reference in references:
        try:
            whole = batch_id(api, reference)
            raw = patiently(lambda whole=whole: _do(api, whole, action))  # type: ignore[misc]
        except CommandError as error:
            if error.concerns_all:
                raise
            # One batch's trouble; the others may be fine.
            refused.append({"batch_id": reference, **error.as_json()})
            click.echo(f"{reference}: {printable(error.message)} [{error.code}]", err=True)
            continue
        done.append(raw)
        if not as_json:
            now = read_batch(raw)
            click.echo(f"{whole}: {now.status.value}, {printable(now.line)}")
    if as_json:
        print_json({"batches": done, "refused": refused})
    return Exit.FAILED if refused else Exit.DONE


def _do(api: Api, batch: str, action: str | Callable[[Api, str], RawJob]) -> RawJob:
    if callable(action):
        return action(api, batch)
    return api.post(f"/v1/batches/{batch}/{action}")


def _confirmed(api: Api, references: Sequence[str]) -> tuple[str, ...]:
    ids = [batch_id(api, reference) for reference in references]
    for each in ids:
        batch = read_batch(patiently(lambda each=each: api.get(f"/v1/batches/{each}")))  # type: ignore[misc]
        click.echo(f"{each[:SHORT]}  {printable(batch.title)}: {printable(batch.line)}", err=True)
    question = "Cancel it for good?" if len(ids) == 1 else f"Cancel these {len(ids)} for good?"
    if not click.confirm(question, err=True):
        raise CommandError("Nothing was cancelled.", Exit.FAILED, code="NOT_CONFIRMED")
    return tuple(ids)
