"""What failed by something that passes, and what would fail again: every error code, with why.

A selective recovery reads again what failed by a code of `PASSING`, and names the rest. One that
stands nowhere here is left alone too: whoever knows better recovers with strategy `all`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from common.models import JobId, LargeDocument, Priority
from common.pages import PageRange, ranges_of


class Strategy(StrEnum):
    """How much of what failed a recovery reads again."""

    SELECTIVE = "selective"  #: What failed by something that passes
    ALL = "all"  #: Everything that a retry would take


#: Google's reasons for refusing a deployment, whatever its service (google.api.ErrorReason).
_GOOGLE_REFUSES: Final = (  # noqa: SIM905 - sixty pairs of quotation marks say less
    "SERVICE_DISABLED BILLING_DISABLED API_KEY_INVALID API_KEY_SERVICE_BLOCKED "
    "API_KEY_HTTP_REFERRER_BLOCKED API_KEY_IP_ADDRESS_BLOCKED API_KEY_ANDROID_APP_BLOCKED "
    "API_KEY_IOS_APP_BLOCKED LOCATION_TAX_POLICY_VIOLATED USER_PROJECT_DENIED "
    "CONSUMER_SUSPENDED CONSUMER_INVALID SECURITY_POLICY_VIOLATED ACCESS_TOKEN_EXPIRED "
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT ACCOUNT_STATE_INVALID ACCESS_TOKEN_TYPE_UNSUPPORTED "
    "CREDENTIALS_MISSING RESOURCE_PROJECT_INVALID SESSION_COOKIE_INVALID USER_BLOCKED_BY_ADMIN "
    "RESOURCE_USAGE_RESTRICTION_VIOLATED SYSTEM_PARAMETER_UNSUPPORTED ORG_RESTRICTION_VIOLATION "
    "ORG_RESTRICTION_HEADER_INVALID SERVICE_NOT_VISIBLE GCP_SUSPENDED LOCATION_POLICY_VIOLATED "
    "MISSING_ORIGIN OVERLOADED_CREDENTIALS LOCATION_ORG_POLICY_VIOLATED TLS_ORG_POLICY_VIOLATED "
    "CREDENTIAL_ANDROID_APP_INVALID IAM_PERMISSION_DENIED JWT_TOKEN_INVALID "
    "CREDENTIAL_TYPE_UNSUPPORTED ACCOUNT_TYPE_UNSUPPORTED ENDPOINT_USAGE_RESTRICTION_VIOLATED "
    "TLS_CIPHER_RESTRICTION_VIOLATED MCP_SERVER_DISABLED "
    # Without a reason of their own: see infra/ocr/errors.py.
    "DOCUMENT_AI_PERMISSION_DENIED DOCUMENT_AI_UNAUTHENTICATED DOCUMENT_AI_NOT_FOUND "
    "DOCUMENT_AI_FAILED_PRECONDITION"
).split()

#: Codes that another try may end differently, each with what may have changed by then.
PASSING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CHUNK_PROCESSING_ERROR": "Document AI was briefly away.",
        "TASK_TIMEOUT": "No answer came in time, or workers were lost under the work.",
        "QUOTA_EXCEEDED": "Document AI's quota was used up.",
        "RATE_LIMIT_EXCEEDED": "A service's quota was used up.",
        "RESOURCE_QUOTA_EXCEEDED": "A service's quota was used up.",
        "QUOTA_AWAITED": "The deployment's own share of the quota was used up.",
        "STORAGE_UNAVAILABLE": "Cloud Storage was away.",
        "RESULTS_UNAVAILABLE": "Supabase Storage was away.",
        "TASKS_UNAVAILABLE": "Cloud Tasks was away.",
        "BROKER_UNAVAILABLE": "Redis was away.",
        "DATABASE_UNAVAILABLE": "Postgres was away.",
        "RESULT_DAMAGED": "What had been stored was damaged. It is read and stored anew.",
        "INSUFFICIENT_CREDITS": "There may be credits again.",
        # A document that has no upload is left alone whatever its code is.
        "UPLOAD_MISSING": "The upload may have come since.",
        "SERVICE_MISCONFIGURED": "The operator may have mended it.",
        "RESULTS_REFUSED": "The operator may have mended it.",
        "TASKS_REFUSED": "The operator may have mended it.",
    }
    | dict.fromkeys(_GOOGLE_REFUSES, "The operator may have mended it.")
)

#: Why a document was refused that would be refused again: it has to be sent anew. Not even the
#: retry of a job takes these.
REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "NOT_A_PDF": "The file is what it is.",
        "UNREADABLE_PDF": "The file is damaged.",
        "NO_PAGES": "The file has no pages.",
        "UPLOAD_DAMAGED": "Another file arrived than was announced.",
        "TOO_MANY_PAGES": "The file has more pages than are taken.",
        "DOCUMENT_TOO_LARGE": "The file is larger than what is taken.",
        "INVALID_PAGE_RANGE": "Pages were asked for that the document does not have.",
        "CHUNK_TOO_LARGE": "More pages a chunk were asked for than one call takes.",
    }
)

#: Codes by which the same would fail again, as far as Quire can tell.
LASTING: Final[Mapping[str, str]] = MappingProxyType(
    dict(REFUSED)
    | {
        "FILE_DAMAGED": "Every page was read; it is the file itself that is damaged.",
        "STAGE_FAILED": "Every page was read; it is a later stage that failed.",
        "JOB_CLEANED_UP": "The file itself has been removed.",
        "PAGES_FAILED": "Which pages failed by what is not known any more.",
        "PROCESSING_ERROR": "Attempt after attempt ended without an outage that explains it.",
        "PASSWORD_REQUIRED": "A recovery knows no passwords. Retry the job with its own.",
        "PASSWORD_WRONG": "A recovery knows no passwords. Retry the job with its own.",
        "OBJECT_NOT_FOUND": "The stored file is gone.",
        "STORAGE_REFUSED": "Cloud Storage refuses this file.",
        "RESULT_TOO_LARGE": "The result is larger than what is kept.",
        "RESULT_INCONSISTENT": "What was read does not fit together.",
        "PAGE_LIMIT_EXCEEDED": "The chunk has more pages than one call takes.",
        "PAGE_LIMIT_EXCEEDED_IN_IMAGELESS_MODE": "The chunk has more pages than one call takes.",
        "DOCUMENT_SIZE_LIMIT_EXCEEDED": "The page is larger than what one call takes.",
        "UNSUPPORTED_MIME_TYPE": "Document AI does not read this kind of file.",
        "UNREADABLE_PAGE": "Document AI can't read the page's picture.",
        "PAGES_MISSING": "Document AI does not see the page.",
        "INVALID_ARGUMENT": "Document AI refuses the page.",
    }
)

_ABOVE: Final[Mapping[Priority, Priority]] = {
    Priority.LOW: Priority.NORMAL,
    Priority.NORMAL: Priority.HIGH,
    Priority.HIGH: Priority.HIGH,
}

#: What is said of a document of which nothing is read again, where its own error says nothing.
_SENTENCES: Final[Mapping[str, str]] = {
    "UPLOAD_MISSING": "The upload never came. Send the document again.",
    "JOB_CLEANED_UP": "What reading it again needs has been removed. Send the document again.",
    "FILE_DAMAGED": "Every page was read; it is the file itself that is damaged.",
    "STAGE_FAILED": "Every page was read, and a later stage failed. Ask for it again: "
    "POST /v1/jobs/{id}/stages.",
}


class Remedy(StrEnum):
    """How a document is read again."""

    RETRY = "retry"  #: In its own job: what was read is kept
    RERUN = "rerun"  #: In a new job: what the old one had is gone, but for what the cache keeps


@dataclass(frozen=True, slots=True)
class FailedJob:
    """One that has failed, or that lacks pages, as a recovery finds it."""

    id: JobId
    document_id: UUID
    filename: str
    #: Whether the upload is there, and whether it has not been removed since.
    has_landed: bool
    has_source: bool
    is_cleaned: bool
    #: What ended the job itself; None where it is its pages that failed.
    code: str | None
    message: str | None
    failed_pages: int
    #: Chunks with failed pages that the strategy takes, and whether each of them is refused for
    #: good, in a job of which nothing was read.
    taken_chunks: int
    is_hopeless: bool


@dataclass(frozen=True, slots=True)
class FailedPages:
    """Consecutive pages of one job that a recovery leaves alone."""

    job_id: JobId
    pages: PageRange
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """What a recovery leaves alone of one document, for one reason."""

    document_id: UUID
    job_id: JobId
    filename: str
    #: Like `3,7-9`; None where it is the whole document.
    pages: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """A recovery that was made, and what is to be sent for it beside the turns."""

    batch_id: UUID
    #: Where the same request has made it before, nothing is sent.
    is_new: bool = True
    retried: int = 0
    rerun: int = 0
    skipped: int = 0
    splits: tuple[LargeDocument, ...] = ()
    #: Each with the number of its message.
    merges: tuple[tuple[JobId, int], ...] = ()


def remedy(job: FailedJob, strategy: Strategy) -> Remedy | Skipped | None:
    """Return how the job is read again, or why it is not; None where its pages say why."""
    if not job.has_landed:
        return _skipped(job, "UPLOAD_MISSING")
    if job.code is not None:
        is_taken = may_pass(job.code) if strategy is Strategy.SELECTIVE else job.code not in REFUSED
        if not is_taken:
            return _skipped(job, job.code, job.message)
    elif not job.failed_pages:
        # Its own message is there where one of its stages after OCR has failed.
        return _skipped(job, "FILE_DAMAGED" if job.message is None else "STAGE_FAILED")
    elif not job.taken_chunks or (job.is_hopeless and strategy is Strategy.ALL):
        return None
    if not job.is_cleaned:
        return Remedy.RETRY
    return Remedy.RERUN if job.has_source else _skipped(job, "JOB_CLEANED_UP")


def skipped_pages(jobs: Mapping[JobId, FailedJob], pages: Iterable[FailedPages]) -> list[Skipped]:
    """Return an entry for each reason of each document, in the order in which they come."""
    found: dict[tuple[JobId, str], list[FailedPages]] = {}
    for each in pages:
        found.setdefault((each.job_id, each.code), []).append(each)
    return [
        Skipped(
            document_id=jobs[job_id].document_id,
            job_id=job_id,
            filename=jobs[job_id].filename,
            pages=",".join(map(str, ranges_of(n for each in parts for n in each.pages))),
            code=code,
            message=parts[0].message,
        )
        for (job_id, code), parts in found.items()
    ]


def _skipped(job: FailedJob, code: str, message: str | None = None) -> Skipped:
    return Skipped(
        document_id=job.document_id,
        job_id=job.id,
        filename=job.filename,
        pages=None,
        code=code,
        message=message or _SENTENCES.get(code, "The document could not be read."),
    )


def may_pass(code: str) -> bool:
    """Whether another try may end differently; what is unknown is not tried by itself."""
    return code in PASSING


def above(priority: Priority) -> Priority:
    """Return the class of a recovery whose owner names none: one above its original's."""
    return _ABOVE[priority]
