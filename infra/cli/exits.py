"""What the command ends with: its exit codes, and errors that carry one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from signal import SIG_IGN, SIGHUP, SIGTERM, getsignal, signal
from types import FrameType
from typing import IO, Final

import click


class Exit(IntEnum):
    """The exit codes, as `quire --help` lists them."""

    DONE = 0  #: What was asked for is done
    FAILED = 1  #: A job failed or was cancelled, or the API refused; doctor: a part is not well
    USAGE = 2  #: Wrong options, or a file that can't be read as a PDF; nothing was started
    WITH_ERRORS = 3  #: The result is there, but pages could not be read or the file is damaged
    UNREACHABLE = 4  #: No stack runs, it could not be started, or its API does not answer
    INTERRUPTED = 130  #: Ended by Ctrl-C (128 + SIGINT)
    TERMINATED = 143  #: Ended by SIGTERM or by its terminal going away (128 + SIGTERM)
    READER_GONE = 141  #: Who read the output closed it (128 + SIGPIPE), as `| head` does


EPILOG = """\b
Exit codes:
  0    done
  1    the job failed or was cancelled, or the API refused; doctor: a part is not well
  2    wrong options, or a file that is not a PDF; nothing was started
  3    done, but some pages could not be read or the file is damaged; it is told which and how
  4    no stack runs, it could not be started, or its API does not answer
  130  interrupted by Ctrl-C (`quire up` ends by it, with 0)
  143  terminated, or its terminal went away
"""

_USUAL: Final[Mapping[Exit, str]] = {
    Exit.DONE: "done",
    Exit.FAILED: "the API refused; it is told why",
    Exit.USAGE: "wrong options or configuration; nothing was asked",
    Exit.UNREACHABLE: "no stack runs, or the API does not answer",
    Exit.INTERRUPTED: "interrupted by Ctrl-C",
}


def exit_codes(meanings: Mapping[Exit, str] | None = None) -> str:
    """Return the end of a command's help: its exit codes, where they differ from the usual."""
    told = {**_USUAL, **(meanings or {})}
    lines = [f"  {int(code):<4} {told[code]}" for code in sorted(told)]
    return "\n".join(["\b", "Exit codes:", *lines])


def worst(codes: list[Exit]) -> Exit:
    """Return what a command ends with that did several things."""
    order = (Exit.FAILED, Exit.WITH_ERRORS)
    return next((code for code in order if code in codes), Exit.DONE)


class CommandError(click.ClickException):
    """An end of the command that is told to its user: what happened, and what to do."""

    def __init__(
        self, message: str, exit_code: Exit, *, code: str = "ERROR", advice: str = ""
    ) -> None:
        super().__init__(message)
        # Click declares it for the class; here each error has its own.
        self.exit_code = int(exit_code)  # type: ignore[misc]
        self.code = code
        self.advice = advice

    @property
    def concerns_all(self) -> bool:
        """Whether it would be the same for every other job or document."""
        return self.exit_code == Exit.UNREACHABLE

    def show(self, file: IO[str] | None = None) -> None:
        """Write the sentence, and below it the advice, to standard error."""
        coded = f" [{self.code}]" if self.code not in {"", "ERROR", "INTERRUPTED"} else ""
        click.echo(f"Error: {self.message}{coded}", err=True, file=file)
        if self.advice:
            click.echo(self.advice, err=True, file=file)

    def as_json(self) -> dict[str, object]:
        """Return what `--json` prints in place of an answer."""
        return {"error": {"code": self.code, "message": self.message, "advice": self.advice}}


class UnusableInput(CommandError):
    """The command line or the file it names can't be worked with."""

    def __init__(self, message: str, *, code: str = "INVALID_REQUEST", advice: str = "") -> None:
        super().__init__(message, Exit.USAGE, code=code, advice=advice)


class Unreachable(CommandError):
    """Nobody answers."""

    def __init__(self, message: str, *, code: str = "UNREACHABLE", advice: str = "") -> None:
        super().__init__(message, Exit.UNREACHABLE, code=code, advice=advice)


#: How a signal ends this process: Ctrl-C is a KeyboardInterrupt, the others a SystemExit (as the
#: local stack raises them too).
STOPS: Final = (KeyboardInterrupt, SystemExit)


def stop_code(stop: BaseException) -> Exit:
    """Return the exit code of a command that one of STOPS ended."""
    return Exit.INTERRUPTED if isinstance(stop, KeyboardInterrupt) else Exit.TERMINATED


@contextmanager
def stop_signals() -> Iterator[None]:
    """Have SIGTERM and SIGHUP unwind the program as Ctrl-C does, so that nothing is left behind.

    A signal that is ignored stays so: `nohup` has chosen it.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(int(Exit.TERMINATED))

    heeded = [number for number in (SIGTERM, SIGHUP) if getsignal(number) is not SIG_IGN]
    before = {number: signal(number, stop) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal(number, handler)
