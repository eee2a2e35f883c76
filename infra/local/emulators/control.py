"""The emulators' own address: readiness, the keys that verify tokens, and the switches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.emulators.oidc import OidcIssuer
from infra.local.emulators.scheduler import Scheduler, Unreachable

_MOST_BYTES: Final = 1 << 20


class Switchable(Protocol):
    """What can be changed about an emulator while it runs."""

    def update(self, mapping: Mapping[str, object], /) -> None:
        """Set what is named and leave the rest. ValueError, with a sentence, sets nothing."""

    def as_dict(self) -> dict[str, Any]:
        """Return all switches."""

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls it has had, the oldest first."""


def create_app(
    *,
    parts: Mapping[str, str],
    issuer: OidcIssuer,
    scheduler: Scheduler,
    boards: Mapping[str, Switchable],
) -> Starlette:
    """Return the application. It is started last, so that it answers says that `parts` do.

    `boards` are the switches by the emulator's name, as it stands in the path.
    """

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok", "parts": dict(parts)})

    async def configuration(_: Request) -> Response:
        return JSONResponse(issuer.configuration())

    async def jwks(_: Request) -> Response:
        return JSONResponse(issuer.jwks())

    def board(request: Request) -> Switchable:
        if (found := boards.get(request.path_params["name"])) is None:
            raise HTTPException(404)
        return found

    async def controls(request: Request) -> Response:
        return JSONResponse(board(request).as_dict())

    async def set_controls(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > _MOST_BYTES:
                return _refusal(413, "Switches fit into a megabyte.")
        try:
            switches = json.loads(body)
        except ValueError:
            return _refusal(400, "The body is not JSON.")
        if not isinstance(switches, dict):
            return _refusal(400, "The body must be a JSON object of switches.")
        try:
            board(request).update(switches)
        except ValueError as error:
            return _refusal(400, str(error))
        return await controls(request)

    async def calls(request: Request) -> Response:
        return JSONResponse(board(request).calls)

    async def run(_: Request) -> Response:
        try:
            answer = await scheduler.fire()
        except Unreachable as error:
            return _refusal(502, f"The target gave no answer ({error}).")
        return Response(answer.body, answer.status, {"Content-Type": answer.content_type})

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/.well-known/openid-configuration", configuration),
            Route("/jwks", jwks),
            Route("/scheduler/run", run, methods=["POST"]),
            Route("/{name}/controls", controls, methods=["GET"]),
            Route("/{name}/controls", set_controls, methods=["PUT"]),
            Route("/{name}/calls", calls),
        ]
    )


def _refusal(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status)
