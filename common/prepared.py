"""What stages after OCR have made, as a document's readers ask for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of a document."""

    #: Those on this page, also in part.
    page: int | None = None
    #: Those in this language or a variety of it: `fr` is any French.
    language: str | None = None
    #: Those behind this position.
    after: int = -1
    limit: int = 100


@dataclass(frozen=True, slots=True)
class NotPrepared:
    """A document of which no job has made what was asked for."""

    #: Whether a job is on its way to it.
    is_awaited: bool
