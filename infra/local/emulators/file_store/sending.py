"""Contents on their way out, whole or a range of them."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from typing import BinaryIO, Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_BLOCK: Final = 1 << 20
#: Less than this is read faster than a thread is woken.
_AT_ONCE_BYTES: Final = 128 << 10
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")


class UnsatisfiableRange(Exception):
    """No byte of the object is in the range that was asked for."""


def asked_range(header: str | None, size: int) -> range | None:
    """Return which bytes a Range header asks for; None for all, UnsatisfiableRange for none.

    Several ranges at once and other units are answered with everything, as RFC 9110 allows.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found[0] == "bytes=-":
        return None
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None
    if start >= end:
        raise UnsatisfiableRange
    return range(start, end)


class ContentResponse(Response):
    """Sends a file's bytes and closes it. The caller gives all headers but the length's."""

    def __init__(
        self, file: BinaryIO, size: int, part: range | None, headers: Mapping[str, str]
    ) -> None:
        super().__init__(status_code=200 if part is None else 206, headers=headers)
        self._file = file
        self._part = part or range(size)
        self.headers["content-length"] = str(len(self._part))
        if part is not None:
            self.headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{size}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and, unless only they were asked for, the bytes."""
        with self._file:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            at, end = self._part.start, self._part.stop
            if scope["method"] == "HEAD":
                at = end
            while at < end:
                want = min(_BLOCK, end - at)
                if want < _AT_ONCE_BYTES:
                    block = os.pread(self._file.fileno(), want, at)
                else:
                    block = await asyncio.to_thread(os.pread, self._file.fileno(), want, at)
                if not block:
                    raise OSError("a content file is shorter than its object")
                at += len(block)
                await send({"type": "http.response.body", "body": block, "more_body": at < end})
            if not self._part or scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
