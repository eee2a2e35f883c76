"""Buckets and objects as Cloud Storage writes them (json_api/v1/objects, json_api/v1/buckets)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import quote

from infra.local.emulators.cloud_storage.errors import invalid
from infra.local.emulators.file_store import StoredBucket, StoredObject

#: Object metadata that a client may set.
EDITABLE: Final = frozenset(
    {
        "cacheControl",
        "contentDisposition",
        "contentEncoding",
        "contentLanguage",
        "contentType",
        "customTime",
        "eventBasedHold",
        "metadata",
        "storageClass",
        "temporaryHold",
    }
)
#: Response headers of a download, and the metadata they come from.
_HEADERS: Final = {
    "content-type": "contentType",
    "cache-control": "cacheControl",
    "content-disposition": "contentDisposition",
    "content-encoding": "contentEncoding",
    "content-language": "contentLanguage",
}
_BUCKET_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
#: What a bucket keeps of a client's request.
_BUCKET_FIXED: Final = frozenset({"kind", "id", "name", "selfLink", "metageneration", "etag"})


def timestamp(micros: int) -> str:
    """Write microseconds since 1970 as RFC 3339 in milliseconds, the service's precision."""
    moment = datetime.fromtimestamp(micros / 1_000_000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{micros % 1_000_000 // 1000:03d}Z"


def _etag(stored: StoredObject) -> str:
    return b64encode(f"{stored.generation}/{stored.metageneration}".encode()).decode()


def check_object_name(name: str) -> str:
    """Return the name if an object may have it (cloud.google.com/storage/docs/objects#naming)."""
    if not name:
        raise invalid("Required parameter: name", reason="required")
    if len(name.encode()) > 1024 or name in (".", "..") or "\r" in name or "\n" in name:
        raise invalid(f"Invalid object name: '{name[:100]}'")
    return name


def check_bucket_name(name: str) -> str:
    """Return the name if a bucket may have it (cloud.google.com/storage/docs/buckets#naming)."""
    if not _BUCKET_NAME.fullmatch(name) or name.startswith("goog"):
        raise invalid(f"Invalid bucket name: '{name[:100]}'")
    return name


def editable(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata that a client's object resource sets."""
    properties = {name: body[name] for name in EDITABLE & body.keys() if body[name] is not None}
    metadata = properties.get("metadata", {})
    if not isinstance(metadata, dict):
        raise invalid("Invalid value for metadata: expected an object.")
    if metadata:
        properties["metadata"] = {
            str(name): str(value) for name, value in metadata.items() if value is not None
        }
    return properties


def patched(properties: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Merge a patch into an object's metadata; null removes a field or a key of `metadata`."""
    merged = properties | {name: body[name] for name in EDITABLE & body.keys()}
    if isinstance(body.get("metadata"), dict):
        merged["metadata"] = properties.get("metadata", {}) | body["metadata"]
    return editable(merged)


def object_resource(stored: StoredObject, public_url: str) -> dict[str, Any]:
    """Return the object resource. Its links are absolute: clients follow them as they stand."""
    path = f"/b/{quote(stored.bucket, safe='')}/o/{quote(stored.name, safe='')}"
    created = timestamp(stored.created_at)
    resource = {
        "kind": "storage#object",
        "id": f"{stored.bucket}/{stored.name}/{stored.generation}",
        "selfLink": f"{public_url}/storage/v1{path}",
        "mediaLink": f"{public_url}/download/storage/v1{path}"
        f"?generation={stored.generation}&alt=media",
        "name": stored.name,
        "bucket": stored.bucket,
        "generation": str(stored.generation),
        "metageneration": str(stored.metageneration),
        "storageClass": "STANDARD",
        "size": str(stored.size),
        "crc32c": stored.crc32c,
        "etag": _etag(stored),
        "timeCreated": created,
        "timeFinalized": created,
        "timeStorageClassUpdated": created,
        "updated": timestamp(stored.updated_at),
    }
    if stored.md5 is not None:
        resource["md5Hash"] = stored.md5
    return resource | stored.properties


def object_headers(stored: StoredObject) -> dict[str, str]:
    """Return the headers of the object's downloads."""
    hashes = f"crc32c={stored.crc32c}" + (f",md5={stored.md5}" if stored.md5 else "")
    properties = stored.properties
    headers = {
        "accept-ranges": "bytes",
        "content-type": "application/octet-stream",
        "etag": f'"{_etag(stored)}"',
        "last-modified": format_datetime(
            datetime.fromtimestamp(stored.updated_at // 1_000_000, UTC), usegmt=True
        ),
        "x-goog-generation": str(stored.generation),
        "x-goog-metageneration": str(stored.metageneration),
        "x-goog-hash": hashes,
        "x-goog-storage-class": properties.get("storageClass", "STANDARD"),
        "x-goog-stored-content-encoding": properties.get("contentEncoding", "identity"),
        "x-goog-stored-content-length": str(stored.size),
    }
    headers |= {name: properties[field] for name, field in _HEADERS.items() if field in properties}
    for key, value in properties.get("metadata", {}).items():
        # HTTP has no room for anything else; the JSON interface has.
        if value.isascii() and value.isprintable() and re.fullmatch(r"[\w-]+", key, re.ASCII):
            headers[f"x-goog-meta-{key}"] = value
    return headers


def properties_of_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the metadata that an XML upload's headers set."""
    properties: dict[str, Any] = {
        field: headers[name] for name, field in _HEADERS.items() if name in headers
    }
    metadata = {
        name.removeprefix("x-goog-meta-"): value
        for name, value in headers.items()
        if name.startswith("x-goog-meta-")
    }
    if metadata:
        properties["metadata"] = metadata
    return properties


def bucket_properties(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a client's bucket resource sets."""
    return {
        name: value
        for name, value in body.items()
        if name not in _BUCKET_FIXED and value is not None
    }


def bucket_resource(bucket: StoredBucket, public_url: str) -> dict[str, Any]:
    """Return the bucket resource."""
    return {
        "kind": "storage#bucket",
        "id": bucket.name,
        "name": bucket.name,
        "selfLink": f"{public_url}/storage/v1/b/{bucket.name}",
        "projectNumber": "0",
        "location": "US",
        "locationType": "multi-region",
        "storageClass": "STANDARD",
        "iamConfiguration": {
            "uniformBucketLevelAccess": {"enabled": True},
            "publicAccessPrevention": "inherited",
        },
        **bucket.properties,
        "metageneration": str(bucket.metageneration),
        "etag": b64encode(str(bucket.metageneration).encode()).decode(),
        "timeCreated": timestamp(bucket.created_at),
        "updated": timestamp(bucket.updated_at),
    }
