"""Batches: many metadata requests in one (cloud.google.com/storage/docs/batch)."""

from __future__ import annotations

import secrets
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message as AsgiMessage
from starlette.types import Scope

from infra.local.emulators.cloud_storage.errors import invalid
from infra.local.emulators.file_store.receiving import read_small

_LONGEST: Final = 10 << 20
_MOST_CALLS: Final = 1000
_NOT_IN_BATCHES: Final = ("/upload/", "/download/", "/batch/")


async def run(request: Request) -> Response:
    """POST /batch/storage/v1: answer each call in its place, whatever became of the others."""
    body = await read_small(request.stream(), _LONGEST)
    head = f"content-type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    parts = BytesParser().parsebytes(head + body).get_payload()
    if not isinstance(parts, list) or not parts:
        raise invalid("Failed to parse batch request: it is not multipart/mixed.")
    if len(parts) > _MOST_CALLS:
        raise invalid(f"The batch has {len(parts)} calls; at most {_MOST_CALLS} are taken.")
    boundary = f"batch_{secrets.token_hex(16)}"
    answer = b""
    for number, part in enumerate(parts, 1):
        answer += (
            f"--{boundary}\r\nContent-Type: application/http\r\n"
            f"Content-ID: <response-{part.get('content-id', str(number)).strip('<>')}>\r\n\r\n"
        ).encode()
        answer += await _call(request, part) + b"\r\n"
    return Response(
        answer + f"--{boundary}--\r\n".encode(),
        headers={"content-type": f"multipart/mixed; boundary={boundary}"},
    )


def _scope(request: Request, part: Message) -> tuple[Scope, bytes]:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        raise invalid("Failed to parse batch request: a part is not application/http.")
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("latin-1").strip().split("\n")
    try:
        method, target, _ = first.split(" ", 2)
    except ValueError as error:
        raise invalid("Failed to parse batch request: a part has no request line.") from error
    url = urlsplit(target)
    if url.path.startswith(_NOT_IN_BATCHES):
        raise invalid("Media and batches can't be called in a batch.")
    headers = [
        (name.strip().lower().encode("latin-1"), value.strip().encode("latin-1"))
        for name, _, value in (line.partition(":") for line in lines)
    ]
    scope = {name: request.scope[name] for name in request.scope if name != "path_params"} | {
        "method": method,
        "path": unquote(url.path),
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "headers": headers,
    }
    return scope, body


async def _call(request: Request, part: Message) -> bytes:
    scope, body = _scope(request, part)
    status, headers, answer = 500, b"", b""

    async def receive() -> AsgiMessage:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: AsgiMessage) -> None:
        nonlocal status, headers, answer
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = b"".join(name + b": " + value + b"\r\n" for name, value in message["headers"])
        else:
            answer += message.get("body", b"")

    await request.app(scope, receive, send)
    line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    return line + headers + b"\r\n" + answer
