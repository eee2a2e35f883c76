"""Walks the OpenAPI document, so that no route can be forgotten by a test of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


@dataclass(frozen=True)
class Operation:
    """One route of the document."""

    method: str
    path: str
    description: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def is_safe(self) -> bool:
        return self.method == "get"

    @property
    def is_for_operators(self) -> bool:
        return self.path.startswith("/v1/admin/") or self.path == "/metrics"

    @property
    def places(self) -> list[str]:
        """Names of what the path leaves open."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]

    def request(self, ids: Mapping[str, str]) -> dict[str, Any]:
        """Return what to send: these ids, and the example of the body."""
        request: dict[str, Any] = {"method": self.method, "url": self.path.format_map(ids)}
        required = {
            parameter["name"]: parameter["schema"].get("examples", ["page"])[0]
            for parameter in self.description.get("parameters", [])
            if parameter["in"] == "query" and parameter["required"]
        }
        if required:
            request["params"] = required
        body = self.description.get("requestBody", {}).get("content", {}).get("application/json")
        if body is not None:
            request["json"] = body["example"]
        return request


def document_of(http: httpx.Client) -> dict[str, Any]:
    answer = http.get("/openapi.json")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, description in methods.items():
            if method in METHODS:
                yield Operation(method, path, description)


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema itself where it is a reference to a component."""
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return found
