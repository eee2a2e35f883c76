"""`quire submit`: hands PDFs to the stack that runs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from infra.cli.answering import Answering, print_json
from infra.cli.connection import running_api
from infra.cli.display import display_on
from infra.cli.exits import (
    STOPS,
    CommandError,
    Exit,
    exit_codes,
    stop_code,
    worst,
)
from infra.cli.following import follow_all
from infra.cli.jobs import RawJob, read_job
from infra.cli.options import (
    file_argument,
    json_option,
    quiet_option,
    reading_options,
    reading_request,
    sending_options,
)
from infra.cli.passwords import read_password
from infra.cli.patience import Patience
from infra.cli.report import trouble_lines
from infra.cli.source import SourcePdf, source_pdf
from infra.cli.upload import Uploader


@click.command(
    cls=Answering,
    epilog=exit_codes(
        {
            Exit.FAILED: "a document was refused; with --watch also: a job failed",
            Exit.USAGE: "wrong options, or a file that is not a PDF; nothing was sent",
            Exit.WITH_ERRORS: "with --watch: done, but some pages could not be read",
        }
    ),
)
@click.argument("files", nargs=-1, required=True, type=file_argument, metavar="FILE...")
@click.option("--watch", is_flag=True, help="Follow the jobs until all have ended.")
@reading_options
@sending_options
@json_option
@quiet_option
@click.pass_context
def submit(
    context: click.Context,
    *,
    files: tuple[Path, ...],
    watch: bool,
    pages: str | None,
    chunk_pages: int | None,
    languages: tuple[str, ...],
    stages: tuple[str, ...],
    no_cache: bool,
    password: bool,
    password_stdin: bool,
    priority: str | None,
    matter: str | None,
    webhook_url: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Hand FILEs over and print their job ids, one a line.

    All files are looked at before the first is sent. A document whose sending breaks off is sent
    again, and read once all the same. Progress goes to standard error. Without --watch the
    command ends as soon as the documents are sent, with it when all their jobs have ended.

    \b
    Examples:
      quire submit scan.pdf
      quire submit *.pdf --watch --language de
      quire submit locked.pdf --password --priority high
      quire submit scan.pdf --json | jq -r '.jobs[].job_id'
    """
    pdfs = [source_pdf(path) for path in files]
    options = reading_request(
        pages,
        chunk_pages,
        languages,
        read_password(ask=password, stdin=password_stdin),
        priority=priority,
        matter=matter,
        webhook_url=webhook_url,
        stages=stages,
        cache=False if no_cache else None,
    )
    taken: dict[str, RawJob] = {}
    refused: dict[str, CommandError] = {}
    code = Exit.DONE
    try:
        with (
            running_api(context.obj) as api,
            display_on(sys.stderr, quiet=quiet, names=True) as display,
        ):
            uploader = Uploader(api, Patience)
            for pdf in pdfs:
                name = str(pdf.path)
                try:
                    sent = uploader.send(
                        pdf,
                        options,
                        lambda done, size, name=name: display.sending(name, done, size),  # type: ignore[misc]
                    )
                except CommandError as error:
                    if error.concerns_all:
                        raise
                    # One document's trouble; the others may be fine.
                    refused[name] = error
                    display.note(f"{name}: {error.message} [{error.code}]")
                    if error.advice:
                        display.note(error.advice)
                    code = Exit.FAILED
                    continue
                taken[name] = sent.raw
                if not as_json:
                    display.answer(sent.job_id)
            if watch:
                ids = {name: str(raw["job_id"]) for name, raw in taken.items()}
                taken = follow_all(api, ids, display)
                for name, raw in taken.items():
                    for line in trouble_lines(read_job(raw), name):
                        display.note(line)
                code = worst([code, *(read_job(raw).exit_code for raw in taken.values())])
    except STOPS as stop:
        raise _interrupted(taken, stop) from stop
    if as_json:
        print_json({"jobs": [*_jobs(pdfs, taken, refused)]})
    context.exit(code)


def _jobs(
    pdfs: list[SourcePdf], taken: dict[str, RawJob], refused: dict[str, CommandError]
) -> list[dict[str, object]]:
    jobs: list[dict[str, object]] = []
    for pdf in pdfs:
        name = str(pdf.path)
        answer = taken[name] if name in taken else refused[name].as_json()
        # An upload's address is a right to write: nothing that belongs into a program's output.
        jobs.append({"file": name} | {key: answer[key] for key in answer if key != "upload"})
    return jobs


def _interrupted(taken: dict[str, RawJob], stop: BaseException) -> CommandError:
    ids = ", ".join(str(raw["job_id"]) for raw in taken.values())
    return CommandError(
        "Interrupted.",
        stop_code(stop),
        code="INTERRUPTED",
        advice=f"These jobs go on: {ids}" if ids else "Nothing was sent.",
    )
