"""A document's result as it grows, written the same way by whoever binds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import msgspec

from common.lifecycle import JobStatus
from common.merging import shift_page
from common.models import MergedDocument, MergeWork, StoredChunk
from common.results import ChunkResult, PageError


@dataclass(slots=True)
class BoundResult:
    """The result as it grows: each page is written as one line, then forgotten."""

    work: MergeWork
    pages: int = 0
    #: Code points of text so far: what the next chunk's anchors are moved by.
    length: int = 0
    confidence: float = 0.0
    errors: list[PageError] = field(default_factory=list)

    def add(
        self,
        result: ChunkResult | None,
        chunk: StoredChunk,
        result_file: BinaryIO,
        text_file: BinaryIO,
        *,
        encoded: Sequence[bytes] | None = None,
    ) -> None:
        """Write a chunk's pages behind those before, or note why there are none.

        Moves the pages' anchors, in place, to where their text stands in the document's. Whoever
        has the first chunk's pages as JSON already, where nothing moves, gives them `encoded`.
        """
        if result is None:
            self.fail(chunk, chunk.error_code or "", chunk.error_message or "")
            return
        for place, page in enumerate(result.pages):
            if self.length:
                shift_page(page, self.length)
            result_file.write(b",\n" if self.pages else b'{"pages":[\n')
            result_file.write(encoded[place] if encoded else msgspec.json.encode(page))
            text_file.write(page.text.encode())
            self.pages += 1
            self.confidence += page.confidence * len(page.text)
        self.length += len(result.full_text)
        self.errors.extend(result.errors)

    def fail(self, chunk: StoredChunk, code: str, message: str) -> None:
        """Note that none of the chunk's pages could be read."""
        self.errors.extend(PageError(number, code, message) for number in chunk.pages)

    def close(self, result_file: BinaryIO) -> None:
        """Write what stands behind the pages."""
        if not self.pages:
            result_file.write(b'{"pages":[')
        tail = {
            "document_id": str(self.work.document_id),
            "job_id": str(self.work.job_id),
            "filename": self.work.filename,
            "source_page_count": self.work.source_page_count,
            "page_count": self.pages,
            "text_length": self.length,
            "overall_confidence": round(self.confidence / self.length, 4) if self.length else 0.0,
            "partial": bool(self.errors or self.work.warnings),
            "warnings": self.work.warnings,
            "errors": self.errors,
        }
        # The tail's opening brace becomes the comma behind the pages.
        result_file.write(b"\n]," + msgspec.json.encode(tail)[1:])

    def record(self, stored: tuple[str | None, str | None, str | None]) -> MergedDocument:
        """Return what is recorded of it; `stored`: the result's path, the text's, the checksum."""
        path, text_path, checksum = stored
        status = JobStatus.COMPLETED
        code = message = None
        if self.errors or self.work.warnings:
            status = JobStatus.COMPLETED_WITH_ERRORS
        if not self.pages:
            status = JobStatus.FAILED
            code, message = self.errors[0].code, self.errors[0].message
        return MergedDocument(
            status=status,
            pages=self.pages,
            failed_pages=len(self.errors),
            result_path=path,
            text_path=text_path,
            checksum=checksum,
            error_code=code,
            error_message=message,
        )
