"""Removing, moving, copying and signing objects."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from infra.local.emulators.file_store import StoredObject
from infra.local.emulators.file_store.objects import accept_any
from infra.local.emulators.supabase_storage.errors import invalid_request
from infra.local.emulators.supabase_storage.service import (
    Service,
    check_key,
    json_answer,
    json_body,
    object_row,
    text_field,
    whole_field,
)
from infra.local.emulators.supabase_storage.uploads import new_id, refuse_existing

#: How long an upload URL is good, as on supabase.com.
_UPLOAD_SECONDS = 2 * 3600
_MOST_AT_ONCE = 1000


async def remove_one(service: Service, request: Request) -> Response:
    """DELETE /object/B/O."""
    service.gate.require_admin(request)
    service.shelf.objects.delete(request.path_params["bucket"], request.path_params["object"])
    return json_answer({"message": "Successfully deleted"})


def _names(body: dict[str, Any], field: str) -> list[str]:
    names = body.get(field)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise invalid_request(f"body must have required property '{field}'", code="Error")
    if not 1 <= len(names) <= _MOST_AT_ONCE:
        raise invalid_request(f"body/{field} must have 1 to {_MOST_AT_ONCE} items", code="Error")
    return names


async def remove(service: Service, request: Request) -> Response:
    """DELETE /object/B: answers with those that were there; the others do not matter."""
    service.gate.require_admin(request)
    bucket = request.path_params["bucket"]
    removed = service.shelf.objects.delete_many(
        bucket, _names(await json_body(request), "prefixes")
    )
    return json_answer([object_row(stored) | {"bucket_id": bucket} for stored in removed])


def _put_elsewhere(service: Service, body: dict[str, Any], *, upsert: bool) -> tuple[Any, Any]:
    """Make a second object of the source's bytes; return source and copy."""
    bucket, name = text_field(body, "bucketId"), text_field(body, "sourceKey")
    to_bucket = body.get("destinationBucket") or bucket
    to_name = check_key(text_field(body, "destinationKey"))
    while True:
        source = service.shelf.objects.get(bucket, name)
        try:
            content = service.shelf.objects.copied_content(source)
            break
        except FileNotFoundError:
            if service.shelf.objects.find(bucket, name) == source:
                raise
    copied = service.shelf.objects.put(
        to_bucket,
        to_name,
        content,
        source.properties | {"id": new_id(), "version": new_id()},
        check=accept_any if upsert else refuse_existing,
    )
    return source, copied


async def copy(service: Service, request: Request) -> Response:
    """POST /object/copy."""
    service.gate.require_admin(request)
    upsert = request.headers.get("x-upsert") == "true"
    _, copied = _put_elsewhere(service, await json_body(request), upsert=upsert)
    key = f"{copied.bucket}/{copied.name}"
    return json_answer(
        {"Id": copied.properties["id"], "Key": key}
        | object_row(copied)
        | {"bucket_id": copied.bucket}
    )


async def move(service: Service, request: Request) -> Response:
    """POST /object/move."""
    service.gate.require_admin(request)
    source, moved = _put_elsewhere(service, await json_body(request), upsert=False)

    def still_the_source(stored: StoredObject | None) -> None:
        if stored is not None and stored.generation != source.generation:
            raise invalid_request("The object was replaced while it was moved")

    service.shelf.objects.delete(source.bucket, source.name, check=still_the_source)
    return json_answer(
        {"message": "Successfully moved", "Id": moved.properties["id"], "Key": moved.name}
    )


async def sign(service: Service, request: Request) -> Response:
    """POST /object/sign/B/O: a URL for whoever has it."""
    seconds = whole_field(await json_body(request), "expiresIn", None, 1)
    bucket, name = request.path_params["bucket"], request.path_params["object"]
    service.gate.require_reader(request)
    service.shelf.objects.get(bucket, name)
    token = service.gate.sign({"url": f"{bucket}/{name}", "scope": "download"}, seconds)
    return json_answer({"signedURL": f"/object/sign/{bucket}/{name}?token={token}"})


async def sign_many(service: Service, request: Request) -> Response:
    """POST /object/sign/B: a URL for each object there is, an error for each there is not."""
    body = await json_body(request)
    seconds, names = whole_field(body, "expiresIn", None, 1), _names(body, "paths")
    bucket = request.path_params["bucket"]
    visible = service.gate.may_see(request)
    rows = []
    for name in names:
        row: dict[str, str | None] = {"error": None, "path": name, "signedURL": None}
        if visible and service.shelf.objects.find(bucket, name) is not None:
            token = service.gate.sign({"url": f"{bucket}/{name}", "scope": "download"}, seconds)
            row["signedURL"] = f"/object/sign/{bucket}/{name}?token={token}"
        else:
            row["error"] = "Either the object does not exist or you do not have access to it"
        rows.append(row)
    return json_answer(rows)


async def sign_upload(service: Service, request: Request) -> Response:
    """POST /object/upload/sign/B/O: a URL that one may upload by."""
    service.gate.require_admin(request)
    bucket, name = request.path_params["bucket"], check_key(request.path_params["object"])
    upsert = request.headers.get("x-upsert") == "true"
    stored = service.shelf.objects.find(bucket, name)
    if not upsert:
        refuse_existing(stored)
    token = service.gate.sign(
        {"url": f"{bucket}/{name}", "upsert": upsert, "scope": "upload"}, _UPLOAD_SECONDS
    )
    return json_answer(
        {"url": f"/object/upload/sign/{bucket}/{name}?token={token}", "token": token}
    )
