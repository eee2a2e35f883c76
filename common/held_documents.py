"""Documents that are stored for a batch, and wait until one names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from common.models import DocumentId, ObjectRef


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """A document that its sender is about to upload."""

    id: DocumentId
    filename: str
    source: ObjectRef
    #: In bytes.
    size: int
    #: What the file's SHA-256 must be, in hexadecimal; None where nobody has said.
    sha256: str | None = None


class AbandonedDocuments(Protocol):
    """The database as whoever removes what nobody has used sees it."""

    def claim(self) -> Sequence[tuple[DocumentId, ObjectRef]]:
        """Return a few that were held for too long; from now on no batch begins with them."""

    def forget(self, ids: Sequence[DocumentId]) -> int:
        """Remove their rows, once their objects are gone; return how many."""
