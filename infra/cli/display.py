"""Shows work going on: a bar on a terminal, plain lines in a pipe, nothing where asked to."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import IO, Final, Protocol, Self

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from infra.cli.jobs import Job, seconds_text, size_text
from infra.cli.printable import printable

_UPLOAD_LINE_EVERY: Final = 25  #: Percent between two lines about one upload
_UPLOAD_LINES_FROM_BYTES: Final = 32_000_000


class Display(Protocol):
    """What a command tells while it works. Used as a context manager; safe between threads."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def note(self, sentence: str) -> None:
        """Tell one sentence that stays."""

    def answer(self, line: str) -> None:
        """Give a line of the command's answer, on standard output whatever is shown elsewhere."""

    def waiting(self, sentence: str) -> None:
        """Tell what is being waited for; the next thing told takes its place."""

    def step(self, sentence: str) -> None:
        """Tell a detail of what is being waited for, where it would not stay."""

    def sending(self, name: str, sent: int, size: int) -> None:
        """Tell how many bytes of a file have gone out."""

    def job(self, name: str, job: Job) -> None:
        """Tell how a job stands."""


def display_on(stream: IO[str], *, quiet: bool = False, names: bool = False) -> Display:
    """Return the display that suits the stream; `names` says which file each line is about."""
    if quiet:
        return Silent()
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    if console.is_terminal and not console.is_dumb_terminal:
        return Bars(console, names=names)
    return Lines(stream, names=names)


class Silent:
    """Tells nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def note(self, sentence: str) -> None:  # noqa: D102
        pass

    def answer(self, line: str) -> None:
        """Print the line."""
        click.echo(line)

    def waiting(self, sentence: str) -> None:  # noqa: D102
        pass

    def step(self, sentence: str) -> None:  # noqa: D102
        pass

    def sending(self, name: str, sent: int, size: int) -> None:  # noqa: D102
        pass

    def job(self, name: str, job: Job) -> None:  # noqa: D102
        pass


class Lines(Silent):
    """One line for each change, flushed at once so that a reader sees it when it happens."""

    def __init__(self, stream: IO[str], *, names: bool = False) -> None:
        self._stream = stream
        self._names = names
        self._last: dict[str, str] = {}
        self._quarter: dict[str, int] = {}

    def note(self, sentence: str) -> None:
        """Write the sentence."""
        click.echo(printable(sentence), file=self._stream)
        self._stream.flush()

    def waiting(self, sentence: str) -> None:
        """Write the sentence."""
        self.note(sentence)

    def sending(self, name: str, sent: int, size: int) -> None:
        """Write a line at the start, and for a large file one at each quarter."""
        quarter = 100 * sent // max(size, 1) // _UPLOAD_LINE_EVERY
        if name not in self._quarter:
            self._quarter[name] = 0
            self.note(f"Sending {name} ({size_text(size)})")
        elif size > _UPLOAD_LINES_FROM_BYTES and quarter > self._quarter[name]:
            self._quarter[name] = quarter
            self._about(name, f"{quarter * _UPLOAD_LINE_EVERY} % sent")

    def job(self, name: str, job: Job) -> None:
        """Write the job's line if it is another one than before."""
        if self._last.get(name) != job.progress_line:
            self._last[name] = job.progress_line
            self._about(name, job.progress_line)

    def _about(self, name: str, line: str) -> None:
        self.note(f"{name}: {line}" if self._names else line)


class Bars(Silent):
    """A bar for each job that moves in place, redrawn by rich's own thread."""

    def __init__(self, console: Console, *, names: bool = False) -> None:
        self._names = names
        self._tasks: dict[str, TaskID] = {}
        self._waiting: TaskID | None = None
        self._live = False
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            _Amount(),
            _Clock(),
            console=console,
            expand=True,
            # Rich would send what is printed on standard output to the bars' own stream.
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        self._live = True
        return self

    def __exit__(self, *_: object) -> None:
        self._end_waiting()
        self._live = False
        self._progress.stop()

    def note(self, sentence: str) -> None:
        """Print the sentence above the bars."""
        self._end_waiting()
        self._progress.console.print(Text(printable(sentence)))

    def answer(self, line: str) -> None:
        """Print the line above the bars, or where standard output goes when that is elsewhere."""
        if sys.stdout.isatty():
            self.note(line)
        else:
            click.echo(line)

    def waiting(self, sentence: str) -> None:
        """Show a bar that only says that something goes on."""
        if not self._live:
            self.note(sentence)
        elif self._waiting is None:
            self._waiting = self._progress.add_task(printable(sentence), total=None)
        else:
            self._progress.update(self._waiting, description=printable(sentence), amount="")

    def step(self, sentence: str) -> None:
        """Show the detail at the waiting bar's end."""
        if self._waiting is not None:
            self._progress.update(self._waiting, amount=printable(sentence))

    def sending(self, name: str, sent: int, size: int) -> None:
        """Move the file's bar by bytes."""
        self._show(
            name,
            f"Sending {_short(name)}",
            sent,
            size,
            f"{size_text(sent)}/{size_text(size)}",
        )

    def job(self, name: str, job: Job) -> None:
        """Move the job's bar by the API's own percentage, which knows of merging too."""
        line = f"{_short(name)}: {job.progress_line}" if self._names else job.progress_line
        pages = ""
        if job.total_pages:
            pages = f"{job.completed_pages + job.failed_pages}/{job.total_pages} pages"
        percent = 100.0 if job.has_result else job.progress_percent
        self._show(name, line, percent, 100, pages)
        if job.is_final:
            self._progress.stop_task(self._tasks[name])

    def _show(self, name: str, line: str, done: float, total: float, amount: str) -> None:
        self._end_waiting()
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task("", total=total, amount="")
        self._progress.update(
            self._tasks[name],
            description=printable(line),
            completed=done,
            total=total,
            amount=amount,
        )

    def _end_waiting(self) -> None:
        if self._waiting is not None:
            self._progress.remove_task(self._waiting)
            self._waiting = None


def _short(name: str) -> str:
    """Cut a name in its middle, so that a long one leaves room for the bar."""
    return name if len(name) <= 32 else f"{name[:15]}…{name[-16:]}"


class _Amount(ProgressColumn):
    """How much of how much."""

    def render(self, task: Task) -> Text:
        return Text(str(task.fields.get("amount", "")), style="progress.download")


class _Clock(ProgressColumn):
    """The time since the bar came up."""

    def render(self, task: Task) -> Text:
        elapsed = task.finished_time if task.finished else task.elapsed
        return Text(seconds_text(elapsed or 0.0), style="progress.elapsed")
