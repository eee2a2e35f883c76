"""Whether a deployed Quire answers, is ready, and takes the token; for `quire doctor`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx

from infra.cli.api import Api
from infra.cli.connection import token_advice
from infra.cli.exits import CommandError
from infra.cli.target import Remote
from infra.cli.tokens import Given, expiry_of
from infra.cli.trouble import ApiError, Away
from infra.local.probes import Probe

_NOT_READY = "Its operator's logs say why."


def check_remote(remote: Remote) -> Iterator[Probe]:
    """Ask whether it is there, then its parts, then whether it knows the token."""
    with Api(remote.address, Given(remote.token), is_remote=True) as api:
        try:
            # Not /healthz: Google's front end keeps that path of a Cloud Run service for itself.
            status, answer = api.readiness()
        except (CommandError, Away) as error:
            yield _failed("remote", error, "Try again in a moment.")
            return
        yield Probe("remote", True, f"{remote.address} answers ({remote.source})")
        yield from _parts(status, answer)
        yield _login(api, remote)


def _parts(status: int, answer: Mapping[str, object]) -> Iterator[Probe]:
    parts = answer.get("parts")
    named = parts.items() if isinstance(parts, Mapping) else ()
    for name, part in named:
        ready = isinstance(part, Mapping) and part.get("ready") is True
        detail = str(part.get("detail") or "") if isinstance(part, Mapping) else str(part)
        yield Probe(f"remote {name}", ready, detail or "ready", "" if ready else _NOT_READY)
    if not named:
        ready = status == httpx.codes.OK
        detail = str(answer.get("detail") or answer.get("status") or f"HTTP {status}")
        yield Probe("remote ready", ready, detail, "" if ready else _NOT_READY)


def _login(api: Api, remote: Remote) -> Probe:
    if not remote.token:
        return Probe("remote login", False, "there is no token", "Set QUIRE_TOKEN.")
    try:
        api.get("/v1/jobs", limit=1)
    except (CommandError, Away) as error:
        is_unknown = isinstance(error, ApiError) and error.status == httpx.codes.UNAUTHORIZED
        return _failed("remote login", error, token_advice(remote) if is_unknown else "")
    end = expiry_of(remote.token)
    until = f", good until {end:%Y-%m-%d %H:%M} UTC" if end else ""
    return Probe("remote login", True, f"the token in {remote.token_source} is taken{until}")


def _failed(name: str, error: Exception, advice: str) -> Probe:
    if isinstance(error, CommandError):
        return Probe(name, False, f"{error.message} [{error.code}]", error.advice or advice)
    return Probe(name, False, str(error), advice)
