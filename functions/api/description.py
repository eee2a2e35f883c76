"""The OpenAPI document: what FastAPI finds in the routes, and what holds for all of them."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from functions.api.asked import DocumentOptions, NewDocument, NewUploads
from functions.api.batch_recovery import RecoverOptions, WarmOptions
from functions.api.controls import RetryOptions
from functions.api.manifests import NewBatch
from functions.api.schemas.problems import PROBLEM_SCHEMA, problems

DESCRIPTION: Final = """
Reads large PDFs in parallel and says at every moment where they are.

Send a document to `POST /v1/documents`. A small one is answered with its result; any other with
a job that can be looked at, followed live, paused, resumed, cancelled and retried.

Every error is a problem (RFC 9457) with a stable `code` and a sentence that says what to do.
""".strip()

TAGS: Final = [
    {"name": "documents", "description": "What was sent, and what stands on its pages."},
    {"name": "jobs", "description": "The processing of a document: where it is and what came out."},
    {"name": "batches", "description": "Many documents at once, by a manifest."},
    {"name": "keys", "description": "API keys, for machines."},
    {"name": "webhooks", "description": "Jobs' ends, told to an address of the owner's."},
    {"name": "metrics", "description": "What was done when, in numbers."},
    {"name": "credits", "description": "What reading costs."},
    {"name": "admin", "description": "For operators: every tenant's jobs, workers and queues."},
    {"name": "health", "description": "Whether this function serves."},
]

#: What any route behind a token may answer.
_BEHIND_A_TOKEN: Final = (401, 403, 429, 503)
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch", "options", "head"})


def describe_api(app: FastAPI) -> None:
    """Have `/openapi.json` say what the routes can't say themselves."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        tags=TAGS,
        routes=app.routes,
    )
    for path in document["paths"].values():
        for method, operation in path.items():
            if method in _METHODS:
                _complete(operation)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for framework in ("HTTPValidationError", "ValidationError"):
        schemas.pop(framework, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    schemas.update(_bodies(app))
    return document


def _complete(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422", "")):
        # The framework's own, in a shape that no route answers.
        del responses["422"]
        _add(responses, 422)
    if operation.get("security"):
        for status in _BEHIND_A_TOKEN:
            _add(responses, status)
    operation["responses"] = dict(sorted(responses.items()))


def _add(responses: dict[str, Any], status: int) -> None:
    for code, response in problems(status).items():
        responses.setdefault(str(code), response)


def _bodies(app: FastAPI) -> dict[str, Any]:
    """Return the shapes of the bodies that routes read themselves."""
    _, shapes = msgspec.json.schema_components(
        (
            NewDocument,
            DocumentOptions,
            RetryOptions,
            RecoverOptions,
            WarmOptions,
            NewBatch,
            NewUploads,
        ),
        ref_template="#/components/schemas/{name}",
    )
    # The end of a text, as the patterns of JSON Schema write it.
    plain = msgspec.json.encode(shapes).replace(b'\\\\Z"', b'$"')
    written: dict[str, Any] = msgspec.json.decode(plain)
    settings = app.state.application.settings
    for document in ("NewDocument", "NewUpload"):
        size = written[document]["properties"]["size"]
        size["maximum"] = min(size["maximum"], settings.storage.max_document_bytes)
    limit = settings.document_ai.page_limit
    for options in ("DocumentOptions", "ReadingOptions"):
        for case in written[options]["properties"]["chunk_pages"]["anyOf"]:
            if case.get("type") == "integer":
                case |= {"minimum": 1, "maximum": limit}
    documents = written["NewBatch"]["properties"]["documents"]
    documents["maxItems"] = settings.batches.max_documents
    entry = written["ManifestEntry"]["properties"]
    for source in ("uri", "document_id"):
        # Null is as good as left out, but names nothing.
        [named] = [case for case in entry[source].pop("anyOf") if case.get("type") != "null"]
        entry[source] = {**named, **entry[source]}
        entry[source].pop("default", None)
    written["ManifestEntry"]["oneOf"] = [{"required": ["uri"]}, {"required": ["document_id"]}]
    return written
