"""Resumable upload sessions (cloud.google.com/storage/docs/performing-resumable-uploads).

A session keeps its object's metadata and preconditions; what has arrived is the length of its
content file, so it survives both a broken connection and the emulator's death.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from infra.local.emulators.cloud_storage.errors import ServiceError, invalid
from infra.local.emulators.cloud_storage.preconditions import Preconditions
from infra.local.emulators.cloud_storage.service import (
    Service,
    check_hashes,
    claimed_hashes,
    json_answer,
)
from infra.local.emulators.file_store import Contents, ContentWriter, UploadSession
from infra.local.emulators.file_store.receiving import receive_into

#: Every chunk but the last is a multiple of this.
GRANULE: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes (?:\*|(\d+)-(\d+|\*))/(\d+|\*)")
#: Sessions whose file stays open between two chunks; the others are opened and hashed again.
_KEPT_OPEN: Final = 128


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Which bytes a request brings. `end` is exclusive; None stands for not said."""

    start: int
    end: int | None
    total: int | None
    query: bool = False


class OpenUploads:
    """The content files of sessions under way, with their hashes so far."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._writers: OrderedDict[str, ContentWriter] = OrderedDict()
        self._locks: dict[str, asyncio.Lock] = {}

    def lock(self, session: UploadSession) -> asyncio.Lock:
        """Return what only one request of a session may hold at a time."""
        return self._locks.setdefault(session.id, asyncio.Lock())

    async def writer(self, session: UploadSession) -> ContentWriter:
        """Return the session's file, where it was left off. The caller holds the lock."""
        writer = self._writers.get(session.id)
        if writer is None:
            writer = await asyncio.to_thread(self._contents.resume, session.content, GRANULE)
            self._writers[session.id] = writer
        self._writers.move_to_end(session.id)
        idle = [upload for upload in self._writers if not self._locks[upload].locked()]
        for upload in idle[: max(0, len(self._writers) - _KEPT_OPEN)]:
            self._writers.pop(upload).close()
        return writer

    def forget(self, session: UploadSession) -> None:
        """Close the file of a session that is over."""
        if writer := self._writers.pop(session.id, None):
            writer.close()
        self._locks.pop(session.id, None)

    def close(self) -> None:
        """Close all files."""
        for writer in self._writers.values():
            writer.close()


def begin(
    service: Service,
    bucket: str,
    name: str,
    *,
    properties: dict[str, Any],
    claims: Mapping[str, str],
    preconditions: Preconditions,
    total: int | None,
    style: Literal["json", "xml"],
) -> UploadSession:
    """Record a session. Its preconditions are checked when the last byte has arrived."""
    return service.store.uploads.begin(
        {
            "bucket": bucket,
            "name": name,
            "properties": properties,
            "claims": dict(claims),
            "preconditions": preconditions.as_dict(),
            "total": total,
            "style": style,
        }
    )


def _chunk(request: Request) -> _Chunk:
    header = request.headers.get("content-range")
    length = request.headers.get("content-length")
    if header is None:
        end = int(length) if length is not None else None
        return _Chunk(0, end, end)
    found = _RANGE.fullmatch(header.strip())
    if found is None:
        raise invalid(f"Invalid Content-Range: '{header[:100]}'.")
    total = None if found[3] == "*" else int(found[3])
    if found[1] is None:
        return _Chunk(0, None, total, query=True)
    start, end = int(found[1]), None if found[2] == "*" else int(found[2]) + 1
    if end is not None and (
        end <= start
        or (total is not None and end > total)
        or (length is not None and int(length) != end - start)
    ):
        raise invalid(f"Content-Range '{header[:100]}' does not fit the request.")
    if end is not None and end != total and (end - start) % GRANULE:
        raise invalid(
            f"Every chunk but the last must be a multiple of {GRANULE} bytes;"
            f" this one has {end - start}."
        )
    return _Chunk(start, end, total)


