"""Bytes that come in: POST and PUT of objects, and uploads by a signed URL."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from python_multipart.multipart import parse_options_header
from starlette.requests import Request
from starlette.responses import Response

from infra.local.emulators.file_store import StoredObject
from infra.local.emulators.file_store.receiving import MultipartBody, read_small, receive_into
from infra.local.emulators.supabase_storage.errors import (
    StorageError,
    duplicate,
    invalid_request,
    too_large,
)
from infra.local.emulators.supabase_storage.service import Service, check_key, json_answer

_LONGEST_FIELD: Final = 1 << 20


@dataclass(slots=True)
class _Incoming:
    """A file and what is said about it."""

    mimetype: str
    cache_control: str
    pieces: AsyncIterator[bytes]
    user_metadata: Any


def new_id() -> str:
    """Return a random UUID as text."""
    return str(UUID(bytes=secrets.token_bytes(16), version=4))


def refuse_existing(stored: StoredObject | None) -> None:
    """Raise the service's 409 where there is an object already."""
    if stored is not None:
        raise duplicate()


def _user_metadata(text: str | None) -> Any:
    """Read metadata that is JSON, or JSON in base64; what is neither is dropped, as there."""
    if text is None:
        return None
    for decode in (str, base64.b64decode):
        try:
            return json.loads(decode(text))
        except ValueError:
            continue
    return None


async def _incoming(request: Request) -> _Incoming:
    """Find the file in the request: in a form behind its fields, or the whole body."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        return _Incoming(
            request.headers.get("content-type", "application/octet-stream"),
            request.headers.get("cache-control", "no-cache"),
            request.stream(),
            _user_metadata(request.headers.get("x-metadata")),
        )
    body = MultipartBody(request.stream(), options.get(b"boundary", b""))
    fields: dict[str, str] = {}
    async for headers in body.parts():
        _, disposition = parse_options_header(headers.get("content-disposition"))
        if b"filename" in disposition:
            seconds = fields.get("cacheControl")
            # Without its parameters and in small letters, as the service's parser of forms has it.
            mimetype, _ = parse_options_header(headers.get("content-type", "text/plain"))
            return _Incoming(
                fields.get("contentType") or mimetype.decode("latin-1"),
                f"max-age={seconds}" if seconds else "no-cache",
                body.data(),
                _user_metadata(fields.get("metadata") or fields.get("userMetadata")),
            )
        value = await read_small(body.data(), _LONGEST_FIELD)
        fields[disposition.get(b"name", b"").decode()] = value.decode()
    raise invalid_request("No content provided")


def _check_mimetype(mimetype: str, allowed: list[str] | None) -> None:
    kind, _, subtype = mimetype.partition("/")
    if allowed and f"{kind}/*" not in allowed and f"{kind}/{subtype}" not in allowed:
        raise StorageError(
            415,
            "invalid_mime_type",
            f"mime type {mimetype} is not supported",
            code="InvalidMimeType",
        )


async def _at_most(pieces: AsyncIterator[bytes], limit: int | None) -> AsyncIterator[bytes]:
    size = 0
    async for piece in pieces:
        size += len(piece)
        if limit is not None and size > limit:
            raise too_large()
        yield piece


async def _store(
    service: Service, request: Request, bucket: str, name: str, *, upsert: bool
) -> StoredObject:
    check_key(name)
    rules: Mapping[str, Any] = service.shelf.buckets.get(bucket).properties
    if not upsert:
        # Known early, so that nobody waits for a big file to be refused.
        refuse_existing(service.shelf.objects.find(bucket, name))
    incoming = await _incoming(request)
    _check_mimetype(incoming.mimetype, rules["allowed_mime_types"])
    writer = service.contents.write()
    try:
        await receive_into(writer, _at_most(incoming.pieces, rules["file_size_limit"]))
        content = writer.finish()
    except BaseException:
        writer.abandon()
        raise
    properties = {
        "id": new_id(),
        "version": new_id(),
        "mimetype": incoming.mimetype,
        "cache_control": incoming.cache_control,
        "user_metadata": incoming.user_metadata,
        "created_at": time.time_ns() // 1000,
    }
    if upsert:
        return service.shelf.objects.put(
            bucket, name, content, properties, inherited=("id", "created_at")
        )
    return service.shelf.objects.put(bucket, name, content, properties, check=refuse_existing)


def _uploaded(stored: StoredObject) -> Response:
    return json_answer({"Id": stored.properties["id"], "Key": f"{stored.bucket}/{stored.name}"})


async def create(service: Service, request: Request) -> Response:
    """POST /object/B/O: a new object, or any with `x-upsert: true`."""
    service.gate.require_admin(request)
    upsert = request.headers.get("x-upsert") == "true"
    path = request.path_params
    return _uploaded(await _store(service, request, path["bucket"], path["object"], upsert=upsert))


async def update(service: Service, request: Request) -> Response:
    """PUT /object/B/O."""
    service.gate.require_admin(request)
    path = request.path_params
    return _uploaded(await _store(service, request, path["bucket"], path["object"], upsert=True))


async def by_signed_url(service: Service, request: Request) -> Response:
    """PUT /object/upload/sign/B/O?token=."""
    bucket, name = request.path_params["bucket"], request.path_params["object"]
    claims = service.gate.verify(
        request.query_params.get("token", ""), url=f"{bucket}/{name}", scope="upload"
    )
    upsert = claims.get("upsert") is True
    stored = await _store(service, request, bucket, name, upsert=upsert)
    return json_answer({"Key": f"{stored.bucket}/{stored.name}"})
