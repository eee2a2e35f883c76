"""One moving line for a batch, or for the upload of a thousand files; plain lines in a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from infra.cli.batches.view import Batch
from infra.cli.jobs import size_text
from infra.cli.printable import printable

#: Between two lines in a pipe, where nothing else is worth one.
_LINE_SECONDS: Final = 5.0


class Meter:
    """Tells nothing."""

    def batch(self, batch: Batch) -> None:
        """Tell how a batch stands."""

    def sending(self, files: int, of_files: int, sent: int, size: int) -> None:
        """Tell how many files and bytes have gone out."""

    def amount(self, what: str, done: int, total: int) -> None:
        """Tell how much of something is done."""

    def note(self, sentence: str) -> None:
        """Tell one sentence that stays."""
        click.echo(printable(sentence), err=True)


class _Lines(Meter):
    """A line at the start, one every few seconds, and one at the end."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._told_at = -_LINE_SECONDS
        self._last = ""

    def batch(self, batch: Batch) -> None:
        self._tell(f"{batch.title}: {batch.line}", at_once=batch.is_final or not batch.ended)

    def sending(self, files: int, of_files: int, sent: int, size: int) -> None:
        self._tell(
            f"Sent {files:,} of {of_files:,} files ({size_text(sent)} of {size_text(size)})",
            at_once=files == of_files,
        )

    def amount(self, what: str, done: int, total: int) -> None:
        self._tell(f"{what}: {done:,} of {total:,}", at_once=done == total)

    def _tell(self, line: str, *, at_once: bool) -> None:
        now = time.monotonic()
        if line == self._last or not (at_once or now - self._told_at >= _LINE_SECONDS):
            return
        self._last, self._told_at = line, now
        click.echo(printable(line), file=self._stream)
        self._stream.flush()


class _Bar(Meter):
    """A bar that moves in place."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def batch(self, batch: Batch) -> None:
        self._show(f"{batch.title}: {batch.line}", batch.completion_percentage, 100)

    def sending(self, files: int, of_files: int, sent: int, size: int) -> None:
        self._show(
            f"Sending {files:,}/{of_files:,} files, {size_text(sent)}/{size_text(size)}",
            sent,
            size,
        )

    def amount(self, what: str, done: int, total: int) -> None:
        self._show(f"{what}: {done:,}/{total:,}", done, total)

    def note(self, sentence: str) -> None:
        self._progress.console.print(printable(sentence))

    def _show(self, line: str, done: float, total: float) -> None:
        self._progress.update(
            self._task, description=printable(line), completed=done, total=max(total, 1)
        )


@contextmanager
def meter_on(stream: IO[str], *, quiet: bool = False) -> Iterator[Meter]:
    """Give the meter that suits the stream."""
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    if quiet:
        yield Meter()
    elif console.is_terminal and not console.is_dumb_terminal:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console, expand=True, redirect_stdout=False) as progress:
            yield _Bar(progress)
    else:
        yield _Lines(stream)
