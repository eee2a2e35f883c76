"""`quire token`: a token for other clients of the local stack."""

from __future__ import annotations

import click

from infra.cli.connection import home_at, living_record, no_stack
from infra.cli.exits import Exit, UnusableInput, exit_codes
from infra.cli.target import Wanted, remote_of
from infra.cli.tokens import OWNER, signed_token


@click.command(
    epilog=exit_codes({Exit.USAGE: "wrong options, or it is a deployed Quire that is meant"})
)
@click.option(
    "--owner",
    default=OWNER,
    show_default=True,
    metavar="NAME",
    help="Whose documents it is for; `quire` itself uses this one.",
)
@click.option("--admin", is_flag=True, help="It may see every owner's jobs, and the workers.")
@click.option(
    "--hours",
    type=click.FloatRange(min=0, min_open=True, max=24 * 366),
    default=1,
    show_default=True,
    metavar="N",
    help="How long it is good for.",
)
@click.pass_context
def token(context: click.Context, *, owner: str, admin: bool, hours: float) -> None:
    """Print a token for the API of the stack that runs on this machine.

    A deployed Quire's tokens come from its login, or are API keys.

    \b
    Examples:
      curl -H "Authorization: Bearer $(quire token)" http://127.0.0.1:PORT/v1/jobs
      quire token --admin --hours 12
      quire token --owner alice
    """
    wanted: Wanted = context.obj
    remote = remote_of(wanted)
    if remote is not None:
        raise UnusableInput(
            f"Only the stack of this machine has its tokens made here, not {remote.address} "
            f"({remote.source}).",
            code="LOCAL_ONLY",
            advice="Log in there for a token, or make an API key: POST /v1/api-keys. For the "
            "stack of this machine: quire --profile local token",
        )
    if not owner.strip() or not owner.isprintable() or len(owner) > 255:
        raise click.BadParameter("an owner has 1 to 255 letters", param_hint="--owner")
    home = home_at(wanted.home)
    record = living_record(home)
    if record is None:
        raise no_stack(home)
    secret = record.environment["SUPABASE__JWT_SECRET"]
    seconds = max(1.0, hours * 3600)
    click.echo(signed_token(secret, seconds=seconds, owner=owner, is_admin=admin))
