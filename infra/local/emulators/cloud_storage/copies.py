"""Compose, rewrite, copy and move. Nothing but compose moves any bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, BinaryIO, Final

from starlette.requests import Request
from starlette.responses import Response

from infra.local.emulators.cloud_storage.bodies import json_body
from infra.local.emulators.cloud_storage.errors import invalid
from infra.local.emulators.cloud_storage.objects import only_generation
from infra.local.emulators.cloud_storage.preconditions import Preconditions, number
from infra.local.emulators.cloud_storage.resources import EDITABLE, check_object_name, editable
from infra.local.emulators.cloud_storage.service import Service, json_answer
from infra.local.emulators.file_store import ContentWriter, StoredObject

#: cloud.google.com/storage/docs/json_api/v1/objects/compose
_MOST_SOURCES: Final = 32
_BLOCK: Final = 1 << 20


def _append(files: list[BinaryIO], writer: ContentWriter) -> None:
    for file in files:
        while block := file.read(_BLOCK):
            writer.write(block)


def _source_condition(source: Mapping[str, Any]) -> Preconditions:
    asked = source.get("objectPreconditions", {}).get("ifGenerationMatch")
    return Preconditions(generation_match=None if asked is None else int(asked))


async def compose(service: Service, request: Request) -> Response:
    """POST /b/B/o/O/compose: one object of up to 32, in their order."""
    bucket, name = request.path_params["bucket"], check_object_name(request.path_params["object"])
    body = await json_body(request)
    sources = body.get("sourceObjects")
    if not isinstance(sources, list) or not sources:
        raise invalid("You must provide at least one source component.", reason="required")
    if len(sources) > _MOST_SOURCES:
        raise invalid(
            f"The number of source components provided ({len(sources)}) exceeds the maximum"
            f" ({_MOST_SOURCES})."
        )
    with ExitStack() as opened:
        components = 0
        files = []
        for source in sources:
            asked = source.get("generation")
            stored, file = service.shelf.objects.open(
                bucket,
                source["name"],
                only_generation(
                    None if asked is None else int(asked),
                    bucket,
                    source["name"],
                    _source_condition(source).check_write,
                ),
            )
            files.append(opened.enter_context(file))
            components += stored.properties.get("componentCount", 1)
        properties = editable(body.get("destination", {})) | {"componentCount": components}
        with service.new_content() as writer:
            await asyncio.to_thread(_append, files, writer)
            content = writer.finish(composed=True)
    composed = service.insert(
        bucket, name, content, properties, Preconditions.of_query(request.query_params)
    )
    return json_answer(service.resource(composed))


async def _copied(service: Service, request: Request) -> tuple[StoredObject, StoredObject]:
    """Copy and return the source and what was made of it.

    Any metadata in the request replaces all of the source's; without any, it is copied.
    """
    query, path = request.query_params, request.path_params
    name = check_object_name(path["to_object"])
    body = await json_body(request)
    check = only_generation(
        number(query, "sourceGeneration"),
        path["bucket"],
        path["object"],
        Preconditions.of_query(query, "ifSource").check_write,
    )
    while True:
        source = service.shelf.objects.get(path["bucket"], path["object"])
        check(source)
        try:
            content = service.shelf.objects.copied_content(source)
            break
        except FileNotFoundError:
            if service.shelf.objects.find(path["bucket"], path["object"]) == source:
                raise
    properties = editable(body) if EDITABLE & body.keys() else dict(source.properties)
    if "componentCount" in source.properties:
        properties["componentCount"] = source.properties["componentCount"]
    made = service.insert(
        path["to_bucket"], name, content, properties, Preconditions.of_query(query)
    )
    return source, made


async def copy(service: Service, request: Request) -> Response:
    """POST /b/B/o/O/copyTo/b/B/o/O."""
    _, made = await _copied(service, request)
    return json_answer(service.resource(made))


async def rewrite(service: Service, request: Request) -> Response:
    """POST /b/B/o/O/rewriteTo/b/B/o/O: always done in one call, so there is never a token."""
    source, made = await _copied(service, request)
    return json_answer(
        {
            "kind": "storage#rewriteResponse",
            "totalBytesRewritten": str(source.size),
            "objectSize": str(source.size),
            "done": True,
            "resource": service.resource(made),
        }
    )


async def move(service: Service, request: Request) -> Response:
    """POST /b/B/o/O/moveTo/o/O: a new name in the same bucket."""
    path = request.path_params
    path["to_bucket"] = path["bucket"]
    source, made = await _copied(service, request)
    service.shelf.objects.delete(
        source.bucket,
        source.name,
        check=Preconditions(generation_match=source.generation).check_write,
    )
    return json_answer(service.resource(made))
