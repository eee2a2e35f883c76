"""Document AI's errors become ours, by what can be done about them."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.rpc import error_details_pb2

from common.errors import MisconfiguredError, PermanentError, QuotaError, TransientError
from infra.ocr.document_ai import regional_endpoint
from infra.ocr.errors import translated


def answered(kind: Any, message: str, **more: object) -> exceptions.GoogleAPICallError:
    error: exceptions.GoogleAPICallError = kind(message, **more)
    return error


def info(reason: str) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=reason, domain="documentai.googleapis.com")


@pytest.mark.parametrize(
    "error",
    [
        answered(exceptions.ServiceUnavailable, "the service is away"),
        answered(exceptions.InternalServerError, "Internal error encountered."),
        answered(exceptions.Unknown, "Stream removed"),
        answered(exceptions.Aborted, "aborted"),
        answered(exceptions.Cancelled, "RST_STREAM with error code 8"),
    ],
)
def test_what_may_pass_is_tried_again(error: exceptions.GoogleAPICallError) -> None:
    ours = translated(error)
    assert isinstance(ours, TransientError)
    assert ours.code == "CHUNK_PROCESSING_ERROR"
    assert str(error.message) not in ours.message


def test_a_deadline_is_the_code_that_operators_know() -> None:
    ours = translated(answered(exceptions.DeadlineExceeded, "Deadline Exceeded"))
    assert isinstance(ours, TransientError)
    assert (ours.code, ours.message) == ("TASK_TIMEOUT", "Document AI timeout")


def test_a_full_quota_waits_as_long_as_the_service_says() -> None:
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(7500)
    ours = translated(answered(exceptions.ResourceExhausted, "Quota exceeded", details=[retry]))
    assert isinstance(ours, QuotaError)
    assert ours.retry_after_seconds == 7.5


def test_a_full_quota_without_a_delay_waits_the_usual_time() -> None:
    ours = translated(answered(exceptions.ResourceExhausted, "Quota exceeded", details=[]))
    assert isinstance(ours, QuotaError)
    assert ours.retry_after_seconds == 10


def test_a_message_that_is_too_long_is_not_taken_for_a_full_quota() -> None:
    error = answered(
        exceptions.ResourceExhausted, "Received message larger than max (5218782 vs. 4194304)"
    )
    ours = translated(error)
    assert isinstance(ours, PermanentError)
    assert ours.code == "DOCUMENT_SIZE_LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    "reason", ["PAGE_LIMIT_EXCEEDED", "DOCUMENT_SIZE_LIMIT_EXCEEDED", "NO_PAGES", "BRAND_NEW"]
)
def test_a_refusal_keeps_the_services_reason_as_its_code(reason: str) -> None:
    error = answered(
        exceptions.InvalidArgument, "no", details=[info(reason)], error_info=info(reason)
    )
    ours = translated(error)
    assert isinstance(ours, PermanentError)
    assert ours.code == reason


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("PDF document could not be opened or is corrupted (possible …).", "UNREADABLE_PDF"),
        ("Unsupported input file format.", "UNREADABLE_PDF"),
        ("Invalid image content.", "UNREADABLE_PAGE"),
        ("Request contains an invalid argument.", "INVALID_ARGUMENT"),
    ],
)
def test_a_refusal_without_a_reason_gets_a_code_from_its_sentence(said: str, code: str) -> None:
    ours = translated(answered(exceptions.InvalidArgument, said))
    assert isinstance(ours, PermanentError)
    assert ours.code == code


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (
            answered(exceptions.PermissionDenied, "no"),
            "DOCUMENT_AI_PERMISSION_DENIED",
            "roles/documentai",
        ),
        (
            answered(exceptions.Unauthenticated, "no"),
            "DOCUMENT_AI_UNAUTHENTICATED",
            "service account",
        ),
        (answered(exceptions.NotFound, "no"), "DOCUMENT_AI_NOT_FOUND", "DOCUMENT_AI__PROCESSOR"),
        (
            answered(exceptions.FailedPrecondition, "no"),
            "DOCUMENT_AI_FAILED_PRECONDITION",
            "Enable",
        ),
    ],
)
def test_what_the_operator_must_mend_says_what_to_do(
    error: exceptions.GoogleAPICallError, code: str, word: str
) -> None:
    ours = translated(error)
    assert isinstance(ours, MisconfiguredError)
    assert ours.code == code
    assert word in ours.detail
    assert ours.message == (
        "A service refused Quire's own rights. The operator has been told; retry later."
    )


def test_an_error_without_a_name_stays_what_it_is() -> None:
    assert translated(answered(exceptions.DataLoss, "gone")) is None


def test_a_processor_is_served_by_its_own_location() -> None:
    assert (
        regional_endpoint("projects/p/locations/eu/processors/1") == "eu-documentai.googleapis.com"
    )
    assert (
        regional_endpoint("projects/p/locations/us/processors/1/processorVersions/rc")
        == "us-documentai.googleapis.com"
    )


@pytest.mark.parametrize("name", ["", "1234", "projects/p/processors/1/locations/eu"])
def test_what_is_no_processor_has_no_endpoint(name: str) -> None:
    with pytest.raises(ValueError, match="is not a Document AI processor"):
        regional_endpoint(name)
