"""`quire batch`: its commands by name, imported when called."""

from __future__ import annotations

from typing import ClassVar

import click

from infra.cli.by_name import CommandsByName
from infra.cli.exits import exit_codes

_HERE = "infra.cli.batches"


class BatchCommands(CommandsByName):
    """What can be done with batches."""

    table: ClassVar = {
        "submit": (f"{_HERE}.submit", "Hand over a manifest, folders or a bucket's folder."),
        "list": (f"{_HERE}.listing", "List your batches, the newest first."),
        "status": (f"{_HERE}.status", "Tell how a batch stands."),
        "pause": (f"{_HERE}.controls", "Start nothing more of batches; what runs ends."),
        "resume": (f"{_HERE}.controls", "Let paused batches go on."),
        "cancel": (f"{_HERE}.controls", "End batches for good."),
        "priority": (f"{_HERE}.controls", "Have a batch read sooner, or later."),
        "recover": (f"{_HERE}.recover", "Read again what failed of a batch."),
        "warm": (f"{_HERE}.submit", "Fill the cache ahead of a batch."),
        "results": (f"{_HERE}.results", "Fetch the results of a batch's documents."),
    }


@click.group(cls=BatchCommands, short_help="Read many documents at once.", epilog=exit_codes())
def batch() -> None:
    """Read many documents at once, and see what became of them.

    \b
    Examples:
      quire batch submit archive/ --watch          every PDF of a folder
      quire batch submit documents.csv --priority high
      quire batch status 0198c5be --watch
      quire batch recover 0198c5be                 read again what failed
      quire batch results 0198c5be -o texts/ --format text
    """
