"""Short JSON bodies."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.requests import Request

from infra.local.emulators.cloud_storage.errors import invalid
from infra.local.emulators.file_store.receiving import read_small

#: An object's metadata may have 8 KiB; a compose names 32 objects of 1 KiB each.
_LONGEST: Final = 1 << 20


def parse_json(text: bytes) -> dict[str, Any]:
    """Return the object that the text holds; nothing at all counts as an empty one."""
    if not text.strip():
        return {}
    try:
        body = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid("Parse Error", reason="parseError") from error
    if not isinstance(body, dict):
        raise invalid("Parse Error", reason="parseError")
    return body


async def json_body(request: Request) -> dict[str, Any]:
    """Read a request's body."""
    return parse_json(await read_small(request.stream(), _LONGEST))
