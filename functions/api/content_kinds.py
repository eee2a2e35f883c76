"""Says of every answer that it is of the kind that it says: no browser guesses another."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADER: Final = "X-Content-Type-Options"


class ToldKinds:
    """Adds `nosniff` to every answer, also to those that the frameworks give."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[_HEADER] = "nosniff"
            await send(message)

        await self._app(scope, receive, telling if scope["type"] == "http" else send)
