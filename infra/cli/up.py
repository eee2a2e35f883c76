"""`quire up`: the stack, kept running in this terminal."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Final

import click

from infra.cli.connection import Reachable, find_stack, home_at, own_stack
from infra.cli.display import display_on
from infra.cli.exits import STOPS, Exit, Unreachable, UnusableInput, exit_codes
from infra.cli.jobs import seconds_text
from infra.cli.logtail import LogTail, readable
from infra.cli.options import quiet_option, workers_option
from infra.cli.target import LOCAL, Remote, Wanted, remote_of
from infra.cli.tokens import signed_token
from infra.local.home import Home
from infra.local.layout import without_password

_LOOK_EVERY_SECONDS: Final = 0.2
#: How long the page's address logs in: a tab that is left open is not thrown out.
_PAGE_TOKEN_SECONDS: Final = 30 * 24 * 3600


@click.command(
    epilog=exit_codes(
        {
            Exit.DONE: "ended by Ctrl-C, with nothing left behind",
            Exit.USAGE: "wrong options, or it is a deployed Quire that is meant",
            Exit.UNREACHABLE: "it could not be started, or one runs already",
            Exit.INTERRUPTED: "Ctrl-C before it was ready",
        }
    )
)
@workers_option
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser, logged in.")
@quiet_option
@click.pass_context
def up(context: click.Context, *, workers: int | None, open_page: bool, quiet: bool) -> None:
    """Start the stack, print where everything is, and keep it running.

    The page's address holds a token that logs in for 30 days, and sees the admin view.

    The stack's log is followed in this terminal (not with --quiet). Ctrl-C ends the stack with
    nothing left behind. What is in its folder stays: the next start goes on from there.

    \b
    Examples:
      quire up
      quire up --open
      quire up --workers 4 --quiet
      quire --home /var/tmp/quire up
    """
    wanted: Wanted = context.obj
    remote = remote_of(wanted)
    if remote is not None and remote.is_typed:
        raise UnusableInput(
            f"`quire up` starts the stack of this machine; {remote.address} runs elsewhere.",
            code="LOCAL_ONLY",
        )
    home = home_at(wanted.home)
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
            page = _page_address(stack)
            for line in place_lines(stack, home, page, remote):
                click.echo(line)
            sys.stdout.flush()
            if open_page:
                _open(page)
            with _log_followed(home, wanted=not quiet):
                stack.wait()
        except STOPS:
            pass  # It came before or after the wait: the end was asked for all the same.
    click.echo("Stopped.")


def place_lines(stack: Reachable, home: Home, page: str, remote: Remote | None) -> list[str]:
    """Say where everything is, and what to do next."""
    quire = typed_command(home, remote)
    places = {name: without_password(address) for name, address in stack.endpoints.items()}
    places["log"] = str(home.log)
    places["data"] = f"{home.folder} (passwords: secrets.json)"
    jobs = f"{stack.endpoints['api']}/v1/jobs"
    lines = [
        *(f"  {name:<12} {place}" for name, place in places.items()),
        "",
        f"Page  {page}",
        f'API   curl -H "Authorization: Bearer $({quire} token)" {jobs}',
        "",
        f"In another terminal: {quire} submit FILE.pdf --watch",
    ]
    if remote is not None:
        lines.append(f"Without `--profile {LOCAL}` it would go to {remote.address}.")
    return [*lines, "Ctrl-C ends the stack.", ""]


def typed_command(home: Home, remote: Remote | None) -> str:
    """Return how `quire` is typed in another terminal so that it finds this stack."""
    typed = shlex.split(_program())
    elsewhere = {name: value for name, value in os.environ.items() if name != "QUIRE_HOME"}
    if home != Home.find(elsewhere):
        typed += ["--home", str(home.folder)]
    elif remote is not None:
        typed += ["--profile", LOCAL]
    return shlex.join(typed)


def _program() -> str:
    if shutil.which("quire"):
        return "quire"
    started = Path(sys.argv[0])
    own = started if started.name == "quire" else Path(sys.executable).with_name("quire")
    return shlex.quote(str(own))


def _page_address(stack: Reachable) -> str:
    """Return where the page is, with a token behind the # that no server ever gets to see."""
    secret = stack.environment["SUPABASE__JWT_SECRET"]
    token = signed_token(secret, seconds=_PAGE_TOKEN_SECONDS, is_admin=True)
    return f"{stack.endpoints['api']}/#token={token}"


def _open(page: str) -> None:
    import webbrowser

    if not webbrowser.open(page):
        click.echo("No browser could be opened: the page's address stands above.", err=True)


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
