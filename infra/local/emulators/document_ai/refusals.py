"""What the service answers instead of a document: status, message and details as it words them.

Wordings and reasons are those of cloud.google.com/document-ai/docs/error-messages; where that page
says nothing, those that users report from the live service (damaged files, unreadable pictures).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from google.rpc import code_pb2, error_details_pb2, status_pb2

if TYPE_CHECKING:
    from infra.local.emulators.document_ai.faults import Fault

DOMAIN = "documentai.googleapis.com"


class Refusal(Exception):
    """A call's end with a status other than OK."""

    def __init__(self, status: str, message: str, *details: Any) -> None:
        super().__init__(message)
        #: A gRPC status name.
        self.status = status
        self.message = message
        self._details = details

    @property
    def reason(self) -> str:
        """The ErrorInfo's reason, empty where there is none."""
        return next((one.reason for one in self._details if hasattr(one, "reason")), "")

    def status_details(self) -> bytes:
        """Return what goes into the trailer `grpc-status-details-bin`."""
        status = status_pb2.Status(code=code_pb2.Code.Value(self.status), message=self.message)
        for detail in self._details:
            status.details.add().Pack(detail)
        serialized: bytes = status.SerializeToString()
        return serialized


def page_limit(limit: int, pages: int) -> Refusal:
    """More pages than any call may have, or pages that an extended limit does not reach."""
    return _invalid(
        f"Document pages exceed the limit: {limit} got {pages}",
        "PAGE_LIMIT_EXCEEDED",
        {"page_limit": str(limit), "pages": str(pages)},
    )


def page_limit_with_images(limit: int, pages: int, imageless_limit: int) -> Refusal:
    """More pages than a call without imageless mode may have.

    The reason is the documented one. Users have also seen PAGE_LIMIT_EXCEEDED with this message.
    """
    return _invalid(
        f"Document pages in non-imageless mode exceed the limit: {limit} got {pages}. "
        f"Try using imageless mode to increase the limit to {imageless_limit}.",
        "PAGE_LIMIT_EXCEEDED_IN_IMAGELESS_MODE",
        {
            "page_limit": str(limit),
            "pages": str(pages),
            "imageless_page_limit": str(imageless_limit),
        },
    )


def size_limit(limit: int, size: int) -> Refusal:
    """More bytes than a call may have."""
    message = f"Document size ({size}) exceeds limit: {limit} (bytes)."
    return _invalid(
        message,
        "DOCUMENT_SIZE_LIMIT_EXCEEDED",
        {"limit": str(limit), "size": str(size)},
        _violation("raw_document.content", message),
    )


def unsupported_mime_type(mime_type: str) -> Refusal:
    """A kind of file that the service does not read."""
    return _invalid(
        f"Unsupported MIME type: '{mime_type}'.", "UNSUPPORTED_MIME_TYPE", {"mime_type": mime_type}
    )


def no_pages() -> Refusal:
    """A PDF without pages."""
    return _invalid("No pages were found in the document.", "NO_PAGES", {})


def not_this_format() -> Refusal:
    """Content that is something else than its MIME type says. The service gives no details."""
    return Refusal("INVALID_ARGUMENT", "Unsupported input file format.")


def unopenable() -> Refusal:
    """A damaged or encrypted PDF. The service gives no details."""
    return Refusal(
        "INVALID_ARGUMENT",
        "PDF document could not be opened or is corrupted (possible reasons: corrupt document "
        "structure, damaged cross-reference table, truncated file, or unsupported encryption).",
    )


def unreadable_page() -> Refusal:
    """A page that can't be drawn or read: one is enough for the whole call to fail."""
    return Refusal("INVALID_ARGUMENT", "Invalid image content.")


def bad_field(field: str, description: str) -> Refusal:
    """A request that is wrong in itself."""
    return Refusal(
        "INVALID_ARGUMENT",
        "Request contains an invalid argument.",
        _violation(field, description),
    )


def processor_not_found(processor_id: str) -> Refusal:
    """A processor that does not exist."""
    return _not_found(
        f"Processor with id '{processor_id}' not found.",
        "PROCESSOR_NOT_FOUND",
        {"processor_id": processor_id},
    )


def version_not_found(processor_id: str, version_id: str) -> Refusal:
    """A version that the processor does not have."""
    return _not_found(
        f"ProcessorVersion with id '{version_id}' not found.",
        "PROCESSOR_VERSION_NOT_FOUND",
        {"processor_id": processor_id, "version_id": version_id},
    )


def document_not_found(uri: str) -> Refusal:
    """A gcs_document that is not in its bucket."""
    return _not_found(f"Document not found: '{uri}'.", "DOCUMENT_NOT_FOUND", {"document": uri})


def quota_exceeded(limit: int | None, project: str) -> Refusal:
    """Too many calls in a minute. Like every Google quota, this one is the platform's domain."""
    return Refusal(
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'Online process requests' and limit 'Online process "
        f"requests per minute' of service '{DOMAIN}' for consumer '{project}'.",
        error_details_pb2.ErrorInfo(
            reason="RATE_LIMIT_EXCEEDED",
            domain="googleapis.com",
            metadata={
                "consumer": project,
                "service": DOMAIN,
                "quota_metric": f"{DOMAIN}/online_process_requests",
                "quota_limit": "OnlineProcessRequestsPerMinutePerProject",
                "quota_limit_value": str(limit),
            },
        ),
    )


def ordered(fault: Fault) -> Refusal:
    """A fault that was ordered by the controls."""
    details: list[Any] = []
    if fault.retry_after_seconds is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromNanoseconds(int(fault.retry_after_seconds * 1e9))
        details.append(retry)
    return Refusal(fault.status, _ORDERED[fault.status], *details)


_ORDERED: Mapping[str, str] = {
    "UNAVAILABLE": "The service is currently unavailable.",
    "DEADLINE_EXCEEDED": "Deadline exceeded.",
    "INTERNAL": "Internal error encountered.",
    "RESOURCE_EXHAUSTED": "Quota exceeded.",
    "INVALID_ARGUMENT": "Invalid image content.",
}


def _invalid(message: str, reason: str, metadata: Mapping[str, str], *more: Any) -> Refusal:
    return Refusal("INVALID_ARGUMENT", message, _info(reason, metadata), *more)


def _not_found(message: str, reason: str, metadata: Mapping[str, str]) -> Refusal:
    return Refusal("NOT_FOUND", message, _info(reason, metadata))


def _info(reason: str, metadata: Mapping[str, str]) -> Any:
    return error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)


def _violation(field: str, description: str) -> Any:
    violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=description)
    return error_details_pb2.BadRequest(field_violations=[violation])
