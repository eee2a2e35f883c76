"""A batch on its way in: what its manifest names, what was found by that, and what is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from common.access import Caller
from common.locations import Location
from common.models import DocumentId, JobOptions, ObjectRef, Priority


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a manifest that makes sense by itself."""

    line: int
    #: A document that was uploaded, or where there are objects.
    source: UUID | Location
    options: JobOptions
    priority: Priority


@dataclass(frozen=True, slots=True)
class FoundObject:
    """An object as the storage has it now."""

    ref: ObjectRef
    #: In bytes.
    size: int
    content_type: str

    @property
    def is_pdf(self) -> bool:
        """Whether it is one by what is said of it."""
        name = self.ref.name
        if name.endswith("/"):  # what a console makes to show an empty folder
            return False
        return self.content_type == "application/pdf" or name.lower().endswith(".pdf")


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A document of the caller's."""

    id: DocumentId
    #: Without a generation where nobody has told yet that it landed.
    source: ObjectRef
    matter: str | None
    #: In bytes; None where nobody has looked.
    size: int | None
    #: Whether no job has been made for it yet.
    is_held: bool = False

    def is_of(self, matter: str | None) -> bool:
        """Whether a batch of this matter may read it. A batch of none reads all, and is of none."""
        return matter in {None, self.matter} or (self.is_held and self.matter is None)


@dataclass(frozen=True, slots=True)
class Standing:
    """An object that is a document already."""

    #: Whether it is the caller's.
    is_own: bool
    matter: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document that the batch will read: one job."""

    line: int
    source: ObjectRef
    #: In bytes.
    size: int
    options: JobOptions
    priority: Priority
    #: Which it is; None where the object may not be a document yet.
    document_id: DocumentId | None = None


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """Everything about a batch but its documents."""

    id: UUID
    caller: Caller
    name: str
    matter: str | None
    purpose: str
    priority: Priority
    #: What its documents were given by default.
    options: JobOptions
    webhook_url: str | None
    is_paused: bool


class BucketObjects(Protocol):
    """Cloud Storage as a manifest needs it. TransientError where it is away."""

    def find_all(self, bucket: str, names: Iterable[str]) -> Mapping[str, FoundObject]:
        """Return what is there of these names, in few requests."""

    def matching(
        self, location: Location, *, most: int, left_out: str = ""
    ) -> Sequence[FoundObject]:
        """Return what a pattern means, at most so many, by their names.

        Nothing of what begins with `left_out`, where that is anything.
        """


class BatchDocuments(Protocol):
    """The database as a manifest needs it. Each method is one statement."""

    def documents(self, ids: Sequence[UUID], caller: Caller) -> Mapping[UUID, KnownDocument]:
        """Return those that are the caller's."""

    def at(self, refs: Sequence[ObjectRef], caller: Caller) -> Mapping[ObjectRef, Standing]:
        """Return of those objects that are documents already whose they are."""
