"""Groups of commands that are imported when they are called, so that listing them costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar

import click


class CommandsByName(click.Group):
    """A group with a table: each command's module, and the line about it in the group's help."""

    table: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which a newcomer meets them."""
        return [*self.table, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command."""
        if cmd_name not in self.table:
            return super().get_command(ctx, cmd_name)
        name = cmd_name.replace("-", "_")
        # `list` would hide the builtin in its own module.
        name += "_" if name == "list" else ""
        command = getattr(import_module(self.table[cmd_name][0]), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        rows = [(name, line) for name, (_, line) in self.table.items()]
        rows += [(name, self.commands[name].get_short_help_str(60)) for name in self.commands]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
