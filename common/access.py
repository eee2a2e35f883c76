"""Who asks, and what they may do: every query of the API is made for a Caller."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """One thing that a token or an API key may be good for."""

    DOCUMENTS_WRITE = "documents:write"  #: Send documents
    JOBS_READ = "jobs:read"  #: See jobs, documents and results
    JOBS_WRITE = "jobs:write"  #: Pause, resume, cancel and retry jobs
    ADMIN = "admin"  #: See every tenant's jobs, the workers and the queues; grant credits


#: What a person who has logged in may do.
OWN_SCOPES: Final = frozenset({Scope.DOCUMENTS_WRITE, Scope.JOBS_READ, Scope.JOBS_WRITE})


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. What is not theirs is, for them, not there."""

    #: Whose documents: a Supabase user's id, or the owner of an API key.
    owner: str
    #: Only documents of these matters; all of the owner's where None.
    matters: tuple[str, ...] | None = None
    scopes: frozenset[Scope] = OWN_SCOPES

    def may(self, scope: Scope) -> bool:
        """Whether the caller may do this. Who is limited to matters administers nothing.

        What administration shows and gives is of all matters, so that a limit would mean nothing.
        """
        if scope is Scope.ADMIN and self.matters is not None:
            return False
        return scope in self.scopes

    @property
    def limited_to(self) -> list[str] | None:
        """The matters for a query: a list, or None where there is no limit."""
        return None if self.matters is None else list(self.matters)
