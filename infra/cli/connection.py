"""The stack that a command works with: one that runs, or one of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from infra.cli.api import Api, Away
from infra.cli.display import Display
from infra.cli.exits import Unreachable
from infra.cli.patience import Patience
from infra.local.failures import StackFailed
from infra.local.home import Home, StackRecord, identity
from infra.local.stack import RunningStack, Stack, StackOptions, attach

#: How long a stack may be seen whose API does not answer: it is being started again.
_RESTART_SECONDS = 15


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
    return Api(stack.endpoints["api"], stack.environment["SUPABASE__JWT_SECRET"])


def running_api(folder: Path | None) -> Api:
    """Return the API of the stack that runs. Raises Unreachable where none does."""
    home = home_at(folder)
    stack = find_stack(home)
    if stack is None:
        raise Unreachable(
            f"No stack runs on {home.folder}.",
            code="NO_STACK",
            advice="Start one with `quire up`, or read one file with `quire run FILE`.",
        )
    return api_of(stack)


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
