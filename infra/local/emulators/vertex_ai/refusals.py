"""What the service answers instead: google.rpc.Status as JSON, with its details."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.responses import Response

from infra.local.emulators.vertex_ai.faults import HTTP_STATUS, Fault

_ORDERED: Final[Mapping[str, str]] = {
    "INVALID_ARGUMENT": "Request contains an invalid argument.",
    "FAILED_PRECONDITION": "Precondition check failed.",
    "PERMISSION_DENIED": "Permission 'aiplatform.endpoints.predict' denied on resource.",
    "NOT_FOUND": "Publisher Model was not found or your project does not have access to it.",
    "RESOURCE_EXHAUSTED": "Resource exhausted. Please try again later.",
    "INTERNAL": "Internal error encountered.",
    "UNAVAILABLE": "The service is currently unavailable.",
    "DEADLINE_EXCEEDED": "Deadline expired before operation could complete.",
}


class Refusal(Exception):
    """A call's end with another status than OK."""

    def __init__(self, status: str, message: str, *details: Mapping[str, Any]) -> None:
        super().__init__(message)
        #: A google.rpc.Code.
        self.status = status
        self.message = message
        self._details = details

    def answer(self) -> Response:
        """Return it as the service writes it."""
        code = HTTP_STATUS[self.status]
        error: dict[str, Any] = {"code": code, "message": self.message, "status": self.status}
        if self._details:
            error["details"] = list(self._details)
        return Response(msgspec.json.encode({"error": error}), code, media_type="application/json")


def invalid(message: str) -> Refusal:
    """A request that is wrong in itself."""
    return Refusal("INVALID_ARGUMENT", message)


def no_such_model(name: str) -> Refusal:
    """A model that there is not, or not by this method."""
    return Refusal("NOT_FOUND", f"Publisher Model `{name}` was not found.")


def not_logged_in() -> Refusal:
    """A call without a token."""
    return Refusal("UNAUTHENTICATED", "Request is missing required authentication credential.")


def quota_exceeded(model: str) -> Refusal:
    """Too many calls in a minute."""
    return Refusal(
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for aiplatform.googleapis.com/online_prediction_requests_per_base_model "
        f"with base model: {model}. Please submit a quota increase request.",
    )


def ordered(fault: Fault) -> Refusal:
    """A fault that was ordered by the controls."""
    if fault.retry_after_seconds is None:
        return Refusal(fault.status, _ORDERED[fault.status])
    retry = {
        "@type": "type.googleapis.com/google.rpc.RetryInfo",
        "retryDelay": f"{fault.retry_after_seconds:g}s",
    }
    return Refusal(fault.status, _ORDERED[fault.status], retry)
