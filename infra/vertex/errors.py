"""Vertex AI's errors in Quire's words: what can be tried again, and what never.

Statuses are those of docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/api-errors.
They come as google.rpc.Status in JSON; a proxy before the service may send anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from common.errors import PermanentError, QuireError, QuotaError, TransientError
from infra.refusals import misconfigured

if TYPE_CHECKING:
    from google.genai.errors import APIError

_OPERATOR: Final[Mapping[int, tuple[str, str]]] = {
    401: ("UNAUTHENTICATED", "Vertex AI did not accept Quire's login. Check its service account."),
    403: (
        "PERMISSION_DENIED",
        "Quire's service account may not call Vertex AI's models, or its API is not enabled. "
        "Grant it aiplatform.endpoints.predict.",
    ),
    404: (
        "NOT_FOUND",
        "There is no such model at VERTEX__LOCATION. Models are retired after a year: check "
        "VERTEX__MODEL, EMBEDDING__MODEL and NORMALIZATION__MODEL.",
    ),
}
#: 408 and 499 are what a call that was broken off on the way may look like.
_PASSING: Final = frozenset({408, 499, 500, 502, 503, 504})
_BRIEFLY: Final = "Vertex AI is briefly not available. Quire tries again by itself."


def translated(error: APIError) -> QuireError | None:
    """Return our error for one of the Google client's, or None for one we have no name for."""
    status = error.code
    if status == 429:
        return _exhausted(error)
    if status in {408, 504}:
        return TransientError("Vertex AI took too long to answer.", code="TASK_TIMEOUT")
    if status in _PASSING:
        return TransientError(_BRIEFLY, code="VERTEX_UNAVAILABLE")
    if status in _OPERATOR:
        code, sentence = _OPERATOR[status]
        return misconfigured(sentence, code=f"VERTEX_{code}")
    if status == 400 and error.status == "FAILED_PRECONDITION":
        return misconfigured(
            "Vertex AI refuses this model or this project: check the model's name, the billing "
            "account and the organisation's policy.",
            code="VERTEX_FAILED_PRECONDITION",
        )
    if status in {400, 413}:
        return PermanentError(
            "Vertex AI refused these texts. Choose the engine on this machine, or leave the stage "
            "out, to go on without it.",
            code="VERTEX_INVALID_ARGUMENT",
        )
    return None


def broken_off(error: Exception, *, timed_out: bool) -> QuireError:
    """Return our error for a call that came to no answer: connection, login, or broken JSON."""
    from google.auth.exceptions import GoogleAuthError, TransportError

    if timed_out:
        return TransientError("Vertex AI took too long to answer.", code="TASK_TIMEOUT")
    login_refused = isinstance(error, GoogleAuthError) and not error.retryable
    if login_refused and not isinstance(error, TransportError):
        code, sentence = _OPERATOR[401]
        return misconfigured(sentence, code=f"VERTEX_{code}")
    return TransientError(_BRIEFLY, code="VERTEX_UNAVAILABLE")


def _exhausted(error: APIError) -> QuotaError:
    sentence = "Vertex AI takes no more calls for now. Quire waits until it does again."
    seconds = _retry_delay(error.details)
    if seconds is None:
        return QuotaError(sentence)
    return QuotaError(sentence, retry_after_seconds=seconds)


def _retry_delay(body: Any) -> float | None:
    """Return the seconds of a google.rpc.RetryInfo, which JSON has as `"3.5s"`."""
    error = body.get("error", body) if isinstance(body, dict) else {}
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith("rpc.RetryInfo"):
            try:
                return max(0.0, float(str(detail.get("retryDelay", "")).removesuffix("s")))
            except ValueError:
                return None
    return None
