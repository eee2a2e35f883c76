"""Routes by the path as it was sent, so that an object's name may hold an encoded slash."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]

_FIELD: Final = re.compile(r"\\\{(\w+)(:path)?\\\}")


class RawRoute(BaseRoute):
    """One method and path; `{name}` stands for one segment, `{name:path}` for all the rest."""

    def __init__(self, method: str, path: str, endpoint: Endpoint) -> None:
        self.method = method
        self.path = path
        self.endpoint = endpoint
        self._pattern = re.compile(
            _FIELD.sub(
                lambda field: f"(?P<{field[1]}>{'.+' if field[2] else '[^/]+'})", re.escape(path)
            )
        )

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Take requests of this route's method and path."""
        if scope["type"] != "http" or scope["method"] != self.method:
            return Match.NONE, {}
        found = self._pattern.fullmatch(raw_path(scope))
        if found is None:
            return Match.NONE, {}
        fields = {name: unquote(value) for name, value in found.groupdict().items()}
        return Match.FULL, {"path_params": fields}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        response = await self.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


def raw_path(scope: Scope) -> str:
    """Return the path with its percent signs, without the query."""
    raw: bytes | None = scope.get("raw_path")
    return quote(scope["path"]) if raw is None else raw.decode("ascii", "replace")
