"""What the use cases need from the outside, as Protocols. Adapters in `infra` fit them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

from common.models import (
    ChunkId,
    ChunkOutcome,
    ChunkWork,
    DocumentId,
    JobId,
    MergeWork,
    ObjectRef,
    PlannedChunk,
    SplitWork,
    StoredChunk,
)
from common.pages import PageRange
from common.results import ChunkResult, Page


class CutChunk(Protocol):
    """A cut PDF on this machine's disk."""

    @property
    def path(self) -> Path: ...  # noqa: D102
    @property
    def size(self) -> int: ...  # noqa: D102


class OpenPdf(Protocol):
    """A source PDF, opened once and cut many times."""

    @property
    def page_count(self) -> int:
        """Pages the document really has."""

    @property
    def warnings(self) -> Sequence[str]:
        """Why the document may be incomplete; empty for a sound file."""

    def cut(self, pages: PageRange, target: Path) -> int:
        """Write a PDF of only these pages to `target` and return its size in bytes."""


class PdfCutter(Protocol):
    """Opens PDFs for cutting, with bounds on time, memory and pages."""

    def open(self, path: Path, password: str | None) -> AbstractContextManager[OpenPdf]:
        """Open a PDF. Raises PermanentError for what can't be cut, with a finer code."""


class Uploads(Protocol):
    """Documents and chunk PDFs in Cloud Storage."""

    def download(self, ref: ObjectRef, target: Path) -> int:
        """Write the object to `target`, return its size. NotFound if that version is gone."""

    def put_chunk(self, name: str, path: Path) -> ObjectRef:
        """Create a chunk PDF; an object of that name that is already there is kept."""

    def read_chunk(self, ref: ObjectRef) -> bytes:
        """Return a chunk's PDF."""


class Results(Protocol):
    """JSON and text in Supabase Storage. Objects are made once and never overwritten."""

    def write_chunk(self, name: str, content: bytes) -> None:
        """Store a chunk's result. Keeps what is already there under that name."""

    def read_chunk(self, name: str) -> bytes:
        """Return a chunk's result. NotFound if it is gone."""

    def write_result(self, name: str, content: BinaryIO, content_type: str) -> None:
        """Store a merged result, read from an open file."""


class OcrEngine(Protocol):
    """Reads a PDF of at most the service's limits in one call."""

    def read(self, pdf: bytes, *, languages: Sequence[str]) -> list[Page]:
        """Return the PDF's pages, numbered from 1, with offsets from the first page's start.

        Raises TransientError, QuotaError or PermanentError, with a finer code.
        """


class Splits(Protocol):
    """The database as the splitter sees it. Each method is one transaction."""

    def claim(self, source: ObjectRef, *, default_owner: str) -> SplitWork | None: ...  # noqa: D102
    def plan(  # noqa: D102
        self, work: SplitWork, *, page_count: int, size: int, chunks: Sequence[PageRange]
    ) -> None: ...
    def planned(self, work: SplitWork) -> list[PlannedChunk]: ...  # noqa: D102
    def dispatched(self, work: SplitWork, chunk_ids: Sequence[ChunkId]) -> None: ...  # noqa: D102
    def finish(self, work: SplitWork) -> None: ...  # noqa: D102
    def fail(self, work: SplitWork, code: str, message: str) -> None: ...  # noqa: D102


class Chunks(Protocol):
    """The database as a worker sees it."""

    def claim(self, chunk_id: ChunkId) -> ChunkWork | None: ...  # noqa: D102
    def renew(self, work: ChunkWork) -> bool: ...  # noqa: D102
    def complete(self, work: ChunkWork, result: ChunkResult, path: str, sha256: str) -> ChunkOutcome: ...  # noqa: D102, E501
    def fail(self, work: ChunkWork, code: str, message: str) -> ChunkOutcome: ...  # noqa: D102
    def put_back(  # noqa: D102
        self, work: ChunkWork, *, code: str, message: str, delay_seconds: float, counted: bool
    ) -> None: ...


class Merges(Protocol):
    """The database as the merge sees it."""

    def claim(self, job_id: JobId) -> MergeWork | None: ...  # noqa: D102
    def chunks(self, work: MergeWork) -> Iterator[StoredChunk]: ...  # noqa: D102
    def renew(self, work: MergeWork) -> None: ...  # noqa: D102


class Dispatch(Protocol):
    """Sends chunks to the workers. A message carries only an id."""

    def send_chunks(self, chunk_ids: Sequence[ChunkId]) -> None:
        """Enqueue one task per chunk."""

    def send_chunk_later(self, chunk_id: ChunkId, delay_seconds: float) -> None:
        """Enqueue a chunk that should not be looked at before then."""


class Tasks(Protocol):
    """Cloud Tasks."""

    def send_merge(self, job_id: JobId, dispatch: int) -> None:
        """Have the merge called; doing it twice for one dispatch is the same as once."""

    def send_ingest(self, source: ObjectRef, dispatch: int) -> None:
        """Have ingest called again for an upload whose event or work was lost."""


class ChunkLocks(Protocol):
    """Redis leases that keep doubled messages cheap."""

    def acquire(self, document_id: DocumentId, chunk_index: int) -> AbstractContextManager[bool]:
        """Hold the chunk's lock while inside; False if somebody else has it."""
