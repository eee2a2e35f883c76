"""Errors as RFC 9457 problem+json, each with our stable code."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from common.errors import Conflict, InvalidRequest, NotFound, QuireError, TransientError


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


def _status(error: QuireError) -> int:
    match error:
        case InvalidRequest():
            return error.status
        case NotFound():
            return 404
        case Conflict():
            return 409
        case TransientError():
            return 503
        case _:
            return 500


def install_problems(app: FastAPI) -> None:
    """Have every known error answered as a problem. Unknown ones stay errors (500)."""

    @app.exception_handler(QuireError)
    async def known(_: Request, error: QuireError) -> JSONResponse:
        answer = problem(_status(error), error.code, error.message)
        if isinstance(error, TransientError):
            answer.headers["Retry-After"] = "5"
        return answer

    @app.exception_handler(RequestValidationError)
    async def unfit(_: Request, error: RequestValidationError) -> JSONResponse:
        places = [
            {"where": ".".join(str(part) for part in each["loc"]), "what": each["msg"]}
            for each in error.errors()
        ]
        return problem(
            422, "INVALID_REQUEST", "The request does not have the documented form.", errors=places
        )

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).name
        answer = problem(error.status_code, code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer
