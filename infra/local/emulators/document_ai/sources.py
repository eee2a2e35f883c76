"""Where a call's document comes from: its own bytes, or an object in Cloud Storage."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from infra.local.emulators.document_ai import refusals
from infra.local.emulators.document_ai.controls import Call

if TYPE_CHECKING:
    from infra.local.emulators.file_store import FileStore

#: What the service reads. The engine behind this emulator reads the first only.
MIME_TYPES = (
    "application/pdf",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
)

#: Readers of PDF look for the mark this far into the file, and so does the service.
_MARK_WITHIN = 1024

#: The part of the store in which the Cloud Storage emulator keeps its objects.
CLOUD_STORAGE = "cloud-storage"

_GCS_URI = re.compile(r"gs://([^/]+)/(.+)", re.DOTALL)


class Sources:
    """Finds documents. Without a store there is nothing in Cloud Storage."""

    def __init__(self, store: FileStore | None) -> None:
        self._store = store

    async def content(self, request: Any, call: Call, max_bytes: int) -> bytes:
        """Return the PDF that a raw ProcessRequest is about, and note its size in the call."""
        kind = request.WhichOneof("source")
        if kind == "raw_document":
            _check_mime_type(request.raw_document.mime_type)
            content: bytes = request.raw_document.content
            call.bytes = len(content)
            if len(content) > max_bytes:
                raise refusals.size_limit(max_bytes, len(content))
        elif kind == "gcs_document":
            _check_mime_type(request.gcs_document.mime_type)
            content = await asyncio.to_thread(
                self._stored, request.gcs_document.gcs_uri, call, max_bytes
            )
        elif kind == "inline_document":
            raise refusals.Refusal(
                "UNIMPLEMENTED", "The local Document AI takes raw and Cloud Storage documents only."
            )
        else:
            raise refusals.bad_field("source", "No document was given.")
        if b"%PDF-" not in content[:_MARK_WITHIN]:
            raise refusals.not_this_format()
        return content

    def _stored(self, uri: str, call: Call, max_bytes: int) -> bytes:
        from infra.local.emulators.file_store import (
            BucketMissing,
            ObjectMissing,
        )
        from infra.local.emulators.file_store.objects import accept_any

        match = _GCS_URI.fullmatch(uri)
        if match is None:
            raise refusals.bad_field("gcs_document.gcs_uri", f"Invalid Cloud Storage URI: '{uri}'.")
        if self._store is None:
            raise refusals.document_not_found(uri)
        try:
            found, file = self._store.shelf(CLOUD_STORAGE).objects.open(
                match[1], match[2], accept_any
            )
        except (BucketMissing, ObjectMissing) as error:
            raise refusals.document_not_found(uri) from error
        with file:
            call.bytes = found.size
            if found.size > max_bytes:
                raise refusals.size_limit(max_bytes, found.size)
            return file.read()


def _check_mime_type(mime_type: str) -> None:
    if mime_type not in MIME_TYPES:
        raise refusals.unsupported_mime_type(mime_type)
    if mime_type != "application/pdf":
        raise refusals.Refusal(
            "UNIMPLEMENTED", "The local Document AI reads PDFs only; the service reads this too."
        )
