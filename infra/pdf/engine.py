"""What the engines that cut PDFs have in common: their shape, and why they may refuse a file."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

#: A longer document is refused: its page tree alone would fill the process's memory.
MAX_PAGES = 100_000


class Reason(StrEnum):
    """Why a PDF, or some pages of it, can't be cut. The values are our errors' codes."""

    NOT_A_PDF = "NOT_A_PDF"
    UNREADABLE_PDF = "UNREADABLE_PDF"
    NO_PAGES = "NO_PAGES"
    PASSWORD_REQUIRED = "PASSWORD_REQUIRED"  # noqa: S105 - an error's code
    PASSWORD_WRONG = "PASSWORD_WRONG"  # noqa: S105 - an error's code
    TOO_MANY_PAGES = "TOO_MANY_PAGES"


class Refused(Exception):
    """An engine can't do what it was asked for with this file."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Engine(Protocol):
    """A PDF opened for cutting."""

    @property
    def page_count(self) -> int:
        """Pages that can be cut."""

    @property
    def warnings(self) -> Sequence[str]:
        """Why the document may be incomplete, as far as is known by now."""

    def cut(self, first: int, last: int, target: Path) -> int:
        """Write the pages from `first` to `last` (from 1, both included); return the bytes."""


def checked_count(page_count: int) -> int:
    """Return the count, or refuse a document without pages or with too many."""
    if page_count < 1:
        raise Refused(Reason.NO_PAGES)
    if page_count > MAX_PAGES:
        raise Refused(Reason.TOO_MANY_PAGES)
    return page_count


def end_warnings(path: Path) -> list[str]:
    """Say so if the file does not end as PDFs do, which is how a cut-off upload looks."""
    with path.open("rb") as source:
        source.seek(max(0, path.stat().st_size - 2048))
        if b"%%EOF" in source.read():
            return []
    return ["The file's end is missing, so pages may be missing too."]
