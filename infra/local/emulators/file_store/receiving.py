"""Request bodies on their way into content files, a megabyte of memory at most."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import Any, Final

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

from infra.local.emulators.file_store.contents import ContentWriter

#: What is written at once; a multiple of every granule that services keep.
BLOCK_BYTES: Final = 1 << 20
#: Less than this is hashed and written faster than a thread is woken.
_AT_ONCE_BYTES: Final = 128 << 10


class BrokenBody(Exception):
    """The body is not what its headers promise; the message is for the client."""


async def receive_into(
    writer: ContentWriter, pieces: AsyncIterable[bytes], *, granule: int = 1
) -> None:
    """Append the pieces to the content.

    If the connection breaks, what has arrived is kept up to a multiple of `granule` bytes of
    this body, and the error goes on to the caller.
    """
    waiting = bytearray()
    try:
        async for piece in pieces:
            waiting += piece
            if len(waiting) >= BLOCK_BYTES:
                whole = len(waiting) - len(waiting) % BLOCK_BYTES
                block = bytes(memoryview(waiting)[:whole])
                del waiting[:whole]
                await asyncio.to_thread(writer.write, block)
    except Exception:
        writer.write(bytes(waiting[: len(waiting) - len(waiting) % granule]))
        raise
    if len(waiting) > _AT_ONCE_BYTES:
        await asyncio.to_thread(writer.write, bytes(waiting))
    else:
        writer.write(bytes(waiting))


async def read_small(pieces: AsyncIterable[bytes], limit: int) -> bytes:
    """Return everything; BrokenBody where it is longer than `limit` bytes."""
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > limit:
            raise BrokenBody(f"More than {limit} bytes where a short text belongs.")
    return bytes(body)


class MultipartBody:
    """A multipart body, one part after the other, never whole in memory."""

    def __init__(self, pieces: AsyncIterator[bytes], boundary: bytes) -> None:
        self._pieces = pieces
        self._events: deque[tuple[str, Any]] = deque()
        self._field = b""
        self._value = b""
        self._headers: dict[str, str] = {}
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": lambda: self._events.append(("part", self._headers)),
                "on_part_data": lambda raw, start, end: self._events.append(
                    ("data", raw[start:end])
                ),
                "on_part_end": lambda: self._events.append(("end", None)),
                "on_end": self._on_end,
            },
        )

    def _on_part_begin(self) -> None:
        self._headers = {}

    def _on_header_field(self, raw: bytes, start: int, end: int) -> None:
        self._field += raw[start:end]

    def _on_header_value(self, raw: bytes, start: int, end: int) -> None:
        self._value += raw[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._field.decode("latin-1").lower()] = self._value.decode()
        self._field = self._value = b""

    def _on_end(self) -> None:
        self._ended = True

    async def _next(self) -> tuple[str, Any] | None:
        while not self._events:
            piece = await anext(self._pieces, None)
            if piece is None:
                if not self._ended:
                    raise BrokenBody("Missing end boundary in multipart body.")
                return None
            try:
                self._parser.write(piece)
            except MultipartParseError as error:
                raise BrokenBody("Malformed multipart body.") from error
        return self._events.popleft()

    async def parts(self) -> AsyncIterator[Mapping[str, str]]:
        """Yield each part's headers, names in lower case; what is left of its data is skipped."""
        while (event := await self._next()) is not None:
            if event[0] == "part":
                yield event[1]

    async def data(self) -> AsyncIterator[bytes]:
        """Yield the bytes of the part whose headers came last."""
        while (event := await self._next()) is not None and event[0] == "data":
            yield event[1]
