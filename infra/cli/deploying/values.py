"""What the deployer has to say: variables, and what is known of the Supabase project."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from infra.cli.deploying.check import Check, State
from infra.cli.deploying.target import PROJECT, REGION, Target

_SECONDS: Final = 10
_SUPABASE: Final = re.compile(r"https://[^/\s]+")


def check_values(target: Target, *, offline: bool = False) -> Iterator[Check]:
    """Look at the variables, the Supabase project's address, and the kinds of its keys."""
    yield _variables(target)
    yield _supabase(target, offline=offline)
    values = target.secret_values
    if "supabase_service_key" in values:
        yield key_kind(values["supabase_service_key"])
    if "database_url" in values:
        yield database_kind(values["database_url"])
    yield _migrations(target)


def _variables(target: Target) -> Check:
    name = "variables"
    if not PROJECT.fullmatch(target.project):
        return Check(name, State.MISSING, f"{target.project} is no project's id.")
    if not REGION.fullmatch(target.region):
        return Check(name, State.MISSING, f"{target.region} is no region like europe-west1.")
    if not target.tfvars.is_file():
        known = sorted(path.stem for path in target.tfvars.parent.glob("*.tfvars"))
        return Check(
            name,
            State.MISSING,
            f"There is no {target.tfvars.name}.",
            f"There are: {', '.join(known)}.",
        )
    if target.unknown:
        return Check(
            name,
            State.MISSING,
            f"{target.tfvars.name} names what Terraform does not know: "
            f"{', '.join(target.unknown)}.",
        )
    missing = [each for each in target.missing if each != "supabase"]
    if missing:
        return Check(
            name,
            State.MISSING,
            f"Without a value: {', '.join(missing)}.",
            f"Write them into {target.terraform.name}/terraform.tfvars, or set TF_VAR_….",
        )
    return Check(name, State.OK, f"{target.tfvars.name} and what is set are complete.")


def _supabase(target: Target, *, offline: bool) -> Check:
    name, address = "Supabase", target.address
    if not address:
        return Check(
            name,
            State.MISSING,
            "Its address is not known.",
            "make deploy … SUPABASE_URL=https://PROJECT.supabase.co (Project Settings, Data API)",
        )
    if not _SUPABASE.fullmatch(address):
        return Check(name, State.MISSING, "Its address is like https://abcdefgh.supabase.co.")
    if offline:
        return Check(name, State.UNKNOWN, "Not looked at: --offline.")
    import httpx

    try:
        # Without a key it answers 401, which is answer enough.
        answer = httpx.get(f"{address}/auth/v1/health", timeout=_SECONDS)
    except httpx.HTTPError as error:
        return Check(
            name,
            State.UNKNOWN,
            f"{address} does not answer ({type(error).__name__}).",
            "Is it spelled right, not paused, and this machine online?",
        )
    if answer.status_code in {200, 401}:
        return Check(name, State.OK, f"{address} answers.")
    return Check(
        name,
        State.MISSING,
        f"{address} answers as no Supabase does (HTTP {answer.status_code}).",
        "A paused project is woken in its dashboard.",
    )


def key_kind(key: str) -> Check:
    """Say whether a key is the one that may write to the storage; the key itself is not told."""
    name, wanted = "Supabase key", "Take the secret key (sb_secret_…), or the old service_role key."
    if key.startswith("sb_secret_"):
        return Check(name, State.OK, "A secret key.")
    if key.startswith("sb_publishable_"):
        return Check(name, State.MISSING, "It is the publishable key, which may not write.", wanted)
    parts = key.split(".")
    if len(parts) == 3:
        try:
            role = json.loads(base64.urlsafe_b64decode(parts[1] + "==")).get("role")
        except (ValueError, binascii.Error, AttributeError):
            role = None
        if role == "service_role":
            return Check(name, State.OK, "A service_role key.")
        if role:
            return Check(name, State.MISSING, "It is the key of another role.", wanted)
    return Check(name, State.MISSING, "It is no key of Supabase's.", wanted)


def database_kind(url: str) -> Check:
    """Say whether an address is the one that the running Quire is to have."""
    name = "database"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return Check(name, State.MISSING, "Its address can't be read.")
    if parts.scheme not in {"postgresql", "postgres"} or not parts.password:
        return Check(
            name,
            State.MISSING,
            "Its address is like postgresql://USER:PASSWORD@HOST:6543/postgres.",
        )
    if port != 6543:
        return Check(
            name,
            State.NOTE,
            f"Port {port or 5432} gives each process connections of its own; Supabase has few.",
            "Take the transaction pooler's address (port 6543) for database_url.",
        )
    return Check(name, State.OK, "The transaction pooler.")


def _migrations(target: Target) -> Check:
    name = "migrations"
    url = target.variables.get("DATABASE_URL", "")
    if not url:
        return Check(
            name,
            State.MISSING,
            "DATABASE_URL is not set: `make deploy` migrates through it.",
            "The direct connection, or the session pooler: port 5432. See `quire migrate --help`.",
        )
    try:
        port = urlsplit(url).port
    except ValueError:
        return Check(name, State.MISSING, "DATABASE_URL can't be read.")
    if port == 6543:
        return Check(
            name,
            State.MISSING,
            "DATABASE_URL is the transaction pooler's.",
            "Migrations need the direct connection or the session pooler: port 5432.",
        )
    return Check(name, State.OK, "DATABASE_URL is set. `quire migrate --check` asks it.")
