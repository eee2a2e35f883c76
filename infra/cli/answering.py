"""A command that keeps its word about `--json` also when it fails."""

from __future__ import annotations

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


def print_json(answer: object) -> None:
    """Print one JSON object, indented, on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))
