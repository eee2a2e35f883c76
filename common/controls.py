"""What an owner may do to a job, and why not. The flags and the refusals are one rule.

The database decides again, in the statement that does it: between a look and a click a job moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from common.lifecycle import AFTER_OCR, FINAL_JOB_STATUSES, JobStatus, Stage
from common.models import JobView
from common.recovery import REFUSED


class Action(StrEnum):
    """One thing that an owner can do to a job."""

    PAUSE = "pause"  #: Start no chunk any more; those that run end
    RESUME = "resume"  #: Go on
    CANCEL = "cancel"  #: End it, and remove what it has made
    RETRY = "retry"  #: Read again what failed


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action is not possible now."""

    code: str
    message: str


#: Stages in which something can be kept from starting.
PAUSABLE: Final = frozenset({Stage.SPLITTING, Stage.OCR, *AFTER_OCR})
#: Final statuses out of which a retry leads.
RETRIABLE: Final = frozenset({JobStatus.FAILED, JobStatus.COMPLETED_WITH_ERRORS})

#: Why a document was refused that would be refused again: it has to be sent anew.
HOPELESS: Final = frozenset(REFUSED)

#: What a job is in once the action has been done: doing it again then changes nothing.
_DONE: Final[Mapping[Action, frozenset[JobStatus]]] = {
    Action.PAUSE: frozenset({JobStatus.PAUSED}),
    Action.RESUME: frozenset({JobStatus.PENDING, JobStatus.PROCESSING}),
    Action.CANCEL: frozenset({JobStatus.CANCELLED}),
    Action.RETRY: frozenset({JobStatus.PROCESSING, JobStatus.PAUSED}),
}


def is_done(action: Action, job: JobView) -> bool:
    """Whether the job is where the action would bring it."""
    if action is Action.RETRY and not job.retries:
        return False
    return job.status in _DONE[action]


def refusal(action: Action, job: JobView) -> Refusal | None:
    """Return why the action would change nothing or is not allowed; None where it is possible."""
    match action:
        case Action.PAUSE:
            return _no_pause(job)
        case Action.RESUME:
            if job.status is JobStatus.PAUSED:
                return None
            return _ended(job) or Refusal("JOB_NOT_PAUSED", "The job is not paused.")
        case Action.CANCEL:
            return _ended(job)
        case Action.RETRY:
            return _no_retry(job)


def _ended(job: JobView) -> Refusal | None:
    if job.status not in FINAL_JOB_STATUSES:
        return None
    return Refusal("JOB_ENDED", f"The job has ended ({job.status.value}).")


def _no_pause(job: JobView) -> Refusal | None:
    if job.status in FINAL_JOB_STATUSES:
        return _ended(job)
    if job.status is JobStatus.PAUSED:
        return Refusal("JOB_PAUSED", "The job is paused already.")
    if job.status is JobStatus.PENDING:
        return Refusal(
            "JOB_NOT_STARTED", "The job has not begun. It can be cancelled, or paused once it has."
        )
    if job.stage not in PAUSABLE:
        return Refusal("JOB_MERGING", "Every chunk is read, and the result is being bound.")
    return None


def _no_retry(job: JobView) -> Refusal | None:
    if job.status is JobStatus.CANCELLED:
        return Refusal(
            "JOB_CANCELLED", "A cancelled job is gone for good. Send the document again."
        )
    if job.status not in RETRIABLE:
        return Refusal("JOB_NOT_FAILED", f"Nothing of the job has failed ({job.status.value}).")
    if not job.has_landed:
        return Refusal("UPLOAD_MISSING", "The upload never came. Send the document again.")
    if job.error_code in HOPELESS:
        return Refusal(
            job.error_code, job.error_message or "The document would be refused in the same way."
        )
    if job.cleaned_at is not None:
        return Refusal(
            "JOB_CLEANED_UP", "What a retry needs has been removed by now. Send the document again."
        )
    if job.status is JobStatus.COMPLETED_WITH_ERRORS and not job.failed_pages:
        return Refusal(
            "NOTHING_TO_RETRY",
            "Every page was read; it is the file itself that is damaged."
            if job.error_code is None
            else "Every page was read. What failed is a later stage: ask for it again at "
            "POST /v1/jobs/{id}/stages.",
        )
    return None
