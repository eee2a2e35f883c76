"""What an ended job leaves behind, and how much of it may go."""

from __future__ import annotations

from dataclasses import dataclass

from common.lifecycle import JobStatus
from common.models import DocumentId, JobId, ObjectRef
from common.names import is_promised


@dataclass(frozen=True, slots=True)
class Remains:
    """A claimed clean-up: the job can't be retried any more."""

    job_id: JobId
    document_id: DocumentId
    #: Which processing of the document this was: others' results are not its own to remove.
    run: int
    status: JobStatus
    #: Where the document was uploaded to; the generation is None where it never landed.
    source: ObjectRef
    #: What the job has delivered, and keeps.
    result_path: str | None
    text_path: str | None
    #: Whether the time to keep the other intermediate objects is over as well.
    is_over: bool

    @property
    def kept(self) -> frozenset[str]:
        """Names in the results bucket that stay for good."""
        return frozenset(path for path in (self.result_path, self.text_path) if path)

    @property
    def lets_results_go(self) -> bool:
        """Whether chunk results and the merges that do not count may go."""
        return self.is_over or self.status is JobStatus.CANCELLED

    @property
    def lets_rows_go(self) -> bool:
        """Whether the chunks' rows and the pages of unfinished merges may go."""
        return self.status is JobStatus.CANCELLED

    @property
    def lets_source_go(self) -> bool:
        """Whether the document itself may go: it came through the API, and nothing came of it.

        Unless another job needs it.
        """
        return self.lets_results_go and not self.result_path and is_promised(self.source.name)
