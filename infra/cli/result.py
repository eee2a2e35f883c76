"""`quire result`: a job's text or JSON."""

from __future__ import annotations

import sys
from codecs import getincrementaldecoder
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import click

from infra.cli.api import Api, Away
from infra.cli.connection import running_api
from infra.cli.exits import CommandError, Exit, UnusableInput
from infra.cli.options import force_option
from infra.cli.patience import Patience
from infra.cli.printable import printable
from infra.cli.results import refuse_overwriting, save


@click.command()
@click.argument("job", type=click.UUID)
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
    context: click.Context, *, job: UUID, form: str, output: Path | None, force: bool
) -> None:
    """Fetch the result of JOB.

    Ends with 1 and the code RESULT_NOT_READY (or the API's own) while the job has not ended.

    \b
    Examples:
      quire result 0198c5be-6f1a-7cc2-a9cb-2d1c8f0e4b11 | less
      quire result 0198c5be-6f1a-7cc2-a9cb-2d1c8f0e4b11 --format json -o scan.json
    """
    if output is not None:
        if output.is_dir():
            raise UnusableInput(f"{output} is a folder; name a file in it.", code="NOT_A_FILE")
        if not force:
            refuse_overwriting(output)
    with running_api(context.obj) as api:
        if output is None:
            _print(api, str(job), form)
        else:
            save(
                lambda: api.result(str(job), form),
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
