"""`quire batch submit` and `warm`: many documents handed over at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import click

from infra.cli.answering import Answering, print_json
from infra.cli.api import Api
from infra.cli.batches.follow import follow, going_on
from infra.cli.batches.meter import Meter, meter_on
from infra.cli.batches.references import batch_id, batch_option
from infra.cli.batches.refusals import explained
from infra.cli.batches.sending import send_all
from infra.cli.batches.sources import Sources, sources_of
from infra.cli.batches.view import read_batch, status_lines
from infra.cli.connection import running_api
from infra.cli.exits import Exit, UnusableInput, exit_codes
from infra.cli.jobs import RawJob
from infra.cli.options import json_option, quiet_option, reading_options, reading_request
from infra.cli.patience import patiently

_CODES = {
    Exit.DONE: "the batch is made; with --watch: every page was read",
    Exit.FAILED: "it was refused, with every bad line named; with --watch also: it failed",
    Exit.USAGE: "wrong options, or files that can't be read; nothing was made",
    Exit.WITH_ERRORS: "with --watch: done, but something could not be read",
}
_sources_argument = click.argument("sources", nargs=-1, metavar="MANIFEST|FOLDER|gs://…...")


def _batch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.option("--name", metavar="TEXT", help="What to call the batch."),
            click.option("--matter", metavar="NAME", help="What its documents belong to."),
            click.option(
                "--webhook-url", metavar="URL", help="Is told, signed, when the batch has ended."
            ),
            click.option(
                "--skip-unreadable",
                is_flag=True,
                help="Leave out files that are no PDFs or can't be read, and name them.",
            ),
            click.option("--watch", is_flag=True, help="Follow the batch until it has ended."),
        )
    ):
        command = option(command)
    return command


@click.command(cls=Answering, epilog=exit_codes(_CODES))
@_sources_argument
@_batch_options
@click.option(
    "--priority", type=click.Choice(["high", "normal", "low"]), help="Whose chunks are read first."
)
@click.option("--paused", is_flag=True, help="Begin nothing until `quire batch resume`.")
@reading_options
@json_option
@quiet_option
@click.pass_context
def submit(
    context: click.Context, /, *, sources: tuple[str, ...], as_json: bool, quiet: bool, **asked: Any
) -> None:
    """Make a batch, and print its id.

    A manifest (.json, .jsonl, .csv) is sent as it is, and says its options itself. Of a FOLDER
    every PDF below it is uploaded. gs://BUCKET/FOLDER means every PDF below that, and may have
    wildcards. Nothing begins before everything has been found good.

    \b
    Examples:
      quire batch submit archive/ --watch
      quire batch submit documents.csv --priority low --name "Archive 1998"
      quire batch submit 'gs://uploads/batches/me/1998/**/*.pdf' --language fr
    """
    if not sources:
        raise UnusableInput("Say what to read: a manifest, a folder or gs://…")
    _carry_out(context, sources, asked, as_json=as_json, quiet=quiet, purpose="ocr")


@click.command(cls=Answering, epilog=exit_codes(_CODES))
@_sources_argument
@batch_option
@_batch_options
@click.option(
    "--priority",
    type=click.Choice(["high", "normal", "low"]),
    help="Whose chunks are read first; low where nothing is said.",
)
@reading_options
@json_option
@quiet_option
@click.pass_context
def warm(
    context: click.Context,
    /,
    *,
    sources: tuple[str, ...],
    batch: str | None,
    as_json: bool,
    quiet: bool,
    **asked: Any,
) -> None:
    """Read documents into the cache alone, so that a later batch of them waits for nothing.

    \b
    Examples:
      quire batch warm 'gs://uploads/batches/me/1998/**/*.pdf' --watch
      quire batch warm --batch 0198c5be          the documents of a batch that is there
    """
    if bool(sources) == bool(batch):
        raise UnusableInput("Say what to warm: documents, or a batch with --batch.")
    if batch is None:
        asked["priority"] = asked["priority"] or "low"
        _carry_out(context, sources, asked, as_json=as_json, quiet=quiet, purpose="warm")
        return
    key = str(uuid4())
    body = {"priority": asked["priority"]} if asked["priority"] else {}
    with running_api(context.obj) as api:
        whole = batch_id(api, batch)
        raw = patiently(lambda: api.post(f"/v1/batches/{whole}/warm", key=key, json=body))
        _tell(context, api, raw, watch=asked["watch"], as_json=as_json, quiet=quiet)


def _carry_out(
    context: click.Context,
    sources: tuple[str, ...],
    asked: Mapping[str, Any],
    *,
    as_json: bool,
    quiet: bool,
    purpose: str,
) -> None:
    found, skipped = sources_of(sources, skip_unreadable=asked["skip_unreadable"])
    with running_api(context.obj) as api:
        with meter_on(sys.stderr, quiet=quiet) as meter:
            for line in skipped:
                meter.note(f"Left out: {line}")
            raw = _made(api, found, asked, purpose, meter)
        _tell(context, api, raw, watch=asked["watch"], as_json=as_json, quiet=quiet)


def _made(api: Api, found: Sources, asked: Mapping[str, Any], purpose: str, meter: Meter) -> RawJob:
    # One for all tries: a request that broke off may have been taken, and is not taken twice.
    key = str(uuid4())
    fields = {
        "name": asked["name"],
        "matter": asked["matter"],
        "priority": asked["priority"],
        "webhook_url": asked["webhook_url"],
        "paused": True if asked.get("paused") else None,
        "purpose": purpose if purpose != "ocr" else None,
    }
    stated = {field: value for field, value in fields.items() if value is not None}
    options = reading_request(
        asked["pages"],
        asked["chunk_pages"],
        asked["languages"],
        None,
        stages=asked.get("stages") or (),
        cache=False if asked.get("no_cache") else None,
    )
    if found.manifest is not None:
        if options:
            raise UnusableInput(
                "A manifest says itself how its documents are read.",
                advice="Write --pages, --language and the like into it, or name the folder.",
            )
        manifest = found.manifest
        with explained(str(manifest.path)):
            return patiently(
                lambda: api.post(
                    "/v1/batches",
                    key=key,
                    content=manifest.content,
                    params={
                        name: str(value).lower() if value is True else value
                        for name, value in stated.items()
                    },
                    headers={"Content-Type": manifest.content_type},
                ),
                seconds=60,
            )
    documents: list[dict[str, str]] = [
        {"document_id": document_id}
        for document_id in send_all(api, found.files, asked["matter"], meter)
    ]
    documents += [{"uri": uri} for uri in found.uris]
    body = {**stated, "options": options, "documents": documents}
    with explained("the batch"):
        return patiently(lambda: api.post("/v1/batches", key=key, json=body), seconds=60)


def _tell(
    context: click.Context, api: Api, raw: RawJob, *, watch: bool, as_json: bool, quiet: bool
) -> None:
    made = read_batch(raw)
    code = Exit.DONE
    # Whoever has read the id may interrupt at once.
    with going_on(api, made.batch_id):
        if not as_json:
            click.echo(made.batch_id)
        if watch:
            raw, made = follow(api, made.batch_id, quiet=quiet)
    if watch:
        code = made.exit_code
        if not as_json and not quiet:
            for line in status_lines(made):
                click.echo(line, err=True)
    if as_json:
        print_json(raw)
    context.exit(code)
