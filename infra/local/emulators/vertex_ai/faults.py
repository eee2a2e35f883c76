"""Faults that can be ordered: which calls they strike, how often, and with what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

Method = Literal["predict", "embedContent", "batchEmbedContents", "generateContent"]

#: HTTP status of each, by google.rpc.Code.
HTTP_STATUS: Final[Mapping[str, int]] = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which calls a fault strikes: those for which all that is given here holds."""

    method: Method | None = None
    #: Stands in one of the texts.
    text: str | None = None
    #: The first call since the fault was set is 1.
    nth_call: Annotated[int, Meta(ge=1)] | None = None
    #: Share of the calls, drawn by `seed`.
    probability: Annotated[float, Meta(ge=0, le=1)] | None = None
    seed: int = 0


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ordered fault."""

    status: Literal[
        "INVALID_ARGUMENT",
        "FAILED_PRECONDITION",
        "PERMISSION_DENIED",
        "NOT_FOUND",
        "RESOURCE_EXHAUSTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DEADLINE_EXCEEDED",
    ]
    match: Match = Match()
    #: Strikes so often, then never again; None for ever.
    times: Annotated[int, Meta(ge=1)] | None = None
    #: Sent as RetryInfo, where given.
    retry_after_seconds: Annotated[float, Meta(ge=0)] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a fault may go by."""

    method: str
    texts: Sequence[str]


def fits(fault: Fault, facts: Facts) -> bool:
    """Say whether all that the fault names of a request holds for this one."""
    match = fault.match
    return match.method in {None, facts.method} and (
        match.text is None or any(match.text in text for text in facts.texts)
    )
