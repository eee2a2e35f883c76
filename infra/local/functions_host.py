"""Serves every deployable function in one process: `python -m infra.local.functions_host --port N`.

Each is built by functions-framework from `functions/main.py`, as in production, where each has
an address of its own. Here the first part of the path says which (`/ingest`, `/merge`,
`/maintain`, `/webhook`), and is taken off; everything else is the API's.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import uvicorn
from functions_framework.aio import create_asgi_app
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local.home import ROOT
from infra.local.ports import HOST

API: Final = "api"
TARGETS: Final = ("ingest", "merge", "maintain", "webhook")

#: The largest HTTP/1 request that Cloud Run passes on (cloud.google.com/run/quotas).
MAX_REQUEST_BYTES: Final = 32 * 1024 * 1024

#: A stream of events ends when the client leaves, so a stop must not wait for it.
STOP_WITHIN_SECONDS: Final = 2


class FunctionsHost:
    """An ASGI app that passes each request to the function that its path names."""

    def __init__(self, api: ASGIApp, targets: Mapping[str, ASGIApp]) -> None:
        self._api = api
        self._targets = targets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if _length(scope) > MAX_REQUEST_BYTES:
            refusal = PlainTextResponse("Request Entity Too Large", status_code=413)
            await refusal(scope, receive, send)
            return
        _, name, *rest = scope["path"].split("/", 2)
        target = self._targets.get(name)
        if target is None:
            await self._api(scope, receive, send)
            return
        path = "/" + "".join(rest)
        await target({**scope, "path": path, "raw_path": path.encode()}, receive, send)


def _length(scope: Mapping[str, Any]) -> int:
    stated = dict(scope["headers"]).get(b"content-length", b"0")
    return int(stated) if stated.isdigit() else 0


def functions_host(source: Path) -> FunctionsHost:
    """Build every function that `source` offers, through functions-framework."""

    def build(target: str) -> ASGIApp:
        app = create_asgi_app(target=target, source=str(source))  # type: ignore[no-untyped-call]
        return cast(ASGIApp, app)

    return FunctionsHost(api=build(API), targets={name: build(name) for name in TARGETS})


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--source", type=Path, default=ROOT / "functions" / "main.py")
    arguments = parser.parse_args()
    uvicorn.run(
        functions_host(arguments.source),
        host=HOST,
        port=arguments.port,
        lifespan="off",
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN_SECONDS,
    )


if __name__ == "__main__":
    main()
