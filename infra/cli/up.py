"""`quire up`: the stack, kept running in this terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread

import click

from infra.cli.connection import find_stack, home_at, own_stack
from infra.cli.display import display_on
from infra.cli.exits import STOPS, Unreachable
from infra.cli.jobs import seconds_text
from infra.cli.logtail import LogTail, readable
from infra.cli.options import quiet_option, workers_option
from infra.local.home import Home
from infra.local.layout import without_password
from infra.local.stack import Stack

_LOOK_EVERY_SECONDS = 0.2


@click.command()
@workers_option
@quiet_option
@click.pass_context
def up(context: click.Context, *, workers: int | None, quiet: bool) -> None:
    """Start the stack, print where everything is, and keep it running.

    Its log is followed in this terminal (not with --quiet). Ctrl-C ends the stack with nothing
    left behind, and the command with 0. What is in its folder stays: the next start goes on
    from there.

    \b
    Examples:
      quire up
      quire up --workers 4 --quiet
      quire --home /var/tmp/quire up
    """
    home = home_at(context.obj)
    running = find_stack(home)
    if running is not None:
        raise Unreachable(
            f"A stack runs on {home.folder} already (process {running.pid}).",
            code="ALREADY_RUNNING",
            advice="`quire doctor` shows its addresses. For a second one give another --home.",
        )
    began = time.monotonic()
    with ExitStack() as ends:
        with display_on(sys.stdout) as display:
            stack = ends.enter_context(own_stack(home, workers, display))
        try:
            click.echo(f"The stack is ready after {seconds_text(time.monotonic() - began)}.\n")
            for line in place_lines(stack, home):
                click.echo(line)
            sys.stdout.flush()
            with _log_followed(home, wanted=not quiet):
                stack.wait()
        except STOPS:
            pass  # It came before or after the wait: the end was asked for all the same.
    click.echo("Stopped.")


def place_lines(stack: Stack, home: Home) -> list[str]:
    """Say where everything is, and what to do next."""
    places = {name: without_password(address) for name, address in stack.endpoints.items()}
    places["log"] = str(home.log)
    places["data"] = f"{home.folder} (passwords: secrets.json)"
    return [
        *(f"  {name:<12} {place}" for name, place in places.items()),
        "",
        "In another terminal: quire submit FILE.pdf --watch",
        "Ctrl-C ends the stack.",
        "",
    ]


@contextmanager
def _log_followed(home: Home, *, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    log = LogTail(home.log)
    ended = Event()
    on_terminal = sys.stdout.isatty()

    def follow() -> None:
        while True:
            last = ended.wait(_LOOK_EVERY_SECONDS)
            for line in log.new_lines():
                click.echo(readable(line) if on_terminal else line)
            if last:
                return

    following = Thread(target=follow, name="log")
    following.start()
    try:
        yield
    finally:
        ended.set()
        following.join()
        log.close()
