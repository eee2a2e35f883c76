"""The Quire that a command works with: a deployed one, a stack that runs, or one of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from infra.cli.api import Api
from infra.cli.exits import Unreachable, UnusableInput
from infra.cli.patience import Patience
from infra.cli.target import Remote, Wanted, remote_of
from infra.cli.tokens import Given, SelfSigned, expiry_of
from infra.cli.trouble import Away
from infra.local.failures import StackFailed
from infra.local.home import Home, StackRecord, identity

if TYPE_CHECKING:
    from infra.cli.display import Display
    from infra.local.stack import RunningStack, Stack

#: How long a stack may be seen whose API does not answer: it is being started again.
_RESTART_SECONDS = 15
_NO_CREDITS = "`quire credits` shows what is left, and what for."


class Reachable(Protocol):
    """A stack whose API can be asked."""

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Every part's address."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The settings of Quire's processes."""


def home_at(folder: Path | None) -> Home:
    """Return the home that was asked for, else the usual one."""
    return Home.find() if folder is None else Home(folder.expanduser().resolve())


def api_of(stack: Reachable) -> Api:
    """Return the stack's API."""
    auth = SelfSigned(stack.environment["SUPABASE__JWT_SECRET"])
    return Api(stack.endpoints["api"], auth, advice={402: _NO_CREDITS})


def remote_api(remote: Remote) -> Api:
    """Return a deployed Quire's API. Raises UnusableInput where there is no token for it."""
    if not remote.token:
        raise UnusableInput(
            f"There is no token for {remote.address}.",
            code="NO_TOKEN",
            advice="Put a token or an API key (qk_…) into QUIRE_TOKEN, or beside this address into "
            "a profile of the configuration file.",
        )
    advice = {401: token_advice(remote), 402: _NO_CREDITS, 403: _scope_advice(remote)}
    return Api(remote.address, Given(remote.token), is_remote=True, advice=advice)


def token_advice(remote: Remote) -> str:
    """Say what to do where the token is not taken."""
    end = expiry_of(remote.token)
    ended = end is not None and end < datetime.now(UTC)
    what = f"ended at {end:%Y-%m-%d %H:%M} UTC" if ended else "is not taken there"
    return (
        f"The token in {remote.token_source} {what}. Log in again for another, or use an API key "
        "(qk_…), which lasts until it is revoked."
    )


def _scope_advice(remote: Remote) -> str:
    return f"It is the token in {remote.token_source}; another one may have the right."


def running_api(wanted: Wanted) -> Api:
    """Return the API of the Quire that is meant. Raises Unreachable where no stack runs."""
    remote = remote_of(wanted)
    if remote is not None:
        return remote_api(remote)
    home = home_at(wanted.home)
    stack = find_stack(home)
    if stack is None:
        raise no_stack(home)
    return api_of(stack)


def no_stack(home: Home) -> Unreachable:
    """Return what to say where nothing runs on this machine."""
    advice = "Start one with `quire up`, or read one file with `quire run FILE`."
    if os.environ.get("QUIRE_TOKEN"):
        advice += " QUIRE_TOKEN is set; to ask a deployed Quire, set QUIRE_URL too."
    return Unreachable(f"No stack runs on {home.folder}.", code="NO_STACK", advice=advice)


def living_record(home: Home) -> StackRecord | None:
    """Return what a stack has written about itself, if its process still lives."""
    try:
        record = home.record()
    except StackFailed as error:
        raise Unreachable(error.message, code=error.code) from error
    if record is None or not record.identity or identity(record.pid) != record.identity:
        return None
    return record


def find_stack(home: Home, patience: Patience | None = None) -> RunningStack | None:
    """Return the stack that runs on this home, if one does.

    A stack whose API is just being started again is waited for; Unreachable where that takes
    too long.
    """
    from infra.local.stack import attach

    patience = patience or Patience(_RESTART_SECONDS)
    while (record := living_record(home)) is not None:
        stack = attach(home)
        if stack is not None:
            return stack
        patience.wait(Away(f"the stack is process {record.pid}"))
    return None


@contextmanager
def own_stack(home: Home, workers: int | None, display: Display) -> Iterator[Stack]:
    """Start a stack, and stop it at the end whatever happens inside."""
    from infra.local.stack import Stack, StackOptions

    ready = False

    def report(sentence: str) -> None:
        # Once all runs, what is told is that a part has died.
        (display.note if ready else display.step)(sentence)

    options = StackOptions() if workers is None else StackOptions(workers=workers)
    display.waiting("Starting the stack")
    try:
        with Stack(home, options=options, on_event=report) as stack:
            ready = True
            try:
                yield stack
            finally:
                display.waiting("Stopping the stack")
    except StackFailed as error:
        raise Unreachable(error.message, code=error.code, advice=f"The log: {home.log}") from error
