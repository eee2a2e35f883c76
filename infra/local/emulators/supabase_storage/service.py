"""What every part of the Supabase Storage emulator works with."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from infra.local.emulators.file_store import Contents, Shelf, StoredBucket, StoredObject
from infra.local.emulators.file_store.receiving import read_small
from infra.local.emulators.supabase_storage.access import Gate
from infra.local.emulators.supabase_storage.errors import invalid_request

_LONGEST_BODY: Final = 4 << 20
#: github.com/supabase/storage, src/storage/limits.ts
_KEY: Final = re.compile(r"[A-Za-z0-9_/!.*'() &$=@;:+,?-]+", re.ASCII)
_BUCKET_NAME: Final = re.compile(r"[A-Za-z0-9_!.*'() &$=@;:+,?-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Service:
    """The store, and who may use it."""

    shelf: Shelf
    contents: Contents
    gate: Gate


def json_answer(body: Any) -> Response:
    """Answer with JSON."""
    return Response(msgspec.json.encode(body), media_type="application/json; charset=utf-8")


async def json_body(request: Request) -> dict[str, Any]:
    """Read a short JSON object; nothing at all counts as an empty one."""
    text = await read_small(request.stream(), _LONGEST_BODY)
    try:
        body = msgspec.json.decode(text or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid_request("Body is not valid JSON", code="Error") from error
    if not isinstance(body, dict):
        raise invalid_request("body must be object", code="Error")
    return body


def text_field(body: Mapping[str, Any], name: str) -> str:
    """Return a text that the body must have."""
    value = body.get(name)
    if not isinstance(value, str):
        raise invalid_request(f"body must have required property '{name}'", code="Error")
    return value


def whole_field(body: Mapping[str, Any], name: str, default: int | None, least: int) -> int:
    """Return a whole number; the service takes it as text, too, and storage3 sends it so."""
    value = body.get(name, default)
    try:
        number = int(value) if isinstance(value, int | str) else None
    except ValueError:
        number = None
    if number is None:
        raise invalid_request(f"body/{name} must be integer", code="Error")
    if number < least:
        raise invalid_request(f"body/{name} must be >= {least}", code="Error")
    return number


def check_key(name: str) -> str:
    """Return the name if an object may have it."""
    if not _KEY.fullmatch(name):
        raise invalid_request(f"Invalid key: {name}", code="InvalidKey")
    return name


def is_bucket_name(name: str) -> bool:
    """Tell whether a bucket may be called so."""
    return _BUCKET_NAME.fullmatch(name) is not None and name == name.strip()


def timestamp(micros: int) -> str:
    """Write microseconds since 1970 as the service does."""
    return (
        datetime.fromtimestamp(micros / 1_000_000, UTC).isoformat(timespec="milliseconds")[:-6]
        + "Z"
    )


def bucket_row(bucket: StoredBucket) -> dict[str, Any]:
    """Return a bucket as the service writes it."""
    return {
        "id": bucket.name,
        "name": bucket.name,
        "owner": "",
        "public": bucket.properties["public"],
        "type": "STANDARD",
        "file_size_limit": bucket.properties["file_size_limit"],
        "allowed_mime_types": bucket.properties["allowed_mime_types"],
        "created_at": timestamp(bucket.created_at),
        "updated_at": timestamp(bucket.updated_at),
    }


def etag(stored: StoredObject) -> str:
    """Return the quoted MD5 of the bytes, as S3 has it for plain uploads."""
    return f'"{base64.b64decode(stored.md5 or "").hex()}"'


def object_row(stored: StoredObject) -> dict[str, Any]:
    """Return an object as a listing has it, under its whole name."""
    updated = timestamp(stored.updated_at)
    return {
        "name": stored.name,
        "id": stored.properties["id"],
        "updated_at": updated,
        "created_at": timestamp(stored.properties["created_at"]),
        "last_accessed_at": updated,
        "metadata": {
            "eTag": etag(stored),
            "size": stored.size,
            "mimetype": stored.properties["mimetype"],
            "cacheControl": stored.properties["cache_control"],
            "lastModified": updated,
            "contentLength": stored.size,
            "httpStatusCode": 200,
        },
    }
