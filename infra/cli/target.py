"""Which Quire a command speaks to: a deployed one by address and token, or this machine's stack."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from infra.cli.exits import UnusableInput

#: The profile that stands for the stack of this machine, and needs no file.
LOCAL: Final = "local"
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The global options of one command line."""

    home: Path | None = None
    #: Whether --home was typed, not only set in the environment: it means this machine's stack.
    home_typed: bool = False
    profile: str | None = None
    url: str | None = None

    @property
    def command(self) -> str:
        """How `quire` is to be typed so that it speaks to the same one again."""
        typed = ["quire"]
        if self.home_typed:
            typed += ["--home", str(self.home)]
        if self.url:
            typed += ["--url", self.url]
        elif self.profile:
            typed += ["--profile", self.profile]
        return shlex.join(typed)


@dataclass(frozen=True, slots=True)
class Remote:
    """A deployed Quire and the right to ask it."""

    address: str
    token: str = field(repr=False)
    #: What named its address, for people: `QUIRE_URL`, `profile prod`.
    source: str
    #: Where its token comes from, for people.
    token_source: str
    #: Whether the command line itself names it; else it is what is configured.
    is_typed: bool = False


def remote_of(wanted: Wanted, environment: Mapping[str, str] | None = None) -> Remote | None:
    """Return the deployed Quire that is meant; None for the stack of this machine.

    The command line comes first, then QUIRE_URL, then the file's profile `default`. A token out
    of the file is only ever sent to the address beside it. Raises UnusableInput.
    """
    env = os.environ if environment is None else environment
    if wanted.url and wanted.profile:
        raise UnusableInput("--url and --profile both say where to go: give one of them.")
    if wanted.home_typed and (wanted.url or wanted.profile not in {None, LOCAL}):
        raise UnusableInput("--home is the stack of this machine; leave out --url and --profile.")
    if wanted.url:
        return _by_url(wanted.url, "--url", env, is_typed=True)
    if wanted.profile == LOCAL or wanted.home_typed:
        return None
    if wanted.profile:
        return _by_profile(wanted.profile, env, is_typed=True)
    if env.get("QUIRE_URL"):
        return _by_url(env["QUIRE_URL"], "QUIRE_URL", env)
    return _by_profile("default", env)


def _by_url(url: str, source: str, env: Mapping[str, str], *, is_typed: bool = False) -> Remote:
    from infra.cli.config import config_path, read_profiles

    address = checked_address(url, source)
    token, token_source = env.get("QUIRE_TOKEN", ""), "QUIRE_TOKEN"
    if not token:
        path = config_path(env)
        for name, profile in read_profiles(path).items():
            if profile.url and checked_address(profile.url, f"{path} [{name}]") == address:
                token, token_source = profile.token, f"{path} [{name}]"
    return Remote(address, _checked_token(token, token_source), source, token_source, is_typed)


def _by_profile(name: str, env: Mapping[str, str], *, is_typed: bool = False) -> Remote | None:
    from infra.cli.config import config_path, read_profiles

    path = config_path(env)
    profiles = read_profiles(path)
    profile = profiles.get(name)
    if profile is None and not is_typed:
        return None
    if profile is None:
        known = ", ".join([*sorted(profiles), LOCAL])
        raise UnusableInput(
            f"There is no profile [{name}] in {path}.",
            code="NO_PROFILE",
            advice=f'There are: {known}. A profile has two lines: url = "https://…" and token = '
            '"qk_…".',
        )
    place = f"{path} [{name}]"
    if not profile.url:
        raise UnusableInput(f"{place} has no url.", code="NO_PROFILE")
    given = env.get("QUIRE_TOKEN", "")
    # A profile that is asked for by name comes with its own token; the environment only fills in.
    from_file = bool(profile.token) and (is_typed or not given)
    token, token_source = (profile.token, place) if from_file else (given, "QUIRE_TOKEN")
    return Remote(
        checked_address(profile.url, place),
        _checked_token(token, token_source),
        f"profile {name}",
        token_source,
        is_typed,
    )


def checked_address(url: str, source: str) -> str:
    """Return an address in one spelling, without a slash at its end. Raises UnusableInput."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise _odd_address(url, source) from None
    host = (parts.hostname or "").lower()
    plain = host and host.isascii() and parts.netloc.isprintable() and " " not in url.strip()
    if parts.scheme not in {"http", "https"} or not plain:
        raise _odd_address(url, source)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UnusableInput(
            f"The address in {source} holds more than a place: leave out names, passwords and "
            "whatever follows ? or #.",
            code="BAD_URL",
            advice="The token goes into QUIRE_TOKEN or the configuration file.",
        )
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise UnusableInput(
            f"{source} names {host} by http://, which would send the token for all to read.",
            code="INSECURE_URL",
            advice=f"Use https://{host}.",
        )
    usual = {"http": 80, "https": 443}[parts.scheme]
    named = f"[{host}]" if ":" in host else host
    numbered = named if port in {None, usual} else f"{named}:{port}"
    return f"{parts.scheme}://{numbered}{parts.path.rstrip('/')}"


def _odd_address(url: str, source: str) -> UnusableInput:
    return UnusableInput(
        f"{source} is not an address like https://quire.example.org.", code="BAD_URL"
    )


def _checked_token(token: str, source: str) -> str:
    token = token.strip()
    if any(not 0x21 <= ord(letter) <= 0x7E for letter in token):
        raise UnusableInput(
            f"What {source} holds is no token: it has spaces or letters that no token has.",
            code="BAD_TOKEN",
        )
    return token
