"""A job as the API describes it, and the sentences that the command makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from common.lifecycle import FINAL_JOB_STATUSES, JobStatus
from common.results import PageError
from infra.cli.exits import CommandError, Exit


class JobError(msgspec.Struct, frozen=True):
    """Why a job failed."""

    code: str
    message: str


class ChunkError(msgspec.Struct, frozen=True):
    """Pages that could not be read, and why. Page numbers are the document's own, from 1."""

    page_start: int
    page_end: int
    code: str
    message: str
    chunk_index: int | None = None
    #: False while these pages are being tried again.
    final: bool = True


class Current(msgspec.Struct, frozen=True):
    """The pages under work."""

    page_start: int
    page_end: int
    chunk_index: int | None = None


class Eta(msgspec.Struct, frozen=True):
    """When a job will probably have been read."""

    seconds: float
    basis: str = ""


class Job(msgspec.Struct, frozen=True):
    """One answer of `GET /v1/jobs/{id}`; fields that a later API adds are passed over."""

    job_id: str
    status: JobStatus
    document_id: str = ""
    batch_id: str | None = None
    filename: str = ""
    stage: str = ""
    #: The line for people: `Processing chunk 3/7`.
    message: str = ""
    progress_percent: float = 0.0
    page_count: int | None = None
    total_pages: int = 0
    completed_pages: int = 0
    failed_pages: int = 0
    #: Of the completed: found in the cache, and not read.
    cached_pages: int = 0
    total_chunks: int = 0
    completed_chunks: int = 0
    failed_chunks: int = 0
    processing_chunks: int = 0
    current: Current | None = None
    eta: Eta | None = None
    priority: str = "normal"
    matter: str | None = None
    can_resume: bool = False
    can_retry: bool = False
    error: JobError | None = None
    chunk_errors: tuple[ChunkError, ...] = ()
    #: Pages that could not be read although the rest of their chunk could.
    page_errors: tuple[PageError, ...] = ()
    warnings: tuple[str, ...] = ()
    created_at: str | None = None
    started_at: str | None = None
    finished_at: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.status in FINAL_JOB_STATUSES

    @property
    def has_result(self) -> bool:
        """Whether text and boxes can be fetched."""
        return self.status in {JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_ERRORS}

    @property
    def exit_code(self) -> Exit:
        """What a command that waited for this job ends with."""
        return {
            JobStatus.FAILED: Exit.FAILED,
            JobStatus.CANCELLED: Exit.FAILED,
            JobStatus.COMPLETED_WITH_ERRORS: Exit.WITH_ERRORS,
        }.get(self.status, Exit.DONE)

    @property
    def line(self) -> str:
        """The line for people, never empty."""
        return self.message or self.status.value.replace("_", " ").capitalize()

    @property
    def progress_line(self) -> str:
        """The line beside a bar: why a job failed is told at length, once, at the end."""
        return "Failed" if self.status is JobStatus.FAILED else self.line


#: The API's answer, kept whole for `--json`.
RawJob = Mapping[str, object]


def read_job(raw: RawJob) -> Job:
    """Return the job that an answer describes.

    Raises CommandError for what is none, such as an answer of another server.
    """
    try:
        return msgspec.convert(raw, Job, strict=False)
    except msgspec.ValidationError as error:
        raise CommandError(
            f"The API's answer is not a job as this command knows it: {error}.",
            Exit.FAILED,
            code="UNKNOWN_ANSWER",
            advice="Is `quire` of another version than the stack? `quire doctor` tells.",
        ) from error


def pages_text(start: int, end: int) -> str:
    """Name a range of pages: `page 13`, `pages 13-15`."""
    return f"page {start}" if start == end else f"pages {start}-{end}"


def unread_lines(errors: Iterable[tuple[int, int, str, str]]) -> list[str]:
    """Name the pages that could not be read, in the document's order.

    Each error is its first page, its last page, a code and a sentence. Neighbours with the same
    trouble become one line.
    """
    lines: list[tuple[int, int, str, str]] = []
    for start, end, code, message in sorted(errors):
        if lines and lines[-1][1] == start - 1 and lines[-1][2:] == (code, message):
            start = lines.pop()[0]  # noqa: PLW2901 - the range grows backwards
        lines.append((start, end, code, message))
    return [f"{pages_text(start, end)}: {message} [{code}]" for start, end, code, message in lines]


def unread_pages(job: Job) -> list[tuple[int, int, str, str]]:
    """Return the pages that could not be read, alone or with their chunk, for `unread_lines`."""
    chunks = [
        (error.page_start, error.page_end, error.code, error.message)
        for error in job.chunk_errors
        if error.final
    ]
    pages = [(error.number, error.number, error.code, error.message) for error in job.page_errors]
    return chunks + pages


def seconds_text(seconds: float) -> str:
    """Write a duration as people do: `4.2 s`, `3 min 20 s`, `2 h 05 min`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def size_text(size: int) -> str:
    """Write a size as people do, in powers of ten: `812 kB`, `3.4 MB`."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            number = size / scale
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{size} bytes"
