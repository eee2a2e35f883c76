"""The problems that a route may answer, for its part of the OpenAPI document.

`responses=problems(404, 409)` says which. What every route behind a token may answer (401, 403,
429, 503) and the 422 of unfit parameters are added to the document by `describe_api`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

PROBLEM_TYPE: Final = "application/problem+json"
PROBLEM_REF: Final = "#/components/schemas/Problem"

#: One case of each status, with its code and its sentence.
_CASES: Final[dict[int, tuple[str, str]]] = {
    400: (
        "INVALID_REQUEST",
        "The body is not JSON in UTF-8.",
    ),
    401: ("UNAUTHORIZED", "Send a valid token: Authorization: Bearer TOKEN."),
    402: (
        "INSUFFICIENT_CREDITS",
        "The document has 425 pages, and 120 credits are left. Ask the operator for more.",
    ),
    403: ("FORBIDDEN", "This token or key is not good for `documents:write`."),
    404: ("JOB_NOT_FOUND", "There is no job with this id."),
    405: ("METHOD_NOT_ALLOWED", "DELETE is not for this address; use GET."),
    406: ("NOT_ACCEPTABLE", "This address answers only with what it documents."),
    409: ("JOB_ENDED", "The job has ended (completed)."),
    410: ("RESULT_GONE", "The result has been removed. Send the document again."),
    413: (
        "REQUEST_TOO_LARGE",
        "A request may have 32 MB. Announce the document as JSON (filename, size) and upload it "
        "to the URL in the answer.",
    ),
    415: ("NOT_A_PDF", "The file is not a PDF."),
    422: ("INVALID_REQUEST", "`job_id` must be a UUID."),
    429: ("TOO_MANY_REQUESTS", "Too many requests in a minute. Try again in 7 seconds."),
    500: ("INTERNAL_ERROR", "Something went wrong here. It is in the operator's log."),
    503: (
        "DATABASE_UNAVAILABLE",
        "The database does not answer. Try again in a moment.",
    ),
}

_MEANINGS: Final[dict[int, str]] = {
    400: "The request can't be read.",
    401: "There is no valid token or key with the request.",
    402: "The owner's credits do not cover the pages. Nothing was created.",
    403: "The token or key is valid, but not good for this.",
    404: "There is nothing by that id for this caller, whoever else may have it.",
    405: "The address does not take this method.",
    406: "The address does not answer in a form that the caller accepts.",
    409: "It does not fit the state of what it is about; the sentence says why.",
    410: "It was there, and has been removed.",
    413: "The body is too large.",
    415: "The body is of a kind that is not taken here.",
    422: "A value does not fit; the sentence names it.",
    429: "Too many requests of this caller. `Retry-After` says when to come again.",
    500: "An unknown error. It is logged, with where it came from.",
    503: "Something behind the API is away. `Retry-After` says when to come again.",
}

#: The shape of every problem (RFC 9457), as a component of the document.
PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "Why a request was not served (RFC 9457). `code` is stable and for programs, "
    "`detail` is a sentence for people that says what to do.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {
            "type": "string",
            "description": "A URI that names the problem: its code as a URN.",
            "examples": ["urn:quire:problem:job-not-found"],
        },
        "title": {"type": "string", "description": "The status in words."},
        "status": {
            "type": "integer",
            "minimum": 400,
            "maximum": 599,
            "description": "The HTTP status, again.",
        },
        "detail": {"type": "string", "description": "A sentence that says what to do."},
        "code": {
            "type": "string",
            "pattern": "^[A-Z][A-Z0-9_]*$",
            "description": "What it is, for programs; codes do not change.",
        },
        "errors": {
            "type": "array",
            "maxItems": 1000,
            "description": "Only of a manifest: its lines that do not fit, the first thousand.",
            "items": {
                "type": "object",
                "required": ["line", "code", "message"],
                "properties": {
                    "line": {
                        "type": "integer",
                        "minimum": 1,
                        "description": "Of the file; in JSON, which of the `documents`.",
                    },
                    "code": {"type": "string", "description": "What it is, for programs."},
                    "message": {"type": "string", "description": "What it is, for people."},
                },
            },
        },
        "error_count": {
            "type": "integer",
            "minimum": 1,
            "description": "How many lines do not fit.",
        },
    },
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may answer these statuses."""
    return {status: _response(status) for status in statuses}


def _response(status: int) -> dict[str, Any]:
    code, detail = _CASES[status]
    response: dict[str, Any] = {
        "description": _MEANINGS[status],
        "content": {
            PROBLEM_TYPE: {
                "schema": {"$ref": PROBLEM_REF},
                "example": {
                    "type": f"urn:quire:problem:{code.lower().replace('_', '-')}",
                    "title": HTTPStatus(status).phrase,
                    "status": status,
                    "detail": detail,
                    "code": code,
                },
            }
        },
    }
    if status in {429, 503}:
        response["headers"] = {
            "Retry-After": {
                "description": "Seconds to wait before the next try.",
                "schema": {"type": "integer", "minimum": 0},
            }
        }
    return response
