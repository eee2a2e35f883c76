"""`quire migrate`: brings a deployed Quire's database up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from infra.cli.answering import Answering, print_json
from infra.cli.exits import CommandError, Exit, Unreachable, UnusableInput, exit_codes
from infra.cli.options import json_option
from infra.cli.printable import printable
from infra.cli.target import Wanted

if TYPE_CHECKING:
    from infra.database.migrate import Standing

#: Where Supabase's transaction pooler listens; the same host's 5432 is its session pooler.
_TRANSACTION_POOLER: Final = "6543"
_DIRECT: Final = (
    "Supabase shows it under Connect: the direct connection (db.PROJECT.supabase.co, port 5432), "
    "or from a network without IPv6 the session pooler (port 5432 of the pooler's host)."
)


@click.command(
    cls=Answering,
    epilog=exit_codes(
        {
            Exit.DONE: "the database is up to date",
            Exit.FAILED: "a migration failed; with --check: some are pending",
            Exit.USAGE: "no usable address of a database; nothing was asked",
            Exit.UNREACHABLE: "the database does not answer, or does not know the login",
        }
    ),
)
@click.option(
    "--url",
    envvar=["DATABASE_URL", "DATABASE__URL"],
    show_envvar=True,
    metavar="URL",
    help="The database: postgresql://USER:PASSWORD@HOST:5432/DATABASE. What is typed here, other "
    "users of this machine can see; the environment they can't.",
)
@click.option("--check", is_flag=True, help="Only list what is pending.")
@click.option(
    "--lock-timeout",
    "lock_seconds",
    type=click.FloatRange(0.1, 600),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a migration waits for a table that is in use; everything else waits behind it.",
)
@json_option
@click.pass_context
def migrate(
    context: click.Context, *, url: str | None, check: bool, lock_seconds: float, as_json: bool
) -> None:
    """Bring a database's tables up to date: forward only, each migration in one transaction.

    What is in stays in, also where a later migration fails; a second run goes on from there. Two
    at once wait for each other. The password is never shown.

    \b
    Examples:
      DATABASE_URL=postgresql://… quire migrate
      quire migrate --check
      quire migrate --check --json | jq -r '.pending[]'
    """
    wanted: Wanted = context.obj
    if wanted.url or wanted.profile:
        raise UnusableInput(
            "Migrations go to a database, not to a Quire: leave out what stands before `migrate`.",
            advice="quire migrate --url postgresql://…",
        )
    address = _checked(url)
    from infra.database.migrate import migrate as apply_migrations
    from infra.database.migrate import standing

    with _told(address):
        before = standing(address)
    place = _place(address)
    if not as_json:
        _say_standing(before, place)
    applied: list[str] = []
    if not check and before.pending:

        def tell(name: str) -> None:
            applied.append(name)
            click.echo(f"  {len(applied)}/{len(before.pending)}  {name}", err=as_json)
            sys.stdout.flush()

        with _told(address, applied):
            apply_migrations(address, tell=tell, lock_seconds=lock_seconds)
    left = [name for name in before.pending if name not in applied] if check else []
    if as_json:
        answer = {"database": place, "applied": applied, "pending": left}
        print_json({**answer, "unknown": before.unknown})
    elif applied:
        click.echo("The database is up to date.")
    context.exit(Exit.FAILED if left else Exit.DONE)


def _say_standing(before: Standing, place: str) -> None:
    if before.unknown:
        click.echo(
            f"Note: {place} has migrations of a later version: {', '.join(before.unknown)}. "
            "This one runs beside them, as long as nothing was taken away.",
            err=True,
        )
    if not before.pending:
        click.echo(f"{place} is up to date.")
        return
    click.echo(f"{place}: {len(before.pending)} pending")
    for name in before.pending:
        click.echo(f"  {name}")


def _parts(url: str) -> dict[str, str]:
    """Take the address apart as libpq does. Raises UnusableInput, without the address."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # What libpq says repeats a part of the address, and that may be the password.
        raise UnusableInput(
            "The database's address can't be read: it is like "
            "postgresql://USER:PASSWORD@HOST:5432/DATABASE.",
            code="BAD_URL",
            advice="Letters like @ : / # ? % in the password are written as %40 %3A %2F %23 %3F "
            "%25.",
        ) from None
    return {name: str(value) for name, value in parts.items() if value is not None}


def _checked(url: str | None) -> str:
    if not url:
        raise UnusableInput(
            "Which database? Set DATABASE_URL, or give --url.", code="NO_DATABASE", advice=_DIRECT
        )
    if _TRANSACTION_POOLER in _parts(url).get("port", "").split(","):
        raise UnusableInput(
            "Port 6543 is Supabase's transaction pooler, which is for the running Quire: "
            "migrations need a connection that stays theirs.",
            code="TRANSACTION_POOLER",
            advice=_DIRECT,
        )
    return url


def _place(url: str) -> str:
    parts = _parts(url)
    host = parts.get("host") or parts.get("hostaddr") or "this machine"
    return printable(f"{parts.get('dbname') or 'postgres'} on {host}:{parts.get('port', '5432')}")


@contextmanager
def _told(url: str, applied: list[str] | None = None) -> Iterator[None]:
    """Turn what the database says into a sentence, without the password."""
    import psycopg

    try:
        yield
    except psycopg.errors.LockNotAvailable:
        raise _failed("a table it changes is in use for too long", applied or [], again=True) from (
            None
        )
    except psycopg.OperationalError as error:
        if error.sqlstate and not error.sqlstate.startswith(("08", "28", "57P", "53", "3D")):
            raise _failed(_said(error, url), applied or [], again=False) from None
        raise Unreachable(
            f"{_place(url)} does not let us in: {_said(error, url)}",
            code="DATABASE_UNREACHABLE",
            advice="Is the address right, and does this machine have a way there? " + _DIRECT,
        ) from None
    except psycopg.Error as error:
        raise _failed(_said(error, url), applied or [], again=False) from None


def _failed(why: str, applied: list[str], *, again: bool) -> CommandError:
    return CommandError(
        f"A migration failed after {len(applied)} that went in: {why}",
        Exit.FAILED,
        code="TABLE_IN_USE" if again else "MIGRATION_FAILED",
        advice="It left nothing behind; `quire migrate` goes on with it."
        + (" Try when less is going on, or with a longer --lock-timeout." if again else ""),
    )


def _said(error: Exception, url: str) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0] if lines else type(error).__name__
    password = _parts(url).get("password")
    return printable(said.replace(password, "***") if password else said)
