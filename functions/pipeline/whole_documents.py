"""What of a message's small documents is read whole, and which of them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import uuid4

from common.caching import ReadingKeys
from common.models import ChunkId
from common.pages import PageRange
from common.small_documents import Beginning, SmallDocument, WholeDocuments

#: What is read but not recorded yet would be read again after a crash: so much time, or one
#: document where one takes longer; and while that is recorded, as much again.
RECORD_SECONDS: Final = 0.5

#: A document that can be begun, with its content.
Waiting = tuple[Beginning, bytes]


@dataclass(frozen=True, slots=True)
class WholeLimits:
    """What is read whole."""

    #: The deployment's default size of a chunk, in pages.
    pages: int
    #: What one OCR call takes.
    max_pages: int
    max_bytes: int
    #: What reads, as keys of the cache name it; None where nothing is kept.
    engine: str | None = None
    #: Whether stages follow where a job does not say.
    stages_follow: bool = False
    #: What has been read for so long is recorded.
    record_seconds: float = RECORD_SECONDS
    #: After so long the documents of a message that have not been begun wait for other workers.
    seconds: float = 45.0


@dataclass(slots=True)
class Pace:
    """How long documents take of late in this process: as many are begun at once as are recorded
    together."""

    seconds: float = RECORD_SECONDS

    def note(self, seconds: float) -> None:
        """Learn from one document."""
        self.seconds += (seconds - self.seconds) / 4

    @property
    def at_once(self) -> int:
        """Documents to begin together, at least one."""
        return max(1, int(RECORD_SECONDS / max(self.seconds, 1e-3)))


def beginning_of(
    document: SmallDocument,
    content: bytes,
    *,
    pdfs: Callable[[], WholeDocuments],
    limits: WholeLimits,
) -> Beginning | None:
    """Return how a document is begun that can be read as it is; None where it can't be."""
    options = document.options
    most = options.chunk_pages or limits.pages
    # Where less than all is asked for, it has to be cut; what only fills the cache has no result.
    if document.has_password or options.pages or options.warm or most > limits.max_pages:
        return None
    # What goes on behind its merge needs one.
    if limits.stages_follow if options.stages is None else options.stages:
        return None
    digest = sha256(content).hexdigest()
    if len(content) > limits.max_bytes or document.sha256 not in (None, digest):
        return None
    pages = pdfs().count_pages(content, most=most)
    if pages is None:
        return None
    key = None
    if options.cache and limits.engine is not None:
        keys = ReadingKeys(digest, pages, limits.engine, options.languages)
        key = keys.key(PageRange(1, pages))
    return Beginning(document, ChunkId(uuid4()), pages, len(content), digest, key)


def next_group(waiting: Sequence[Waiting], most: int) -> tuple[list[Waiting], list[Waiting]]:
    """Return those to begin now, and the others.

    Of equal ones only the first: once that is recorded, the others are found in the cache.
    """
    group: list[Waiting] = []
    others: list[Waiting] = []
    keys: set[tuple[str, str]] = set()
    for each in waiting:
        beginning = each[0]
        key = (beginning.document.owner, beginning.cache_key or str(beginning.chunk_id))
        if len(group) < most and key not in keys:
            keys.add(key)
            group.append(each)
        else:
            others.append(each)
    return group, others
