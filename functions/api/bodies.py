"""Reads requests' bodies: no further than they may be long, and refused in our own words."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import msgspec
from fastapi import Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.types import Message

from common.errors import InvalidRequest

Shape = TypeVar("Shape", bound=msgspec.Struct)

#: A function's request may have 32 MB in all (cloud.google.com/functions/quotas).
MAX_FORM_BYTES: Final = 32 * 1024 * 1024
#: The longest options that make sense have a few kilobytes.
MAX_JSON_BYTES: Final = 64 * 1024

#: A thousand documents with the longest names, in characters of several bytes.
MAX_ANNOUNCEMENTS_BYTES: Final = 4 * 1024 * 1024
#: 100,000 lines of 160 characters. What comes must be taken apart in a function's memory.
MAX_MANIFEST_BYTES: Final = 16 * 1024 * 1024

#: Where in the JSON something does not fit, as msgspec writes it: ... - at `$.options.pages`
_PLACE: Final = re.compile(r" - at `\$(.*)`$")
_FIELD: Final = re.compile(r"\.(\w+)")


async def read_json(request: Request) -> bytes:
    """Return the body of a JSON request. InvalidRequest (413) above 64 KB."""
    return await _bounded(
        request,
        MAX_JSON_BYTES,
        "A JSON request may have 64 KB. It only announces a document, which is uploaded to the "
        "URL in the answer.",
    ).body()


async def read_announcements(request: Request) -> bytes:
    """Return the body of a request that announces many documents. InvalidRequest (413)."""
    return await _bounded(
        request,
        MAX_ANNOUNCEMENTS_BYTES,
        "A request that announces documents may have 4 MB. Announce them in several requests.",
    ).body()


async def read_manifest_body(request: Request) -> bytes:
    """Return the body of a batch's manifest. InvalidRequest (413) above 16 MB."""
    return await _bounded(
        request,
        MAX_MANIFEST_BYTES,
        "A manifest may have 16 MB. Split it, or name objects by wildcards.",
    ).body()


@asynccontextmanager
async def read_form(request: Request) -> AsyncIterator[FormData]:
    """Give a multipart form; its files end with the block. InvalidRequest (400, or 413)."""
    bounded = _bounded(
        request,
        MAX_FORM_BYTES,
        "A request may have 32 MB. Announce the document as JSON (filename, size) and upload it "
        "to the URL in the answer.",
    )
    try:
        form = await bounded.form(max_files=1, max_fields=4, max_part_size=MAX_JSON_BYTES)
    # What the parser refuses is an HTTPException; a charset that isn't for text, a UnicodeError.
    except (HTTPException, UnicodeError) as error:
        raise InvalidRequest(
            "The form can't be read. It has one part `file`, a PDF with a filename, and may have "
            "one part `options`, JSON of up to 64 KB.",
            code="MALFORMED_MULTIPART",
        ) from error
    try:
        yield form
    finally:
        await form.close()


def _bounded(request: Request, limit: int, advice: str) -> Request:
    """Return the request with a body that raises InvalidRequest where it is over `limit` bytes.

    The bytes are counted as they come: a chunked request does not say how long it is.
    """
    too_large = InvalidRequest(advice, code="REQUEST_TOO_LARGE", status=413)
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > limit:
        raise too_large
    read = 0

    async def receive() -> Message:
        nonlocal read
        message = await request.receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise too_large
        return message

    return Request(request.scope, receive)


def decoded(
    content: bytes | str, shape: type[Shape], fields: Mapping[str, str], *, part: str = ""
) -> Shape:
    """Read JSON into a shape. `fields` says of each field what it must be, for the refusal.

    `part` is the form's part that has the JSON, where it is not the whole body.
    """
    try:
        value = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        subject = f"`{part}`" if part else "The body"
        raise InvalidRequest(f"{subject} is not JSON in UTF-8.") from error
    return fitted(value, shape, fields, part=part)


def fitted(
    value: Any,
    shape: type[Shape],
    fields: Mapping[str, str],
    *,
    part: str = "",
    subject: str = "The body",
) -> Shape:
    """Return what JSON said as a shape. InvalidRequest (422) that names the field.

    `subject` is what has the shape, for the sentence about a field that it does not know.
    """
    try:
        return msgspec.convert(plain(value), shape)
    except msgspec.ValidationError as error:
        match = _PLACE.search(str(error))
        names = [part] if part else []
        names += _FIELD.findall(match[1]) if match else []
        if names:
            sentence = f"`{'.'.join(names)}` must be {fields[names[-1]]}."
        else:
            known = ", ".join(f"`{name}`" for name in shape.__struct_fields__)
            sentence = f"{subject} must be a JSON object with the fields {known} and no others."
        raise InvalidRequest(sentence, status=422) from error


def plain(value: Any) -> Any:
    """Return the value with 25.0 as 25: JSON knows one kind of number."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [plain(each) for each in value]
        case dict():
            return {name: plain(each) for name, each in value.items()}
        case _:
            return value
