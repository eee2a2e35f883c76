"""What every part of the Cloud Storage emulator works with."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

from infra.local.emulators.cloud_storage.errors import invalid
from infra.local.emulators.cloud_storage.events import Notifier, finalized
from infra.local.emulators.cloud_storage.preconditions import Preconditions
from infra.local.emulators.cloud_storage.resources import object_resource
from infra.local.emulators.file_store import (
    ContentWriter,
    FileStore,
    Outbox,
    Shelf,
    StoredContent,
    StoredObject,
    Uploads,
)

if TYPE_CHECKING:
    import sqlite3


def json_answer(body: Any, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(msgspec.json.encode(body), status, media_type="application/json; charset=UTF-8")


def claimed_hashes(headers: Mapping[str, str], resource: Mapping[str, Any]) -> dict[str, str]:
    """Return the hashes that a client says its bytes have, under `md5` and `crc32c`."""
    claims = {
        name: str(resource[field])
        for name, field in (("md5", "md5Hash"), ("crc32c", "crc32c"))
        if resource.get(field)
    }
    for pair in headers.get("x-goog-hash", "").split(","):
        name, _, value = pair.strip().partition("=")
        if name in ("md5", "crc32c"):
            claims[name] = value
    if "content-md5" in headers:
        claims["md5"] = headers["content-md5"]
    return claims


def check_hashes(content: StoredContent, claims: Mapping[str, str]) -> None:
    """Raise 400 where the bytes are not those that the client meant to send."""
    for name, actual in (("md5", content.md5), ("crc32c", content.crc32c)):
        claim = claims.get(name)
        if claim is None or claim == actual:
            continue
        try:
            base64.b64decode(claim, validate=True)
        except ValueError as error:
            raise invalid(f"Invalid {name} '{claim[:64]}': expected base64.") from error
        kind = "MD5 hash" if name == "md5" else "CRC32C"
        raise invalid(
            f'Provided {kind} "{claim}" doesn\'t match calculated {kind} "{actual}".',
        )


@dataclass(frozen=True, slots=True)
class Service:
    """The store, and where the emulator and the functions that watch it are."""

    store: FileStore
    shelf: Shelf
    public_url: str
    notify_urls: Mapping[str, str]
    notifier: Notifier
    deliver_times: int

    @contextmanager
    def new_content(self) -> Iterator[ContentWriter]:
        """Write a content; what raises inside deletes it."""
        writer = self.store.contents.write()
        try:
            yield writer
        except BaseException:
            writer.abandon()
            raise

    def resource(self, stored: StoredObject) -> dict[str, Any]:
        """Return the object's resource."""
        return object_resource(stored, self.public_url)

    def insert(
        self,
        bucket: str,
        name: str,
        content: StoredContent,
        properties: dict[str, Any],
        preconditions: Preconditions,
        *,
        upload_id: str | None = None,
    ) -> StoredObject:
        """Make the object visible, end its upload and owe its event, all in one transaction."""

        def beside(connection: sqlite3.Connection, stored: StoredObject) -> None:
            resource = self.resource(stored)
            if upload_id is not None:
                Uploads.finish(connection, upload_id, resource)
            if bucket in self.notify_urls:
                headers, body = finalized(resource), msgspec.json.encode(resource)
                for _ in range(self.deliver_times):
                    Outbox.add(connection, bucket, headers, body)

        stored = self.shelf.objects.put(
            bucket, name, content, properties, check=preconditions.check_write, beside=beside
        )
        self.notifier.wake()
        return stored
