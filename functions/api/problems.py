"""Errors as RFC 9457 problem+json, each with our stable code."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from psycopg import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import (
    Conflict,
    InsufficientCredits,
    InvalidRequest,
    NotFound,
    QuireError,
    TransientError,
)
from common.manifests import InvalidManifest
from functions.api.patterns import IN_WORDS
from functions.problem import problem

log = logging.getLogger(__name__)

_METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_MOMENT: Final = "a time like 2026-11-22T09:30:00Z"
#: What a value must be, by how it does not fit.
_EXPECTED: Final = {
    "missing": "sent",
    "uuid_parsing": "a UUID",
    "uuid_type": "a UUID",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number",
    "bool_parsing": "true or false",
    "value_error": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_parsing": _MOMENT,
}
#: Seconds after which a caller may ask again.
_RETRY_AFTER: Final = {"Retry-After": "5"}


class UnknownErrors:
    """Answers an error that nobody knows as a problem, and logs where it came from.

    The web frameworks around the app would answer with plain text.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            # Only a connection that breaks off tells the reader that the answer isn't whole.
            if started or scope["type"] != "http":
                raise
            log.exception(
                "a request ended in an unknown error",
                extra={"method": scope["method"], "path": scope["path"]},
            )
            answer = problem(
                500, "INTERNAL_ERROR", "Something went wrong here. It is in the operator's log."
            )
            await answer(scope, receive, send)


def install_problems(app: FastAPI) -> None:
    """Have every error answered as a problem."""
    app.add_middleware(UnknownErrors)

    @app.exception_handler(QuireError)
    async def known(_: Request, error: QuireError) -> JSONResponse:
        status = _status(error)
        if status >= 500:
            log.warning("a request failed", extra={"code": error.code}, exc_info=error)
        answer = problem(status, error.code, error.message, **_more(error))
        if isinstance(error, TransientError):
            answer.headers.update(_RETRY_AFTER)
        return answer

    @app.exception_handler(OperationalError)
    async def without_a_database(_: Request, error: OperationalError) -> JSONResponse:
        log.warning("the database does not answer", exc_info=error)
        answer = problem(
            503, "DATABASE_UNAVAILABLE", "The database does not answer. Try again in a moment."
        )
        answer.headers.update(_RETRY_AFTER)
        return answer

    @app.exception_handler(RequestValidationError)
    async def unfit(_: Request, error: RequestValidationError) -> JSONResponse:
        return problem(422, "INVALID_REQUEST", " ".join(_misfit(each) for each in error.errors()))

    @app.exception_handler(ClientDisconnect)
    async def left(_: Request, __: ClientDisconnect) -> JSONResponse:
        # Nobody hears it, but it isn't our error either.
        return problem(400, "REQUEST_INCOMPLETE", "The request ended before its body did.")

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            # The framework names the methods of the first route at this address alone.
            headers["Allow"] = ", ".join(_methods_at(request))
        code = HTTPStatus(error.status_code).name
        answer = problem(error.status_code, code, _sentence(request, error, headers))
        answer.headers.update(headers)
        return answer


def _more(error: QuireError) -> dict[str, Any]:
    """Return what a program is told beside the sentence."""
    if isinstance(error, InvalidManifest):
        return {
            "errors": [asdict(each) for each in error.errors],
            "error_count": error.error_count,
        }
    return {}


def _status(error: QuireError) -> int:
    match error:
        case InvalidRequest():
            return error.status
        case NotFound():
            return 404
        case Conflict():
            return 409
        case InsufficientCredits():
            return 402
        case TransientError():
            return 503
        case _:
            return 500


def _methods_at(request: Request) -> list[str]:
    """Return what the address takes, by any of its routes."""
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


def _sentence(request: Request, error: HTTPException, headers: Mapping[str, str]) -> str:
    match error.status_code:
        case 404:
            return "There is nothing at this address."
        case 405:
            return f"{request.method} is not for this address; use {headers['Allow']}."
        case _:
            return error.detail


def _misfit(error: dict[str, Any]) -> str:
    """Return which value does not fit, in the words of the caller's own document."""
    place, *names = error["loc"]
    name = str(names[0]) if names else str(place)
    if place == "header":
        name = name.title()
    return f"`{name}` must be {_expected(error['type'], error.get('ctx', {}))}."


def _expected(kind: str, context: dict[str, Any]) -> str:
    match kind:
        case "literal_error" | "enum":
            return str(context["expected"])
        case "greater_than_equal":
            return f"{context['ge']} or more"
        case "less_than_equal":
            return f"{context['le']} or less"
        case "string_too_short":
            return f"a text of {context['min_length']} or more characters"
        case "string_too_long":
            return f"a text of {context['max_length']} or fewer characters"
        case "string_pattern_mismatch":
            return IN_WORDS.get(context["pattern"], "as documented")
        case "too_long":
            return f"sent {context['max_length']} times at most"
        case _:
            return _EXPECTED.get(kind, "as documented")
