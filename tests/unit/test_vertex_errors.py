"""Vertex AI's answers in Quire's words, whatever stands between us and it."""

from __future__ import annotations

from json import JSONDecodeError
from typing import Any

import pytest
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
from google.genai.errors import ClientError, ServerError

from common.errors import MisconfiguredError, PermanentError, QuotaError, TransientError
from infra.vertex.errors import broken_off, translated

RETRY = "type.googleapis.com/google.rpc.RetryInfo"


def refusal(code: int, status: str = "", details: Any = None) -> ClientError:
    error: dict[str, Any] = {"code": code, "status": status, "message": "as the service says it"}
    if details is not None:
        error["details"] = details
    return ClientError(code, {"error": error})


@pytest.mark.parametrize(
    ("details", "seconds"),
    [
        ([{"@type": RETRY, "retryDelay": "17s"}], 17.0),
        ([{"@type": RETRY, "retryDelay": "0.250s"}], 0.25),
        (
            [
                {"@type": "type.googleapis.com/google.rpc.Help"},
                {"@type": RETRY, "retryDelay": "3s"},
            ],
            3,
        ),
        (None, 10.0),
        ([], 10.0),
        ([{"@type": RETRY}], 10.0),
        ([{"@type": RETRY, "retryDelay": "soon"}], 10.0),
        (["nonsense"], 10.0),
        ({"not": "a list"}, 10.0),
    ],
)
def test_throttling_says_when_to_come_back(details: Any, seconds: float) -> None:
    ours = translated(refusal(429, "RESOURCE_EXHAUSTED", details))

    assert isinstance(ours, QuotaError)
    assert ours.retry_after_seconds == seconds


@pytest.mark.parametrize("body", [None, [], "a page of HTML", {"error": "a word"}])
def test_throttling_by_something_in_between_has_no_details(body: Any) -> None:
    error = refusal(429)
    error.details = body

    assert isinstance(translated(error), QuotaError)


@pytest.mark.parametrize(
    ("code", "status", "kind", "ours"),
    [
        (400, "INVALID_ARGUMENT", PermanentError, "VERTEX_INVALID_ARGUMENT"),
        (400, "FAILED_PRECONDITION", MisconfiguredError, "VERTEX_FAILED_PRECONDITION"),
        (401, "UNAUTHENTICATED", MisconfiguredError, "VERTEX_UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED", MisconfiguredError, "VERTEX_PERMISSION_DENIED"),
        (404, "NOT_FOUND", MisconfiguredError, "VERTEX_NOT_FOUND"),
        (408, "", TransientError, "TASK_TIMEOUT"),
        (413, "", PermanentError, "VERTEX_INVALID_ARGUMENT"),
        (499, "CANCELLED", TransientError, "VERTEX_UNAVAILABLE"),
    ],
)
def test_a_refusal_has_a_kind_and_a_code(
    code: int, status: str, kind: type[Exception], ours: str
) -> None:
    found = translated(refusal(code, status))

    assert type(found) is kind
    assert found.code == ours
    assert "as the service says it" not in str(found)


@pytest.mark.parametrize("code", [500, 502, 503])
def test_a_trouble_of_the_service_may_pass(code: int) -> None:
    found = translated(ServerError(code, {"error": {"code": code}}))

    assert type(found) is TransientError


def test_what_nobody_has_heard_of_has_no_name() -> None:
    assert translated(refusal(418)) is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DefaultCredentialsError("none"), MisconfiguredError),  # type: ignore[no-untyped-call]
        (RefreshError("revoked"), MisconfiguredError),  # type: ignore[no-untyped-call]
        (RefreshError("busy", retryable=True), TransientError),  # type: ignore[no-untyped-call]
        (TransportError("no metadata server"), TransientError),  # type: ignore[no-untyped-call]
        (JSONDecodeError("no JSON", "<html>", 0), TransientError),
    ],
)
def test_a_call_without_an_answer_may_pass_where_the_login_is_not_refused(
    error: Exception, kind: type[Exception]
) -> None:
    assert type(broken_off(error, timed_out=False)) is kind


def test_a_silent_connection_is_a_timeout() -> None:
    assert broken_off(OSError(), timed_out=True).code == "TASK_TIMEOUT"
