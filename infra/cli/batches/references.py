"""Batches as they are named on the command line: by their id, or by its first letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final
from uuid import UUID

import click

from infra.cli.api import Api
from infra.cli.exits import CommandError, Exit
from infra.cli.jobs import RawJob
from infra.cli.listing import pages_of

#: How many of the newest batches are looked through for a short id.
_LOOKED_THROUGH: Final = 1000
_LEAST: Final = 6
_SHORT_ID: Final = re.compile(rf"[0-9a-f-]{{{_LEAST},35}}")


def batches_of(api: Api, *, limit: int | None, **filters: object) -> Iterator[RawJob]:
    """Yield the caller's batches, the newest first; all of them without a limit."""
    yield from pages_of(api, "/v1/batches", "batches", "cursor", limit, filters)


def documents_of(api: Api, batch_id: str, **filters: object) -> Iterator[RawJob]:
    """Yield a batch's documents in the order of its manifest."""
    path = f"/v1/batches/{batch_id}/documents"
    yield from pages_of(api, path, "documents", "cursor", None, filters)


def batch_id(api: Api, reference: str) -> str:
    """Return the whole id. Raises CommandError where the letters fit no batch, or several."""
    if len(reference) == len(str(UUID(int=0))):
        return reference
    newest = islice(batches_of(api, limit=_LOOKED_THROUGH), _LOOKED_THROUGH)
    fitting = [raw for raw in newest if str(raw["batch_id"]).startswith(reference)]
    if len(fitting) == 1:
        return str(fitting[0]["batch_id"])
    if fitting:
        listed = "\n".join(f"  {raw['batch_id']}  {raw.get('name', '')}" for raw in fitting[:10])
        raise CommandError(
            f"{len(fitting)} batches have ids that begin with {reference}.",
            Exit.FAILED,
            code="AMBIGUOUS_BATCH",
            advice=listed,
        )
    raise CommandError(
        f"None of your newest batches has an id that begins with {reference}.",
        Exit.FAILED,
        code="BATCH_NOT_FOUND",
        advice=f"`quire batch list` lists them; the last {_LOOKED_THROUGH:,} are looked through.",
    )


def _reference(
    _context: click.Context, _parameter: click.Parameter, value: str | tuple[str, ...] | None
) -> str | tuple[str, ...] | None:
    if value is None:
        return None
    return _one(value) if isinstance(value, str) else tuple(_one(each) for each in value)


def _one(value: str) -> str:
    text = value.strip().lower()
    try:
        return str(UUID(text))
    except ValueError:
        if _SHORT_ID.fullmatch(text):
            return text
    raise click.BadParameter(
        f"{value!r} is neither a batch's id nor its first letters (at least {_LEAST})."
    )


batch_argument = click.argument("batch", callback=_reference)
batches_argument = click.argument(
    "batches", nargs=-1, required=True, callback=_reference, metavar="BATCH..."
)
batch_option = click.option(
    "--batch", callback=_reference, metavar="BATCH", help="The documents of this batch."
)
