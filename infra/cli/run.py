"""`quire run`: one PDF, from the file to its text, in one go."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path

import click

from infra.cli.answering import Answering, print_json
from infra.cli.api import Api, Options
from infra.cli.connection import (
    Reachable,
    api_of,
    find_stack,
    home_at,
    own_stack,
    remote_api,
)
from infra.cli.display import Display, display_on
from infra.cli.exits import STOPS, CommandError, Exit, exit_codes, stop_code
from infra.cli.jobs import Job, RawJob, read_job
from infra.cli.options import (
    file_argument,
    force_option,
    json_option,
    quiet_option,
    reading_options,
    reading_request,
    workers_option,
)
from infra.cli.passwords import read_password
from infra.cli.patience import Patience
from infra.cli.report import ended_lines, result_lines
from infra.cli.results import Destination, fetch_all, page_errors
from infra.cli.source import SourcePdf, source_pdf
from infra.cli.target import Wanted, remote_of
from infra.cli.upload import Uploader
from infra.cli.watch import watch

_UNREAD = ("page_start", "page_end", "code", "message")


@click.command(
    cls=Answering,
    epilog=exit_codes(
        {
            Exit.DONE: "every page was read",
            Exit.FAILED: "the job failed, or the API refused the document",
            Exit.USAGE: "wrong options, or a file that is not a PDF; nothing was started",
            Exit.WITH_ERRORS: "some pages could not be read, or the file is damaged; it is told "
            "which and how",
            Exit.UNREACHABLE: "no stack could be started, or the API does not answer",
        }
    ),
)
@click.argument("file", type=file_argument)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where result.json and text.txt go; a new folder quire-results/NAME otherwise.",
)
@reading_options
@workers_option
@force_option
@json_option
@quiet_option
@click.pass_context
def run(
    context: click.Context,
    *,
    file: Path,
    out: Path | None,
    pages: str | None,
    chunk_pages: int | None,
    languages: tuple[str, ...],
    stages: tuple[str, ...],
    no_cache: bool,
    password: bool,
    password_stdin: bool,
    workers: int | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Read FILE and write its text and boxes to a folder.

    Uses the deployed Quire that is configured, else the stack that runs on this machine; where
    none does, starts one and stops it at the end. Without --out the result goes to a new folder
    under quire-results (scan, then scan-2), so nothing is ever written over; with --out, files
    that are there are kept unless --force is given.

    \b
    Examples:
      quire run scan.pdf
      quire run contract.pdf --pages 1-20 --language fr --out contract
      printf '%s\\n' "$PASSWORD" | quire run locked.pdf --password-stdin
      quire run scan.pdf --json | jq -r .files.text
      quire --profile local run scan.pdf
    """
    pdf = source_pdf(file)
    destination = Destination(pdf.stem, out, force=force)
    destination.check()
    options = reading_request(
        pages,
        chunk_pages,
        languages,
        read_password(ask=password, stdin=password_stdin),
        stages=stages,
        cache=False if no_cache else None,
    )

    stream = sys.stderr if as_json else sys.stdout
    reading = _Reading(pdf, options, destination, context.obj)
    try:
        with (
            display_on(stream, quiet=quiet) as display,
            ExitStack() as ends,
            reading.api(workers, display, ends) as api,
        ):
            reading.go(api, display)
    except STOPS as stop:
        raise reading.interrupted(stop) from stop

    job = read_job(reading.raw)
    if as_json:
        files = {form: str(path.resolve()) for form, path in reading.files.items()}
        unread = [dict(zip(_UNREAD, error, strict=True)) for error in reading.unread]
        print_json({**reading.raw, "unread_pages": unread, "files": files or None})
    else:
        for line in ended_lines(job, pdf.filename, reading.seconds, reading.unread):
            click.echo(line, err=not job.has_result)
        for line in result_lines(reading.files) if reading.files else []:
            click.echo(line)
    context.exit(job.exit_code)


class _Reading:
    """One document on its way through the stack, and how far it has come."""

    def __init__(
        self, pdf: SourcePdf, options: Options, destination: Destination, wanted: Wanted
    ) -> None:
        self._pdf = pdf
        self._wanted = wanted
        self._options = options
        self._destination = destination
        self._job_id = ""
        self._place = ""
        self._owns_stack = False
        self.raw: RawJob = {}
        self.files: dict[str, Path] = {}
        self.unread: list[tuple[int, int, str, str]] = []
        self.seconds = 0.0

    def api(self, workers: int | None, display: Display, ends: ExitStack) -> Api:
        """Return the API that is meant, having started a stack where there is none."""
        remote = remote_of(self._wanted)
        if remote is not None:
            if workers is not None:
                display.note(f"--workers is passed over: {remote.address} has its own.")
            display.note(f"At {remote.address} ({remote.source})")
            return remote_api(remote)
        home = home_at(self._wanted.home)
        stack: Reachable | None = find_stack(home)
        if stack is None:
            stack = ends.enter_context(own_stack(home, workers, display))
            self._owns_stack = True
        elif workers is not None:
            display.note("--workers is passed over: a stack runs already.")
        return api_of(stack)

    def go(self, api: Api, display: Display) -> None:
        """Send the document, follow its job to the end, fetch the result."""
        name = self._pdf.filename
        began = time.monotonic()
        self._place = api.place
        submission = Uploader(api, Patience).send(
            self._pdf, self._options, lambda sent, size: display.sending(name, sent, size)
        )
        self._job_id = submission.job_id
        for self.raw in watch(api, submission.job_id, Patience()):
            job: Job = read_job(self.raw)
            display.job(name, job)
        self.seconds = time.monotonic() - began
        if job.has_result:
            self.files = fetch_all(api, submission.job_id, self._destination)
            self.unread = page_errors(self.files["json"])

    def interrupted(self, stop: BaseException) -> CommandError:
        """Say what becomes of the work, and how to see it again."""
        watching = f"  {self._wanted.command} status {self._job_id} --watch"
        if not self._job_id:
            advice = "The document had not been sent; nothing is read of it."
        elif self._owns_stack:
            advice = (
                f"The stack was stopped, and job {self._job_id} with it. It goes on from where it "
                f"was in the next stack; start one with `quire up`, and in another terminal:\n"
                f"{watching}"
            )
        else:
            advice = f"Job {self._job_id} goes on {self._place}. To see it again:\n{watching}"
        return CommandError("Interrupted.", stop_code(stop), code="INTERRUPTED", advice=advice)
