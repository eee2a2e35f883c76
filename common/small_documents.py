"""Small documents as whoever reads them whole sees them: claimed, begun and read, many at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from common.models import (
    ChunkId,
    ChunkWork,
    DocumentId,
    JobId,
    JobOptions,
    ObjectRef,
    PageRow,
    Priority,
)
from common.ports import LiveUpdates, Results


@dataclass(frozen=True, slots=True)
class SmallDocument:
    """A claimed job: the right to begin it, or to hand it on, until the lease ends."""

    job_id: JobId
    document_id: DocumentId
    owner: str
    filename: str
    source: ObjectRef
    run: int
    attempt: int
    options: JobOptions
    priority: Priority
    has_password: bool
    #: What the file's SHA-256 must be, in hexadecimal; None where nobody has said.
    sha256: str | None = None

    @property
    def log_fields(self) -> dict[str, object]:
        """What every log line about this attempt says beside its sentence."""
        return {"job_id": str(self.job_id), "attempt": self.attempt}


@dataclass(frozen=True, slots=True)
class Beginning:
    """A sound document whose pages fit into one call, as it is to be begun."""

    document: SmallDocument
    chunk_id: ChunkId
    pages: int
    #: In bytes.
    size: int
    #: Of its content, in hexadecimal.
    sha256: str
    #: Of what is kept of it for others; None where nothing is.
    cache_key: str | None = None
    #: Whether its chunk is to wait for a worker instead of being read by who begins it.
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """A document whose only chunk is ours to read, or to take from the cache."""

    document: SmallDocument
    work: ChunkWork


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document that was read and whose results are stored: what is recorded of it."""

    begun: Begun
    chunk_path: str
    chunk_checksum: str
    result_path: str
    checksum: str
    text_path: str | None
    #: How long ago reading began and ended when this is recorded, in seconds.
    began_ago: float
    ended_ago: float
    pages: Sequence[PageRow]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording has done."""

    #: Whose jobs have ended by it. The others' leases were lost, or they were paused or cancelled.
    job_ids: frozenset[JobId]
    #: Those of them whose owners' servers are to be told, of their own end or their batches'.
    to_announce: tuple[JobId, ...]


class SmallDocuments(Protocol):
    """The database as whoever reads small documents sees it."""

    def claim(self, job_ids: Sequence[JobId]) -> list[SmallDocument]:
        """Take the right to begin these jobs; those that are begun, paused or gone are left out."""

    def begin(self, documents: Sequence[Beginning]) -> list[Begun]:
        """Plan each as one chunk; return those that are to be read now.

        Raises InsufficientCredits where that cannot be paid for; then nothing is written.
        """

    def renew(self, documents: Sequence[SmallDocument]) -> Collection[JobId]:
        """Extend the leases of jobs and of their chunks; return whose are still ours."""

    def record(self, documents: Sequence[ReadDocument]) -> Recorded:
        """End the jobs with their results and pages."""

    def hand_on(self, document: SmallDocument) -> int | None:
        """Give up a claim for the ordinary way; return the number of its message to ingest."""


class WholeDocuments(Protocol):
    """Looks whether PDFs can be read as they are."""

    def count_pages(self, content: bytes, *, most: int) -> int | None:
        """Return a sound PDF's pages; None where it has more than `most`, or is not that simple."""


class WholeResults(Results, Protocol):
    """The store of results as whoever reads small documents sees it."""

    def write_small(self, name: str, content: bytes, content_type: str) -> None:
        """Store a merged result that is in memory."""


class LiveUpdatesAtOnce(LiveUpdates, Protocol):
    """Live updates as whoever ends many jobs at once sends them."""

    def publish_all(self, changed: Iterable[UUID]) -> None:
        """Say that each of them has changed."""
