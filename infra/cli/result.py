"""`quire result`: a job's text or JSON."""

from __future__ import annotations

import sys
from codecs import getincrementaldecoder
from collections.abc import Callable
from pathlib import Path

import click

from infra.cli.api import Api
from infra.cli.connection import running_api
from infra.cli.exits import CommandError, Exit, UnusableInput, exit_codes
from infra.cli.options import force_option
from infra.cli.patience import Patience
from infra.cli.printable import printable
from infra.cli.references import job_argument, job_id
from infra.cli.results import refuse_overwriting, save
from infra.cli.trouble import Away


@click.command(
    epilog=exit_codes(
        {
            Exit.FAILED: "there is no result: the job has not ended, failed, or is not there",
            Exit.USAGE: "wrong options, or FILE is there already",
        }
    )
)
@job_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "text"]),
    default="text",
    show_default=True,
    help="The plain text, or pages with words, boxes and confidences.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to this file; to standard output otherwise.",
)
@force_option
@click.pass_context
def result(
    context: click.Context, *, job: str, form: str, output: Path | None, force: bool
) -> None:
    """Fetch the result of JOB.

    \b
    Examples:
      quire result 0198c5be-6f1a-7cc2-a9cb-2d1c8f0e4b11 | less
      quire result 0198c5be --format json -o scan.json
    """
    if output is not None:
        if output.is_dir():
            raise UnusableInput(f"{output} is a folder; name a file in it.", code="NOT_A_FILE")
        if not force:
            refuse_overwriting(output)
    with running_api(context.obj) as api:
        whole = job_id(api, job)
        if output is None:
            _print(api, whole, form)
        else:
            save(
                lambda: api.result(whole, form),
                output,
                force=force,
                patience=Patience(seconds=10),
            )
            click.echo(f"Written to {output}", err=True)


def _print(api: Api, job_id: str, form: str) -> None:
    write = _terminal_writer() if sys.stdout.isatty() else sys.stdout.buffer.write
    patience = Patience(seconds=10)
    begun = False
    while True:
        try:
            with api.result(job_id, form) as pieces:
                for piece in pieces:
                    begun = True
                    write(piece)
        except Away as error:
            if begun:
                raise CommandError(
                    "The result broke off in the middle.",
                    Exit.UNREACHABLE,
                    code="CUT_OFF",
                    advice="Fetch it again, with -o FILE to have it whole or not at all.",
                ) from error
            patience.wait(error)
        else:
            sys.stdout.flush()
            return


def _terminal_writer() -> Callable[[bytes], object]:
    """Return a writer that keeps the text's lines, and drops what would steer the terminal."""
    decode = getincrementaldecoder("utf-8")("replace").decode

    def write(piece: bytes) -> None:
        lines = decode(piece).split("\n")
        sys.stdout.write("\n".join(printable(line) for line in lines))

    return write
