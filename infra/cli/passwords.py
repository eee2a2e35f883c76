"""How a PDF's password comes to the command: never by the command line, which others can see."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

VARIABLE: Final = "QUIRE_PASSWORD"

Command = TypeVar("Command", bound=Callable[..., Any])


def password_options(command: Command) -> Command:
    """Add `password` and `password_stdin`."""
    for option in (
        click.option(
            "--password-stdin",
            is_flag=True,
            help="Read the PDF's password from the first line of standard input.",
        ),
        click.option(
            "--password",
            is_flag=True,
            help=f"The PDF is locked: take its password from {VARIABLE}, else ask for it.",
        ),
    ):
        command = option(command)
    return command


def read_password(*, ask: bool, stdin: bool) -> str | None:
    """Return the PDF's password from where it was said to be; None where it needs none."""
    if ask and stdin:
        raise click.UsageError("--password and --password-stdin are two ways: give one of them.")
    if stdin:
        return _asked() if sys.stdin.isatty() else _first_line()
    if not ask:
        return None
    password = os.environ.get(VARIABLE)
    if password:
        click.echo(
            f"Note: the password is taken from {VARIABLE}, which every program that this shell "
            "starts can see.",
            err=True,
        )
        return password
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"--password asks on a terminal, and this is none: set {VARIABLE}, or use "
            "--password-stdin."
        )
    return _asked()


def _asked() -> str:
    return str(click.prompt("Password of the PDF", hide_input=True, err=True))


def _first_line() -> str:
    password = sys.stdin.buffer.readline().decode("utf-8", "replace").rstrip("\r\n")
    if not password:
        raise click.UsageError("--password-stdin was given, but standard input is empty.")
    return password
