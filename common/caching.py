"""Under which key a chunk's result is kept: what its words depend on, and nothing else.

Keys are compared within one owner alone. Whatever changes what a page says, or how its result is
stored, has to be part of the key: a stale hit would deliver the wrong words without an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from json import dumps
from typing import Final

from common.models import ChunkOutcome
from common.pages import PageRange

#: To be raised whenever the stored shape of a result changes, or how pages are cut or read: what
#: was kept before is not found any more then.
READING: Final = 1


@dataclass(frozen=True, slots=True)
class ReadingKeys:
    """The keys of one document's chunks, for one way of reading it."""

    #: SHA-256 of the whole file, in hexadecimal.
    content: str
    #: As the opening engine counted them: another count means other numbers for the same pages.
    page_count: int
    #: The OCR engine with its version and whatever it is told for every document alike.
    engine: str
    #: As they were asked for: engines try the first one first, so their order counts.
    languages: tuple[str, ...] = ()

    def key(self, pages: PageRange) -> str:
        """Return the key of these pages' result, 64 hexadecimal digits."""
        # JSON keeps the parts apart: two different lists never become the same text.
        parts = [
            READING,
            self.content,
            self.page_count,
            pages.start,
            pages.end,
            self.engine,
            list(self.languages),
        ]
        return sha256(dumps(parts).encode()).hexdigest()

    def keys(self, chunks: Sequence[PageRange]) -> list[str]:
        """Return each chunk's key."""
        return [self.key(pages) for pages in chunks]


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """What planning a document found in the cache."""

    cached_chunks: int = 0
    cached_pages: int = 0
    #: Where nothing is left to be read: the merge that is to be sent.
    merge: ChunkOutcome | None = None
