"""How often one caller may ask: counted once a request, and told in the answer's headers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI, Request
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import QuireError
from functions.bootstrap import Application
from functions.problem import problem
from infra.auth.client_address import client_address
from infra.auth.rate_limits import Allowance

#: Where a request carries its Allowance to the answer.
_ALLOWANCE: Final = "quire_allowance"


class RateLimited(QuireError):
    """The caller has asked too often."""

    default_code = "RATE_LIMITED"

    def __init__(self, allowance: Allowance) -> None:
        super().__init__(
            f"That was more than {allowance.limit} requests in a minute. Try again in "
            f"{allowance.seconds} seconds."
        )


async def count_caller(request: Request, app: Application, owner: str) -> None:
    """Count a request of a known caller. RateLimited where it is one too many."""
    limit = app.settings.api.requests_per_minute
    _tell(request, await app.rate_limits.count("caller", owner, limit))


async def count_failed_login(request: Request, app: Application) -> None:
    """Count a request of nobody known, by its address. RateLimited where it is one too many."""
    limit = app.settings.api.failed_logins_per_minute
    _tell(request, await app.rate_limits.count("failed-login", _address(request, app), limit))


async def check_failed_logins(request: Request, app: Application) -> None:
    """RateLimited where too many have failed from this address, before another is even tried."""
    limit = app.settings.api.failed_logins_per_minute
    left = await app.rate_limits.look("failed-login", _address(request, app), limit)
    if left is not None and not left.allowed:
        _tell(request, left)


def _tell(request: Request, allowance: Allowance | None) -> None:
    if allowance is None:
        return
    request.scope[_ALLOWANCE] = allowance
    if not allowance.allowed:
        raise RateLimited(allowance)


def _address(request: Request, app: Application) -> str:
    # Repeated headers are one list (RFC 9110, section 5.3), and the proxy's part is at its end.
    forwarded_for = ",".join(request.headers.getlist("x-forwarded-for"))
    peer = request.client.host if request.client else None
    return client_address(forwarded_for, peer, app.settings.api.trusted_proxies)


class RateLimitHeaders:
    """Tells in every answer what is left of the limit that its request was counted against."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                allowance: Allowance | None = scope.get(_ALLOWANCE)
                if allowance is not None:
                    MutableHeaders(scope=message).update(allowance.headers)
            await send(message)

        await self._app(scope, receive, telling if scope["type"] == "http" else send)


@asynccontextmanager
async def counting(app: FastAPI) -> AsyncIterator[None]:
    """Close the connections that counting took, in the event loop that they belong to.

    For servers that tell an app its end. In a function nobody does: there the process ends.
    """
    yield
    application: Application = app.state.application
    await application.rate_limits.close()


def install_rate_limits(app: FastAPI) -> None:
    """Have requests over the limit answered as a problem, and all of them with their headers."""
    app.add_middleware(RateLimitHeaders)

    @app.exception_handler(RateLimited)
    async def limited(_: Request, error: RateLimited) -> JSONResponse:
        return problem(429, error.code, error.message)
