"""Bodies for the API that no client would write, and what must hold of every refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
from httpx_sse import EventSource, ServerSentEvent

from tests.e2e.quire_client import QuireClient

BOUNDARY = "a-line-between-parts"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"

#: A blank page. Its table of objects is left to the reader, as in many a PDF.
TINY_PDF = (
    b"%PDF-1.7\n"
    b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n"
    b"%%EOF\n"
)
FILE_PART = ('form-data; name="file"; filename="a.pdf"', TINY_PDF)


def in_parts(*parts: tuple[str, bytes]) -> bytes:
    """Return a multipart body of parts, each given as its Content-Disposition and content."""
    edge = f"--{BOUNDARY}".encode()
    written = [
        b"%b\r\nContent-Disposition: %b\r\n\r\n%b\r\n" % (edge, disposition.encode(), content)
        for disposition, content in parts
    ]
    return b"".join(written) + edge + b"--\r\n"


def opened_form() -> tuple[bytes, bytes]:
    """Return what stands before and behind the rest of a file in a multipart body."""
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    return in_parts(FILE_PART).removesuffix(tail), tail


def refused(answer: httpx.Response, status: int, code: str) -> str:
    """Return the problem's sentence, having looked at everything around it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    detail: str = problem["detail"]
    assert detail[0].isupper() or detail[0] == "`"
    assert detail.endswith(".")
    assert " " in detail
    return detail


def announced(quire: QuireClient, **changes: Any) -> httpx.Response:
    """Announce a document, its description changed."""
    return quire.http.post("/v1/documents", json={"filename": "a.pdf", "size": 9, **changes})


def options_part(options: object) -> tuple[str, bytes]:
    return ('form-data; name="options"', json.dumps(options).encode())


def sent(
    quire: QuireClient, body: bytes | Iterator[bytes], kind: str = MULTIPART
) -> httpx.Response:
    headers = {"Content-Type": kind, "Prefer": "respond-async"}
    return quire.http.post("/v1/documents", content=body, headers=headers)


def told(source: EventSource) -> Iterator[ServerSentEvent]:
    """Yield a stream's events without its first message, which only says when to come back."""
    return (event for event in source.iter_sse() if event.data)
