"""Faults that can be ordered: which calls they strike, how often, and with what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which calls a fault strikes: those for which all that is given here holds."""

    #: Stands on one of the pages asked for.
    page_text: str | None = None
    #: Exactly so many pages are asked for.
    pages: Annotated[int, Meta(ge=1)] | None = None
    #: The first call since the fault was set is 1.
    nth_call: Annotated[int, Meta(ge=1)] | None = None
    #: Share of the calls, drawn by `seed`: the same calls in the same order are struck again.
    probability: Annotated[float, Meta(ge=0, le=1)] | None = None
    seed: int = 0
    #: Of the PDF as it was sent, in lower-case hexadecimal.
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ordered fault."""

    status: Literal[
        "UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT"
    ]
    match: Match = Match()
    #: Strikes so often, then never again; None for ever.
    times: Annotated[int, Meta(ge=1)] | None = None
    #: Sent as RetryInfo, where given.
    retry_after_seconds: Annotated[float, Meta(ge=0)] | None = None


@dataclass
class Facts:
    """What a fault may go by. `texts` is empty where no fault asks for the pages' text."""

    content: bytes
    pages: int
    texts: Sequence[str]

    @cached_property
    def sha256(self) -> str:
        """Hash of the PDF, worked out at most once."""
        return sha256(self.content).hexdigest()


def fits(fault: Fault, facts: Facts) -> bool:
    """Say whether all that the fault names of a request holds for this one."""
    match = fault.match
    return (
        match.pages in {None, facts.pages}
        and (match.sha256 is None or match.sha256 == facts.sha256)
        and (match.page_text is None or any(match.page_text in text for text in facts.texts))
    )
