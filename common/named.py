"""What a document names, put together: each thing once, however often and however it is written."""

from __future__ import annotations

from dataclasses import dataclass

from common.stage_rows import EntityKind

#: Pages that are listed of one thing, the first ones.
PAGES_LISTED = 100


@dataclass(frozen=True, slots=True)
class NamedThing:
    """A person, an organisation, a place, a date or an amount, with all its mentions."""

    kind: EntityKind
    #: As it is written most often.
    text: str
    #: A date in ISO 8601, an amount as number and unit; None of names.
    value: str | None
    #: Mentions; one that stands where two passages overlap counts in both.
    count: int
    #: At most PAGES_LISTED, in order.
    pages: list[int]
    page_count: int
    #: The most sure mention's.
    confidence: float


@dataclass(frozen=True, slots=True)
class NamedThings:
    """Some of what a document names, the most often named first."""

    things: list[NamedThing]
    #: Of all that were asked for.
    total: int


@dataclass(frozen=True, slots=True)
class WantedThings:
    """Which of them."""

    kind: EntityKind | None = None
    #: A part of how it is written; case and accents make no difference.
    text: str | None = None
    #: Behind so many of them.
    after: int = 0
    limit: int = 100
