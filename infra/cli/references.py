"""Jobs as they are named on the command line: by their id, or by its first letters."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final
from uuid import UUID

import click

from infra.cli.api import Api
from infra.cli.exits import CommandError, Exit
from infra.cli.jobs import read_job
from infra.cli.listing import jobs_of
from infra.cli.patience import patiently
from infra.cli.printable import printable

#: Letters of an id that tables show, and fewer that are still taken.
SHORT: Final = 8
_LEAST: Final = 6
#: How many of the newest jobs are looked through for a short id.
_LOOKED_THROUGH: Final = 1000
_SHORT_ID: Final = re.compile(rf"[0-9a-f-]{{{_LEAST},35}}")


def _reference(
    _context: click.Context, _parameter: click.Parameter, value: str | tuple[str, ...]
) -> str | tuple[str, ...]:
    return _one(value) if isinstance(value, str) else tuple(_one(each) for each in value)


def _optional(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    return None if value is None else _one(value)


def _one(value: str) -> str:
    """Return the id in its usual spelling, or the letters of it."""
    text = value.strip().lower()
    try:
        return str(UUID(text))
    except ValueError:
        if _SHORT_ID.fullmatch(text):
            return text
    raise click.BadParameter(
        f"{value!r} is neither a job's id nor its first letters (at least {_LEAST})."
    )


def job_id(api: Api, reference: str) -> str:
    """Return the whole id. Raises CommandError where the letters fit no job, or several."""
    if len(reference) == len(str(UUID(int=0))):
        return reference
    jobs = (read_job(raw) for raw in islice(jobs_of(api, limit=_LOOKED_THROUGH), _LOOKED_THROUGH))
    fitting = [job for job in jobs if job.job_id.startswith(reference)]
    if not fitting:
        raise CommandError(
            f"None of your newest jobs has an id that begins with {reference}.",
            Exit.FAILED,
            code="JOB_NOT_FOUND",
            advice=f"`quire jobs` lists them; the last {_LOOKED_THROUGH:,} are looked through.",
        )
    if len(fitting) > 1:
        listed = "\n".join(f"  {job.job_id}  {printable(job.filename)}" for job in fitting[:10])
        raise CommandError(
            f"{len(fitting)} jobs have ids that begin with {reference}.",
            Exit.FAILED,
            code="AMBIGUOUS_JOB",
            advice=listed,
        )
    return fitting[0].job_id


def document_of(api: Api, reference: str) -> str:
    """Return the id of a job's document. Raises as job_id does."""
    whole = job_id(api, reference)
    return str(patiently(lambda: api.job(whole)).get("document_id", ""))


job_argument = click.argument("job", callback=_reference)
job_option = click.option(
    "--job", callback=_optional, metavar="JOB", help="Only this job's document."
)
jobs_argument = click.argument(
    "jobs", nargs=-1, required=True, callback=_reference, metavar="JOB..."
)
