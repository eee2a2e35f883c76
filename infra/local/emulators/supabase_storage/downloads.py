"""Bytes that go out: with a key, by a signed URL, or from a public bucket."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from infra.local.emulators.file_store import StoredObject
from infra.local.emulators.file_store.objects import accept_any
from infra.local.emulators.file_store.sending import (
    ContentResponse,
    UnsatisfiableRange,
    asked_range,
)
from infra.local.emulators.supabase_storage.errors import StorageError, no_such_bucket
from infra.local.emulators.supabase_storage.service import (
    Service,
    etag,
    json_answer,
    object_row,
)


def _last_modified(stored: StoredObject) -> datetime:
    return datetime.fromtimestamp(stored.updated_at // 1_000_000, UTC)


def _headers(request: Request, stored: StoredObject) -> dict[str, str]:
    mimetype = stored.properties["mimetype"]
    headers = {
        "accept-ranges": "bytes",
        # No page of a stranger runs under the project's address.
        "content-type": "text/plain" if "text/html" in mimetype else mimetype,
        "etag": etag(stored),
        "last-modified": format_datetime(_last_modified(stored), usegmt=True),
        "cache-control": stored.properties["cache_control"],
        "x-robots-tag": "none",
    }
    name = request.query_params.get("download")
    if name is not None:
        quoted = quote(name, safe="!'()*")
        headers["content-disposition"] = (
            f"attachment; filename={quoted}; filename*=UTF-8''{quoted}" if name else "attachment;"
        )
    return headers


def _known(request: Request, stored: StoredObject) -> bool:
    if (known := request.headers.get("if-none-match")) is not None:
        return known == etag(stored)
    since = request.headers.get("if-modified-since")
    try:
        return since is not None and _last_modified(stored) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False


def _answer(service: Service, request: Request) -> Response:
    stored, file = service.shelf.objects.open(
        request.path_params["bucket"], request.path_params["object"], accept_any
    )
    headers = _headers(request, stored)
    if _known(request, stored):
        file.close()
        return Response(status_code=304, headers=headers)
    try:
        part = asked_range(request.headers.get("range"), stored.size)
    except UnsatisfiableRange as error:
        file.close()
        raise StorageError(
            416, "invalid_range", "invalid range provided", code="InvalidRange", http_status=416
        ) from error
    return ContentResponse(file, stored.size, part, headers)


def _authorize(service: Service, request: Request) -> None:
    """Let readers of a public bucket in, and the service role everywhere."""
    bucket = service.shelf.buckets.get(request.path_params["bucket"])
    if not bucket.properties["public"]:
        service.gate.require_reader(request)


async def get(service: Service, request: Request) -> Response:
    """GET or HEAD /object/B/O and /object/authenticated/B/O."""
    _authorize(service, request)
    return _answer(service, request)


async def get_public(service: Service, request: Request) -> Response:
    """GET /object/public/B/O."""
    if not service.shelf.buckets.get(request.path_params["bucket"]).properties["public"]:
        raise no_such_bucket()
    return _answer(service, request)


async def get_signed(service: Service, request: Request) -> Response:
    """GET /object/sign/B/O?token=."""
    bucket, name = request.path_params["bucket"], request.path_params["object"]
    claims = service.gate.verify(
        request.query_params.get("token", ""), url=f"{bucket}/{name}", scope="download"
    )
    answer = _answer(service, request)
    answer.headers["expires"] = format_datetime(
        datetime.fromtimestamp(claims["exp"], UTC), usegmt=True
    )
    return answer


async def info(service: Service, request: Request) -> Response:
    """GET /object/info/B/O."""
    _authorize(service, request)
    stored = service.shelf.objects.get(request.path_params["bucket"], request.path_params["object"])
    row = object_row(stored)
    return json_answer(
        {
            "id": row["id"],
            "name": stored.name,
            "version": stored.properties["version"],
            "bucket_id": stored.bucket,
            "size": stored.size,
            "content_type": stored.properties["mimetype"],
            "cache_control": stored.properties["cache_control"],
            "etag": etag(stored),
            "metadata": stored.properties["user_metadata"],
            "last_modified": row["updated_at"],
            "created_at": row["created_at"],
        }
    )