async def _behind(pieces: AsyncIterator[bytes], skip: int) -> AsyncIterator[bytes]:
    """Leave out the first bytes: they were sent again though they had arrived."""
    async for piece in pieces:
        yield piece[skip:]
        skip = max(0, skip - len(piece))


def _incomplete(request: Request, size: int) -> Response:
    headers = {"range": f"bytes=0-{size - 1}"} if size else {}
    if request.headers.get("x-guploader-no-308") == "yes":
        return Response(headers=headers | {"x-http-status-code-override": "308"})
    return Response(status_code=308, headers=headers)


def _finished(session: UploadSession, resource: dict[str, Any]) -> Response:
    if session.details["style"] == "json":
        return json_answer(resource)
    return Response(
        headers={
            "etag": f'"{resource["etag"]}"',
            "x-goog-generation": resource["generation"],
            "x-goog-metageneration": resource["metageneration"],
            "x-goog-hash": f"crc32c={resource['crc32c']},md5={resource['md5Hash']}",
        }
    )


def _find(service: Service, request: Request) -> UploadSession:
    upload_id = request.query_params.get("upload_id", "")
    session = service.store.uploads.find(upload_id)
    if session is None or session.details["bucket"] != request.path_params["bucket"]:
        raise ServiceError(404, "notFound", "No such upload session.", code="NoSuchUpload")
    if session.state == "cancelled":
        raise ServiceError(
            499, "clientClosedRequest", "The upload was cancelled.", code="ClientClosedRequest"
        )
    return session


async def cancel(service: Service, uploads: OpenUploads, request: Request) -> Response:
    """DELETE a session: 499 says that it worked, as odd as that is."""
    session = _find(service, request)
    async with uploads.lock(session):
        uploads.forget(session)
        service.store.uploads.cancel(session)
    return Response(status_code=499)


async def receive(service: Service, uploads: OpenUploads, request: Request) -> Response:
    """PUT the next bytes, or ask with `bytes */N` how many have arrived."""
    chunk = _chunk(request)
    async with uploads.lock(_find(service, request)):
        # Looked up again: another request may have finished it while this one waited.
        session = _find(service, request)
        if session.result is not None:
            return _finished(session, session.result)
        writer = await uploads.writer(session)
        total = session.details["total"] if chunk.total is None else chunk.total
        if session.details["total"] not in (None, total):
            raise invalid(
                f"X-Upload-Content-Length was {session.details['total']}, but the upload's total"
                f" is {total}."
            )
        if not chunk.query:
            if chunk.start > writer.size:
                raise ServiceError(
                    503,
                    "backendError",
                    "Invalid request. According to the Content-Range header, the upload offset is"
                    f" {chunk.start} byte(s), which exceeds already uploaded size of"
                    f" {writer.size} byte(s).",
                    code="ServiceUnavailable",
                )
            skip = writer.size - chunk.start
            await receive_into(writer, _behind(request.stream(), skip), granule=GRANULE)
            if chunk.end is None and chunk.total is None:
                # A body of unannounced length is all there is.
                total = writer.size
        if total is None or writer.size < total:
            return _incomplete(request, writer.size)
        return _finish(service, uploads, session, writer, total, request)


def _finish(
    service: Service,
    uploads: OpenUploads,
    session: UploadSession,
    writer: ContentWriter,
    total: int,
    request: Request,
) -> Response:
    details = session.details
    try:
        if writer.size > total:
            raise invalid(f"{writer.size} bytes have arrived of an upload of {total}.")
        content = writer.finish()
        check_hashes(content, details["claims"] | claimed_hashes(request.headers, {}))
        stored = service.insert(
            details["bucket"],
            details["name"],
            content,
            details["properties"],
            Preconditions(**details["preconditions"]),
            upload_id=session.id,
        )
    except BaseException:
        # Neither the bytes nor the preconditions get better by trying again.
        service.store.uploads.cancel(session)
        raise
    finally:
        uploads.forget(session)
    return _finished(session, service.resource(stored))
