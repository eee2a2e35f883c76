"""A command that keeps its word about `--json` also when it fails."""

from __future__ import annotations

import sys
from typing import Any

import click
import msgspec

from infra.cli.exits import CommandError


class Answering(click.Command):
    """With `--json`, an error too is one JSON object on standard output."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except CommandError as error:
            if ctx.params.get("as_json"):
                print_json(error.as_json())
            raise


class AnsweringByLine(click.Command):
    """With `--json`, each line of standard output is one object, an error too."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except CommandError as error:
            if ctx.params.get("as_json"):
                print_json_line(error.as_json())
            raise


def print_json_line(answer: object) -> None:
    """Print an object as one line on standard output, at once."""
    click.echo(msgspec.json.encode(answer))
    sys.stdout.flush()


def print_json(answer: object) -> None:
    """Print one JSON object, indented, on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))
