"""The bucket routes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from infra.local.emulators.file_store import BucketExists
from infra.local.emulators.supabase_storage.errors import (
    StorageError,
    duplicate,
    invalid_request,
    no_such_bucket,
)
from infra.local.emulators.supabase_storage.service import (
    Service,
    bucket_row,
    is_bucket_name,
    json_answer,
    json_body,
    text_field,
)

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)(gb|mb|kb|b)", re.IGNORECASE)
_UNITS: Final = {"gb": 10**9, "mb": 10**6, "kb": 1000, "b": 1}
_ALL: Final = 1_000_000


def _size_limit(value: Any) -> int | None:
    """Read a limit in bytes, or like 20MB."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise invalid_request("Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B")
    return int(float(found[1]) * _UNITS[found[2].lower()])


def _changes(body: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if body.get("public") is not None:
        changes["public"] = bool(body["public"])
    if "file_size_limit" in body:
        changes["file_size_limit"] = _size_limit(body["file_size_limit"])
    if "allowed_mime_types" in body:
        kinds = body["allowed_mime_types"]
        if kinds is not None and not (
            isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds)
        ):
            raise invalid_request("body/allowed_mime_types must be array", code="Error")
        changes["allowed_mime_types"] = kinds or None
    return changes


async def create(service: Service, request: Request) -> Response:
    """POST /bucket."""
    service.gate.require_admin(request)
    body = await json_body(request)
    name = body.get("id") or text_field(body, "name")
    if not isinstance(name, str) or not is_bucket_name(name):
        raise StorageError(400, "Invalid Input", "Bucket name invalid", code="InvalidBucketName")
    properties = {"public": False, "file_size_limit": None, "allowed_mime_types": None}
    try:
        service.shelf.buckets.create(name, properties | _changes(body))
    except BucketExists as error:
        raise duplicate("BucketAlreadyExists") from error
    return json_answer({"name": name})


async def list_all(service: Service, request: Request) -> Response:
    """GET /bucket."""
    found = service.shelf.buckets.page("", "", _ALL) if service.gate.may_see(request) else []
    return json_answer([bucket_row(bucket) for bucket in found])


async def get(service: Service, request: Request) -> Response:
    """GET /bucket/B."""
    if not service.gate.may_see(request):
        raise no_such_bucket()
    return json_answer(bucket_row(service.shelf.buckets.get(request.path_params["bucket"])))


async def update(service: Service, request: Request) -> Response:
    """PUT /bucket/B."""
    service.gate.require_admin(request)
    changes = _changes(await json_body(request))
    if not changes:
        raise invalid_request("No content provided")
    service.shelf.buckets.change(
        request.path_params["bucket"], lambda properties: properties | changes
    )
    return json_answer({"message": "Successfully updated"})


async def empty(service: Service, request: Request) -> Response:
    """POST /bucket/B/empty. The service does it later; here it is done with the answer."""
    service.gate.require_admin(request)
    bucket = request.path_params["bucket"]
    while found := service.shelf.objects.page(bucket, limit=1000):
        service.shelf.objects.delete_many(bucket, [stored.name for stored in found])
    return json_answer(
        {"message": "Empty bucket has been queued. Completion may take up to an hour."}
    )


async def delete(service: Service, request: Request) -> Response:
    """DELETE /bucket/B."""
    service.gate.require_admin(request)
    service.shelf.buckets.delete(request.path_params["bucket"])
    return json_answer({"message": "Successfully deleted"})
