"""`quire batch results`: fetches what was read of a batch's documents."""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Final

import click

from infra.cli.answering import Answering, print_json
from infra.cli.api import Api
from infra.cli.batches.meter import meter_on
from infra.cli.batches.references import batch_argument, batch_id, documents_of
from infra.cli.connection import running_api
from infra.cli.exits import CommandError, Exit, UnusableInput, exit_codes
from infra.cli.jobs import RawJob
from infra.cli.options import json_option, quiet_option
from infra.cli.patience import patiently
from infra.cli.printable import printable

#: Results on their way at the same time.
_STREAMS: Final = 6
_SUFFIXES: Final = {"json": ".json", "text": ".txt"}


@click.command(
    cls=Answering,
    epilog=exit_codes(
        {
            Exit.DONE: "every result there is lies in the folder",
            Exit.FAILED: "there is no such batch, or a result could not be fetched; it is named",
        }
    ),
)
@batch_argument
@click.option(
    "--output",
    "-o",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where to put them; made where it is not there.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(_SUFFIXES)),
    default="json",
    show_default=True,
    help="Pages with words and boxes, or plain text.",
)
@json_option
@quiet_option
@click.pass_context
def results(
    context: click.Context, *, batch: str, folder: Path, form: str, as_json: bool, quiet: bool
) -> None:
    """Fetch the results of BATCH's documents into a folder, a file each.

    A file's name is its document's place in the manifest and its name. Files that are there are
    passed over, so a command that broke off goes on where it stopped.

    \b
    Examples:
      quire batch results 0198c5be -o archive/ --format text
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnusableInput(f"{folder} can't be made: {error.strerror}.") from error
    written: list[str] = []
    failed: list[dict[str, object]] = []
    with running_api(context.obj) as api:
        whole = batch_id(api, batch)
        rows = [row for row in documents_of(api, whole) if _has_result(row)]
        wanted = {
            row_path: row for row in rows if not (row_path := _path(folder, row, form)).exists()
        }
        with (
            meter_on(sys.stderr, quiet=quiet) as meter,
            ThreadPoolExecutor(_STREAMS, "fetch") as threads,
        ):
            fetching = {
                threads.submit(_fetch, api, str(row["job_id"]), form, path): path
                for path, row in wanted.items()
            }
            for count, each in enumerate(as_completed(fetching), 1):
                path = fetching[each]
                try:
                    each.result()
                    written.append(str(path))
                except CommandError as error:
                    if error.concerns_all:
                        threads.shutdown(cancel_futures=True)
                        raise
                    failed.append({"file": str(path), **error.as_json()})
                    meter.note(f"{path}: {error.message} [{error.code}]")
                meter.amount("Fetched", count, len(wanted))
    if as_json:
        print_json({"written": sorted(written), "refused": failed})
    else:
        there = len(rows) - len(wanted)
        click.echo(
            f"{len(written):,} results written to {printable(str(folder))}"
            + (f", {there:,} were there" if there else "")
        )
    context.exit(Exit.FAILED if failed else Exit.DONE)


def _has_result(row: RawJob) -> bool:
    return row["status"] in {"completed", "completed_with_errors"}


def _path(folder: Path, row: RawJob, form: str) -> Path:
    stem = re.sub(r"[\x00-\x1f\x7f/\\:]", "_", Path(str(row["filename"])).stem).strip(". ")
    # A name may have 255 bytes; the place makes it the only one.
    short = stem.encode()[:200].decode(errors="ignore")
    return folder / f"{int(str(row['position'])):05d}-{short or 'document'}{_SUFFIXES[form]}"


def _fetch(api: Api, job_id: str, form: str, path: Path) -> None:
    def once() -> None:
        # Whole or not at all: a file that is there is taken for complete.
        partial = path.with_name(f".{path.name}.part")
        try:
            with api.result(job_id, form) as pieces, partial.open("wb") as file:
                for piece in pieces:
                    file.write(piece)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    patiently(once, seconds=60)
