"""One thing that a deployment needs, and how it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from infra.cli.deploying.programs import ProgramFailed


class State(StrEnum):
    """How it stands."""

    OK = "ok"
    #: Nothing to do: `make deploy` makes it.
    LATER = "later"
    #: It works, but not as well as it might.
    NOTE = "note"
    MISSING = "missing"
    #: It could not be looked at; the detail says why.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """What was found: `detail` says it, `advice` what to do."""

    name: str
    state: State
    detail: str
    advice: str = ""


#: Why something could not be looked at, by the kind of a program's failure. What to do about the
#: tools and the login is told with them.
_WHY = {
    "ABSENT": "gcloud is not installed.",
    "NO_LOGIN": "nobody is logged in.",
    "AWAY": "Google does not answer; is this machine online?",
    "REFUSED": "the account that is logged in may not look.",
}


def unknown(name: str, error: ProgramFailed, advice: str = "") -> Check:
    """Return a check that could not be made."""
    why = _WHY.get(error.kind, error.said or "the program does not say why.")
    is_told = error.kind in {"ABSENT", "NO_LOGIN"}
    return Check(name, State.UNKNOWN, f"Not looked at: {why}", "" if is_told else advice)


def looked(name: str, look: Callable[[], Check], advice: str = "") -> Check:
    """Make a check; where the program can't, say that it could not be made."""
    try:
        return look()
    except ProgramFailed as error:
        return unknown(name, error, advice)
