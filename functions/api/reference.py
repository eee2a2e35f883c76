"""The reference at /docs: the OpenAPI document as a page, without a script and without a request
to anybody else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from functions.api.site import site

router = APIRouter(include_in_schema=False)

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
_CODE: Final = re.compile(r"`([^`]+)`")


@router.api_route("/docs", methods=["GET", "HEAD"])
def get_reference(request: Request) -> HTMLResponse:
    """Answer with the reference."""
    return HTMLResponse(written(request.app.openapi()), headers=_HEADERS)


def written(document: dict[str, Any]) -> str:
    """Return the document as one page of HTML. Nothing of it is taken for markup."""
    assets = f"/assets/{site().version}"
    about = document["info"]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(about['title'])}: the API</title>",
        f'<link rel="icon" href="{assets}/icon.svg">',
        f'<link rel="stylesheet" href="{assets}/css/tokens.css">',
        f'<link rel="stylesheet" href="{assets}/css/docs.css">',
        f"</head><body><main><h1>{escape(about['title'])}: the API</h1>",
        *_paragraphs(about["description"]),
        *_ways_in(document),
        '<p>The same for programs: <a href="/openapi.json">openapi.json</a> '
        f"(OpenAPI {escape(document['openapi'])}).</p>",
    ]
    for tag in document["tags"]:
        routes = list(_routes(document, tag["name"]))
        if routes:
            parts += [
                f"<h2>{escape(tag['name'].capitalize())}</h2>",
                *_paragraphs(tag["description"]),
                *routes,
            ]
    return "\n".join([*parts, "</main></body></html>"])


def _ways_in(document: dict[str, Any]) -> Iterator[str]:
    yield "<h2>Who asks</h2><dl>"
    for scheme in document["components"]["securitySchemes"].values():
        header = "Authorization: Bearer …" if scheme["type"] == "http" else f"{scheme['name']}: …"
        yield f"<dt><code>{escape(header)}</code></dt><dd>{_line(scheme['description'])}</dd>"
    yield "</dl>"


def _routes(document: dict[str, Any], tag: str) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"]:
                yield (
                    f'<details id="{escape(operation["operationId"])}"><summary>'
                    f"<b>{escape(method.upper())}</b> <code>{escape(path)}</code> "
                    f"<span>{escape(operation['summary'])}</span></summary><div>"
                )
                yield from _paragraphs(operation["description"])
                yield from _parameters(document, operation)
                yield from _body(document, operation)
                yield from _answers(document, operation)
                yield "</div></details>"


def _parameters(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[str]:
    parameters = operation.get("parameters", [])
    if not parameters:
        return
    yield "<h3>Values</h3><table>"
    for each in parameters:
        required = ", required" if each.get("required") else ""
        yield (
            f"<tr><td><code>{escape(each['name'])}</code><br>"
            f"<small>{escape(each['in'])}{required}</small></td>"
            f"<td>{_line(each.get('description', ''))}<br>"
            f"<small>{_line(_kind(document, each['schema']))}</small></td></tr>"
        )
    yield "</table>"


def _body(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[str]:
    body = operation.get("requestBody")
    if body is None:
        return
    yield f"<h3>Body</h3><p>{_line(body.get('description', ''))}</p>"
    for kind, content in body["content"].items():
        yield f"<p><code>{escape(kind)}</code></p>"
        yield from _fields(document, content["schema"])
        yield from _example(document, content)


def _fields(document: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    shape = _resolved(document, schema)
    yield "<table>"
    for name, field in shape.get("properties", {}).items():
        required = ", required" if name in shape.get("required", ()) else ""
        told = _resolved(document, field)
        cases = [_resolved(document, case) for case in told.get("anyOf", [])]
        words = next((case["description"] for case in [told, *cases] if "description" in case), "")
        yield (
            f"<tr><td><code>{escape(name)}</code></td><td>{_line(words)}<br>"
            f"<small>{_line(_kind(document, told))}{required}</small></td></tr>"
        )
    yield "</table>"


def _answers(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[str]:
    yield "<h3>Answers</h3><dl>"
    for status, answer in operation["responses"].items():
        yield f"<dt>{escape(status)}</dt><dd>{_line(answer['description'])}"
        for kind, content in answer.get("content", {}).items():
            if status < "400":
                yield f" <small><code>{escape(kind)}</code></small>"
                yield from _example(document, content)
        yield "</dd>"
    yield "</dl>"


def _example(document: dict[str, Any], content: dict[str, Any]) -> Iterator[str]:
    examples = _resolved(document, content["schema"]).get("examples", [])
    example = content.get("example", examples[0] if examples else None)
    if example is not None:
        text = example if isinstance(example, str) else json.dumps(example, indent=2)
        yield f"<pre>{escape(text)}</pre>"


def _kind(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return what a value must be, in a few words. That it may be left out is said elsewhere."""
    if "anyOf" in schema:
        cases = [each for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(_kind(document, each) for each in cases)
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    schema = _resolved(document, schema)
    if "enum" in schema:
        return " | ".join(f"`{each}`" for each in schema["enum"])
    if name:
        return f"`{name}`"
    words = str(schema.get("format", schema.get("type", "")))
    if schema.get("type") == "array":
        words = f"list of {_kind(document, schema.get('items', {}))}"
    lowest, highest = schema.get("minimum"), schema.get("maximum")
    if lowest is not None or highest is not None:
        words += f" from {lowest}" if highest is None else f" from {lowest or 0} to {highest}"
    if "maxLength" in schema:
        words += f" of up to {schema['maxLength']} characters"
    if schema.get("default") not in (None, "", []):
        words += f"; `{schema['default']}` where it is left out"
    return words


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    shape: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return shape


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        yield f"<p>{_line(paragraph)}</p>"


def _line(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))
