"""The functions host passes each request to the function that its path names."""

from __future__ import annotations

import asyncio
from typing import Any

from infra.local.functions_host import MAX_REQUEST_BYTES, FunctionsHost


def told(path: str, headers: list[tuple[bytes, bytes]] | None = None) -> list[Any]:
    """Return who was called with which path, or the status that was sent."""
    seen: list[Any] = []

    def function(name: str) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            seen.append((name, scope["path"]))

        return app

    async def receive() -> Any:
        raise AssertionError("the host itself reads no body")

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            seen.append(message["status"])

    host = FunctionsHost(function("api"), {name: function(name) for name in ("ingest", "merge")})
    scope = {"type": "http", "path": path, "method": "POST", "headers": headers or []}
    asyncio.run(host(scope, receive, send))
    return seen


def test_a_functions_name_is_taken_off_its_path_as_it_has_an_address_of_its_own() -> None:
    assert told("/ingest") == [("ingest", "/")]
    assert told("/ingest/") == [("ingest", "/")]
    assert told("/merge/some/thing") == [("merge", "/some/thing")]


def test_everything_else_is_the_apis() -> None:
    assert told("/") == [("api", "/")]
    assert told("/v1/jobs/7/merge") == [("api", "/v1/jobs/7/merge")]
    assert told("/ingested") == [("api", "/ingested")]


def test_a_request_larger_than_cloud_run_takes_is_refused() -> None:
    largest = str(MAX_REQUEST_BYTES).encode()
    larger = str(MAX_REQUEST_BYTES + 1).encode()
    assert told("/v1/documents", [(b"content-length", largest)]) == [("api", "/v1/documents")]
    assert told("/v1/documents", [(b"content-length", larger)]) == [413]
