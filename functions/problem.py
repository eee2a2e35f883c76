"""The form of every refusal: RFC 9457 problem+json, with our stable code.

It stands alone so that the doors without an API need not load one.
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import JSONResponse


def problem(status: int, code: str, detail: str, **extra: object) -> JSONResponse:
    """Answer with a problem; `detail` is a sentence for the caller."""
    return JSONResponse(
        {
            "type": f"urn:quire:problem:{code.lower().replace('_', '-')}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code,
            **extra,
        },
        status_code=status,
        media_type="application/problem+json",
    )
