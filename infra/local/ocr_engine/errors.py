"""What the engine can't do, in its caller's terms."""

from __future__ import annotations


class EngineError(Exception):
    """The engine could not do what it was asked for."""


class UnreadablePdf(EngineError):
    """The file can't be opened as a PDF at all."""


class EncryptedPdf(EngineError):
    """The file opens only with a password."""


class PageUnreadable(EngineError):
    """One page could not be read; the others of the file are not concerned."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(f"page {index + 1} could not be read: {reason}")
        #: Index of the page in the file, from 0.
        self.index = index
        #: One of the constants below, or a sentence.
        self.reason = reason


#: The page took longer than it may.
TIMED_OUT = "it took too long"
#: The page needed more memory than a child may use.
OUT_OF_MEMORY = "it needs too much memory"
#: The page ended the process that read it.
CRASHED = "it crashes its reader"
#: The page's number is not one of the file's.
NO_SUCH_PAGE = "the file has no such page"
#: The parser gave up on the page.
BROKEN = "it is damaged"
