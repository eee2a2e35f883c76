"""Uploads in one request: media and multipart, and the start of a resumable one."""

from __future__ import annotations

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from infra.local.emulators.cloud_storage.bodies import json_body, parse_json
from infra.local.emulators.cloud_storage.errors import invalid
from infra.local.emulators.cloud_storage.preconditions import Preconditions, number
from infra.local.emulators.cloud_storage.resources import check_object_name, editable
from infra.local.emulators.cloud_storage.resumable import begin
from infra.local.emulators.cloud_storage.service import (
    Service,
    check_hashes,
    claimed_hashes,
    json_answer,
)
from infra.local.emulators.file_store.receiving import MultipartBody, read_small, receive_into

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_LONGEST_METADATA: Final = 1 << 20


def _object_name(request: Request, resource: dict[str, Any]) -> str:
    asked, given = request.query_params.get("name"), resource.get("name")
    if asked and given and asked != given:
        raise invalid(f"Value '{given}' in content does not agree with value '{asked}'.")
    return check_object_name(asked or given or "")


def _properties(request: Request, resource: dict[str, Any], content_type: str) -> dict[str, Any]:
    properties = editable(resource)
    if encoding := request.query_params.get("contentEncoding"):
        properties["contentEncoding"] = encoding
    properties.setdefault("contentType", content_type or "application/octet-stream")
    return properties


async def insert(service: Service, request: Request) -> Response:
    """POST /upload/storage/v1/b/B/o."""
    kind = request.query_params.get("uploadType", "")
    bucket = request.path_params["bucket"]
    service.shelf.buckets.get(bucket)
    if kind == "resumable":
        return await start_resumable(service, request)
    if kind == "multipart":
        return await _multipart(service, request, bucket)
    if kind != "media":
        raise invalid(f"Invalid value '{kind[:50]}' for uploadType.")
    name = _object_name(request, {})
    with service.new_content() as writer:
        await receive_into(writer, request.stream())
        content = writer.finish()
        check_hashes(content, claimed_hashes(request.headers, {}))
    stored = service.insert(
        bucket,
        name,
        content,
        _properties(request, {}, request.headers.get("content-type", "")),
        Preconditions.of_query(request.query_params),
    )
    return json_answer(service.resource(stored))


async def _multipart(service: Service, request: Request, bucket: str) -> Response:
    boundary = _BOUNDARY.search(request.headers.get("content-type", ""))
    if boundary is None:
        raise invalid("Missing boundary in the multipart request's Content-Type.")
    preconditions = Preconditions.of_query(request.query_params)
    body = MultipartBody(request.stream(), boundary[1].encode())
    parts = body.parts()
    if await anext(parts, None) is None:
        raise invalid("Missing metadata part in multipart request.")
    resource = parse_json(await read_small(body.data(), _LONGEST_METADATA))
    name = _object_name(request, resource)
    media = await anext(parts, None)
    if media is None:
        raise invalid("Missing media part in multipart request.")
    with service.new_content() as writer:
        await receive_into(writer, body.data())
        if await anext(parts, None) is not None:
            raise invalid("More than two parts in multipart request.")
        content = writer.finish()
        check_hashes(content, claimed_hashes(request.headers, resource))
    stored = service.insert(
        bucket,
        name,
        content,
        _properties(request, resource, media.get("content-type", "")),
        preconditions,
    )
    return json_answer(service.resource(stored))


async def start_resumable(service: Service, request: Request) -> Response:
    """Begin a session; its URL needs no login, whoever has it may upload."""
    bucket = request.path_params["bucket"]
    resource = await json_body(request)
    session = begin(
        service,
        bucket,
        _object_name(request, resource),
        properties=_properties(request, resource, request.headers.get("x-upload-content-type", "")),
        claims=claimed_hashes({}, resource),
        preconditions=Preconditions.of_query(request.query_params),
        total=number(request.headers, "x-upload-content-length"),
        style="json",
    )
    location = (
        f"{service.public_url}/upload/storage/v1/b/{bucket}/o"
        f"?uploadType=resumable&upload_id={session.id}"
    )
    return Response(headers={"location": location, "x-guploader-uploadid": session.id})
