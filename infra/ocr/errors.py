"""Document AI's errors in Quire's words: what can be tried again, and what never.

The reasons are those of the service's ErrorInfo (cloud.google.com/document-ai/docs/error-messages);
they become our codes as they are, so that an operator can look them up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from common.errors import PermanentError, QuireError, QuotaError, TransientError
from infra.refusals import misconfigured

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError

_TOO_MANY_PAGES: Final = (
    "Document AI takes fewer pages in one call than this chunk has. "
    "Send the document again with 15 `chunk_pages`, which are never too many."
)

_SENTENCES: Final[Mapping[str, str]] = {
    "PAGE_LIMIT_EXCEEDED": _TOO_MANY_PAGES,
    # The service's name for too many pages *without* imageless mode.
    "PAGE_LIMIT_EXCEEDED_IN_IMAGELESS_MODE": _TOO_MANY_PAGES,
    "DOCUMENT_SIZE_LIMIT_EXCEEDED": (
        "These pages are larger than the 40 MB that Document AI takes in one call. "
        "Compress the images of the PDF and send it again."
    ),
    "UNSUPPORTED_MIME_TYPE": "Document AI does not read this kind of file. Send a PDF.",
    "NO_PAGES": "Document AI found no pages in this PDF. Check that the file opens elsewhere.",
    "UNREADABLE_PDF": (
        "Document AI could not open this PDF: it is damaged or encrypted. "
        "Print it to a new PDF and send that."
    ),
    "UNREADABLE_PAGE": "Document AI could not read the picture of this page.",
}

# The service sends these refusals without an ErrorInfo, so its sentence is all there is to go by.
_UNREADABLE: Final[Mapping[str, str]] = {
    "could not be opened or is corrupted": "UNREADABLE_PDF",
    "Unsupported input file format": "UNREADABLE_PDF",
    "Invalid image content": "UNREADABLE_PAGE",
}

_OPERATOR: Final[Mapping[str, str]] = {
    "PERMISSION_DENIED": (
        "Quire's service account may not use the Document AI processor. "
        "Grant it roles/documentai.apiUser."
    ),
    "UNAUTHENTICATED": "Document AI did not accept Quire's login. Check its service account.",
    "NOT_FOUND": "There is no such Document AI processor. Check DOCUMENT_AI__PROCESSOR.",
    "FAILED_PRECONDITION": (
        "The Document AI processor is not ready for use. Enable it and deploy its version."
    ),
}

#: CANCELLED and UNKNOWN are what a connection that breaks under a call may look like.
_PASSING: Final = frozenset({"ABORTED", "CANCELLED", "INTERNAL", "UNAVAILABLE", "UNKNOWN"})


def translated(error: GoogleAPICallError) -> QuireError | None:
    """Return our error for one of the Google client's, or None for one we have no name for."""
    status = error.grpc_status_code.name if error.grpc_status_code else ""
    if status == "DEADLINE_EXCEEDED":
        return TransientError("Document AI timeout", code="TASK_TIMEOUT")
    if status == "RESOURCE_EXHAUSTED":
        return _exhausted(error)
    if status == "INVALID_ARGUMENT":
        return _refused(error)
    if status in _PASSING:
        return TransientError(
            "Document AI is briefly not available. Quire tries again by itself.",
            code="CHUNK_PROCESSING_ERROR",
        )
    if status in _OPERATOR:
        return misconfigured(_OPERATOR[status], code=error.reason or f"DOCUMENT_AI_{status}")
    return None


def _exhausted(error: GoogleAPICallError) -> QuireError:
    # gRPC itself uses this status for a message that is too long. Waiting would never cure it.
    if "larger than max" in str(error.message):
        code = "DOCUMENT_SIZE_LIMIT_EXCEEDED"
        return PermanentError(_SENTENCES[code], code=code)
    sentence = "Document AI's quota of calls is used up. Quire waits until there is some again."
    seconds = _retry_delay(error.details)
    if seconds is None:
        return QuotaError(sentence)
    return QuotaError(sentence, retry_after_seconds=seconds)


def _retry_delay(details: list[Any]) -> float | None:
    for detail in details:
        if getattr(detail, "DESCRIPTOR", None) and detail.DESCRIPTOR.name == "RetryInfo":
            delay = detail.retry_delay
            return float(delay.seconds + delay.nanos / 1e9)
    return None


def _refused(error: GoogleAPICallError) -> QuireError:
    code = error.reason
    if not code:
        said = str(error.message)
        code = next((code for part, code in _UNREADABLE.items() if part in said), "")
    code = code or "INVALID_ARGUMENT"
    return PermanentError(_SENTENCES.get(code, "Document AI refused these pages."), code=code)
