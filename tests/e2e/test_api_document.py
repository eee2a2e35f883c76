"""The OpenAPI document: every route says what it does, what it answers, and how it refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e.openapi_walk import Operation, document_of, operations, resolved
from tests.e2e.quire_client import QuireClient


@pytest.fixture
def document(quire: QuireClient) -> dict[str, Any]:
    return document_of(quire.http)


def test_it_is_openapi_3_1_and_names_both_ways_to_say_who_asks(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    schemes = document["components"]["securitySchemes"].values()
    assert {(each["type"], each.get("scheme"), each.get("name")) for each in schemes} == {
        ("http", "bearer", None),
        ("apiKey", None, "X-API-Key"),
    }
    assert len({each.description["operationId"] for each in operations(document)}) == len(
        list(operations(document))
    )


def test_every_route_says_what_it_is_for(document: dict[str, Any]) -> None:
    for operation in operations(document):
        described = operation.description
        assert described.get("summary"), operation
        assert len(described.get("description", "")) > 20, operation
        assert described["tags"], operation
        known = {tag["name"] for tag in document["tags"]}
        assert set(described["tags"]) <= known, operation


def test_every_route_shows_an_example_of_its_answer(document: dict[str, Any]) -> None:
    for operation in operations(document):
        answers = {
            status: answer
            for status, answer in operation.description["responses"].items()
            if status < "400" and status not in {"204", "302", "304"}
        }
        assert answers or _is_without_content(operation), operation
        for status, answer in answers.items():
            for kind, content in answer.get("content", {}).items():
                if kind.startswith("image/"):
                    continue
                schema = resolved(document, content["schema"])
                assert "example" in content or schema.get("examples"), f"{operation} {status}"


def test_every_body_shows_an_example(document: dict[str, Any]) -> None:
    for operation in operations(document):
        contents = operation.description.get("requestBody", {}).get("content", {})
        for kind, content in contents.items():
            if kind == "application/json":
                assert content["example"], operation


def test_every_value_of_a_request_is_bounded(document: dict[str, Any]) -> None:
    for operation in operations(document):
        for parameter in operation.description.get("parameters", []):
            for schema in _cases(document, parameter["schema"]):
                bounded = any(
                    name in schema
                    for name in ("enum", "const", "pattern", "maxLength", "format", "maximum")
                )
                free = schema.get("type") in {"boolean", "null"}
                # What a caller prefers, or has seen, is never refused.
                free = free or parameter["name"].lower() in {"prefer", "last-event-id"}
                free = free or parameter["name"].lower() == "if-none-match"
                assert bounded or free, f"{operation}: {parameter['name']}"


def test_every_route_says_how_it_refuses(document: dict[str, Any]) -> None:
    for operation in operations(document):
        responses = operation.description["responses"]
        expected = {"401", "403", "429", "503"} if operation.description.get("security") else set()
        if operation.places:
            expected |= {"404", "422"}
        assert expected <= set(responses), operation
        for status, answer in responses.items():
            if status >= "400" and operation.path != "/readyz":
                content = answer["content"]["application/problem+json"]
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, operation
                assert content["example"]["status"] == int(status), operation


def test_no_shape_is_left_of_the_framework(document: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in str(document)
    assert document["components"]["schemas"]["Problem"]["required"]


def test_the_reference_shows_every_route_and_loads_nothing_from_elsewhere(
    quire: QuireClient, document: dict[str, Any]
) -> None:
    answer = quire.http.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for operation in operations(document):
        assert f'id="{operation.description["operationId"]}"' in answer.text
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    addresses = re.findall(r'(?:href|src)="([^"]+)"', answer.text)
    assert addresses
    for address in set(addresses):
        assert address.startswith("/")
        assert quire.http.get(address).status_code == 200, address


def _is_without_content(operation: Operation) -> bool:
    return set(operation.description["responses"]) & {"204", "302"} != set()


def _cases(document: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    schema = resolved(document, schema)
    if schema.get("type") == "array":
        return _cases(document, schema["items"])
    if "anyOf" in schema:
        return [case for each in schema["anyOf"] for case in _cases(document, each)]
    return [schema]
