"""A batch as the API describes it, and the sentences that the command makes of it."""

from __future__ import annotations

import msgspec

from common.lifecycle import BatchStatus
from infra.cli.exits import CommandError, Exit
from infra.cli.jobs import RawJob, seconds_text


class Failure(msgspec.Struct, frozen=True):
    """One cause, and what it kept from being read."""

    code: str
    documents: int = 0
    pages: int = 0
    message: str = ""
    recoverable: bool = False


class Batch(msgspec.Struct, frozen=True):
    """One answer of `GET /v1/batches/{id}`; fields that a later API adds are passed over."""

    batch_id: str
    status: BatchStatus
    total: int = 0
    name: str = ""
    purpose: str = "ocr"
    priority: str = "normal"
    pending: int = 0
    processing: int = 0
    paused: int = 0
    completed: int = 0
    completed_with_errors: int = 0
    failed: int = 0
    cancelled: int = 0
    completion_percentage: float = 0.0
    total_pages: int = 0
    completed_pages: int = 0
    failed_pages: int = 0
    cached_pages: int = 0
    cache_hit_rate: float | None = None
    pages_per_minute: float | None = None
    eta_seconds: float | None = None
    elapsed_seconds: float | None = None
    can_recover: bool = False
    origin_id: str | None = None
    strategy: str | None = None
    recoveries: tuple[str, ...] = ()
    skipped_count: int = 0
    created_at: str | None = None
    finished_at: str | None = None
    failures: tuple[Failure, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.finished_at is not None

    @property
    def ended(self) -> int:
        """Documents that have ended, however they did."""
        return self.completed + self.completed_with_errors + self.failed + self.cancelled

    @property
    def exit_code(self) -> Exit:
        """What a command that waited for this batch ends with."""
        return {
            BatchStatus.FAILED: Exit.FAILED,
            BatchStatus.CANCELLED: Exit.FAILED,
            BatchStatus.COMPLETED_WITH_ERRORS: Exit.WITH_ERRORS,
        }.get(self.status, Exit.DONE)

    @property
    def title(self) -> str:
        """What to call it."""
        return self.name or f"batch {self.batch_id[:8]}"

    @property
    def line(self) -> str:
        """Where it stands, in one line."""
        parts = [f"{self.ended:,} of {self.total:,} documents"]
        lacking = self.failed + self.completed_with_errors
        if lacking:
            parts.append(f"{lacking:,} with failures")
        if self.completed_pages:
            parts.append(f"{self.completed_pages:,} pages")
        if self.status is BatchStatus.PAUSED:
            parts.append("paused")
        elif not self.is_final and self.pages_per_minute:
            parts.append(f"{self.pages_per_minute:,.0f} pages a minute")
        if self.eta_seconds is not None and not self.is_final:
            parts.append(f"about {seconds_text(self.eta_seconds)} left")
        return ", ".join(parts)


def read_batch(raw: RawJob) -> Batch:
    """Return the batch that an answer describes. Raises CommandError for what is none."""
    try:
        return msgspec.convert(raw, Batch, strict=False)
    except msgspec.ValidationError as error:
        raise CommandError(
            f"The API's answer is not a batch as this command knows it: {error}.",
            Exit.FAILED,
            code="UNKNOWN_ANSWER",
            advice="Is `quire` of another version than the stack? `quire doctor` tells.",
        ) from error


def status_lines(batch: Batch) -> list[str]:
    """Describe a batch for people, one fact a line."""
    rows = [("Batch", batch.batch_id)]
    if batch.name:
        rows.append(("Name", batch.name))
    rows.append(("Status", f"{batch.status.value} - {batch.line}"))
    if batch.purpose != "ocr":
        of = f" of {batch.origin_id}" if batch.origin_id else ""
        rows.append(("Purpose", batch.purpose + of))
    counts = {
        "waiting": batch.pending,
        "being read": batch.processing,
        "paused": batch.paused,
        "complete": batch.completed,
        "lacking pages": batch.completed_with_errors,
        "failed": batch.failed,
        "cancelled": batch.cancelled,
    }
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    rows.append(("Documents", told or "none"))
    if batch.total_pages:
        failed = f", {batch.failed_pages:,} could not be" if batch.failed_pages else ""
        rows.append(("Pages", f"{batch.completed_pages:,} of {batch.total_pages:,} read{failed}"))
    if batch.cached_pages:
        rate = f" ({batch.cache_hit_rate:.0%} of the chunks)" if batch.cache_hit_rate else ""
        rows.append(("From cache", f"{batch.cached_pages:,} pages{rate}"))
    if batch.priority != "normal":
        rows.append(("Priority", batch.priority))
    if batch.elapsed_seconds is not None:
        rows.append(("Took" if batch.is_final else "Since", seconds_text(batch.elapsed_seconds)))
    rows += [("Failure", failure_line(failure)) for failure in batch.failures]
    if batch.skipped_count:
        rows.append(("Left alone", f"{batch.skipped_count:,}, as another try would not help"))
    rows += [("Recovered by", recovery) for recovery in batch.recoveries]
    width = max(len(name) for name, _ in rows)
    return [f"{name:<{width}}  {text}" for name, text in rows]


def failure_line(failure: Failure) -> str:
    """Say what failed how often, and whether trying again may help."""
    documents = "1 document" if failure.documents == 1 else f"{failure.documents:,} documents"
    pages = f", {failure.pages:,} pages" if failure.pages else ""
    helps = "may pass" if failure.recoverable else "will not pass"
    return f"{documents}{pages}: {failure.message} [{failure.code}] ({helps})"
